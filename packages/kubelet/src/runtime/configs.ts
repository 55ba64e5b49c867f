import { quantityToBytes, quantityToMillis } from '@kybern/core';
import type { Container, Pod } from '@kybern/core/kinds';
import type { cri } from '@kybern/runtime-cri';
import { containerHash } from '../decisions/container-hash.ts';
import { ANNOTATIONS, LABELS } from './labels.ts';
import { podLabels } from './pod-cache.ts';

/** Who a Pod is, in the words of the runtime. */
function sandboxMetadata({ metadata }: Pod, attempt: number): cri.PodSandboxMetadata {
  return { name: metadata.name, namespace: metadata.namespace ?? 'default', uid: metadata.uid ?? '', attempt };
}

/**
 * A Pod's sandbox as the runtime is to make it.
 *
 * @see kubernetes v1.36 pkg/kubelet/kuberuntime/kuberuntime_sandbox.go (generatePodSandboxConfig)
 */
export function sandboxConfig(pod: Pod, attempt: number): cri.PodSandboxConfig {
  const metadata = sandboxMetadata(pod, attempt);
  const { spec } = pod;
  const portMappings = spec.hostNetwork === true ? [] : spec.containers.flatMap(hostPorts);
  return {
    metadata,
    ...(spec.hostNetwork === true ? {} : { hostname: spec.hostname ?? metadata.name.slice(0, 63) }),
    logDirectory: logDirectory(metadata),
    labels: { ...pod.metadata.labels, ...podLabels(metadata) },
    ...(pod.metadata.annotations === undefined ? {} : { annotations: pod.metadata.annotations }),
    ...(portMappings.length === 0 ? {} : { portMappings }),
    linux: { securityContext: { namespaceOptions: namespaceOptions(pod) } },
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
function logDirectory({ name, namespace, uid }: cri.PodSandboxMetadata): string {
  return `/var/log/pods/${namespace}_${name}_${uid}`;
}

/**
 * A container as the runtime is to make it.
 *
 * @param attempt its restart count
 * @see kubernetes v1.36 pkg/kubelet/kuberuntime/kuberuntime_container.go (generateContainerConfig)
 */
export function containerConfig(
  pod: Pod,
  container: Container,
  { attempt, imageRef }: { readonly attempt: number; readonly imageRef: string },
): cri.ContainerConfig {
  const { name, command, args, workingDir, env = [], image = '', stdin, stdinOnce, tty } = container;
  const owner = sandboxMetadata(pod, 0);
  return {
    metadata: { name, attempt },
    image: { image: imageRef, userSpecifiedImage: image },
    ...(command === undefined ? {} : { command }),
    ...(args === undefined ? {} : { args }),
    ...(workingDir === undefined ? {} : { workingDir }),
    envs: env.flatMap((variable) => (variable.valueFrom === undefined ? [{ key: variable.name, value: variable.value ?? '' }] : [])),
    labels: { ...podLabels(owner), [LABELS.containerName]: name },
    annotations: {
      [ANNOTATIONS.hash]: containerHash(container),
      [ANNOTATIONS.restartCount]: String(attempt),
      [ANNOTATIONS.terminationGracePeriod]: String(pod.spec.terminationGracePeriodSeconds ?? 30),
    },
    logPath: `${name}/${attempt}.log`,
    ...(stdin === true ? { stdin, stdinOnce: stdinOnce === true } : {}),
    ...(tty === true ? { tty } : {}),
    linux: { resources: linuxResources(container), securityContext: { namespaceOptions: namespaceOptions(pod) } },
  };
}

/** One CPU is 1024 shares, and 100 ms of every 100 ms. @see kubernetes v1.36 pkg/kubelet/cm/helpers_linux.go (MilliCPUToShares, MilliCPUToQuota) */
function linuxResources({ resources }: Container): cri.LinuxContainerResources {
  const limits = resources?.limits;
  const cpuRequest = resources?.requests?.['cpu'] ?? limits?.['cpu'];
  const cpuLimit = limits?.['cpu'];
  const memoryLimit = limits?.['memory'];
  const shares = cpuRequest === undefined ? 2 : Math.max(2, Math.floor((quantityToMillis(cpuRequest) * 1024) / 1000));
  return {
    cpuShares: shares,
    ...(cpuLimit === undefined ? {} : { cpuPeriod: 100_000, cpuQuota: Math.max(1000, quantityToMillis(cpuLimit) * 100) }),
    ...(memoryLimit === undefined ? {} : { memoryLimitInBytes: quantityToBytes(memoryLimit) }),
  };
}
