import type { Node, Pod } from '@kybern/core/kinds';

/** What an extender made of some nodes. A node that it does not name at all is turned down too. */
export interface ExtenderFilterAnswer {
  readonly feasible: ReadonlySet<string>;
  /** Node name → why not. */
  readonly failed: ReadonlyMap<string, string>;
  /** Node name → why not, where evicting Pods would not help. */
  readonly unresolvable: ReadonlyMap<string, string>;
}

/** Options of every call. */
export interface ExtenderCall {
  readonly signal: AbortSignal;
}

/**
 * Somebody outside who has a say in where Pods go. It is asked between the filters and the choice; what it rejects on failure with, fails the attempt, unless
 * it is `ignorable`. {@link createHttpExtender} is the one that kube-scheduler knows.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/kube-scheduler/framework/extender.go
 */
export interface SchedulerExtender {
  /** Unique within a scheduler; its URL, as a rule. */
  readonly name: string;
  /** What its priorities count; default 1. */
  readonly weight?: number;
  /** Scheduling goes on without it when it fails. */
  readonly ignorable?: boolean;
  /** Whether the Pod is its business. */
  isInterested(pod: Pod): boolean;
  filter?(pod: Pod, nodes: readonly Node[], call: ExtenderCall): Promise<ExtenderFilterAnswer>;
  /** Node name → 0 to 10. What fails here is ignored: others decide. */
  prioritize?(pod: Pod, nodes: readonly Node[], call: ExtenderCall): Promise<ReadonlyMap<string, number>>;
  /** Binds the Pod instead of the Bind plugins. */
  bind?(pod: Pod, nodeName: string, call: ExtenderCall): Promise<void>;
  /** Node name → who would have to go; the answer has the nodes that it agrees with, and the uids of who is to go there. */
  preempt?(pod: Pod, victims: ReadonlyMap<string, readonly Pod[]>, call: ExtenderCall): Promise<ReadonlyMap<string, readonly string[]>>;
}
