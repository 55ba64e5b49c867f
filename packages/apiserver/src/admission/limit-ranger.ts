import { compareQuantities, formatQuantity, ownValue, parseQuantity, quantityToMillis, quantityToNumber, type MutableJson, type Quantity } from '@kybern/core';
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '@kybern/core/kinds';
import { forbidden } from '../authorization.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { containerAmounts, parseAmounts, podAmounts, type Amounts } from './pod-resources.ts';

const ANNOTATION = 'kubernetes.io/limit-ranger';

/**
 * Gives containers the requests and limits that a LimitRange has for those who say nothing, and refuses Pods and claims that are outside of its limits.
 *
 * @see kubernetes v1.36 plugin/pkg/admission/limitranger/admission.go
 */
export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  handles: ({ kind }, operation, subresource) => {
    if (kind.group !== '' || (operation !== 'CREATE' && operation !== 'UPDATE')) return false;
    if (kind.plural === 'pods') return operation === 'CREATE' ? subresource === undefined : subresource === 'resize';
    return kind.plural === 'persistentvolumeclaims' && subresource === undefined;
  },
  mutate(attributes) {
    const { env, namespace = 'default', kind, operation, object } = attributes;
    const ranges = env.tables.limitRanges.list(namespace);
    if (ranges.length === 0 || kind.plural !== 'pods' || operation !== 'CREATE') return;
    for (const range of ranges) setDefaults(object, range);
  },
  validate(attributes) {
    const { env, namespace = 'default' } = attributes;
    for (const range of env.tables.limitRanges.list(namespace)) check(range, attributes);
  },
};

/** @see kubernetes v1.36 plugin/pkg/admission/limitranger/admission.go (defaultContainerResourceRequirements, mergePodResourceRequirements) */
function setDefaults(pod: MutableJson, { spec }: LimitRange): void {
  const items = spec.limits.filter(({ type }) => type === 'Container');
  const limits = Object.assign({}, ...items.map((item) => item.default ?? {})) as Record<string, string>;
  const requests = Object.assign({}, ...items.map((item) => item.defaultRequest ?? {})) as Record<string, string>;
  const notes: string[] = [];
  const fill = (container: MutableJson, title: string): void => {
    for (const [of, defaults] of [
      ['requests', requests],
      ['limits', limits],
    ] as const) {
      const names = fillIn(container, of, defaults);
      if (names.length > 0) notes.push(`${names.join(', ')} ${of.slice(0, -1)} for ${title} ${String(container.name)}`);
    }
  };
  for (const container of listOf(pod.spec?.containers)) fill(container, 'container');
  for (const container of listOf(pod.spec?.initContainers)) fill(container, 'init container');
  if (notes.length > 0) pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${notes.join('; ')}` };
}

const listOf = (value: unknown): readonly MutableJson[] => (Array.isArray(value) ? (value as MutableJson[]) : []);

/** @returns the names of what was missing, sorted */
function fillIn(container: MutableJson, of: 'requests' | 'limits', defaults: Readonly<Record<string, string>>): string[] {
  const present: Record<string, string> = container.resources?.[of] ?? {};
  const missing = Object.keys(defaults)
    .filter((name) => ownValue(present, name) === undefined)
    .sort();
  if (missing.length === 0) return missing;
  const filled = { ...present, ...Object.fromEntries(missing.map((name) => [name, defaults[name]])) };
  container.resources = { ...container.resources, [of]: filled };
  return missing;
}

/** @throws {ApiError} `Forbidden` with everything that is outside of the limits */
function check({ spec }: LimitRange, attributes: AdmissionAttributes): void {
  const { kind, object } = attributes;
  const problems = spec.limits.flatMap((item) => (kind.plural === 'pods' ? checkPod(item, object as Pod) : checkClaim(item, object as PersistentVolumeClaim)));
  if (problems.length > 0) throw forbidden(attributes, problems.length === 1 ? (problems[0] as string) : `[${problems.join(', ')}]`);
}

function checkPod(item: LimitRangeItem, { spec }: Pod): string[] {
  if (item.type === 'Pod') return checkAmounts(item, { requests: podAmounts(spec, 'requests'), limits: podAmounts(spec, 'limits') });
  if (item.type !== 'Container') return [];
  const containers: readonly Container[] = [...spec.containers, ...(spec.initContainers ?? [])];
  return containers.flatMap((container) =>
    checkAmounts(item, { requests: containerAmounts(container, 'requests'), limits: containerAmounts(container, 'limits') }),
  );
}

function checkClaim({ type, min, max }: LimitRangeItem, { spec }: PersistentVolumeClaim): string[] {
  if (type !== 'PersistentVolumeClaim') return [];
  const requests = parseAmounts(spec.resources?.requests);
  const limits = parseAmounts(spec.resources?.limits);
  return [
    ...each(min, (name, bound) => belowMinimum({ type, name, bound }, requests.get(name), limits.get(name))),
    ...each(max, (name, bound) => aboveMaximumRequest({ type, name, bound }, requests.get(name))),
  ];
}

function checkAmounts({ type, min, max, maxLimitRequestRatio }: LimitRangeItem, { requests, limits }: { requests: Amounts; limits: Amounts }): string[] {
  return [
    ...each(min, (name, bound) => belowMinimum({ type, name, bound }, requests.get(name), limits.get(name))),
    ...each(max, (name, bound) => aboveMaximum({ type, name, bound }, requests.get(name), limits.get(name))),
    ...each(maxLimitRequestRatio, (name, bound) => aboveRatio({ type, name, bound }, requests.get(name), limits.get(name))),
  ];
}

function each(bounds: Readonly<Record<string, string>> | undefined, fn: (name: string, bound: string) => string | undefined): string[] {
  return Object.entries(bounds ?? {}).flatMap(([name, bound]) => fn(name, bound) ?? []);
}

interface Bound {
  readonly type: string;
  readonly name: string;
  readonly bound: string;
}

function belowMinimum({ type, name, bound }: Bound, request: Quantity | undefined, limit: Quantity | undefined): string | undefined {
  const rule = `minimum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  if (request === undefined) return `${rule}.  No request is specified`;
  if (compareQuantities(request, bound) < 0) return `${rule}, but request is ${formatQuantity(request)}`;
  return limit !== undefined && compareQuantities(limit, bound) < 0 ? `${rule}, but limit is ${formatQuantity(limit)}` : undefined;
}

function aboveMaximum({ type, name, bound }: Bound, request: Quantity | undefined, limit: Quantity | undefined): string | undefined {
  const rule = `maximum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  if (limit === undefined) return `${rule}.  No limit is specified`;
  if (compareQuantities(limit, bound) > 0) return `${rule}, but limit is ${formatQuantity(limit)}`;
  return request !== undefined && compareQuantities(request, bound) > 0 ? `${rule}, but request is ${formatQuantity(request)}` : undefined;
}

function aboveMaximumRequest({ type, name, bound }: Bound, request: Quantity | undefined): string | undefined {
  const rule = `maximum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  if (request === undefined) return `${rule}.  No request is specified`;
  return compareQuantities(request, bound) > 0 ? `${rule}, but request is ${formatQuantity(request)}` : undefined;
}

function aboveRatio({ type, name, bound }: Bound, request: Quantity | undefined, limit: Quantity | undefined): string | undefined {
  const rule = `${name} max limit to request ratio per ${type} is ${formatQuantity(bound)}`;
  if (request === undefined || isZero(request)) return `${rule}, but no request is specified or request is 0`;
  if (limit === undefined || isZero(limit)) return `${rule}, but no limit is specified or limit is 0`;
  const ratio = quantityToNumber(limit) / quantityToNumber(request);
  return ratio * 1000 > quantityToMillis(bound) ? `${rule}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
}

const ZERO: Quantity = parseQuantity('0');
const isZero = (quantity: Quantity): boolean => compareQuantities(quantity, ZERO) === 0;
