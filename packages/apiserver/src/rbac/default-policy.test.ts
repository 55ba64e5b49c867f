import { readFileSync } from 'node:fs';
import type { ClusterRole, PolicyRule, RoleBinding } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { defaultPolicy, type PolicyObject } from './default-policy.ts';

const VERBS: Readonly<Record<string, string>> = {
  'get list watch': 'READ',
  'create delete deletecollection patch update': 'WRITE',
  'create delete deletecollection get list patch update watch': 'READ+WRITE',
};

function ruleText({ verbs, apiGroups = [], resources = [], resourceNames, nonResourceURLs }: PolicyRule): string {
  const text = [...verbs].sort().join(' ');
  const groups = apiGroups.map((group) => (group === '' ? 'core' : group)).join('+');
  const what = nonResourceURLs === undefined ? `${groups}: ${[...resources].sort().join(' ')}` : [...nonResourceURLs].sort().join(' ');
  return `${VERBS[text] ?? text} | ${what}${resourceNames === undefined ? '' : ` = ${resourceNames.join(' ')}`}`;
}

const isAggregation = (label: string): boolean => label.startsWith('rbac.authorization.k8s.io/aggregate-to-');

function linesOf({
  metadata,
  rules = [],
  aggregationRule,
  roleRef,
  subjects = [],
}: ClusterRole & Partial<Pick<RoleBinding, 'roleRef' | 'subjects'>>): string[] {
  const labels = Object.keys(metadata.labels ?? {}).filter(isAggregation);
  const into = labels.map((label) => `label ${label.slice(label.indexOf('/') + 1)}`);
  if (roleRef !== undefined) {
    const who = subjects.map(({ kind, namespace, name }) => `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`);
    return [`${roleRef.kind} ${roleRef.name} -> ${who.join(', ')}`];
  }
  const from = aggregationRule?.clusterRoleSelectors?.flatMap(({ matchLabels = {} }) => Object.keys(matchLabels));
  return [...into, ...(from === undefined ? rules.map(ruleText) : from.map((label) => `aggregates ${label.slice(label.indexOf('/') + 1)}`))];
}

/** The policy as text: one object a paragraph, sorted by kind and name. */
function policyText(policy: readonly PolicyObject[]): string {
  const paragraphs = policy.map(({ object }) => {
    const { namespace, name } = object.metadata;
    const title = `${object.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
    return { title, text: [title, ...linesOf(object as ClusterRole).map((line) => `  ${line}`)].join('\n') };
  });
  return paragraphs
    .sort((a, b) => (a.title < b.title ? -1 : 1))
    .map(({ text }) => `\n${text}\n`)
    .join('');
}

it('gives the roles and bindings that Kubernetes gives, with these rules', () => {
  const golden = readFileSync(new URL('../../testdata/default-policy.txt', import.meta.url), 'utf8');
  expect(policyText(defaultPolicy())).toBe(golden.replace(/^(#.*\n)+/, ''));
});

it('marks all of it as its own, to be brought up to date', () => {
  for (const { object } of defaultPolicy()) {
    expect(object.metadata.labels).toMatchObject({ 'kubernetes.io/bootstrapping': 'rbac-defaults' });
    expect(object.metadata.annotations).toEqual({ 'rbac.authorization.kubernetes.io/autoupdate': 'true' });
  }
});
