import type { Container, Pod } from '@kybern/core/kinds';
import type { cri } from '@kybern/runtime-cri';
import { containerHash } from '../decisions/container-hash.ts';
import { expandVariables } from '../decisions/environment.ts';
import type { ContainerDevices } from '../devices/device-plugin-protocol.ts';
import { ANNOTATIONS, LABELS } from './labels.ts';
import { podLabels } from './pod-cache.ts';
import { computePodCgroupLimits } from '../decisions/cgroup-limits.ts';
import { containerResources, criResources } from './resources.ts';
import { containerSecurity, sandboxSecurity } from './security.ts';

/** Who a Pod is, in the words of the runtime. */
function sandboxMetadata({ metadata }: Pod, attempt: number): cri.PodSandboxMetadata {
  return { name: metadata.name, namespace: metadata.namespace ?? 'default', uid: metadata.uid ?? '', attempt };
}

/** Where on its node a Pod has its things. */
export interface PodPlace {
  /** Below which each Pod has a folder with its logs. */
  readonly logRoot: string;
  /** Set on nodes whose Pods have cgroups. */
  readonly cgroupParent?: string;
  readonly cgroupVersion?: 1 | 2;
  /** What its resolver is told. Unset: what the runtime chooses, unless its `dnsPolicy` is `None`. */
  readonly resolver?: PodResolver;
}

/** The content of a Pod's `/etc/resolv.conf`. */
export interface PodResolver {
  readonly nameservers?: readonly string[];
  readonly searches?: readonly string[];
  readonly options?: readonly { readonly name?: string; readonly value?: string }[];
}

/** What a container is given beside what its definition says word for word. */
export interface ContainerSetup {
  readonly attempt: number;
  readonly imageRef: string;
  readonly env: ReadonlyMap<string, string>;
  readonly mounts: readonly cri.Mount[];
  /** What the node can give, for whom to end first when it runs short. */
  readonly memoryBytes: number;
  /** What comes with its devices. */
  readonly devices?: ContainerDevices | undefined;
  /** Of the cgroups that the node's Pods have; unset when they have none. */
  readonly cgroupVersion?: 1 | 2 | undefined;
}

/**
 * A Pod's sandbox as the runtime is to make it.
 *
 * @see kubernetes v1.36 pkg/kubelet/kuberuntime/kuberuntime_sandbox.go (generatePodSandboxConfig)
 */
export function sandboxConfig(pod: Pod, attempt: number, { logRoot, cgroupParent, resolver }: PodPlace): cri.PodSandboxConfig {
  const metadata = sandboxMetadata(pod, attempt);
  const { spec } = pod;
  const sysctls = spec.securityContext?.sysctls;
  const dns = resolver ?? (spec.dnsPolicy === 'None' ? spec.dnsConfig : undefined);
  const portMappings = spec.hostNetwork === true ? [] : spec.containers.flatMap(hostPorts);
  return {
    metadata,
    ...(spec.hostNetwork === true ? {} : { hostname: spec.hostname ?? metadata.name.slice(0, 63) }),
    logDirectory: logDirectory(logRoot, metadata),
    labels: { ...pod.metadata.labels, ...podLabels(metadata) },
    ...(pod.metadata.annotations === undefined ? {} : { annotations: pod.metadata.annotations }),
    ...(portMappings.length === 0 ? {} : { portMappings }),
    ...(dns === undefined ? {} : { dnsConfig: dnsConfig(dns) }),
    linux: {
      securityContext: { namespaceOptions: namespaceOptions(pod), ...sandboxSecurity(pod) },
      ...(cgroupParent === undefined ? {} : { cgroupParent }),
      resources: criResources(computePodCgroupLimits(pod)),
      ...(sysctls === undefined ? {} : { sysctls: Object.fromEntries(sysctls.map(({ name, value }) => [name, value])) }),
    },
  };
}

function dnsConfig({ nameservers, searches, options }: PodResolver): cri.DNSConfig {
  return {
    servers: nameservers ?? [],
    searches: searches ?? [],
    options: (options ?? []).map(({ name = '', value }) => (value === undefined ? name : `${name}:${value}`)),
  };
}

function hostPorts({ ports = [] }: Container): readonly cri.PortMapping[] {
  return ports.flatMap(({ hostPort, containerPort, protocol = 'TCP', hostIP }) =>
    hostPort === undefined ? [] : [{ hostPort, containerPort, protocol: protocol as cri.Protocol, ...(hostIP === undefined ? {} : { hostIp: hostIP }) }],
  );
}

function namespaceOptions({ spec }: Pod): cri.NamespaceOption {
  return {
    network: spec.hostNetwork === true ? 'NODE' : 'POD',
    pid: spec.hostPID === true ? 'NODE' : spec.shareProcessNamespace === true ? 'POD' : 'CONTAINER',
    ipc: spec.hostIPC === true ? 'NODE' : 'POD',
  };
}

/** Where a Pod's logs are. */
function logDirectory(root: string, { name, namespace, uid }: cri.PodSandboxMetadata): string {
  return `${root}/${namespace}_${name}_${uid}`;
}

/**
 * A container as the runtime is to make it.
 *
 * @param attempt its restart count
 * @see kubernetes v1.36 pkg/kubelet/kuberuntime/kuberuntime_container.go (generateContainerConfig)
 */
export function containerConfig(pod: Pod, container: Container, setup: ContainerSetup): cri.ContainerConfig {
  const { attempt, imageRef, env, memoryBytes, cgroupVersion, devices } = setup;
  const mounts = [...setup.mounts, ...(devices?.mounts ?? []).map(({ readOnly, ...mount }) => ({ ...mount, readonly: readOnly }))];
  const { name, command, args, workingDir, image = '', stdin, stdinOnce, tty } = container;
  const expand = (words: readonly string[]): readonly string[] => words.map((word) => expandVariables(word, env));
  const owner = sandboxMetadata(pod, 0);
  return {
    metadata: { name, attempt },
    image: { image: imageRef, userSpecifiedImage: image },
    ...(command === undefined ? {} : { command: expand(command) }),
    ...(args === undefined ? {} : { args: expand(args) }),
    ...(workingDir === undefined ? {} : { workingDir }),
    envs: [...env].map(([key, value]) => ({ key, value })),
    ...(mounts.length === 0 ? {} : { mounts }),
    labels: { ...podLabels(owner), [LABELS.containerName]: name },
    ...(devices === undefined || devices.devices.length === 0 ? {} : { devices: devices.devices }),
    ...(devices === undefined || devices.cdiDevices.length === 0 ? {} : { CDIDevices: devices.cdiDevices }),
    annotations: {
      ...devices?.annotations,
      [ANNOTATIONS.hash]: containerHash(container),
      [ANNOTATIONS.restartCount]: String(attempt),
      [ANNOTATIONS.terminationGracePeriod]: String(pod.spec.terminationGracePeriodSeconds ?? 30),
      [ANNOTATIONS.terminationMessagePath]: container.terminationMessagePath ?? '/dev/termination-log',
      [ANNOTATIONS.terminationMessagePolicy]: container.terminationMessagePolicy ?? 'File',
    },
    logPath: `${name}/${attempt}.log`,
    ...(stdin === true ? { stdin, stdinOnce: stdinOnce === true } : {}),
    ...(tty === true ? { tty } : {}),
    linux: {
      resources: containerResources(pod, container, { memoryBytes, cgroupVersion }),
      securityContext: { namespaceOptions: namespaceOptions(pod), ...containerSecurity(pod, container) },
    },
  };
}
