import { deepEqual, isQualifiedName, type FieldError } from '@kybern/core';
import type { LimitRange, LimitRangeItem, ResourceQuota, ScopedResourceSelectorRequirement } from '@kybern/core/kinds';
import type { Strategy } from '../strategy.ts';
import { duplicate, forbiddenField, IMMUTABLE, invalidValue, required } from '../validation/field-errors.ts';
import { NOT_NEGATIVE } from '../validation/formats.ts';
import { QUALIFIED_NAME_MESSAGE } from '../validation/names.ts';
import { compareQuantityTexts, isNegativeQuantity } from '../validation/quantities.ts';

type Quantities = Readonly<Record<string, string>>;

const STANDARD: readonly string[] = ['cpu', 'memory', 'ephemeral-storage', 'storage'];
const QUOTA_NAMES: readonly string[] = [
  ...STANDARD,
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
];

/** LimitRanges. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidateLimitRange) */
export const limitRangeStrategy: Strategy = {
  validate({ spec }: LimitRange, errors) {
    const types = new Set<string>();
    spec?.limits?.forEach((limit, i) => {
      const at = `spec.limits[${String(i)}]`;
      const type = String(limit.type);
      if (!['Pod', 'Container', 'PersistentVolumeClaim'].includes(type) && !isQualifiedName(type))
        errors.push(invalidValue(`${at}.type`, type, QUALIFIED_NAME_MESSAGE));
      if (types.has(type)) errors.push(duplicate(`${at}.type`, type));
      types.add(type);
      validateItem(limit, at, errors);
    });
  },
};

function validateItem(limit: LimitRangeItem, at: string, errors: FieldError[]): void {
  const { min = {}, max = {}, maxLimitRequestRatio: ratios = {} } = limit;
  const { default: defaults = {}, defaultRequest: requests = {} } = limit;
  for (const [field, list] of Object.entries({ min, max, default: defaults, defaultRequest: requests, maxLimitRequestRatio: ratios }))
    for (const name of Object.keys(list)) validateName(name, `${at}.${field}[${name}]`, errors);
  if (limit.type === 'Pod') {
    if (Object.keys(defaults).length > 0) errors.push(forbiddenField(`${at}.default`, "may not be specified when `type` is 'Pod'"));
    if (Object.keys(requests).length > 0) errors.push(forbiddenField(`${at}.defaultRequest`, "may not be specified when `type` is 'Pod'"));
  }
  if (limit.type === 'PersistentVolumeClaim' && min['storage'] === undefined && max['storage'] === undefined)
    errors.push(required(at, 'either minimum or maximum storage value is required, but neither was provided'));
  const names = new Set([min, max, defaults, requests, ratios].flatMap((list) => Object.keys(list)));
  for (const name of [...names].sort()) validateBounds(name, { min, max, defaults, requests, ratios, at }, errors);
}

interface Bounds {
  readonly min: Quantities;
  readonly max: Quantities;
  readonly defaults: Quantities;
  readonly requests: Quantities;
  readonly ratios: Quantities;
  readonly at: string;
}

function validateBounds(name: string, { min, max, defaults, requests, ratios, at }: Bounds, errors: FieldError[]): void {
  const [low, high, limit, request] = [own(min, name), own(max, name), own(defaults, name), own(requests, name)];
  const exceeds = (field: string, a: string | undefined, b: string | undefined, words: readonly [string, string]): void => {
    if (a === undefined || b === undefined || compareQuantityTexts(a, b) <= 0) return;
    const shown = field === 'min' || field === 'default' ? (field === 'min' ? a : limit) : request;
    errors.push(invalidValue(`${at}.${field}[${name}]`, shown, `${words[0]} ${a} is greater than ${words[1]} ${b}`));
  };
  exceeds('min', low, high, ['min value', 'max value']);
  exceeds('defaultRequest', low, request, ['min value', 'default request value']);
  exceeds('defaultRequest', request, high, ['default request value', 'max value']);
  exceeds('defaultRequest', request, limit, ['default request value', 'default limit value']);
  exceeds('default', low, limit, ['min value', 'default value']);
  exceeds('default', limit, high, ['default value', 'max value']);
  const ratio = own(ratios, name);
  if (ratio !== undefined && compareQuantityTexts(ratio, '1') < 0)
    errors.push(invalidValue(`${at}.maxLimitRequestRatio[${name}]`, ratio, `ratio ${ratio} is less than 1`));
}

function own(list: Quantities, name: string): string | undefined {
  return Object.hasOwn(list, name) ? list[name] : undefined;
}

function validateName(name: string, field: string, errors: FieldError[]): void {
  if (!isQualifiedName(name)) errors.push(invalidValue(field, name, QUALIFIED_NAME_MESSAGE));
  else if (!name.includes('/') && !STANDARD.includes(name) && !name.startsWith('hugepages-'))
    errors.push(invalidValue(field, name, 'must be a standard limit type or fully qualified'));
}

const COMPUTE: readonly string[] = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory', 'pods'];

/** ResourceQuotas. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidateResourceQuotaSpec) */
export const resourceQuotaStrategy: Strategy = {
  validate({ spec = {} }: ResourceQuota, errors) {
    for (const [name, amount] of Object.entries(spec.hard ?? {})) {
      const at = `spec.hard[${name}]`;
      validateQuotaName(name, at, errors);
      if (isNegativeQuantity(amount)) errors.push(invalidValue(at, amount, NOT_NEGATIVE));
      else if (!isFractional(name) && /[mnu]$|\./.test(amount) && !/^\d+000m$/.test(amount)) errors.push(invalidValue(at, amount, 'must be an integer'));
    }
    if (spec.scopes !== undefined) validateScopes(spec.scopes, { hard: spec.hard ?? {}, field: 'spec.scopes' }, errors);
    spec.scopeSelector?.matchExpressions?.forEach((requirement, i) =>
      validateRequirement(requirement, `spec.scopeSelector.matchExpressions[${String(i)}]`, errors),
    );
    const selected = spec.scopeSelector?.matchExpressions?.map(({ scopeName }) => scopeName);
    if (selected !== undefined)
      validateScopes([...new Set(selected)], { hard: spec.hard ?? {}, field: 'spec.scopeSelector.matchExpressions.scopeName' }, errors);
  },
  validateUpdate(object, old, errors) {
    const scopes = (quota: ResourceQuota): readonly string[] => [...(quota.spec?.scopes ?? [])].sort();
    if (!deepEqual(scopes(object), scopes(old))) errors.push(invalidValue('spec.scopes', object.spec.scopes ?? null, IMMUTABLE));
  },
};

const isFractional = (name: string): boolean => /(^|\.)(cpu|memory|storage|ephemeral-storage)$/.test(name) || name.includes('hugepages-');

function validateQuotaName(name: string, field: string, errors: FieldError[]): void {
  if (!isQualifiedName(name)) errors.push(invalidValue(field, name, QUALIFIED_NAME_MESSAGE));
  else if (!name.includes('/') && !QUOTA_NAMES.includes(name) && !/^(requests\.)?hugepages-/.test(name))
    errors.push(invalidValue(field, name, 'must be a standard resource for quota'));
}

/** Scopes that exclude each other. */
const OPPOSITES: readonly (readonly [string, string])[] = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
];

function validateScopes(scopes: readonly string[], { hard, field }: { readonly hard: Quantities; readonly field: string }, errors: FieldError[]): void {
  const names = Object.keys(hard);
  for (const scope of scopes) {
    const outside = (name: string): boolean => {
      if (scope === 'BestEffort') return name !== 'pods';
      if (scope === 'VolumeAttributesClass') return !name.endsWith('storage') && !name.includes('persistentvolumeclaims');
      return !COMPUTE.includes(name) && !/(^|\.)ephemeral-storage$/.test(name) && !name.includes('hugepages-') && !name.includes('/');
    };
    if (names.some(outside)) errors.push(invalidValue(field, scopes, 'unsupported scope applied to resource'));
  }
  if (OPPOSITES.some(([a, b]) => scopes.includes(a) && scopes.includes(b))) errors.push(invalidValue(field, scopes, 'conflicting scopes'));
}

/** Scopes that are or are not, without values. */
const PLAIN_SCOPES: readonly string[] = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];

function validateRequirement({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement, field: string, errors: FieldError[]): void {
  if (PLAIN_SCOPES.includes(scopeName) && operator !== 'Exists')
    errors.push(
      invalidValue(
        `${field}.operator`,
        operator,
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
      ),
    );
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
    errors.push(required(`${field}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"));
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
    errors.push(invalidValue(`${field}.values`, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"));
}
