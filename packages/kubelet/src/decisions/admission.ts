import { ownValue } from '@kybern/core';
import type { Pod, Taint, Toleration } from '@kybern/core/kinds';
import type { Amounts } from './pod-requests.ts';
import type { PodVerdict } from './pod-status.ts';

/** What {@link computeAdmission} decides from. */
export interface AdmissionInput {
  readonly pod: Pod;
  readonly nodeName: string;
  /** What the node can give to Pods. */
  readonly allocatable: Amounts;
  /** What the Pods admitted so far ask for, `pods` being their number. */
  readonly requested: Amounts;
  /** What this Pod asks for. */
  readonly requests: Amounts;
  readonly taints: readonly Taint[];
}

/** The resources of which a node always has something to give; others only when it says so. */
const OVERCOMMIT_SLACK = 1e-9;

/**
 * Whether the node takes the Pod in. A scheduler has decided before, but two of them may have decided at the same time.
 *
 * @returns why not; undefined when it does
 * @see kubernetes v1.36 pkg/kubelet/lifecycle/predicate.go (Admit)
 */
export function computeAdmission({ pod, nodeName, allocatable, requested, requests, taints }: AdmissionInput): PodVerdict | undefined {
  if (pod.spec.nodeName !== nodeName) return refuse('NodeName', "Predicate NodeName failed: node(s) didn't match the requested node name");
  const taint = taints.find(({ effect, ...rest }) => effect === 'NoExecute' && !isTolerated({ effect, ...rest }, pod.spec.tolerations ?? []));
  if (taint !== undefined) {
    return refuse('TaintToleration', `Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate`);
  }
  for (const [name, amount] of [['pods', 1] as const, ...Object.entries(requests)]) {
    const capacity = ownValue(allocatable, name) ?? 0;
    const used = ownValue(requested, name) ?? 0;
    const shortage = describeShortage(name, { amount, used, capacity });
    if (shortage !== undefined) return refuse(`OutOf${name}`, shortage);
  }
  return undefined;
}

/** Says how much of a resource is missing for `amount` more of it; undefined when there is enough. */
export function describeShortage(name: string, { amount, used, capacity }: { amount: number; used: number; capacity: number }): string | undefined {
  if (amount <= 0 || used + amount <= capacity + OVERCOMMIT_SLACK) return undefined;
  return `Node didn't have enough resource: ${name}, requested: ${inUnits(name, amount)}, used: ${inUnits(name, used)}, capacity: ${inUnits(name, capacity)}`;
}

const refuse = (reason: string, message: string): PodVerdict => ({ phase: 'Failed', reason, message: `Pod was rejected: ${message}` });

/** Kubernetes counts CPU in thousandths here. */
const inUnits = (name: string, amount: number): number => (name === 'cpu' ? Math.ceil(amount * 1000) : Math.ceil(amount));

/** Whether one of the tolerations covers the taint. @see kubernetes v1.36 staging/src/k8s.io/api/core/v1/toleration.go (ToleratesTaint) */
function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some(({ key = '', operator = 'Equal', value = '', effect = '' }) => {
    if (effect !== '' && effect !== taint.effect) return false;
    if (key !== '' && key !== taint.key) return false;
    return operator === 'Exists' || (key !== '' && value === (taint.value ?? ''));
  });
}
