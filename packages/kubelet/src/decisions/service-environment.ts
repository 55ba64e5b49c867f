import type { Pod, Service } from '@kybern/core/kinds';

/** The Service that every container is told of, wherever it is. */
const API_SERVER = { namespace: 'default', name: 'kubernetes' } as const;

/**
 * The variables by which containers find Services: those of their namespace (unless `enableServiceLinks` is false), and the API server. Services without an address of their own have none.
 *
 * @param services at least those of the Pod's namespace and `default`
 * @see kubernetes v1.36 pkg/kubelet/kubelet_pods.go (getServiceEnvVarMap), pkg/kubelet/envvars/envvars.go (FromServices)
 */
export function computeServiceVariables({ metadata, spec }: Pod, services: readonly Service[]): ReadonlyMap<string, string> {
  const { namespace = 'default' } = metadata;
  const chosen = new Map<string, Service>();
  for (const service of services) {
    const { clusterIP = '' } = service.spec;
    if (clusterIP === '' || clusterIP === 'None') continue;
    const isApiServer = service.metadata.namespace === API_SERVER.namespace && service.metadata.name === API_SERVER.name;
    const isLinked = service.metadata.namespace === namespace && spec.enableServiceLinks !== false;
    // A Service of the same name in the Pod's own namespace hides the API server.
    if (isLinked || (isApiServer && !chosen.has(API_SERVER.name))) chosen.set(service.metadata.name, service);
  }
  const variables = new Map<string, string>();
  for (const name of [...chosen.keys()].sort()) addVariables(variables, chosen.get(name) as Service);
  return variables;
}

const upper = (name: string): string => name.toUpperCase().replaceAll('-', '_');

function addVariables(variables: Map<string, string>, { metadata, spec }: Service): void {
  const prefix = upper(metadata.name);
  const { clusterIP = '', ports = [] } = spec;
  const [first] = ports;
  variables.set(`${prefix}_SERVICE_HOST`, clusterIP);
  if (first === undefined) return;
  variables.set(`${prefix}_SERVICE_PORT`, String(first.port));
  for (const { name = '', port } of ports) if (name !== '') variables.set(`${prefix}_SERVICE_PORT_${upper(name)}`, String(port));
  // As Docker's links had them.
  const host = clusterIP.includes(':') ? `[${clusterIP}]` : clusterIP;
  const addressOf = ({ port, protocol = 'TCP' }: typeof first): string => `${protocol.toLowerCase()}://${host}:${String(port)}`;
  variables.set(`${prefix}_PORT`, addressOf(first));
  for (const each of ports) {
    const { port, protocol = 'TCP' } = each;
    const portPrefix = `${prefix}_PORT_${String(port)}_${protocol.toUpperCase()}`;
    variables.set(portPrefix, addressOf(each));
    variables.set(`${portPrefix}_PROTO`, protocol.toLowerCase());
    variables.set(`${portPrefix}_PORT`, String(port));
    variables.set(`${portPrefix}_ADDR`, clusterIP);
  }
}
