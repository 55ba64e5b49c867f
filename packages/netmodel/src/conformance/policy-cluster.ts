import type { Namespace, Pod } from '@kybern/core/kinds';
import type { PodEnd, Protocol } from '../policy/ends.ts';

/** What the cases are tried on: three namespaces of three Pods each, which answer on ports 80 and 81 over TCP and UDP. */
export const CASE_NAMESPACES = ['x', 'y', 'z'] as const;
/** The Pods of each namespace. */
export const CASE_PODS = ['a', 'b', 'c'] as const;
/** What is tried between every two Pods. */
export const CASE_PORTS: readonly { readonly port: number; readonly protocol: Protocol }[] = [
  { port: 80, protocol: 'TCP' },
  { port: 81, protocol: 'TCP' },
  { port: 80, protocol: 'UDP' },
  { port: 81, protocol: 'UDP' },
];

/** The address of a Pod of the cases: `10.200.<namespace>.<Pod>`, counted from 1, so that a namespace is a /24. */
export function caseAddress(namespace: string, pod: string): string {
  return `10.200.${String(CASE_NAMESPACES.findIndex((each) => each === namespace) + 1)}.${String(CASE_PODS.findIndex((each) => each === pod) + 1)}`;
}

/** The Namespaces, each labelled `ns` with its name. */
export const caseNamespaces: readonly Namespace[] = CASE_NAMESPACES.map((name) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { ns: name } },
  spec: {},
}));

/** The Pods, each labelled `pod` with its name; their ports are named `serve-80-tcp` and so on. */
export const casePods: readonly Pod[] = CASE_NAMESPACES.flatMap((namespace) =>
  CASE_PODS.map((name): Pod => {
    const ip = caseAddress(namespace, name);
    const ports = CASE_PORTS.map(({ port, protocol }) => ({ name: `serve-${String(port)}-${protocol.toLowerCase()}`, containerPort: port, protocol }));
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name, labels: { pod: name } },
      spec: { nodeName: 'node', containers: [{ name: 'main', ports }] },
      status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
    };
  }),
);

/** The Pods as ends of connections. */
export const caseEnds: readonly PodEnd[] = casePods.map((pod) => ({
  pod,
  namespaceLabels: { ns: pod.metadata.namespace ?? '', 'kubernetes.io/metadata.name': pod.metadata.namespace ?? '' },
}));
