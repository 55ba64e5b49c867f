import type { Pod } from '@kybern/core/kinds';

/**
 * What an event is about. `Pod` stands for all three kinds of Pod events: `AssignedPod` (a Pod on a node), `UnscheduledPod` (a Pod in the queue, another
 * one), `TargetPod` (the Pod that waits, itself). Further kinds are named as Kubernetes names them, such as `storage.k8s.io/CSINode`. `*` matches all.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/kube-scheduler/framework/types.go (EventResource)
 */
export type EventResource = 'Pod' | 'AssignedPod' | 'UnscheduledPod' | 'TargetPod' | 'Node' | '*' | (string & {});

/** What happened. `Update` stands for every kind of update, `All` for everything. */
export type ActionType =
  | 'Add'
  | 'Delete'
  | 'Update'
  | 'All'
  | 'UpdateNodeAllocatable'
  | 'UpdateNodeLabel'
  | 'UpdateNodeTaint'
  | 'UpdateNodeCondition'
  | 'UpdateNodeAnnotation'
  | 'UpdateNodeDeclaredFeature'
  | 'UpdatePodLabel'
  | 'UpdatePodScaleDown'
  | 'UpdatePodScaleUp'
  | 'UpdatePodToleration'
  | 'UpdatePodSchedulingGatesEliminated'
  | 'UpdatePodGeneratedResourceClaim';

/** A change in the cluster that may make a waiting Pod schedulable. */
export interface ClusterEvent {
  readonly resource: EventResource;
  readonly action: ActionType;
  /** The object before; unset for an addition. */
  readonly old?: unknown;
  /** The object after; unset for a deletion. */
  readonly object?: unknown;
}

/** Whether an event is worth another attempt. */
export type QueueingHint = 'Queue' | 'QueueSkip';

/** A plugin's registration: these actions on this resource may cure its rejection, if `hint` says so. */
export interface ClusterEventWithHint<Item = Pod> {
  readonly resource: EventResource;
  readonly actions: readonly ActionType[];
  /** Looks closer. Unset, or if it throws: `Queue`. Pure. */
  readonly hint?: (item: Item, event: ClusterEvent) => QueueingHint;
}

/** Whether a registration covers an event. */
export function matchesEvent(registered: Pick<ClusterEventWithHint, 'resource' | 'actions'>, event: ClusterEvent): boolean {
  if (!matchesResource(registered.resource, event.resource)) return false;
  return registered.actions.some((action) => matchesAction(action, event.action));
}

function matchesResource(registered: EventResource, actual: EventResource): boolean {
  if (registered === '*' || actual === '*' || registered === actual) return true;
  return registered === 'Pod' && (actual === 'AssignedPod' || actual === 'UnscheduledPod' || actual === 'TargetPod');
}

function matchesAction(registered: ActionType, actual: ActionType): boolean {
  if (registered === 'All' || actual === 'All' || registered === actual) return true;
  return registered === 'Update' ? actual.startsWith('Update') : actual === 'Update' && registered.startsWith('Update');
}

/** The Pod that an event is about, as it is now. */
export function changedPod(event: ClusterEvent): Pod | undefined {
  return event.object as Pod | undefined;
}
