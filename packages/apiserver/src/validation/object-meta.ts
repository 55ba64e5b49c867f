import { isDns1123Label, isLabelValue, isQualifiedName, type FieldError, type MutableJson, type NamedObjectMeta } from '@kybern/core';
import type { Resource } from '../resource.ts';
import { duplicate, forbiddenField, IMMUTABLE, invalidValue, required } from './field-errors.ts';
import { DNS1123_LABEL_MESSAGE, dns1123Subdomain, QUALIFIED_NAME_MESSAGE, LABEL_VALUE_MESSAGE } from './names.ts';
import { nothingSeen, see } from './seen.ts';

/** All annotations of one object together. @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go (TotalAnnotationSizeLimitB) */
const MAX_ANNOTATION_BYTES = 256 * 1024;

/** Checks the metadata of a new object. */
export function validateObjectMeta(metadata: MutableJson, resource: Resource, errors: FieldError[]): void {
  const { name, generateName } = metadata as { name?: unknown; generateName?: unknown };
  const rule = resource.strategy.nameRule ?? dns1123Subdomain;
  if (typeof generateName === 'string') for (const detail of rule(generateName, true)) errors.push(invalidValue('metadata.generateName', generateName, detail));
  if (name === undefined || name === '') {
    if (generateName === undefined || generateName === '') errors.push(required('metadata.name', 'name or generateName is required'));
  } else if (typeof name === 'string') for (const detail of rule(name, false)) errors.push(invalidValue('metadata.name', name, detail));
  if (resource.namespaced && !isDns1123Label(String(metadata.namespace)))
    errors.push(invalidValue('metadata.namespace', metadata.namespace, DNS1123_LABEL_MESSAGE));
  validateCommon(metadata, errors);
}

/** Checks the metadata of a changed object. */
export function validateObjectMetaUpdate(metadata: MutableJson, old: NamedObjectMeta, errors: FieldError[]): void {
  for (const name of ['name', 'namespace', 'uid'] as const) {
    if (metadata[name] !== old[name]) errors.push(invalidValue(`metadata.${name}`, metadata[name], IMMUTABLE));
  }
  if (
    metadata.labels !== old.labels ||
    metadata.annotations !== old.annotations ||
    metadata.ownerReferences !== old.ownerReferences ||
    metadata.finalizers !== old.finalizers
  ) {
    validateCommon(metadata, errors);
  }
  if (old.deletionTimestamp !== undefined) validateNoNewFinalizers(metadata.finalizers, old.finalizers ?? [], errors);
}

function validateCommon(metadata: MutableJson, errors: FieldError[]): void {
  if (metadata.labels !== undefined) validateLabels(metadata.labels, 'metadata.labels', errors);
  if (metadata.annotations !== undefined) validateAnnotations(metadata.annotations, 'metadata.annotations', errors);
  if (Array.isArray(metadata.ownerReferences)) validateOwnerReferences(metadata.ownerReferences, errors);
  if (Array.isArray(metadata.finalizers)) validateFinalizers(metadata.finalizers, errors);
}

/** Checks the keys and values of labels. */
export function validateLabels(labels: unknown, field: string, errors: FieldError[]): void {
  if (typeof labels !== 'object' || labels === null) return;
  for (const key of Object.keys(labels)) {
    const value = (labels as Record<string, unknown>)[key];
    if (!isQualifiedName(key)) errors.push(invalidValue(field, key, QUALIFIED_NAME_MESSAGE));
    if (typeof value === 'string' && !isLabelValue(value)) errors.push(invalidValue(field, value, LABEL_VALUE_MESSAGE));
  }
}

/** Checks the keys of annotations and the size of them all. */
export function validateAnnotations(annotations: unknown, field: string, errors: FieldError[]): void {
  if (typeof annotations !== 'object' || annotations === null) return;
  let size = 0;
  for (const key of Object.keys(annotations)) {
    const value = (annotations as Record<string, unknown>)[key];
    if (!isQualifiedName(key.toLowerCase())) errors.push(invalidValue(field, key, QUALIFIED_NAME_MESSAGE));
    size += key.length + (typeof value === 'string' ? value.length : 0);
  }
  if (size > MAX_ANNOTATION_BYTES) errors.push({ field, reason: 'FieldValueTooLong', message: `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes` });
}

/** @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go (ValidateOwnerReferences) */
function validateOwnerReferences(references: readonly MutableJson[], errors: FieldError[]): void {
  let controller: MutableJson | undefined;
  references.forEach((reference, i) => {
    const field = `metadata.ownerReferences[${i}]`;
    for (const name of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if (reference?.[name] === undefined || reference[name] === '')
        errors.push(invalidValue(`${field}.${name}`, reference?.[name] ?? '', `${name === 'apiVersion' ? 'version' : name} must not be empty`));
    }
    if (reference?.controller !== true) return;
    if (controller === undefined) controller = reference;
    else {
      errors.push(
        invalidValue(
          'metadata.ownerReferences',
          references,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller.kind}/${controller.name} and ${reference.kind}/${reference.name}`,
        ),
      );
    }
  });
}

function validateFinalizers(finalizers: readonly unknown[], errors: FieldError[]): void {
  let collectors = 0;
  const seen = nothingSeen();
  finalizers.forEach((finalizer, i) => {
    if (typeof finalizer !== 'string') return;
    if (!isQualifiedName(finalizer)) errors.push(invalidValue(`metadata.finalizers[${i}]`, finalizer, QUALIFIED_NAME_MESSAGE));
    if (finalizer === 'orphan' || finalizer === 'foregroundDeletion') collectors += 1;
    if (see(seen, finalizer)) errors.push(duplicate(`metadata.finalizers[${i}]`, finalizer));
  });
  if (collectors > 1) errors.push(invalidValue('metadata.finalizers', finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
}

function validateNoNewFinalizers(finalizers: unknown, old: readonly string[], errors: FieldError[]): void {
  if (!Array.isArray(finalizers)) return;
  const added = finalizers.filter((finalizer) => !old.includes(finalizer as string));
  if (added.length > 0)
    errors.push(
      forbiddenField('metadata.finalizers', `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`),
    );
}
