import type { FieldError } from '@kybern/core';
import type { EnvFromSource, EnvVar, EnvVarSource } from '@kybern/core/kinds';
import { invalidValue, notSupported, required } from './field-errors.ts';
import { configKeyProblem, envNameProblem } from './formats.ts';
import { dns1123Subdomain } from './names.ts';

const FIELD_PATHS: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const RESOURCES: readonly string[] = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const SUBSCRIPT = /^metadata\.(?:labels|annotations)\['.+'\]$/;

/** Checks a container's environment. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidateEnv) */
export function validateEnv(env: readonly EnvVar[], field: string, errors: FieldError[]): void {
  for (let i = 0; i < env.length; i++) {
    const { name, value, valueFrom } = env[i] as EnvVar;
    const problem = envNameProblem(name);
    if (problem !== undefined) errors.push(name === '' ? required(`${field}[${i}].name`) : invalidValue(`${field}[${i}].name`, name, problem));
    if (valueFrom !== undefined) validateValueFrom(valueFrom, { field: `${field}[${i}].valueFrom`, hasValue: value !== undefined && value !== '' }, errors);
  }
}

function validateValueFrom(source: EnvVarSource, { field, hasValue }: { field: string; hasValue: boolean }, errors: FieldError[]): void {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  const count = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter((each) => each !== undefined).length;
  if (fieldRef !== undefined) validateFieldPath(fieldRef.fieldPath, `${field}.fieldRef`, errors);
  if (resourceFieldRef !== undefined) validateResourceRef(resourceFieldRef.resource, `${field}.resourceFieldRef`, errors);
  for (const [name, ref] of [
    ['configMapKeyRef', configMapKeyRef],
    ['secretKeyRef', secretKeyRef],
  ] as const) {
    if (ref === undefined) continue;
    if (ref.name === undefined || ref.name === '') errors.push(required(`${field}.${name}.name`));
    if (ref.key === '') errors.push(required(`${field}.${name}.key`));
    else if (configKeyProblem(ref.key) !== undefined) errors.push(invalidValue(`${field}.${name}.key`, ref.key, configKeyProblem(ref.key) as string));
  }
  if (count === 0)
    errors.push(invalidValue(field, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'));
  else if (hasValue) errors.push(invalidValue(field, '', 'may not be specified when `value` is not empty'));
  else if (count > 1) errors.push(invalidValue(field, '', 'may not have more than one field specified at a time'));
}

/** A field of the Pod that the downward API hands to a container. */
export function validateFieldPath(path: string, field: string, errors: FieldError[], allowed: readonly string[] = FIELD_PATHS): void {
  if (path === '') errors.push(required(`${field}.fieldPath`));
  else if (!SUBSCRIPT.test(path) && !allowed.includes(path)) errors.push(notSupported(`${field}.fieldPath`, path, allowed));
}

/** An amount of a container's resources that the downward API hands to a container. */
export function validateResourceRef(resource: string, field: string, errors: FieldError[]): void {
  if (resource === '') errors.push(required(`${field}.resource`));
  else if (!RESOURCES.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource))
    errors.push(notSupported(`${field}.resource`, resource, RESOURCES));
}

/** Checks whole ConfigMaps and Secrets as environment. */
export function validateEnvFrom(sources: readonly EnvFromSource[], field: string, errors: FieldError[]): void {
  sources.forEach(({ prefix, configMapRef, secretRef }, i) => {
    const path = `${field}[${i}]`;
    if (prefix !== undefined && prefix !== '' && envNameProblem(prefix) !== undefined)
      errors.push(invalidValue(`${path}.prefix`, prefix, envNameProblem(prefix) as string));
    for (const [name, ref] of [
      ['configMapRef', configMapRef],
      ['secretRef', secretRef],
    ] as const) {
      if (ref === undefined) continue;
      if (ref.name === undefined || ref.name === '') errors.push(required(`${path}.${name}.name`));
      else for (const problem of dns1123Subdomain(ref.name, false)) errors.push(invalidValue(`${path}.${name}.name`, ref.name, problem));
    }
    if (configMapRef === undefined && secretRef === undefined) errors.push(invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (configMapRef !== undefined && secretRef !== undefined) errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'));
  });
}
