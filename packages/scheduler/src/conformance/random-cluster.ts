import { deepFreeze, randomInt, seededRandom, type LabelSelector, type Random } from '@kybern/core';
import type { Affinity, Container, Node, NodeSelectorRequirement, Pod, PodAffinityTerm, Taint, Toleration, TopologySpreadConstraint } from '@kybern/core/kinds';

/** Nodes, Pods on them, and Pods that wait: deeply frozen, as the store's are. */
export interface RandomCluster {
  readonly nodes: readonly Node[];
  /** With `spec.nodeName`. They need not fit: nodes shrink, and static Pods ask nobody. */
  readonly placed: readonly Pod[];
  readonly waiting: readonly Pod[];
}

/** Options of {@link randomCluster}. */
export interface RandomClusterOptions {
  /** At most so many nodes; at least 1. Default 12. */
  readonly maxNodes?: number;
  /** How many Pods wait; default 8. */
  readonly waiting?: number;
}

/** A small cluster full of corner cases. The same seed gives the same cluster. */
export function randomCluster(seed: number | string, { maxNodes = 12, waiting = 8 }: RandomClusterOptions = {}): RandomCluster {
  const random = seededRandom(seed);
  const nodes = Array.from({ length: 1 + randomInt(random, maxNodes) }, (_, index) => randomNode(random, index));
  const places = [...nodes.map(({ metadata }) => metadata.name), 'gone'];
  const placed = Array.from({ length: randomInt(random, nodes.length * 3) }, (_, index) => randomPod(random, `placed-${index}`, pick(random, places)));
  return deepFreeze({ nodes, placed, waiting: Array.from({ length: waiting }, (_, index) => randomPod(random, `waiting-${index}`)) });
}

function randomNode(random: Random, index: number): Node {
  const name = `node-${index}`;
  const labels = {
    'kubernetes.io/hostname': name,
    ...maybe(random, { zone: pick(random, ZONES) }),
    ...maybe(random, { disk: pick(random, ['ssd', 'hdd']) }),
    ...maybe(random, { rank: String(randomInt(random, 4)) }),
  };
  const allocatable = {
    cpu: pick(random, ['0', '500m', '1', '4']),
    memory: pick(random, ['0', '512Mi', '4Gi']),
    pods: pick(random, ['0', '3', '110']),
    ...maybe(random, { 'example.com/gpu': pick(random, ['0', '1', '4']) }),
    ...maybe(random, { 'ephemeral-storage': '10Gi' }),
  };
  const taints = Array.from({ length: chance(random, 0.3) ? 1 + randomInt(random, 2) : 0 }, () => randomTaint(random));
  const spec = { ...(taints.length === 0 ? {} : { taints }), ...(chance(random, 0.1) ? { unschedulable: true } : {}) };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, uid: `uid-${name}`, labels }, spec, status: { allocatable } };
}

const ZONES = ['z1', 'z2', 'z3'] as const;
const EFFECTS = ['NoSchedule', 'NoExecute', 'PreferNoSchedule'] as const;

function randomTaint(random: Random): Taint {
  return { key: pick(random, ['dedicated', 'gpu']), ...maybe(random, { value: pick(random, ['a', 'b']) }), effect: pick(random, EFFECTS) };
}

function randomToleration(random: Random): Toleration {
  const operator = pick(random, ['Exists', 'Equal'] as const);
  return {
    ...(chance(random, 0.1) ? {} : { key: pick(random, ['dedicated', 'gpu']) }),
    operator,
    ...(operator === 'Equal' ? maybe(random, { value: pick(random, ['a', 'b']) }) : {}),
    ...maybe(random, { effect: pick(random, EFFECTS) }),
  };
}

function randomPod(random: Random, name: string, nodeName?: string): Pod {
  const tolerations = Array.from({ length: chance(random, 0.3) ? 1 + randomInt(random, 2) : 0 }, () => randomToleration(random));
  const spec = {
    containers: Array.from({ length: 1 + randomInt(random, 2) }, (_, index) => randomContainer(random, `c${index}`)),
    ...(chance(random, 0.2) ? { initContainers: [{ ...randomContainer(random, 'init'), ...maybe(random, { restartPolicy: 'Always' as const }) }] } : {}),
    ...(tolerations.length === 0 ? {} : { tolerations }),
    ...(chance(random, 0.2) ? { nodeSelector: { disk: 'ssd' } } : {}),
    ...(chance(random, 0.4) ? { affinity: { ...maybe(random, randomAffinity(random)), ...randomPodAffinity(random) } } : {}),
    ...(chance(random, 0.3) ? { topologySpreadConstraints: randomSpread(random) } : {}),
    ...(chance(random, 0.1) ? { overhead: { cpu: '50m' } } : {}),
    ...(chance(random, 0.3) ? { priority: randomInt(random, 3) } : {}),
    ...(nodeName === undefined ? {} : { nodeName }),
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata: randomMetadata(random, name), spec };
}

function randomMetadata(random: Random, name: string): Pod['metadata'] {
  const namespace = chance(random, 0.8) ? 'default' : 'other';
  const terminating = chance(random, 0.05) ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {};
  return { name, namespace, uid: `uid-${name}`, ...maybe(random, { labels: randomLabels(random) }), ...terminating };
}

function randomLabels(random: Random): Readonly<Record<string, string>> {
  return { app: pick(random, ['web', 'db']), ...maybe(random, { version: pick(random, ['1', '2']) }) };
}

function randomContainer(random: Random, name: string): Container {
  const requests = {
    ...maybe(random, { cpu: pick(random, ['0', '100m', '300m', '1', '5']) }),
    ...maybe(random, { memory: pick(random, ['0', '100Mi', '300Mi', '1Gi']) }),
    ...(chance(random, 0.2) ? { 'example.com/gpu': '1' } : {}),
    ...(chance(random, 0.1) ? { 'ephemeral-storage': '6Gi' } : {}),
  };
  const ports = chance(random, 0.2) ? { ports: [{ containerPort: 80, hostPort: pick(random, [80, 81]) }] } : {};
  return { name, image: 'registry.k8s.io/pause:3.10.1', resources: { requests }, ...ports };
}

function randomAffinity(random: Random): Affinity {
  const term = () => ({
    matchExpressions: [randomRequirement(random), ...(chance(random, 0.3) ? [randomRequirement(random)] : [])],
    ...(chance(random, 0.1) ? { matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: ['node-0', 'node-1'] }] } : {}),
  });
  return {
    nodeAffinity: {
      ...maybe(random, { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term(), ...(chance(random, 0.5) ? [term()] : [])] } }),
      ...maybe(random, {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 1 + randomInt(random, 10), preference: term() },
          { weight: 5, preference: term() },
        ],
      }),
    },
  };
}

const TOPOLOGY_KEYS = ['zone', 'kubernetes.io/hostname'] as const;

function randomSelector(random: Random): LabelSelector {
  return pick<LabelSelector>(random, [
    { matchLabels: { app: 'web' } },
    { matchLabels: { app: 'db' } },
    { matchExpressions: [{ key: 'version', operator: 'NotIn', values: ['1'] }] },
    { matchExpressions: [{ key: 'app', operator: 'Exists' }] },
    {},
  ]);
}

function randomTerm(random: Random): PodAffinityTerm {
  return {
    topologyKey: pick(random, TOPOLOGY_KEYS),
    ...(chance(random, 0.9) ? { labelSelector: randomSelector(random) } : {}),
    ...(chance(random, 0.2) ? { namespaces: [pick(random, ['default', 'other'])] } : {}),
    ...(chance(random, 0.2) ? { namespaceSelector: chance(random, 0.5) ? {} : { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } } : {}),
  };
}

function randomPodAffinity(random: Random): Affinity {
  const required = (probability: number) => (chance(random, probability) ? { requiredDuringSchedulingIgnoredDuringExecution: [randomTerm(random)] } : {});
  const weighted = () => ({ weight: 1 + randomInt(random, 10), podAffinityTerm: randomTerm(random) });
  const preferred = () => (chance(random, 0.3) ? { preferredDuringSchedulingIgnoredDuringExecution: [weighted(), weighted()] } : {});
  return {
    ...(chance(random, 0.5) ? { podAffinity: { ...required(0.5), ...preferred() } } : {}),
    ...(chance(random, 0.5) ? { podAntiAffinity: { ...required(0.5), ...preferred() } } : {}),
  };
}

function randomSpread(random: Random): readonly TopologySpreadConstraint[] {
  return Array.from({ length: 1 + randomInt(random, 2) }, () => ({
    topologyKey: pick(random, TOPOLOGY_KEYS),
    maxSkew: 1 + randomInt(random, 3),
    whenUnsatisfiable: pick(random, ['DoNotSchedule', 'ScheduleAnyway'] as const),
    ...(chance(random, 0.9) ? { labelSelector: randomSelector(random) } : {}),
    ...(chance(random, 0.2) ? { matchLabelKeys: ['version'] } : {}),
    ...(chance(random, 0.3) ? { minDomains: 1 + randomInt(random, 4) } : {}),
    ...(chance(random, 0.3) ? { nodeAffinityPolicy: pick(random, ['Honor', 'Ignore'] as const) } : {}),
    ...(chance(random, 0.3) ? { nodeTaintsPolicy: pick(random, ['Honor', 'Ignore'] as const) } : {}),
  }));
}

function randomRequirement(random: Random): NodeSelectorRequirement {
  return pick<NodeSelectorRequirement>(random, [
    { key: 'zone', operator: 'In', values: ['z1', 'z2'] },
    { key: 'zone', operator: 'NotIn', values: ['z1'] },
    { key: 'disk', operator: 'Exists' },
    { key: 'disk', operator: 'DoesNotExist' },
    { key: 'rank', operator: 'Gt', values: ['1'] },
    { key: 'rank', operator: 'Lt', values: ['2'] },
  ]);
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[randomInt(random, from.length)] as T;
}

function chance(random: Random, probability: number): boolean {
  return random.next() < probability;
}

/** The fields, or none of them. */
function maybe<T extends object>(random: Random, fields: T): T | Record<string, never> {
  return chance(random, 0.5) ? fields : {};
}
