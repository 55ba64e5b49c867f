import type { KubernetesObject, MutableJson } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { Strategy } from '../strategy.ts';
import { validatePodSpec } from '../validation/pod-spec.ts';
import { validatePodStatusUpdate } from '../validation/pod-status.ts';
import { validatePodUpdate } from '../validation/pod-update.ts';
import { applyMatchLabelKeys } from './pod-label-keys.ts';
import { qosClassOf } from './pod-qos.ts';

const NONE: readonly never[] = [];
const GATED = { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message: 'Scheduling is blocked due to non-empty scheduling gates' } as const;

/** Pods. @see kubernetes v1.36 pkg/registry/core/pod/strategy.go */
export const podStrategy: Strategy = {
  generation: true,
  selectableFields: {
    'spec.nodeName': ({ spec }) => spec?.nodeName ?? '',
    // The name that the field had before v1.
    'spec.host': ({ spec }) => spec?.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec?.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec?.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec?.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec?.hostNetwork === true),
    'status.phase': ({ status }) => status?.phase ?? '',
    'status.podIP': ({ status }) => status?.podIPs?.[0]?.ip ?? status?.podIP ?? '',
    // Kubernetes takes the field, but has no values for it.
    'status.podIPs': () => '',
    'status.nominatedNodeName': ({ status }) => status?.nominatedNodeName ?? '',
  },
  indexedFields: ['spec.nodeName'],
  prepareForCreate(object) {
    const { spec } = object as Pod;
    object.status = { phase: 'Pending', ...(isSpecLike(spec) ? { qosClass: qosClassOf(spec) } : {}) };
    if (!isSpecLike(spec)) return;
    if ((spec.schedulingGates?.length ?? 0) > 0) object.status.conditions = [{ ...GATED }];
    applyMatchLabelKeys(object);
  },
  validate: (object, errors) => validatePodSpec(object.spec, 'spec', errors),
  validateUpdate: (object, old, errors) => validatePodUpdate(object, old, errors),
  warningsOnCreate: ({ metadata }) =>
    metadata.name.length > 63 || metadata.name.includes('.')
      ? ["metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended"]
      : NONE,
  prepareForStatusUpdate: prepareStatus,
  validateStatusUpdate: (object, old, errors) => validatePodStatusUpdate(object, old, errors),
  gracePeriodSeconds,
};

/** Preparation runs before validation: what is not even a list of containers is left for the schema to refuse. */
function isSpecLike(spec: unknown): boolean {
  if (typeof spec !== 'object' || spec === null) return false;
  const { containers, initContainers = [] } = spec as { containers?: unknown; initContainers?: unknown };
  const areObjects = (list: unknown): boolean => Array.isArray(list) && list.every((item) => typeof item === 'object' && item !== null);
  return areObjects(containers) && areObjects(initContainers);
}

function prepareStatus(object: MutableJson, old: MutableJson): void {
  // Old kubelets corrupt owner references, which breaks garbage collection; so this is not the way to change them.
  if (old.metadata.ownerReferences === undefined) delete object.metadata.ownerReferences;
  else object.metadata.ownerReferences = old.metadata.ownerReferences;
  if (object.status === undefined) return;
  object.status.qosClass ??= old.status?.qosClass;
  object.status.observedGeneration ??= old.status?.observedGeneration;
  for (const name of ['qosClass', 'observedGeneration']) if (object.status[name] === undefined) delete object.status[name];
}

/** @see kubernetes v1.36 pkg/registry/core/pod/strategy.go (CheckGracefulDelete) */
function gracePeriodSeconds(object: KubernetesObject, requested: number | undefined): number {
  const { spec, status } = object as Pod;
  const ended = status?.phase === 'Failed' || status?.phase === 'Succeeded';
  if ((spec.nodeName ?? '') === '' || ended) return 0;
  const period = requested ?? spec.terminationGracePeriodSeconds ?? 0;
  return period < 0 ? 1 : period;
}
