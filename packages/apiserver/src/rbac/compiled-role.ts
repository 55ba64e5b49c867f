import type { PolicyRule } from '@kybern/core/kinds';

/** What is asked of the rules of a role about one request. */
export interface Wanted {
  readonly verb: string;
  readonly group: string;
  /** With the subresource: `pods/log`. */
  readonly resource: string;
  /** `*` and `/` and the subresource; empty without one. */
  readonly anyWithSubresource: string;
  readonly name: string;
  /** Of a request that is not about a resource; the other fields but the verb are then empty. */
  readonly path: string | undefined;
}

/** A role's rules, arranged by resource, so that a question looks at the few rules that are about it. */
export interface CompiledRole {
  readonly rules: readonly PolicyRule[];
  readonly byResource: ReadonlyMap<string, readonly ResourceRule[]>;
  readonly pathRules: readonly PathRule[];
}

/** Undefined stands for all of them. */
interface ResourceRule {
  readonly verbs: readonly string[] | undefined;
  readonly groups: readonly string[] | undefined;
  readonly names: readonly string[] | undefined;
}

interface PathRule {
  readonly verbs: readonly string[] | undefined;
  readonly paths: readonly string[];
  /** What was written with a `*` at its end, without it; `""` is everything. */
  readonly prefixes: readonly string[];
}

/** Arranges the rules of a role. */
export function compileRole(rules: readonly PolicyRule[]): CompiledRole {
  const byResource = new Map<string, ResourceRule[]>();
  const pathRules: PathRule[] = [];
  for (const rule of rules) {
    const verbs = unlessAll(rule.verbs);
    const { nonResourceURLs = [], resources = [], resourceNames = [] } = rule;
    if (nonResourceURLs.length > 0) pathRules.push(compilePaths(verbs, nonResourceURLs));
    const compiled: ResourceRule = { verbs, groups: unlessAll(rule.apiGroups ?? []), names: resourceNames.length === 0 ? undefined : resourceNames };
    for (const resource of new Set(resources)) {
      const same = byResource.get(resource);
      if (same === undefined) byResource.set(resource, [compiled]);
      else same.push(compiled);
    }
  }
  return { rules, byResource, pathRules };
}

function unlessAll(names: readonly string[]): readonly string[] | undefined {
  return names.includes('*') ? undefined : names;
}

function compilePaths(verbs: readonly string[] | undefined, urls: readonly string[]): PathRule {
  return {
    verbs,
    paths: urls.filter((url) => !url.endsWith('*')),
    prefixes: urls.filter((url) => url.endsWith('*')).map((url) => url.replace(/\*+$/, '')),
  };
}

/**
 * Whether one of the role's rules allows what is wanted.
 *
 * @see kubernetes v1.36 plugin/pkg/auth/authorizer/rbac/rbac.go (RuleAllows), pkg/apis/rbac/v1/evaluation_helpers.go
 */
export function roleAllows(role: CompiledRole, wanted: Wanted): boolean {
  if (wanted.path !== undefined) return role.pathRules.some((rule) => pathRuleAllows(rule, wanted.verb, wanted.path as string));
  const { byResource } = role;
  if (byResource.size === 0) return false;
  return (
    someAllows(byResource.get(wanted.resource), wanted) ||
    someAllows(byResource.get('*'), wanted) ||
    (wanted.anyWithSubresource !== '' && someAllows(byResource.get(wanted.anyWithSubresource), wanted))
  );
}

function someAllows(rules: readonly ResourceRule[] | undefined, { verb, group, name }: Wanted): boolean {
  if (rules === undefined) return false;
  for (const { verbs, groups, names } of rules) {
    if ((verbs === undefined || verbs.includes(verb)) && (groups === undefined || groups.includes(group)) && (names === undefined || names.includes(name)))
      return true;
  }
  return false;
}

function pathRuleAllows({ verbs, paths, prefixes }: PathRule, verb: string, path: string): boolean {
  if (verbs !== undefined && !verbs.includes(verb)) return false;
  return paths.includes(path) || prefixes.some((prefix) => path.startsWith(prefix));
}
