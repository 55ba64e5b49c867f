import type { Node, Pod } from '@kybern/core/kinds';
import type { NodeInfo } from '../cluster/node-info.ts';
import { amounts, podRequests, type PodRequests } from '../cluster/pod-requests.ts';
import type { FilterPlugin, ScorePlugin } from '../engine/plugin.ts';
import type { Status } from '../engine/status.ts';
import { changedPod, type ClusterEvent, type ClusterEventWithHint, type QueueingHint } from '../queue/cluster-event.ts';
import { allocatableOf, podRequestOf, requestedOf, requestSignature } from './resource-usage.ts';
import { resourceScorer, type ScoringStrategy } from './scoring-strategy.ts';

const NAME = 'NodeResourcesFit';

/** Arguments of {@link nodeResourcesFit}, as in KubeSchedulerConfiguration v1. */
export interface NodeResourcesFitArgs {
  /** Extended resources that somebody else looks after. */
  readonly ignoredResources?: readonly string[];
  /** Groups of such resources: `example.com` stands for `example.com/foo` and all others. */
  readonly ignoredResourceGroups?: readonly string[];
  /** Default `LeastAllocated`. */
  readonly scoringStrategy?: ScoringStrategy;
}

/**
 * Keeps Pods off nodes that have not enough of what they request, and prefers nodes that have most left, or as the strategy says.
 *
 * @throws {SchedulerConfigError} when an argument is not valid
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/noderesources/fit.go
 */
export function nodeResourcesFit(args: NodeResourcesFitArgs = {}): FilterPlugin & ScorePlugin {
  const ignored = new Set(args.ignoredResources);
  const ignoredGroups = new Set(args.ignoredResourceGroups);
  const score = resourceScorer(args.scoringStrategy);
  const given = new Map<string, Status>();
  const isIgnored = (name: string): boolean => ignored.has(name) || ignoredGroups.has(name.slice(0, Math.max(0, name.indexOf('/'))));
  return {
    name: NAME,
    sign: (pod) => requestSignature(podRequests(pod)),
    filter(pod, node, { explaining }) {
      const requests = podRequests(pod);
      if (fits(requests, node, isIgnored)) return undefined;
      return rejection(findShortages(requests, node, isIgnored), explaining, given);
    },
    score: (pod, node) => score(podRequests(pod), node),
    eventsToRegister: () => EVENTS,
  };
}

/** One resource of which there is too little. */
interface Shortage {
  readonly resource: string;
  readonly requested: number;
  readonly used: number;
  readonly capacity: number;
}

type IsIgnored = (resource: string) => boolean;

function fits(requests: PodRequests, node: NodeInfo, isIgnored: IsIgnored): boolean {
  if (node.podCount + 1 > node.allocatablePods) return false;
  const { cpuMillis, memoryBytes, ephemeralStorageBytes, extended } = requests;
  if (cpuMillis > 0 && cpuMillis > node.allocatableCpuMillis - node.requestedCpuMillis) return false;
  if (memoryBytes > 0 && memoryBytes > node.allocatableMemoryBytes - node.requestedMemoryBytes) return false;
  if (ephemeralStorageBytes > 0 && ephemeralStorageBytes > node.allocatableEphemeralStorageBytes - node.requestedEphemeralStorageBytes) return false;
  for (const [name, amount] of extended) {
    if (amount > node.allocatableExtended(name) - node.requestedExtended(name) && !isIgnored(name)) return false;
  }
  return true;
}

function findShortages(requests: PodRequests, node: NodeInfo, isIgnored: IsIgnored): readonly Shortage[] {
  const shortages: Shortage[] = [];
  if (node.podCount + 1 > node.allocatablePods) shortages.push({ resource: 'pods', requested: 1, used: node.podCount, capacity: node.allocatablePods });
  for (const resource of ['cpu', 'memory', 'ephemeral-storage', ...requests.extended.keys()]) {
    const requested = podRequestOf(requests, resource);
    const [used, capacity] = [requestedOf(node, resource), allocatableOf(node, resource)];
    if (requested > 0 && requested > capacity - used && !isIgnored(resource)) shortages.push({ resource, requested, used, capacity });
  }
  return shortages;
}

/** More than the node has at all cannot be cured by evicting Pods. Answers without details are the same object each time. */
function rejection(shortages: readonly Shortage[], explaining: boolean, given: Map<string, Status>): Status {
  const hopeless = shortages.some(({ resource, requested, capacity }) => resource !== 'pods' && requested > capacity);
  const reasons = shortages.map(({ resource }) => (resource === 'pods' ? 'Too many pods' : `Insufficient ${resource}`));
  const code = hopeless ? 'UnschedulableAndUnresolvable' : 'Unschedulable';
  if (explaining) return { code, reasons, plugin: NAME, details: { insufficient: shortages } };
  const key = `${code}/${reasons.join('/')}`;
  let status = given.get(key);
  if (status === undefined) {
    if (given.size >= MAX_GIVEN) given.clear();
    status = Object.freeze({ code, reasons: Object.freeze(reasons), plugin: NAME });
    given.set(key, status);
  }
  return status;
}

/** Answers that are kept: there are as many as combinations of resources. */
const MAX_GIVEN = 256;

const EVENTS: readonly ClusterEventWithHint[] = [
  { resource: 'AssignedPod', actions: ['Delete', 'UpdatePodScaleDown'], hint: hintForAssignedPod },
  {
    resource: 'TargetPod',
    actions: ['UpdatePodScaleDown'],
    hint: (pod, event) => (changedPod(event)?.metadata.uid === pod.metadata.uid ? 'Queue' : 'QueueSkip'),
  },
  { resource: 'Node', actions: ['Add', 'UpdateNodeAllocatable'], hint: hintForNode },
];

/** Whatever goes may make room; what shrinks does if it gave up something that the Pod wants. */
function hintForAssignedPod(pod: Pod, { old, object }: ClusterEvent): QueueingHint {
  if (object === undefined) return 'Queue';
  const [before, after] = [podRequests(old as Pod), podRequests(object as Pod)];
  return wantedResources(pod).some(([name]) => podRequestOf(before, name) > podRequestOf(after, name)) ? 'Queue' : 'QueueSkip';
}

function hintForNode(pod: Pod, { old, object }: ClusterEvent): QueueingHint {
  const after = amounts((object as Node).status?.allocatable);
  const wanted: readonly (readonly [string, number])[] = [['pods', 1], ...wantedResources(pod)];
  if (wanted.some(([name, amount]) => amount > (after.get(name) ?? 0))) return 'QueueSkip';
  if (old === undefined) return 'Queue';
  const before = amounts((old as Node).status?.allocatable);
  return wanted.some(([name]) => (after.get(name) ?? 0) > (before.get(name) ?? 0)) ? 'Queue' : 'QueueSkip';
}

function wantedResources(pod: Pod): readonly (readonly [string, number])[] {
  const requests = podRequests(pod);
  const names = ['cpu', 'memory', 'ephemeral-storage', ...requests.extended.keys()];
  return names.map((name) => [name, podRequestOf(requests, name)] as const).filter(([, amount]) => amount > 0);
}
