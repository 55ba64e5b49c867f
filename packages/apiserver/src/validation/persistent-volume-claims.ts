import type { FieldError } from '@kybern/core';
import type { PersistentVolumeClaimSpec, TypedLocalObjectReference } from '@kybern/core/kinds';
import { forbiddenField, invalidValue, required } from './field-errors.ts';
import { validateLabelSelector } from './label-selectors.ts';
import { dns1123Subdomain } from './names.ts';
import { compareQuantityTexts } from './quantities.ts';

/** Checks what a claim asks for. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidatePersistentVolumeClaimSpec) */
export function validatePersistentVolumeClaimSpec(spec: PersistentVolumeClaimSpec, field: string, errors: FieldError[]): void {
  const { accessModes = [], resources, selector, storageClassName, volumeAttributesClassName } = spec;
  if (accessModes.length === 0) errors.push(required(`${field}.accessModes`, 'at least 1 access mode is required'));
  if (accessModes.length > 1 && accessModes.includes('ReadWriteOncePod')) {
    errors.push(forbiddenField(`${field}.accessModes`, 'may not use ReadWriteOncePod with other access modes'));
  }
  if (selector !== undefined) validateLabelSelector(selector, `${field}.selector`, errors);
  const storage = resources?.requests?.['storage'];
  if (storage === undefined) errors.push(required(`${field}.resources[storage]`));
  else if (compareQuantityTexts(storage, '0') <= 0) errors.push(invalidValue(`${field}.resources[storage]`, storage, 'must be greater than zero'));
  for (const [name, value] of Object.entries({ storageClassName, volumeAttributesClassName })) {
    if (value === undefined || value === '') continue;
    for (const problem of dns1123Subdomain(value, false)) errors.push(invalidValue(`${field}.${name}`, value, problem));
  }
  validateSources(spec, field, errors);
}

function validateSources({ dataSource, dataSourceRef }: PersistentVolumeClaimSpec, field: string, errors: FieldError[]): void {
  if (dataSource !== undefined) validateReference(dataSource, `${field}.dataSource`, errors);
  if (dataSourceRef === undefined) return;
  validateReference(dataSourceRef, `${field}.dataSourceRef`, errors);
  const same = dataSource === undefined || (['apiGroup', 'kind', 'name'] as const).every((name) => (dataSource[name] ?? '') === (dataSourceRef[name] ?? ''));
  if ((dataSourceRef.namespace ?? '') === '' && !same) errors.push(invalidValue(field, dataSourceRef, 'must match dataSource'));
  if ((dataSourceRef.namespace ?? '') !== '' && dataSource !== undefined)
    errors.push(invalidValue(field, dataSource, 'may not be specified when dataSourceRef.namespace is specified'));
}

function validateReference({ name, kind, apiGroup = '' }: TypedLocalObjectReference, field: string, errors: FieldError[]): void {
  if (name === '') errors.push(required(`${field}.name`));
  if (kind === '') errors.push(required(`${field}.kind`));
  if (apiGroup === '' && kind !== 'PersistentVolumeClaim')
    errors.push(invalidValue(field, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
}
