import { deepEqual, type FieldError, type LabelSelector, type MutableJson } from '@kybern/core';
import type { DaemonSet, Deployment, PodTemplateSpec, ReplicaSet, ReplicationController, StatefulSet } from '@kybern/core/kinds';
import type { Strategy } from '../strategy.ts';
import { forbiddenField, IMMUTABLE, invalidValue, required } from '../validation/field-errors.ts';
import { intOrPercentProblem, NOT_NEGATIVE, percentOf } from '../validation/formats.ts';
import { dns1123Label } from '../validation/names.ts';
import { validateSelectedTemplate } from '../validation/pod-template.ts';
import { validatePersistentVolumeClaimSpec } from '../validation/persistent-volume-claims.ts';
import { replicaStatusRule } from '../validation/replica-status.ts';

/** Counts in a workload's spec that cannot be negative. */
function validateCounts(spec: object, names: readonly string[], errors: FieldError[]): void {
  for (const name of names) {
    const value = (spec as Record<string, unknown>)[name];
    if (typeof value === 'number' && value < 0) errors.push(invalidValue(`spec.${name}`, value, NOT_NEGATIVE));
  }
}

/** The selector of a workload never changes: Pods of another one would be nobody's. */
function validateSameSelector(object: MutableJson, old: MutableJson, errors: FieldError[]): void {
  if (!deepEqual(object.spec.selector, old.spec.selector)) errors.push(invalidValue('spec.selector', object.spec.selector, IMMUTABLE));
}

/** Deployments. @see kubernetes v1.36 pkg/registry/apps/deployment/strategy.go, pkg/apis/apps/validation/validation.go (ValidateDeployment) */
export const deploymentStrategy: Strategy = {
  generation: true,
  // Annotations count as well, since they are copied to the ReplicaSets.
  generationChanged: (object, old) => !deepEqual(object.spec, old.spec) || !deepEqual(object.metadata.annotations, old.metadata.annotations),
  validate({ spec }: Deployment, errors) {
    validateCounts(spec, ['replicas', 'minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds'], errors);
    validateSelectedTemplate({ selector: spec.selector, template: spec.template, kind: 'deployment' }, errors);
    const { progressDeadlineSeconds: deadline, minReadySeconds = 0, strategy } = spec;
    if (deadline !== undefined && deadline <= minReadySeconds)
      errors.push(invalidValue('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
    if (strategy?.type === 'Recreate' && strategy.rollingUpdate !== undefined) {
      errors.push(forbiddenField('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'"));
    } else if (strategy?.rollingUpdate !== undefined) validateRollingUpdate(strategy.rollingUpdate, 'spec.strategy.rollingUpdate', errors);
  },
  validateUpdate: validateSameSelector,
  prepareForStatusUpdate: keepLabels,
  validateStatusUpdate: replicaStatusRule({
    counts: ['observedGeneration', 'replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas', 'collisionCount'],
    ofReplicas: ['updatedReplicas', 'readyReplicas', 'availableReplicas'],
    availableOfReady: 'cannot be greater than readyReplicas',
  }),
};

function keepLabels({ metadata }: MutableJson, old: MutableJson): void {
  if (old.metadata.labels === undefined) delete metadata.labels;
  else metadata.labels = old.metadata.labels;
}

interface RollingUpdate {
  readonly maxSurge?: number | string;
  readonly maxUnavailable?: number | string;
}

function validateRollingUpdate({ maxSurge = 0, maxUnavailable = 0 }: RollingUpdate, field: string, errors: FieldError[]): void {
  for (const [name, value] of [
    ['maxUnavailable', maxUnavailable],
    ['maxSurge', maxSurge],
  ] as const) {
    const problem = intOrPercentProblem(value);
    if (problem !== undefined) errors.push(invalidValue(`${field}.${name}`, value, problem));
  }
  if ((percentOf(maxUnavailable) ?? 0) > 100) errors.push(invalidValue(`${field}.maxUnavailable`, maxUnavailable, 'must not be greater than 100%'));
  if (isZero(maxSurge) && isZero(maxUnavailable)) errors.push(invalidValue(`${field}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
}

const isZero = (value: number | string): boolean => value === 0 || percentOf(value) === 0;
const replicasField = { 'status.replicas': ({ status }: MutableJson): string => String(status?.replicas ?? 0) };

const validateReplicaStatus = replicaStatusRule({
  counts: ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'],
  ofReplicas: ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
  availableOfReady: 'cannot be greater than readyReplicas',
});

/** ReplicaSets. @see kubernetes v1.36 pkg/apis/apps/validation/validation.go (ValidateReplicaSet) */
export const replicaSetStrategy: Strategy = {
  generation: true,
  selectableFields: replicasField,
  validate({ spec }: ReplicaSet, errors) {
    validateCounts(spec, ['replicas', 'minReadySeconds'], errors);
    validateTemplateOf(spec, 'deployment', errors);
  },
  validateUpdate: validateSameSelector,
  validateStatusUpdate: validateReplicaStatus,
};

function validateTemplateOf(spec: { selector: LabelSelector; template?: PodTemplateSpec }, kind: string, errors: FieldError[]): void {
  if (spec.template === undefined) errors.push(required('spec.template'));
  else validateSelectedTemplate({ selector: spec.selector, template: spec.template, kind }, errors);
}

/** ReplicationControllers. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidateReplicationController) */
export const replicationControllerStrategy: Strategy = {
  generation: true,
  selectableFields: replicasField,
  validate({ spec }: ReplicationController, errors) {
    validateCounts(spec, ['replicas', 'minReadySeconds'], errors);
    const { selector = {} } = spec;
    if (Object.keys(selector).length === 0) errors.push(required('spec.selector'));
    if (spec.template === undefined) errors.push(required('spec.template'));
    else if (Object.keys(selector).length > 0)
      validateSelectedTemplate({ selector: { matchLabels: selector }, template: spec.template, kind: 'replication controller' }, errors);
  },
  validateStatusUpdate: validateReplicaStatus,
};

/** DaemonSets. @see kubernetes v1.36 pkg/apis/apps/validation/validation.go (ValidateDaemonSet) */
export const daemonSetStrategy: Strategy = {
  generation: true,
  validate({ spec }: DaemonSet, errors) {
    validateCounts(spec, ['minReadySeconds', 'revisionHistoryLimit'], errors);
    validateSelectedTemplate({ selector: spec.selector, template: spec.template, kind: 'daemonset' }, errors);
    const rolling = spec.updateStrategy?.rollingUpdate;
    if (rolling === undefined) return;
    validateRollingUpdate(rolling, 'spec.updateStrategy.rollingUpdate', errors);
    const both = !isZero(rolling.maxSurge ?? 0) && !isZero(rolling.maxUnavailable ?? 0);
    if (both) errors.push(invalidValue('spec.updateStrategy.rollingUpdate.maxSurge', rolling.maxSurge, 'may not be set when maxUnavailable is non-zero'));
  },
  validateUpdate: validateSameSelector,
  validateStatusUpdate: replicaStatusRule({
    counts: [
      'currentNumberScheduled',
      'numberMisscheduled',
      'desiredNumberScheduled',
      'numberReady',
      'observedGeneration',
      'updatedNumberScheduled',
      'numberAvailable',
      'numberUnavailable',
    ],
  }),
};

/** What an update of a StatefulSet may change. */
const STATEFUL_SET_MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

/** The template with the volumes of the claim templates, which containers may mount: its Pods have them. */
function withClaims({ template, volumeClaimTemplates = [] }: StatefulSet['spec']): PodTemplateSpec {
  if (template.spec === undefined || volumeClaimTemplates.length === 0) return template;
  const volumes = template.spec.volumes ?? [];
  const names = volumeClaimTemplates
    .map(({ metadata: { name = '' } = { name: '' } }) => name)
    .filter((name) => !volumes.some((volume) => volume.name === name));
  const claims = names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  return { ...template, spec: { ...template.spec, volumes: [...volumes, ...claims] } };
}

/** StatefulSets. @see kubernetes v1.36 pkg/apis/apps/validation/validation.go (ValidateStatefulSet) */
export const statefulSetStrategy: Strategy = {
  generation: true,
  // Its Pods' names are labels of host names.
  nameRule: dns1123Label,
  validate({ spec }: StatefulSet, errors) {
    validateCounts(spec, ['replicas', 'minReadySeconds', 'revisionHistoryLimit'], errors);
    validateSelectedTemplate({ selector: spec.selector, template: withClaims(spec), kind: 'statefulset' }, errors);
    if ((spec.ordinals?.start ?? 0) < 0) errors.push(invalidValue('spec.ordinals.start', spec.ordinals?.start, NOT_NEGATIVE));
    const { updateStrategy } = spec;
    if (updateStrategy?.type === 'OnDelete' && updateStrategy.rollingUpdate !== undefined) {
      errors.push(invalidValue('spec.updateStrategy.rollingUpdate', updateStrategy.rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'"));
    }
    if ((updateStrategy?.rollingUpdate?.partition ?? 0) < 0)
      errors.push(invalidValue('spec.updateStrategy.rollingUpdate.partition', updateStrategy?.rollingUpdate?.partition, NOT_NEGATIVE));
    spec.volumeClaimTemplates?.forEach((claim, i) => validatePersistentVolumeClaimSpec(claim.spec, `spec.volumeClaimTemplates[${i}].spec`, errors));
  },
  validateUpdate(object, old, errors) {
    const fixed = (spec: MutableJson): object => Object.fromEntries(Object.entries(spec).filter(([name]) => !STATEFUL_SET_MUTABLE.includes(name)));
    if (deepEqual(fixed(object.spec), fixed(old.spec))) return;
    errors.push(
      forbiddenField(
        'spec',
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      ),
    );
  },
  validateStatusUpdate: replicaStatusRule({
    counts: ['replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas', 'observedGeneration', 'collisionCount'],
    ofReplicas: ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
    availableOfReady: 'cannot be greater than status.readyReplicas',
  }),
};

/** ControllerRevisions: what they hold never changes. */
export const controllerRevisionStrategy: Strategy = {
  unconditionalUpdate: false,
  validate({ revision }, errors) {
    if (revision < 0) errors.push(invalidValue('revision', revision, NOT_NEGATIVE));
  },
  validateUpdate(object, old, errors) {
    if (!deepEqual(object.data, old.data)) errors.push(invalidValue('data', '', IMMUTABLE));
  },
};
