/** The network that a container runtime gives its Pods, as the runtime tells of it. */
export interface PodNetwork {
  /** Where the runtime looks for CNI configurations; undefined when it does not say. */
  readonly directory: string | undefined;
  /** The ranges that Pods have their addresses from; none when there is no network yet. */
  readonly subnets: readonly string[];
}

interface Plugin {
  readonly ipam?: { readonly subnet?: string; readonly ranges?: readonly (readonly { readonly subnet?: string }[])[] };
}
interface CniConfig {
  readonly PluginConfDir?: string;
  readonly Networks?: readonly { readonly Config?: { readonly Name?: string; readonly Plugins?: readonly { readonly Source?: string }[] } }[];
}

/**
 * Reads what containerd says of its network in the `info` of a verbose status.
 *
 * Pure. What cannot be read counts as not said: other runtimes say other things.
 */
export function readPodNetwork(info: Readonly<Record<string, string>> = {}): PodNetwork {
  const cni = parse<CniConfig>(info['cniconfig']);
  const plugins = (cni?.Networks ?? []).flatMap(({ Config }) => Config?.Plugins ?? []);
  const ranges = plugins.flatMap(({ Source }) => {
    const { ipam } = parse<Plugin>(Source) ?? {};
    return [ipam?.subnet, ...(ipam?.ranges ?? []).flat().map(({ subnet }) => subnet)];
  });
  return { directory: cni?.PluginConfDir, subnets: [...new Set(ranges.filter((range) => typeof range === 'string'))] };
}

function parse<T>(text: string | undefined): T | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined; // said in a way that is not known here
  }
}

/** The CNI configuration of a bridge on this machine for a range of Pod addresses: what goes elsewhere leaves with the machine's own address. */
export function bridgeConfig(subnets: readonly string[]): string {
  const ipam = { type: 'host-local', ranges: subnets.map((subnet) => [{ subnet }]), routes: [{ dst: '0.0.0.0/0' }] };
  const bridge = { type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, hairpinMode: true, ipam };
  const plugins = [bridge, { type: 'portmap', capabilities: { portMappings: true } }];
  return `${JSON.stringify({ cniVersion: '1.0.0', name: 'kybern', plugins }, undefined, 2)}\n`;
}
