import { ownerReference, type ObjectInput } from '@kybern/core';
import { DaemonSet, type Pod, type PodSpec } from '@kybern/core/kinds';
import { isPodTerminal } from '../pod-state.ts';
import { podFromTemplate } from '../pod-template.ts';
import { daemonTolerations } from './eligibility.ts';

/** The label with the hash of a Pod's revision. */
export const REVISION_HASH = 'controller-revision-hash';
const GENERATION_ANNOTATION = 'deprecated.daemonset.template.generation';

/**
 * A Pod of a DaemonSet for one node, which the scheduler may put nowhere else.
 *
 * @see kubernetes v1.36 pkg/controller/daemon/util/daemonset_util.go (CreatePodTemplate, ReplaceDaemonSetPodNodeNameNodeAffinity)
 */
export function daemonPod(set: DaemonSet, hash: string, nodeName: string): ObjectInput<Pod> {
  const pod = podFromTemplate(set.spec.template, ownerReference(DaemonSet, set, { controller: true }), set.metadata.namespace);
  const spec: PodSpec = pod.spec ?? { containers: [] };
  const generation = set.metadata.annotations?.[GENERATION_ANNOTATION];
  const nodeSelectorTerms = [{ matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: [nodeName] }] }];
  const nodeAffinity = { ...spec.affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
  const labels = { ...pod.metadata?.labels, [REVISION_HASH]: hash, ...(generation === undefined ? {} : { 'pod-template-generation': generation }) };
  return {
    metadata: { ...pod.metadata, labels },
    spec: { ...spec, affinity: { ...spec.affinity, nodeAffinity }, tolerations: daemonTolerations(spec) },
  };
}

/** The node that a Pod of a DaemonSet is for, whether it is there already or not. */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec.nodeName !== undefined && spec.nodeName !== '') return spec.nodeName;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const { matchFields } of terms) {
    const [field] = matchFields ?? [];
    if (matchFields?.length === 1 && field?.key === 'metadata.name' && field.operator === 'In' && field.values?.length === 1) return field.values[0];
  }
  return undefined;
}

/** Whether the Pod is of that revision. */
export const isUpdated = ({ metadata }: Pod, hash: string): boolean => metadata.labels?.[REVISION_HASH] === hash;

/** Pods by the node that they are for, without those that have ended and are being deleted. */
export function byTargetNode(pods: readonly Pod[]): ReadonlyMap<string, readonly Pod[]> {
  const result = new Map<string, Pod[]>();
  for (const pod of pods) {
    const node = targetNode(pod);
    if (node === undefined || (isPodTerminal(pod) && pod.metadata.deletionTimestamp !== undefined)) continue;
    const others = result.get(node);
    if (others === undefined) result.set(node, [pod]);
    else others.push(pod);
  }
  for (const each of result.values()) each.sort(oldestFirst);
  return result;
}

/** Those that were assigned a node first, then the oldest. */
function oldestFirst(a: Pod, b: Pod): number {
  const pending = (pod: Pod): number => Number(pod.spec.nodeName === undefined || pod.spec.nodeName === '');
  return (
    pending(a) - pending(b) ||
    compareText(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
    compareText(a.metadata.name, b.metadata.name)
  );
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
