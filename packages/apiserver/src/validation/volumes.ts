import { isDns1123Label, type FieldError } from '@kybern/core';
import type { ClusterTrustBundleProjection, DownwardAPIVolumeFile, KeyToPath, ProjectedVolumeSource, Volume, VolumeProjection } from '@kybern/core/kinds';
import { validateFieldPath, validateResourceRef } from './env.ts';
import { duplicate, forbiddenField, invalidValue, required } from './field-errors.ts';
import { between, relativePathProblem } from './formats.ts';
import { DNS1123_LABEL_MESSAGE } from './names.ts';
import { validateNonNegative } from './quantities.ts';
import { validatePersistentVolumeClaimSpec } from './persistent-volume-claims.ts';
import { nothingSeen, see, type Seen } from './seen.ts';
import { validateVolumeSource } from './volume-sources.ts';

const FILE_FIELDS: readonly string[] = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
const MAX_MODE = 0o777;

/** Checks a Pod's volumes. @returns their names. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidateVolumes) */
export function validateVolumes(volumes: readonly Volume[], field: string, errors: FieldError[]): Seen {
  const names = nothingSeen();
  for (let i = 0; i < volumes.length; i++) {
    const volume = volumes[i] as Volume;
    const { name } = volume;
    if (name === '') errors.push(required(`${field}[${i}].name`));
    else if (!isDns1123Label(name)) errors.push(invalidValue(`${field}[${i}].name`, name, DNS1123_LABEL_MESSAGE));
    if (see(names, name)) errors.push(duplicate(`${field}[${i}].name`, name));
    validateSource(volume, `${field}[${i}]`, errors);
  }
  return names;
}

function validateSource(volume: Volume, field: string, errors: FieldError[]): void {
  let count = 0;
  for (const type in volume) {
    if (type === 'name' || volume[type as keyof Volume] === undefined) continue;
    count += 1;
    if (count > 1) errors.push(forbiddenField(`${field}.${type}`, 'may not specify more than 1 volume type'));
    else {
      validateVolumeSource(type, volume[type as keyof Volume] as unknown as Readonly<Record<string, unknown>>, `${field}.${type}`, errors);
      validateType(volume, `${field}.${type}`, errors);
    }
  }
  if (count === 0) errors.push(required(field, 'must specify a volume type'));
}

/** Checks the one source that a volume has. */
function validateType(volume: Volume, field: string, errors: FieldError[]): void {
  const { secret, configMap, persistentVolumeClaim, downwardAPI, projected, emptyDir, csi, ephemeral } = volume;
  if (emptyDir?.sizeLimit !== undefined) validateNonNegative(emptyDir.sizeLimit, `${field}.sizeLimit`, errors);
  if (secret !== undefined) validateKeyed(secret.secretName, { ...secret, field, nameField: 'secretName' }, errors);
  if (configMap !== undefined) validateKeyed(configMap.name, { ...configMap, field, nameField: 'name' }, errors);
  if (persistentVolumeClaim?.claimName === '') errors.push(required(`${field}.claimName`));
  if (downwardAPI !== undefined) {
    validateMode(downwardAPI.defaultMode, `${field}.defaultMode`, errors);
    validateFiles(downwardAPI.items ?? [], `${field}.items`, errors);
  }
  if (projected !== undefined) validateProjected(projected, field, errors);
  if (csi?.nodePublishSecretRef !== undefined && (csi.nodePublishSecretRef.name ?? '') === '') errors.push(required(`${field}.nodePublishSecretRef.name`));
  if (ephemeral === undefined) return;
  const { volumeClaimTemplate: template } = ephemeral;
  if (template === undefined) errors.push(required(`${field}.volumeClaimTemplate`));
  else validatePersistentVolumeClaimSpec(template.spec, `${field}.volumeClaimTemplate.spec`, errors);
}

function validateTrustBundle({ name, signerName, labelSelector, path }: ClusterTrustBundleProjection, field: string, errors: FieldError[]): void {
  if (path === '') errors.push(required(`${field}.path`));
  if (name !== undefined && signerName !== undefined) errors.push(invalidValue(field, { name, signerName }, 'only one of name and signerName may be used'));
  else if (name === undefined && signerName === undefined) errors.push(required(field, 'either name or signerName must be specified'));
  if (labelSelector !== undefined && name !== undefined)
    errors.push(invalidValue(`${field}.labelSelector`, labelSelector, 'labelSelector must be unset if name is set'));
}

interface Keyed {
  readonly field: string;
  readonly nameField: string;
  readonly items?: readonly KeyToPath[];
  readonly defaultMode?: number;
}

function validateKeyed(name: string | undefined, { field, nameField, items, defaultMode }: Keyed, errors: FieldError[]): void {
  if (name === undefined || name === '') errors.push(required(`${field}.${nameField}`));
  validateMode(defaultMode, `${field}.defaultMode`, errors);
  if (items !== undefined) validateItems(items, `${field}.items`, errors);
}

function validateItems(items: readonly KeyToPath[], field: string, errors: FieldError[]): void {
  items.forEach(({ key, path, mode }, i) => {
    if (key === '') errors.push(required(`${field}[${i}].key`));
    validateFilePath(path, `${field}[${i}].path`, errors);
    validateMode(mode, `${field}[${i}].mode`, errors);
  });
}

function validateFilePath(path: string, field: string, errors: FieldError[]): void {
  if (path === '') {
    errors.push(required(field));
    return;
  }
  const problem = relativePathProblem(path) ?? (path.startsWith('..') ? "must not start with '..'" : undefined);
  if (problem !== undefined) errors.push(invalidValue(field, path, problem));
}

function validateMode(mode: number | undefined, field: string, errors: FieldError[]): void {
  if (mode !== undefined && (mode < 0 || mode > MAX_MODE))
    errors.push(invalidValue(field, mode, `must be a number between 0 and 0777 (octal), both inclusive`));
}

function validateFiles(files: readonly DownwardAPIVolumeFile[], field: string, errors: FieldError[]): void {
  files.forEach(({ path, fieldRef, resourceFieldRef, mode }, i) => {
    const at = `${field}[${i}]`;
    validateFilePath(path, `${at}.path`, errors);
    validateMode(mode, `${at}.mode`, errors);
    if (fieldRef !== undefined) {
      validateFieldPath(fieldRef.fieldPath, `${at}.fieldRef`, errors, FILE_FIELDS);
      if (resourceFieldRef !== undefined) errors.push(invalidValue(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
    } else if (resourceFieldRef === undefined) errors.push(required(at, 'one of fieldRef and resourceFieldRef is required'));
    else {
      if ((resourceFieldRef.containerName ?? '') === '') errors.push(required(`${at}.resourceFieldRef.containerName`));
      validateResourceRef(resourceFieldRef.resource, `${at}.resourceFieldRef`, errors);
    }
  });
}

function validateProjected({ sources = [], defaultMode }: ProjectedVolumeSource, field: string, errors: FieldError[]): void {
  validateMode(defaultMode, `${field}.defaultMode`, errors);
  const paths = nothingSeen();
  for (let i = 0; i < sources.length; i++) {
    const source = sources[i] as VolumeProjection;
    const at = `${field}.sources[${i}]`;
    validateProjection(source, at, errors);
    for (const path of pathsOf(source)) if (path !== '' && see(paths, path)) errors.push(conflictingPath(at, path));
  }
}

function conflictingPath(field: string, path: string): FieldError {
  return invalidValue(`${field}.path`, path, 'conflicting duplicate paths');
}

/** Where the parts of a projection go. */
function pathsOf({ secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate }: VolumeProjection): readonly string[] {
  const items = secret?.items ?? configMap?.items ?? downwardAPI?.items;
  if (items !== undefined) return items.map(({ path }: { readonly path: string }) => path);
  if (serviceAccountToken !== undefined) return [serviceAccountToken.path];
  if (clusterTrustBundle !== undefined) return [clusterTrustBundle.path];
  if (podCertificate === undefined) return [];
  return [podCertificate.credentialBundlePath, podCertificate.keyPath, podCertificate.certificateChainPath].filter((path) => path !== undefined);
}

const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;

function validateProjection(projection: VolumeProjection, field: string, errors: FieldError[]): void {
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle } = projection;
  let count = 0;
  for (const type in projection)
    if (projection[type as keyof VolumeProjection] !== undefined && (count += 1) > 1)
      errors.push(forbiddenField(`${field}.${type}`, 'may not specify more than 1 volume type'));
  if (count === 0) errors.push(required(field, 'must specify a volume type'));
  if (secret !== undefined) validateKeyed(secret.name, { ...secret, field: `${field}.secret`, nameField: 'name' }, errors);
  if (configMap !== undefined) validateKeyed(configMap.name, { ...configMap, field: `${field}.configMap`, nameField: 'name' }, errors);
  if (downwardAPI !== undefined) validateFiles(downwardAPI.items ?? [], `${field}.downwardAPI.items`, errors);
  if (clusterTrustBundle !== undefined) validateTrustBundle(clusterTrustBundle, `${field}.clusterTrustBundle`, errors);
  if (serviceAccountToken === undefined) return;
  const { path, expirationSeconds } = serviceAccountToken;
  if (path === '') errors.push(required(`${field}.serviceAccountToken.path`));
  if (expirationSeconds !== undefined && (expirationSeconds < MIN_TOKEN_SECONDS || expirationSeconds > MAX_TOKEN_SECONDS)) {
    errors.push(
      invalidValue(
        `${field}.serviceAccountToken.expirationSeconds`,
        expirationSeconds,
        `may not specify a duration less than 10 minutes or larger than 2^32 seconds (${between(MIN_TOKEN_SECONDS, MAX_TOKEN_SECONDS)})`,
      ),
    );
  }
}
