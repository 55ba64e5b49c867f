import { deepEqual, type FieldError } from '@kybern/core';
import type { Container, Pod, PodSpec, Toleration } from '@kybern/core/kinds';
import { forbiddenField, invalidValue, required } from './field-errors.ts';

const ALLOWED =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** Checks what a user changed in a Pod. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidatePodUpdate) */
export function validatePodUpdate(pod: Pod, old: Pod, errors: FieldError[]): void {
  if (pod.spec === old.spec) return;
  const { spec } = pod;
  const sameCount = validateSameContainers(spec.containers, old.spec.containers, 'spec.containers', errors);
  const sameInitCount = validateSameContainers(spec.initContainers ?? [], old.spec.initContainers ?? [], 'spec.initContainers', errors);
  if (!sameCount || !sameInitCount) return;
  validateDeadline(spec, old.spec, errors);
  validateAddedTolerations(spec.tolerations ?? [], old.spec.tolerations ?? [], errors);
  validateRemovedGates(spec, old.spec, errors);
  if (!deepEqual(withAllowedChanges(spec, old.spec), old.spec)) errors.push(forbiddenField('spec', ALLOWED));
}

function validateSameContainers(containers: readonly Container[], old: readonly Container[], field: string, errors: FieldError[]): boolean {
  if (containers.length !== old.length) {
    errors.push(forbiddenField(field, 'pod updates may not add or remove containers'));
    return false;
  }
  containers.forEach(({ image }, i) => {
    if (image === undefined || image === '') errors.push(required(`${field}[${i}].image`));
  });
  return true;
}

function validateDeadline({ activeDeadlineSeconds: now }: PodSpec, { activeDeadlineSeconds: before }: PodSpec, errors: FieldError[]): void {
  if (now === before || before === undefined) return;
  if (now === undefined) errors.push(invalidValue('spec.activeDeadlineSeconds', null, 'must not update from a positive integer to nil value'));
  else if (now > before) errors.push(invalidValue('spec.activeDeadlineSeconds', now, 'must be less than or equal to previous value'));
}

/** A toleration may be added, and its tolerationSeconds changed. */
function validateAddedTolerations(tolerations: readonly Toleration[], old: readonly Toleration[], errors: FieldError[]): void {
  const timeless = tolerations.map(withoutSeconds);
  const isKept = (toleration: Toleration): boolean => timeless.some((other) => deepEqual(other, withoutSeconds(toleration)));
  if (!old.every(isKept)) errors.push(forbiddenField('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'));
}

function withoutSeconds({ tolerationSeconds: _, ...rest }: Toleration): Toleration {
  return rest;
}

function validateRemovedGates({ schedulingGates = [] }: PodSpec, old: PodSpec, errors: FieldError[]): void {
  const before = old.schedulingGates ?? [];
  const added = schedulingGates.filter(({ name }) => !before.some((gate) => gate.name === name));
  if (added.length > 0)
    errors.push(
      forbiddenField('spec.schedulingGates', `only deletion is allowed, but found new scheduling gate '${added.map(({ name }) => name).join(', ')}'`),
    );
}

/** The new spec with everything that may change put back, so that what still differs may not. */
function withAllowedChanges(spec: PodSpec, old: PodSpec): PodSpec {
  const gated = (old.schedulingGates ?? []).length > 0;
  const graceFixed = spec.terminationGracePeriodSeconds === 1 && (old.terminationGracePeriodSeconds ?? 0) < 0;
  return {
    ...spec,
    containers: spec.containers.map((container, i) => withImage(container, old.containers[i])),
    ...restored(
      'initContainers',
      spec.initContainers?.map((container, i) => withImage(container, old.initContainers?.[i])),
    ),
    ...restored('activeDeadlineSeconds', old.activeDeadlineSeconds),
    ...restored('tolerations', old.tolerations),
    ...restored('schedulingGates', old.schedulingGates),
    // What guides the scheduler may be narrowed as long as the Pod is not up for scheduling.
    ...(gated ? { ...restored('nodeSelector', old.nodeSelector), ...restored('affinity', old.affinity) } : {}),
    ...(graceFixed ? restored('terminationGracePeriodSeconds', old.terminationGracePeriodSeconds) : {}),
  } as PodSpec;
}

function restored(name: string, value: unknown): object {
  return { [name]: value };
}

function withImage(container: Container, old: Container | undefined): Container {
  return old?.image === undefined ? container : { ...container, image: old.image };
}
