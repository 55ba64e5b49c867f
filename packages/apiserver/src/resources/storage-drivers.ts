import { deepEqual, isDns1123Subdomain, type FieldError } from '@kybern/core';
import type { CSIDriver, CSIStorageCapacity, VolumeAttributesClass } from '@kybern/core/kinds';
import type { Strategy } from '../strategy.ts';
import { duplicate, forbiddenField, IMMUTABLE, invalidValue, notSupported, required, tooLong } from '../validation/field-errors.ts';
import { NOT_NEGATIVE } from '../validation/formats.ts';
import { validateLabelSelector } from '../validation/label-selectors.ts';
import { dns1123Subdomain } from '../validation/names.ts';
import { isNegativeQuantity } from '../validation/quantities.ts';

const MAX_DRIVER_NAME = 63;
const MIN_TOKEN_SECONDS = 600;
const MIN_UPDATE_SECONDS = 10;
const MODES: readonly string[] = ['Ephemeral', 'Persistent'];
const FS_GROUP_POLICIES: readonly string[] = ['File', 'None', 'ReadWriteOnceWithFSType'];

/** Checks the name of a CSI driver. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidateCSIDriverName) */
export function validateDriverName(name: string, field: string, errors: FieldError[]): void {
  if (name === '') errors.push(required(field));
  else if (name.length > MAX_DRIVER_NAME) errors.push(tooLong(field, MAX_DRIVER_NAME));
  if (name !== '' && !isDns1123Subdomain(name.toLowerCase())) errors.push(invalidValue(field, name, dns1123Subdomain(name.toLowerCase(), false)[0] ?? ''));
}

/** CSIDrivers. @see kubernetes v1.36 pkg/apis/storage/validation/validation.go (ValidateCSIDriver) */
export const csiDriverStrategy: Strategy = {
  unconditionalUpdate: false,
  generation: true,
  validate({ metadata, spec }: CSIDriver, errors) {
    if (metadata.name.length > MAX_DRIVER_NAME) errors.push(tooLong('metadata.name', MAX_DRIVER_NAME));
    const { attachRequired, fsGroupPolicy, volumeLifecycleModes = [], tokenRequests = [], nodeAllocatableUpdatePeriodSeconds: period } = spec;
    if (attachRequired === undefined) errors.push(required('spec.attachedRequired'));
    if (fsGroupPolicy !== undefined && !FS_GROUP_POLICIES.includes(fsGroupPolicy))
      errors.push(notSupported('spec.fsGroupPolicy', fsGroupPolicy, FS_GROUP_POLICIES));
    for (const mode of volumeLifecycleModes) if (!MODES.includes(mode)) errors.push(notSupported('spec.volumeLifecycleModes', mode, MODES));
    const audiences = new Set<string>();
    tokenRequests.forEach(({ audience, expirationSeconds }, i) => {
      if (audiences.has(audience)) errors.push(duplicate(`spec.tokenRequests[${String(i)}].audience`, audience));
      audiences.add(audience);
      if (expirationSeconds === undefined) return;
      const at = `spec.tokenRequests[${String(i)}].expirationSeconds`;
      if (expirationSeconds < MIN_TOKEN_SECONDS) errors.push(invalidValue(at, expirationSeconds, 'may not specify a duration less than 10 minutes'));
      if (expirationSeconds > 2 ** 32) errors.push(invalidValue(at, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
    });
    if (period !== undefined && period < MIN_UPDATE_SECONDS)
      errors.push(invalidValue('spec.nodeAllocatableUpdatePeriodSeconds', period, `must be greater than or equal to ${String(MIN_UPDATE_SECONDS)} seconds`));
  },
  validateUpdate(object, old, errors) {
    for (const name of ['attachRequired', 'volumeLifecycleModes'] as const)
      if (!deepEqual(object.spec[name], old.spec[name]))
        errors.push(invalidValue(name === 'attachRequired' ? 'spec.attachedRequired' : `spec.${name}`, object.spec[name], IMMUTABLE));
  },
};

/** CSIStorageCapacities. @see kubernetes v1.36 pkg/apis/storage/validation/validation.go (ValidateCSIStorageCapacity) */
export const csiStorageCapacityStrategy: Strategy = {
  unconditionalUpdate: false,
  validate({ storageClassName, nodeTopology, capacity, maximumVolumeSize }: CSIStorageCapacity, errors) {
    for (const problem of dns1123Subdomain(storageClassName, false)) errors.push(invalidValue('storageClassName', storageClassName, problem));
    if (nodeTopology !== undefined) validateLabelSelector(nodeTopology, 'nodeTopology', errors);
    for (const [name, value] of Object.entries({ capacity, maximumVolumeSize }))
      if (value !== undefined && isNegativeQuantity(value)) errors.push(invalidValue(name, value, NOT_NEGATIVE));
  },
  validateUpdate(object, old, errors) {
    for (const name of ['nodeTopology', 'storageClassName'] as const)
      if (!deepEqual(object[name], old[name])) errors.push(invalidValue(name, object[name], IMMUTABLE));
  },
};

const MAX_PARAMETERS = 512;
const MAX_PARAMETER_BYTES = 256 * 1024;

/** Checks what a class hands to its driver. @see kubernetes v1.36 pkg/apis/storage/validation/validation.go (validateParameters) */
export function validateParameters(parameters: Readonly<Record<string, string>>, errors: FieldError[], { some }: { readonly some: boolean }): void {
  const entries = Object.entries(parameters);
  if (some && entries.length === 0) errors.push(required('parameters', 'must contain at least one key/value pair'));
  if (entries.length > MAX_PARAMETERS)
    errors.push({ field: 'parameters', reason: 'FieldValueTooLong', message: `Too long: may not be more than ${String(MAX_PARAMETERS)} bytes` });
  let size = 0;
  for (const [key, value] of entries) {
    if (key === '') errors.push(invalidValue('parameters', key, 'field can not be empty.'));
    size += key.length + value.length;
  }
  if (size > MAX_PARAMETER_BYTES) errors.push(tooLong('parameters', MAX_PARAMETER_BYTES));
}

/** VolumeAttributesClasses: what they say is fixed. @see kubernetes v1.36 pkg/apis/storage/validation/validation.go (ValidateVolumeAttributesClass) */
export const volumeAttributesClassStrategy: Strategy = {
  validate({ driverName, parameters = {} }: VolumeAttributesClass, errors) {
    validateDriverName(driverName, 'driverName', errors);
    validateParameters(parameters, errors, { some: true });
  },
  validateUpdate(object, old, errors) {
    if (object.driverName !== old.driverName) errors.push(forbiddenField('driverName', 'updates to driverName are forbidden.'));
    if (!deepEqual(object.parameters ?? {}, old.parameters ?? {})) errors.push(forbiddenField('parameters', 'updates to parameters are forbidden.'));
  },
};
