import { deepEqual, type FieldError, type MutableJson } from '@kybern/core';
import type { ConfigMap, Secret } from '@kybern/core/kinds';
import type { Strategy } from '../strategy.ts';
import { forbiddenField, IMMUTABLE, invalidValue, required, tooLong } from '../validation/field-errors.ts';
import { configKeyProblem } from '../validation/formats.ts';

/** @see kubernetes v1.36 pkg/apis/core/types.go (MaxSecretSize) */
const MAX_BYTES = 1024 * 1024;
const FROZEN = 'field is immutable when `immutable` is set';

/** ConfigMaps. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidateConfigMap) */
export const configMapStrategy: Strategy = {
  validate({ data = {}, binaryData = {} }: ConfigMap, errors) {
    validateKeys(data, 'data', errors);
    validateKeys(binaryData, 'binaryData', errors);
    for (const key of Object.keys(binaryData))
      if (Object.hasOwn(data, key)) errors.push(invalidValue(`binaryData[${key}]`, key, 'duplicate of key present in data'));
    if (textBytes(data) + base64Bytes(binaryData) > MAX_BYTES) errors.push(tooLong('', MAX_BYTES));
  },
  validateUpdate: (object, old, errors) => validateImmutable(object, old, { fields: ['data', 'binaryData'], errors }),
};

/** Secrets. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidateSecret) */
export const secretStrategy: Strategy = {
  selectableFields: { type: ({ type }) => type ?? '' },
  prepareForCreate: encodeStringData,
  prepareForUpdate(object, old) {
    encodeStringData(object);
    if (object.type === undefined && old.type !== undefined) object.type = old.type;
  },
  validate(object: Secret, errors) {
    const { data = {} } = object;
    validateKeys(data, 'data', errors);
    if (base64Bytes(data) > MAX_BYTES) errors.push(tooLong('data', MAX_BYTES));
    validateSecretType(object, errors);
  },
  validateUpdate(object, old, errors) {
    if (object.type !== old.type) errors.push(invalidValue('type', object.type, IMMUTABLE));
    validateImmutable(object, old, { fields: ['data'], errors });
  },
};

function validateKeys(data: Readonly<Record<string, string>>, field: string, errors: FieldError[]): void {
  for (const key of Object.keys(data)) {
    const problem = configKeyProblem(key);
    if (problem !== undefined) errors.push(invalidValue(`${field}[${key}]`, key, problem));
  }
}

function textBytes(data: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const value of Object.values(data)) bytes += value.length > MAX_BYTES / 3 ? new TextEncoder().encode(value).length : value.length;
  return bytes;
}

function base64Bytes(data: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const value of Object.values(data)) bytes += Math.floor((value.length * 3) / 4);
  return bytes;
}

function validateImmutable(object: MutableJson, old: MutableJson, { fields, errors }: { fields: readonly string[]; errors: FieldError[] }): void {
  if (old.immutable !== true) return;
  if (object.immutable !== true) errors.push(forbiddenField('immutable', FROZEN));
  for (const field of fields) if (!deepEqual(object[field] ?? {}, old[field] ?? {})) errors.push(forbiddenField(field, FROZEN));
}

/** `stringData` is for writing only: it becomes part of `data`. */
function encodeStringData(object: MutableJson): void {
  const { stringData } = object;
  if (typeof stringData !== 'object' || stringData === null || Object.values(stringData).some((value) => typeof value !== 'string')) return;
  const data: Record<string, unknown> = { ...object.data };
  for (const key of Object.keys(stringData)) {
    Object.defineProperty(data, key, { value: toBase64(stringData[key] as string), writable: true, enumerable: true, configurable: true });
  }
  object.data = data;
  delete object.stringData;
}

function toBase64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Keys that Secrets of the known types must have. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};
const ACCOUNT_ANNOTATION = 'kubernetes.io/service-account.name';

function validateSecretType({ type = '', data = {}, metadata }: Secret, errors: FieldError[]): void {
  for (const key of Object.hasOwn(REQUIRED_KEYS, type) ? (REQUIRED_KEYS[type] as readonly string[]) : []) {
    if (!Object.hasOwn(data, key)) errors.push(required(`data[${key}]`));
    else if (key.startsWith('.docker') && !isJson(data[key] as string))
      errors.push(invalidValue(`data[${key}]`, '<secret contents redacted>', 'must be valid JSON'));
  }
  if (type === 'kubernetes.io/basic-auth' && !Object.hasOwn(data, 'username') && !Object.hasOwn(data, 'password')) {
    errors.push(required('data[username]'), required('data[password]'));
  }
  if (type === 'kubernetes.io/service-account-token' && (metadata.annotations?.[ACCOUNT_ANNOTATION] ?? '') === '')
    errors.push(required(`metadata.annotations[${ACCOUNT_ANNOTATION}]`));
}

function isJson(base64: string): boolean {
  try {
    JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))));
    return true;
  } catch {
    // Not JSON is an answer here, not a failure.
    return false;
  }
}
