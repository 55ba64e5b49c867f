import type { PolicyRule } from '@kybern/core/kinds';

/**
 * What of `wanted` the rules in `held` do not allow, as rules of one verb on one resource or path each.
 *
 * Pure. `*` is only covered by `*`, and a rule for all names only by one for all names.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/component-helpers/auth/rbac/validation/policy_comparator.go (Covers)
 */
export function uncoveredRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((rule) => !held.some((owner) => covers(owner, rule)));
}

/** One rule as the smallest rules that together are the same. */
function breakDown({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): PolicyRule[] {
  const broken: PolicyRule[] = [];
  const names: readonly (readonly string[])[] = resourceNames.length === 0 ? [[]] : resourceNames.map((name) => [name]);
  for (const group of apiGroups) {
    for (const resource of resources) {
      for (const verb of verbs) {
        for (const only of names)
          broken.push({ apiGroups: [group], resources: [resource], verbs: [verb], ...(only.length === 0 ? {} : { resourceNames: only }) });
      }
    }
  }
  for (const url of nonResourceURLs) for (const verb of verbs) broken.push({ nonResourceURLs: [url], verbs: [verb] });
  return broken;
}

function covers(owner: PolicyRule, rule: PolicyRule): boolean {
  if (!holds(owner.verbs, rule.verbs)) return false;
  const [url] = rule.nonResourceURLs ?? [];
  if (url !== undefined) return (owner.nonResourceURLs ?? []).some((held) => pathCovers(held, url));
  if (!holds(owner.apiGroups ?? [], rule.apiGroups ?? []) || !resourceCovers(owner.resources ?? [], rule.resources?.[0] ?? '')) return false;
  const names = owner.resourceNames ?? [];
  if (names.length === 0) return true;
  const [name] = rule.resourceNames ?? [];
  return name !== undefined && names.includes(name);
}

function holds(held: readonly string[], [one = '']: readonly string[]): boolean {
  return held.includes('*') || held.includes(one);
}

function resourceCovers(held: readonly string[], resource: string): boolean {
  if (held.includes('*') || held.includes(resource)) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && held.includes(`*${resource.slice(slash)}`);
}

function pathCovers(held: string, path: string): boolean {
  return held === '*' || held === path || (held.endsWith('*') && path.startsWith(held.replace(/\*+$/, '')));
}

/**
 * Rules as one text, a line each: those of one resource with their verbs together.
 *
 * @see kubernetes v1.36 pkg/registry/rbac/validation/rule.go (ConfirmNoEscalation), pkg/apis/rbac/v1/helpers.go (CompactString)
 */
export function describeRules(rules: readonly PolicyRule[]): string {
  const compact = new Map<string, PolicyRule>();
  rules.forEach((rule, i) => {
    const simple = rule.nonResourceURLs === undefined && rule.resourceNames === undefined;
    const key = simple ? JSON.stringify([rule.apiGroups, rule.resources]) : String(i);
    const same = compact.get(key);
    compact.set(key, same === undefined ? rule : { ...same, verbs: [...same.verbs, ...rule.verbs.filter((verb) => !same.verbs.includes(verb))] });
  });
  return [...compact.values()].map(describeRule).sort().join('\n');
}

function describeRule({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts: [string, readonly string[] | undefined][] = [
    ['APIGroups', apiGroups],
    ['Resources', resources],
    ['NonResourceURLs', nonResourceURLs],
    ['ResourceNames', resourceNames],
    ['Verbs', verbs],
  ];
  return `{${parts.flatMap(([name, values = []]) => (values.length === 0 ? [] : [`${name}:${quoteList(values)}`])).join(', ')}}`;
}

/** A list of texts as Go prints it with `%q`. */
export function quoteList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}
