import type { Labels } from '@kybern/core';
import type { Container, Pod } from '@kybern/core/kinds';
import { parseIp, type IpAddress } from '../ip.ts';

/** The transport protocols that Services and NetworkPolicies know. */
export type Protocol = 'SCTP' | 'TCP' | 'UDP';

/** A Pod as one end of a connection, with the labels of its namespace, which namespace selectors look at. */
export interface PodEnd {
  readonly pod: Pod;
  /** Labels of the Pod's Namespace. Default: only `kubernetes.io/metadata.name`, which the API server sets on every Namespace. */
  readonly namespaceLabels?: Labels;
}

/** A node itself (its kubelet, or a process on it) as one end of a connection. */
export interface NodeEnd {
  readonly node: string;
  /** The node's addresses, for `ipBlock` peers. */
  readonly ips?: readonly string[];
}

/** An address outside of the cluster as one end of a connection. */
export interface AddressEnd {
  readonly ip: string;
}

/** One end of a connection. */
export type ConnectionEnd = PodEnd | NodeEnd | AddressEnd;

/** What a connection goes to: a number, or a port's name on the target Pod. `protocol` defaults to TCP. */
export interface ConnectionPort {
  readonly port: number | string;
  readonly protocol?: Protocol;
}

/** An end as the policies see it: what could be looked up is looked up once. */
export interface ResolvedEnd {
  /** Set for Pods in the Pod network: those that selectors see and policies can isolate. */
  readonly pod?: { readonly namespace: string; readonly name: string; readonly labels: Labels; readonly namespaceLabels: Labels };
  readonly addresses: readonly IpAddress[];
  /** The node that the end is, or that it runs on. */
  readonly node: string | undefined;
  /** Whether the end is a node or shares a node's network: policies do not apply to it. */
  readonly onNode: boolean;
  /** The number of a named port on this Pod; undefined when it has none of that name and protocol, and for ends that are no Pods. */
  readonly namedPort: (name: string, protocol: Protocol) => number | undefined;
  /** For messages, such as `Pod web/front-1`, `node n1`, `192.0.2.7`. */
  readonly title: string;
}

/** The label that every Namespace carries, with its own name. */
export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

/** Looks up once what the policies ask of an end. */
export function resolveEnd(end: ConnectionEnd): ResolvedEnd {
  if ('pod' in end) return resolvePod(end);
  if ('node' in end) return { addresses: parseAll(end.ips ?? []), node: end.node, onNode: true, namedPort: () => undefined, title: `node ${end.node}` };
  return { addresses: parseAll([end.ip]), node: undefined, onNode: false, namedPort: () => undefined, title: end.ip };
}

/** The addresses of a Pod, the primary one first; none before it has one. */
export function podIps({ status }: Pod): readonly string[] {
  const ips = status?.podIPs?.map((each) => each.ip) ?? [];
  return ips.length > 0 || status?.podIP === undefined || status.podIP === '' ? ips : [status.podIP];
}

/** The number of a named port, looked for in the containers and then in the sidecars. */
export function containerPort(pod: Pod, name: string, protocol: Protocol): number | undefined {
  for (const container of servingContainers(pod)) {
    const found = container.ports?.find((each) => each.name === name && (each.protocol ?? 'TCP') === protocol);
    if (found !== undefined) return found.containerPort;
  }
  return undefined;
}

/** Init containers that keep running (sidecars) serve as well. */
export function servingContainers(pod: Pod): readonly Container[] {
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  return sidecars.length === 0 ? pod.spec.containers : [...pod.spec.containers, ...sidecars];
}

function resolvePod({ pod, namespaceLabels }: PodEnd): ResolvedEnd {
  const namespace = pod.metadata.namespace ?? 'default';
  const name = pod.metadata.name;
  const onNode = pod.spec.hostNetwork === true;
  const labels = { namespace, name, labels: pod.metadata.labels ?? {}, namespaceLabels: namespaceLabels ?? { [NAMESPACE_NAME_LABEL]: namespace } };
  return {
    ...(onNode ? {} : { pod: labels }),
    addresses: parseAll(podIps(pod)),
    node: pod.spec.nodeName === '' ? undefined : pod.spec.nodeName,
    onNode,
    namedPort: (port, protocol) => containerPort(pod, port, protocol),
    title: `Pod ${namespace}/${name}`,
  };
}

function parseAll(texts: readonly string[]): readonly IpAddress[] {
  return texts.map(parseIp).filter((ip) => ip !== undefined);
}
