import { ApiError } from './api-error.ts';
import { parseSelectorTerms } from './internal/label-selector-parser.ts';
import { isLabelValue, isQualifiedName } from './names.ts';

/** What a requirement asks of one label. `Gt` and `Lt` compare whole numbers. */
export type LabelSelectorOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';

/** One term of a label selector. A label that is absent satisfies `NotIn` and `DoesNotExist`, nothing else. */
export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: LabelSelectorOperator;
  readonly values?: readonly string[];
}

/**
 * `meta/v1.LabelSelector` as objects hold it: all of `matchLabels` and `matchExpressions` must hold. An empty one selects everything.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go (LabelSelector)
 */
export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

/** The labels of an object. */
export type Labels = Readonly<Record<string, string>>;

/** Tells whether labels are selected. Allocates nothing. */
export type LabelMatcher = (labels: Labels | undefined) => boolean;

/** Every form in which labels are selected: selector text, a `LabelSelector`, labels that must be equal, or parsed requirements. */
export type LabelSelectorInput = string | LabelSelector | Labels | readonly LabelSelectorRequirement[];

/**
 * Parses kubectl's and the API's selector syntax, such as `app=web,tier in (front, edge),!canary,gen>3`. `a=b` becomes `In [b]`, `a!=b` becomes
 * `NotIn [b]`. Blank text has no requirements.
 *
 * @throws {ApiError} `BadRequest` on bad syntax, keys or values
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/labels/selector.go
 */
export function parseLabelSelector(text: string): LabelSelectorRequirement[] {
  const requirements = parseSelectorTerms(text);
  for (const requirement of requirements) check(requirement);
  return requirements;
}

/**
 * Whether `labels` are selected. Without a selector nothing is; an empty selector selects everything.
 *
 * @throws {ApiError} `BadRequest` when its `matchExpressions` are malformed
 */
export function matchesLabelSelector(selector: LabelSelector | undefined, labels: Labels | undefined): boolean {
  if (selector === undefined || selector === null) return false;
  const { matchLabels, matchExpressions } = selector;
  for (const key in matchLabels) if (labels === undefined || labels[key] !== matchLabels[key]) return false;
  return matchExpressions === undefined || matchExpressions === null || matchExpressions.length === 0 || compileLabelSelector({ matchExpressions })(labels);
}

/**
 * Turns a selector into a function.
 *
 * @throws {ApiError} `BadRequest` when the selector is malformed
 */
export function compileLabelSelector(selector: LabelSelectorInput): LabelMatcher {
  const matchers = toRequirements(selector).map(compileRequirement);
  const [first, second] = matchers;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  if (matchers.length === 2) return (labels) => first(labels) && second(labels);
  return (labels) => {
    for (const matches of matchers) if (!matches(labels)) return false;
    return true;
  };
}

/**
 * Writes a selector in the syntax that {@link parseLabelSelector} reads, sorted by key, as `kubectl get -o wide` shows it.
 *
 * @example formatLabelSelector({ matchLabels: { app: 'web' } }) // 'app=web'
 */
export function formatLabelSelector(selector: LabelSelectorInput): string {
  const expressions = isSelector(selector) ? (selector.matchExpressions ?? []).length : 0;
  const requirements = toRequirements(selector);
  const labels = requirements.length - expressions;
  const terms = requirements.map((requirement, i) => ({ key: requirement.key, text: formatRequirement(requirement, i < labels) }));
  return terms
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map((term) => term.text)
    .join(',');
}

function toRequirements(selector: LabelSelectorInput): readonly LabelSelectorRequirement[] {
  if (typeof selector === 'string') return parseLabelSelector(selector);
  const requirements = isRequirementList(selector) ? selector : isSelector(selector) ? fromSelector(selector) : equalities(selector);
  for (const requirement of requirements) check(requirement);
  return requirements;
}

function isRequirementList(selector: LabelSelectorInput): selector is readonly LabelSelectorRequirement[] {
  return Array.isArray(selector);
}

/** A label may be called matchLabels, but then its value is a string. */
function isSelector(selector: LabelSelectorInput): selector is LabelSelector {
  if (typeof selector === 'string' || isRequirementList(selector)) return false;
  return typeof selector['matchLabels'] === 'object' || typeof selector['matchExpressions'] === 'object';
}

function fromSelector(selector: LabelSelector): readonly LabelSelectorRequirement[] {
  const { matchLabels, matchExpressions } = selector;
  if (matchExpressions !== undefined && matchExpressions !== null && !Array.isArray(matchExpressions)) throw bad('matchExpressions must be a list');
  return [...equalities(matchLabels ?? {}), ...((matchExpressions ?? []) as readonly LabelSelectorRequirement[])];
}

function equalities(labels: Labels): readonly LabelSelectorRequirement[] {
  return Object.keys(labels).map((key) => ({ key, operator: 'In', values: [labels[key] as string] }));
}

function check(requirement: LabelSelectorRequirement): void {
  const { key, operator, values = [] } = requirement ?? {};
  if (typeof key !== 'string' || !isQualifiedName(key)) throw bad(`"${String(key)}" is not a label key`);
  if (!Array.isArray(values)) throw bad(`the values of ${key} must be a list`);
  const problem = checkValues(operator, values);
  if (problem !== undefined) throw bad(`${key}: ${problem}`);
}

function checkValues(operator: LabelSelectorOperator, values: readonly unknown[]): string | undefined {
  switch (operator) {
    case 'In':
    case 'NotIn': {
      if (values.length === 0) return `operator ${operator} needs values`;
      const wrong = values.find((value) => typeof value !== 'string' || !isLabelValue(value));
      return wrong === undefined ? undefined : `"${String(wrong)}" is not a label value`;
    }
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0 ? undefined : `operator ${operator} takes no values`;
    case 'Gt':
    case 'Lt':
      return values.length === 1 && wholeNumber(values[0]) !== undefined ? undefined : `operator ${operator} needs one whole number`;
    default:
      return `"${String(operator)}" is not a label selector operator`;
  }
}

const bad = (message: string): ApiError => new ApiError('BadRequest', `invalid label selector: ${message}`);

function compileRequirement({ key, operator, values = [] }: LabelSelectorRequirement): LabelMatcher {
  const [value = ''] = values;
  switch (operator) {
    case 'In': {
      if (values.length === 1) return (labels) => labels !== undefined && labels[key] === value;
      const allowed = new Set<unknown>(values);
      return (labels) => labels !== undefined && allowed.has(labels[key]);
    }
    case 'NotIn': {
      if (values.length === 1) return (labels) => labels === undefined || labels[key] !== value;
      const refused = new Set<unknown>(values);
      return (labels) => labels === undefined || !refused.has(labels[key]);
    }
    case 'Exists':
      return (labels) => labels !== undefined && typeof labels[key] === 'string';
    case 'DoesNotExist':
      return (labels) => labels === undefined || typeof labels[key] !== 'string';
    case 'Gt':
    case 'Lt':
      return compileComparison(key, operator, value);
  }
}

function compileComparison(key: string, operator: 'Gt' | 'Lt', value: string): LabelMatcher {
  const bound = wholeNumber(value) ?? 0n;
  return (labels) => {
    const found = wholeNumber(labels?.[key]);
    return found !== undefined && (operator === 'Gt' ? found > bound : found < bound);
  };
}

const INT64 = 2n ** 63n;

function wholeNumber(text: unknown): bigint | undefined {
  if (typeof text !== 'string' || !/^[+-]?[0-9]{1,40}$/.test(text)) return undefined;
  const number = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return number >= -INT64 && number < INT64 ? number : undefined;
}

function formatRequirement({ key, operator, values = [] }: LabelSelectorRequirement, short: boolean): string {
  switch (operator) {
    case 'In':
      return short && values.length === 1 ? `${key}=${values[0]}` : `${key} in (${[...values].sort().join(',')})`;
    case 'NotIn':
      return short && values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${[...values].sort().join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    case 'Gt':
      return `${key}>${values[0]}`;
    case 'Lt':
      return `${key}<${values[0]}`;
  }
}
