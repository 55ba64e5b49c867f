import { deepEqual, isQualifiedName, type FieldError, type MutableJson } from '@kybern/core';
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec, StorageClass } from '@kybern/core/kinds';
import type { Strategy } from '../strategy.ts';
import { duplicate, forbiddenField, IMMUTABLE, invalidValue, notSupported, required } from '../validation/field-errors.ts';
import { dns1123Subdomain, QUALIFIED_NAME_MESSAGE } from '../validation/names.ts';
import { validatePersistentVolumeClaimSpec } from '../validation/persistent-volume-claims.ts';
import { compareQuantityTexts } from '../validation/quantities.ts';
import { validateNodeSelectorTerms } from '../validation/scheduling.ts';
import { validateVolumeSource } from '../validation/volume-sources.ts';
import { validateDriverName, validateParameters } from './storage-drivers.ts';

/** PersistentVolumeClaims. @see kubernetes v1.36 pkg/registry/core/persistentvolumeclaim/strategy.go */
export const persistentVolumeClaimStrategy: Strategy = {
  prepareForCreate(object) {
    object.status = { phase: 'Pending' };
  },
  validate: ({ spec }: PersistentVolumeClaim, errors) => validatePersistentVolumeClaimSpec(spec, 'spec', errors),
  validateUpdate: validateClaimUpdate,
};

/** A bound claim may grow; nothing else changes but the class of attributes. @see kubernetes v1.36 …/validation.go (ValidatePersistentVolumeClaimUpdate) */
function validateClaimUpdate(object: MutableJson, old: MutableJson, errors: FieldError[]): void {
  const fixed = ({ resources: _, volumeAttributesClassName: _class, volumeName, ...rest }: MutableJson): object => ({
    ...rest,
    ...(old.spec.volumeName === undefined || old.spec.volumeName === '' ? {} : { volumeName }),
  });
  const classless = old.spec.storageClassName === undefined ? ({ storageClassName: _, ...rest }: MutableJson): object => rest : (rest: object): object => rest;
  if (!deepEqual(classless(fixed(object.spec)), classless(fixed(old.spec)))) {
    errors.push(forbiddenField('spec', 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'));
  }
  const now: string | undefined = object.spec.resources?.requests?.storage;
  const before: string | undefined = old.spec.resources?.requests?.storage;
  if (now === undefined || before === undefined || now === before) return;
  if (old.status?.phase !== 'Bound')
    errors.push(forbiddenField('spec', 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'));
  const floor: string = old.status?.capacity?.storage ?? before;
  if (compareQuantityTexts(now, before) < 0 && compareQuantityTexts(now, floor) < 0) {
    errors.push(forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  }
}

const NOT_SOURCES: readonly string[] = [
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeMode',
  'volumeAttributesClassName',
];

function validateVolume(spec: PersistentVolumeSpec, source: string | undefined, errors: FieldError[]): void {
  const { accessModes = [] } = spec;
  if (source !== undefined)
    validateVolumeSource(source, spec[source as keyof typeof spec] as unknown as Readonly<Record<string, unknown>>, `spec.${source}`, errors);
  if (spec.csi !== undefined) {
    if (spec.csi.driver !== '') validateDriverName(spec.csi.driver, 'spec.csi.driver', errors);
    if (spec.csi.volumeHandle === '') errors.push(required('spec.csi.volumeHandle'));
  }
  if (spec.hostPath?.path === '/' && spec.persistentVolumeReclaimPolicy === 'Recycle')
    errors.push(forbiddenField('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"));
  for (const name of ['storageClassName', 'volumeAttributesClassName'] as const) {
    const value = spec[name];
    if (value !== undefined && value !== '') for (const problem of dns1123Subdomain(value, false)) errors.push(invalidValue(`spec.${name}`, value, problem));
  }
  if (accessModes.length > 1 && accessModes.includes('ReadWriteOncePod'))
    errors.push(forbiddenField('spec.accessModes', 'may not use ReadWriteOncePod with other access modes'));
}

/** PersistentVolumes. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidatePersistentVolumeSpec) */
export const persistentVolumeStrategy: Strategy = {
  prepareForCreate(object) {
    object.status = { phase: 'Pending' };
  },
  validate({ spec }: PersistentVolume, errors) {
    const { accessModes = [], capacity = {}, nodeAffinity } = spec;
    if (accessModes.length === 0) errors.push(required('spec.accessModes'));
    const { storage } = capacity;
    if (Object.keys(capacity).length === 0) errors.push(required('spec.capacity'));
    else if (storage === undefined)
      errors.push({
        field: 'spec.capacity',
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: ${JSON.stringify(capacity)}: supported values: "storage"`,
      });
    else if (compareQuantityTexts(storage, '0') <= 0) errors.push(invalidValue('spec.capacity[storage]', storage, 'must be greater than zero'));
    const sources = Object.keys(spec).filter((name) => !NOT_SOURCES.includes(name));
    if (sources.length === 0) errors.push(required('spec', 'must specify a volume type'));
    for (const name of sources.slice(1)) errors.push(forbiddenField(`spec.${name}`, 'may not specify more than 1 volume type'));
    validateVolume(spec, sources[0], errors);
    if (nodeAffinity?.required !== undefined)
      validateNodeSelectorTerms(nodeAffinity.required.nodeSelectorTerms, 'spec.nodeAffinity.required.nodeSelectorTerms', errors);
    if (spec.local !== undefined && nodeAffinity === undefined) errors.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
  },
  validateUpdate(object, old, errors) {
    const source = (spec: MutableJson): object => Object.fromEntries(Object.entries(spec).filter(([name]) => !NOT_SOURCES.includes(name)));
    if (!deepEqual(source(object.spec), source(old.spec)))
      errors.push(forbiddenField('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation'));
    if (object.spec.volumeMode !== old.spec.volumeMode) errors.push(invalidValue('spec.volumeMode', object.spec.volumeMode, IMMUTABLE));
    if (old.spec.nodeAffinity !== undefined && !deepEqual(object.spec.nodeAffinity, old.spec.nodeAffinity))
      errors.push(invalidValue('spec.nodeAffinity', object.spec.nodeAffinity, IMMUTABLE));
  },
};

/** StorageClasses: only what is about new claims may change. @see kubernetes v1.36 pkg/apis/storage/validation/validation.go (ValidateStorageClassUpdate) */
export const storageClassStrategy: Strategy = {
  validate({ provisioner, parameters = {}, reclaimPolicy, allowedTopologies }: StorageClass, errors) {
    if (provisioner === '') errors.push(required('provisioner'));
    else if (!isQualifiedName(provisioner.toLowerCase())) errors.push(invalidValue('provisioner', provisioner, QUALIFIED_NAME_MESSAGE));
    validateParameters(parameters, errors, { some: false });
    if (reclaimPolicy === 'Recycle') errors.push(notSupported('reclaimPolicy', reclaimPolicy, ['Delete', 'Retain']));
    allowedTopologies?.forEach(({ matchLabelExpressions = [] }, i) => {
      const keys = new Set<string>();
      matchLabelExpressions.forEach(({ key, values }, j) => {
        const at = `allowedTopologies[${String(i)}].matchLabelExpressions[${String(j)}]`;
        if (values.length === 0) errors.push(required(`${at}.values`));
        if (new Set(values).size < values.length)
          errors.push(
            duplicate(
              `${at}.values`,
              values.find((value, k) => values.indexOf(value) < k),
            ),
          );
        if (keys.has(key)) errors.push(duplicate(`${at}.key`, key));
        keys.add(key);
        if (!isQualifiedName(key)) errors.push(invalidValue(`${at}.key`, key, QUALIFIED_NAME_MESSAGE));
      });
    });
  },
  validateUpdate(object, old, errors) {
    if (!deepEqual(object.parameters ?? {}, old.parameters ?? {})) errors.push(forbiddenField('parameters', 'updates to parameters are forbidden.'));
    if (object.provisioner !== old.provisioner) errors.push(forbiddenField('provisioner', 'updates to provisioner are forbidden.'));
    if (object.reclaimPolicy !== old.reclaimPolicy) errors.push(forbiddenField('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'));
    if (object.volumeBindingMode !== old.volumeBindingMode) errors.push(invalidValue('volumeBindingMode', object.volumeBindingMode, IMMUTABLE));
  },
};

/** VolumeAttachments: what is attached where is fixed. */
export const volumeAttachmentStrategy: Strategy = {
  unconditionalUpdate: false,
  validate({ spec }, errors) {
    validateDriverName(spec.attacher, 'spec.attacher', errors);
    if (spec.nodeName === '') errors.push(required('spec.nodeName'));
    else for (const problem of dns1123Subdomain(spec.nodeName, false)) errors.push(invalidValue('spec.nodeName', spec.nodeName, problem));
    const { inlineVolumeSpec, persistentVolumeName } = spec.source ?? {};
    if (inlineVolumeSpec === undefined && (persistentVolumeName ?? '') === '')
      errors.push(required('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'));
    if (inlineVolumeSpec !== undefined && (persistentVolumeName ?? '') !== '')
      errors.push(forbiddenField('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'));
  },
  validateUpdate(object, old, errors) {
    if (!deepEqual(object.spec, old.spec)) errors.push(invalidValue('spec', object.spec, IMMUTABLE));
  },
};
