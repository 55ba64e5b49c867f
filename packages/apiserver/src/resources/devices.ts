import { deepEqual, isDns1123Label, isDns1123Subdomain, type FieldError, type MutableJson } from '@kybern/core';
import type {
  DeviceClaim,
  DeviceClass,
  DeviceRequest,
  DeviceSelector,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimTemplate,
  ResourceSlice,
  ResourceSliceSpec,
} from '@kybern/core/kinds';
import type { Strategy } from '../strategy.ts';
import { duplicate, fieldNotFound, IMMUTABLE, invalidValue, required, tooMany } from '../validation/field-errors.ts';
import { DNS1123_LABEL_MESSAGE, dns1123Subdomain } from '../validation/names.ts';
import { validateNodeSelectorTerms } from '../validation/scheduling.ts';
import { validateDriverName } from './storage-drivers.ts';

const MAX_REQUESTS = 32;
const MAX_SUBREQUESTS = 8;
const MAX_SELECTORS = 32;
const MAX_CONSTRAINTS = 32;
const MAX_CONFIGS = 32;
const MAX_DEVICES = 128;
const MAX_RESERVED = 256;

/** ResourceClaims: what they ask for is fixed. @see kubernetes v1.36 pkg/apis/resource/validation/validation.go (ValidateResourceClaim) */
export const resourceClaimStrategy: Strategy = {
  generation: true,
  validate: ({ spec }: ResourceClaim, errors) => validateClaim(spec.devices ?? {}, 'spec.devices', errors),
  validateUpdate(object, old, errors) {
    if (!deepEqual(object.spec, old.spec)) errors.push(invalidValue('spec', object.spec, IMMUTABLE));
  },
  validateStatusUpdate(object, old, errors) {
    const reserved: readonly MutableJson[] = object.status?.reservedFor ?? [];
    if (reserved.length > MAX_RESERVED) errors.push(tooMany('status.reservedFor', reserved.length, MAX_RESERVED));
    const seen = new Set<string>();
    reserved.forEach(({ resource = '', name = '', uid = '' }, i) => {
      const at = `status.reservedFor[${String(i)}]`;
      for (const [field, value] of Object.entries({ resource, name, uid })) if (value === '') errors.push(required(`${at}.${field}`));
      if (seen.has(uid)) errors.push(duplicate(`${at}.uid`, uid));
      seen.add(uid);
    });
    if (reserved.length > 0 && object.status?.allocation === undefined && object.metadata.deletionTimestamp === undefined)
      errors.push({ field: 'status.reservedFor', reason: 'FieldValueForbidden', message: 'Forbidden: may not be specified when `allocated` is not set' });
    const allocation: unknown = old.status?.allocation;
    if (allocation !== undefined && object.status?.allocation !== undefined && !deepEqual(allocation, object.status.allocation))
      errors.push(invalidValue('status.allocation', object.status.allocation, IMMUTABLE));
  },
};

/** ResourceClaimTemplates: fixed as a whole. */
export const resourceClaimTemplateStrategy: Strategy = {
  generation: true,
  validate: ({ spec }: ResourceClaimTemplate, errors) => validateClaim(spec.spec.devices ?? {}, 'spec.spec.devices', errors),
  validateUpdate(object, old, errors) {
    if (!deepEqual(object.spec, old.spec)) errors.push(invalidValue('spec', object.spec, IMMUTABLE));
  },
};

function validateClaim({ requests = [], constraints = [], config = [] }: DeviceClaim, field: string, errors: FieldError[]): void {
  if (requests.length > MAX_REQUESTS) errors.push(tooMany(`${field}.requests`, requests.length, MAX_REQUESTS));
  const names = new Set<string>();
  requests.forEach((request, i) => {
    const at = `${field}.requests[${String(i)}]`;
    validateRequestName(request.name, `${at}.name`, errors);
    if (names.has(request.name)) errors.push(duplicate(at, request.name));
    names.add(request.name);
    validateRequest(request, at, errors);
    for (const { name } of request.firstAvailable ?? []) names.add(`${request.name}/${name}`);
  });
  if (constraints.length > MAX_CONSTRAINTS) errors.push(tooMany(`${field}.constraints`, constraints.length, MAX_CONSTRAINTS));
  constraints.forEach(({ requests: of = [], matchAttribute, distinctAttribute }, i) => {
    const at = `${field}.constraints[${String(i)}]`;
    validateNames(of, { field: `${at}.requests`, names }, errors);
    if (matchAttribute === undefined && distinctAttribute === undefined) errors.push(required(`${at}.matchAttribute`));
    else if (matchAttribute !== undefined && !isQualifiedAttribute(matchAttribute))
      errors.push(invalidValue(`${at}.matchAttribute`, matchAttribute, 'a fully qualified name must be a domain and a name separated by a slash'));
  });
  if (config.length > MAX_CONFIGS) errors.push(tooMany(`${field}.config`, config.length, MAX_CONFIGS));
  config.forEach(({ requests: of = [], opaque }, i) => {
    const at = `${field}.config[${String(i)}]`;
    validateNames(of, { field: `${at}.requests`, names }, errors);
    validateOpaque(opaque, `${at}.opaque`, errors);
  });
}

function validateNames(of: readonly string[], { field, names }: { readonly field: string; readonly names: ReadonlySet<string> }, errors: FieldError[]): void {
  const seen = new Set<string>();
  of.forEach((name, i) => {
    const at = `${field}[${String(i)}]`;
    if (!names.has(name)) errors.push(fieldNotFound(at, name));
    else if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
  });
}

function isQualifiedAttribute(name: string): boolean {
  const [domain = '', id = '', ...more] = name.split('/');
  return more.length === 0 && isDns1123Subdomain(domain) && /^[A-Za-z_][A-Za-z0-9_]{0,31}$/.test(id);
}

function validateOpaque(opaque: { driver: string; parameters: unknown } | undefined, field: string, errors: FieldError[]): void {
  if (opaque === undefined) {
    errors.push(required(field));
    return;
  }
  validateDriverName(opaque.driver, `${field}.driver`, errors);
  if (opaque.parameters === undefined) errors.push(required(`${field}.parameters`));
}

function validateRequestName(name: string, field: string, errors: FieldError[]): void {
  if (name === '') errors.push(required(field));
  else if (!isDns1123Label(name)) errors.push(invalidValue(field, name, DNS1123_LABEL_MESSAGE));
}

function validateRequest({ exactly, firstAvailable = [] }: DeviceRequest, field: string, errors: FieldError[]): void {
  if (exactly === undefined && firstAvailable.length === 0) errors.push(required(field, 'exactly one of `exactly` or `firstAvailable` is required'));
  if (exactly !== undefined && firstAvailable.length > 0)
    errors.push(invalidValue(field, null, 'exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set'));
  if (exactly !== undefined) validateExact(exactly, `${field}.exactly`, errors);
  if (firstAvailable.length > MAX_SUBREQUESTS) errors.push(tooMany(`${field}.firstAvailable`, firstAvailable.length, MAX_SUBREQUESTS));
  const names = new Set<string>();
  firstAvailable.forEach((sub, i) => {
    const at = `${field}.firstAvailable[${String(i)}]`;
    validateRequestName(sub.name, `${at}.name`, errors);
    if (names.has(sub.name)) errors.push(duplicate(at, sub.name));
    names.add(sub.name);
    validateExact(sub, at, errors);
  });
}

function validateExact(
  { deviceClassName, selectors = [], allocationMode = 'ExactCount', count }: ExactDeviceRequest | DeviceSubRequest,
  field: string,
  errors: FieldError[],
): void {
  if (deviceClassName === '') errors.push(required(`${field}.deviceClassName`));
  else for (const problem of dns1123Subdomain(deviceClassName, false)) errors.push(invalidValue(`${field}.deviceClassName`, deviceClassName, problem));
  validateSelectors(selectors, `${field}.selectors`, errors);
  if (allocationMode === 'All') {
    if (count !== undefined && count !== 0) errors.push(invalidValue(`${field}.count`, count, "must not be specified when allocationMode is 'All'"));
  } else if (count !== undefined && count <= 0) errors.push(invalidValue(`${field}.count`, count, 'must be greater than zero'));
}

function validateSelectors(selectors: readonly DeviceSelector[], field: string, errors: FieldError[]): void {
  if (selectors.length > MAX_SELECTORS) errors.push(tooMany(field, selectors.length, MAX_SELECTORS));
  selectors.forEach(({ cel }, i) => {
    if (cel === undefined) errors.push(required(`${field}[${String(i)}].cel`));
    else if (cel.expression.trim() === '') errors.push(required(`${field}[${String(i)}].cel.expression`));
  });
}

/** DeviceClasses. @see kubernetes v1.36 pkg/apis/resource/validation/validation.go (ValidateDeviceClass) */
export const deviceClassStrategy: Strategy = {
  generation: true,
  validate({ spec }: DeviceClass, errors) {
    validateSelectors(spec.selectors ?? [], 'spec.selectors', errors);
    const { config = [] } = spec;
    if (config.length > MAX_CONFIGS) errors.push(tooMany('spec.config', config.length, MAX_CONFIGS));
    config.forEach(({ opaque }, i) => validateOpaque(opaque, `spec.config[${String(i)}].opaque`, errors));
  },
};

/** ResourceSlices. @see kubernetes v1.36 pkg/apis/resource/validation/validation.go (ValidateResourceSlice) */
export const resourceSliceStrategy: Strategy = {
  generation: true,
  selectableFields: {
    'spec.driver': ({ spec }) => spec?.driver ?? '',
    'spec.nodeName': ({ spec }) => spec?.nodeName ?? '',
  },
  validate: ({ spec }: ResourceSlice, errors) => validateSlice(spec, errors),
  validateUpdate(object, old, errors) {
    for (const name of ['driver', 'nodeName'] as const)
      if (object.spec[name] !== old.spec[name]) errors.push(invalidValue(`spec.${name}`, object.spec[name], IMMUTABLE));
    if (object.spec.pool.name !== old.spec.pool.name) errors.push(invalidValue('spec.pool.name', object.spec.pool.name, IMMUTABLE));
  },
};

function validateSlice(spec: ResourceSliceSpec, errors: FieldError[]): void {
  const { driver, pool, nodeName, nodeSelector, allNodes, perDeviceNodeSelection, devices = [] } = spec;
  validateDriverName(driver, 'spec.driver', errors);
  if (pool.name === '') errors.push(required('spec.pool.name'));
  else if (!pool.name.split('/').every((part) => isDns1123Subdomain(part)))
    errors.push(invalidValue('spec.pool.name', pool.name, dns1123Subdomain(pool.name, false)[0] ?? ''));
  if (pool.resourceSliceCount <= 0) errors.push(invalidValue('spec.pool.resourceSliceCount', pool.resourceSliceCount, 'must be greater than zero'));
  if (pool.generation < 0) errors.push(invalidValue('spec.pool.generation', pool.generation, 'must be greater than or equal to zero'));
  const set = Object.entries({ nodeName, nodeSelector, allNodes: allNodes === true ? true : undefined, perDeviceNodeSelection })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);
  if (set.length === 0) errors.push(required('spec', 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'));
  if (set.length > 1)
    errors.push(
      invalidValue(
        'spec',
        `{${set.map((name) => `\`${name}\``).join(', ')}}`,
        'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
      ),
    );
  if (nodeName !== undefined) {
    if (nodeName === '') errors.push(invalidValue('spec.nodeName', nodeName, 'must be either unset or set to a non-empty string'));
    else for (const problem of dns1123Subdomain(nodeName, false)) errors.push(invalidValue('spec.nodeName', nodeName, problem));
  }
  if (nodeSelector !== undefined) validateNodeSelectorTerms(nodeSelector.nodeSelectorTerms, 'spec.nodeSelector.nodeSelectorTerms', errors);
  if (devices.length > MAX_DEVICES) errors.push(tooMany('spec.devices', devices.length, MAX_DEVICES));
  const names = new Set<string>();
  devices.forEach(({ name }, i) => {
    const at = `spec.devices[${String(i)}]`;
    if (name === '') errors.push(required(`${at}.name`));
    else if (!isDns1123Label(name)) errors.push(invalidValue(`${at}.name`, name, DNS1123_LABEL_MESSAGE));
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
  });
}
