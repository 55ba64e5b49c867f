import type { Container, Node, Pod, PodSpec, Taint } from '@kybern/core/kinds';

/** What a test says of a node; all else is a plain, ready node. */
export interface NodeOptions {
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly extended?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  readonly unschedulable?: boolean;
}

/** A node of 4 cores, 32 GiB and 110 Pods unless told otherwise. */
export function makeNode(name: string, options: NodeOptions = {}): Node {
  const { cpu = '4', memory = '32Gi', pods = '110', extended = {}, labels, taints, unschedulable } = options;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: `uid-${name}`, ...(labels === undefined ? {} : { labels }) },
    spec: { ...(taints === undefined ? {} : { taints }), ...(unschedulable === undefined ? {} : { unschedulable }) },
    status: { allocatable: { cpu, memory, pods, ...extended } },
  };
}

/** What a test says of a Pod. */
export interface PodOptions {
  /** Requests of the one container, unless `containers` is given. */
  readonly requests?: Readonly<Record<string, string>>;
  readonly containers?: readonly Partial<Container>[];
  readonly initContainers?: readonly Partial<Container>[];
  readonly node?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Partial<PodSpec>;
  readonly status?: Pod['status'];
}

/** A Pod of one container without requests unless told otherwise. */
export function makePod(name: string, options: PodOptions = {}): Pod {
  const { requests, containers, initContainers, node, labels, spec, status } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: `uid-${name}`, ...(labels === undefined ? {} : { labels }) },
    spec: {
      containers: (containers ?? [requests === undefined ? {} : { resources: { requests } }]).map(withName),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(withName) }),
      ...(node === undefined ? {} : { nodeName: node }),
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  };
}

function withName(container: Partial<Container>, index: number): Container {
  return { name: `c${index}`, image: 'registry.k8s.io/pause:3.10.1', ...container };
}

/** A container with these requests. */
export function requesting(requests: Readonly<Record<string, string>>): Partial<Container> {
  return { resources: { requests } };
}
