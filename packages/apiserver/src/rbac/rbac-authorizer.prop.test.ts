import fc from 'fast-check';
import type { KubernetesObject } from '@kybern/core';
import type { ClusterRole, PolicyRule, RoleBinding } from '@kybern/core/kinds';
import { createMemoryStore, type StateStore } from '@kybern/state';
import { expect, test } from 'vitest';
import type { AuthorizationAttributes } from '../authorization.ts';
import { createRbacAuthorizer } from './rbac-authorizer.ts';

const PREFIX = '/registry/rbac.authorization.k8s.io/';
const NAMESPACES = ['a', 'b'] as const;
const some = <T>(...values: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...values]);

const resourceRule: fc.Arbitrary<PolicyRule> = fc.record({
  verbs: some('get', 'list', 'create', '*'),
  apiGroups: some('', 'apps', '*'),
  resources: some('pods', 'pods/log', 'pods/*', '*/log', 'secrets', '*'),
  resourceNames: fc.option(some('x', 'y'), { nil: undefined }),
}) as fc.Arbitrary<PolicyRule>;
const pathRule: fc.Arbitrary<PolicyRule> = fc.record({ verbs: some('get', '*'), nonResourceURLs: some('/metrics', '/api/*', '*') });
const rules = fc.array(fc.oneof({ weight: 4, arbitrary: resourceRule }, pathRule), { maxLength: 3 });
const subject = fc.oneof(
  fc.record({ kind: fc.constant('User'), name: fc.constantFrom('jane', 'joe', 'system:serviceaccount:a:bot') }),
  fc.record({ kind: fc.constant('Group'), name: fc.constantFrom('dev', 'ops') }),
  fc.record({ kind: fc.constant('ServiceAccount'), name: fc.constant('bot'), namespace: fc.constantFrom('a', 'b', undefined) }),
);
const namespace = fc.constantFrom(...NAMESPACES, undefined);
const roleName = fc.constantFrom('r1', 'r2', 'r3');

interface Step {
  readonly key: string;
  readonly value: KubernetesObject | undefined;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ ns: namespace, name: roleName, rules: fc.option(rules, { nil: undefined }) }).map(({ ns, name, rules: given }) => {
    const kind = ns === undefined ? 'ClusterRole' : 'Role';
    const value =
      given === undefined ? undefined : ({ apiVersion: 'v1', kind, metadata: { name, namespace: ns }, rules: given } as unknown as KubernetesObject);
    return { key: `${PREFIX}${kind.toLowerCase()}s/${ns === undefined ? '' : `${ns}/`}${name}`, value };
  }),
  fc
    .record({
      ns: namespace,
      name: fc.constantFrom('b1', 'b2'),
      role: roleName,
      toCluster: fc.boolean(),
      subjects: fc.option(fc.array(subject, { maxLength: 3 }), { nil: undefined }),
    })
    .map(({ ns, name, role, toCluster, subjects }) => {
      const kind = ns === undefined ? 'ClusterRoleBinding' : 'RoleBinding';
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: ns === undefined || toCluster ? 'ClusterRole' : 'Role', name: role };
      const value =
        subjects === undefined ? undefined : ({ apiVersion: 'v1', kind, metadata: { name, namespace: ns }, roleRef, subjects } as unknown as KubernetesObject);
      return { key: `${PREFIX}${kind.toLowerCase()}s/${ns === undefined ? '' : `${ns}/`}${name}`, value };
    }),
);

const question: fc.Arbitrary<AuthorizationAttributes> = fc.record({
  user: fc.record({ username: fc.constantFrom('jane', 'system:serviceaccount:a:bot'), groups: some('dev', 'ops') }),
  verb: fc.constantFrom('get', 'list', 'create'),
  group: fc.constantFrom('', 'apps'),
  version: fc.constant('v1'),
  resource: fc.constantFrom('pods', 'secrets'),
  subresource: fc.constantFrom(undefined, 'log', 'exec'),
  namespace,
  name: fc.constantFrom(undefined, 'x', 'z'),
  path: fc.constantFrom(undefined, undefined, undefined, '/metrics', '/api/v1'),
});

/** The obvious way: every binding, every subject, every rule, every time. */
function scan(state: StateStore, asked: AuthorizationAttributes): boolean {
  const objects = state
    .snapshot()
    .range(PREFIX)
    .records.map(({ value }) => value);
  const bindings = objects.filter((object): object is RoleBinding => 'roleRef' in object);
  return bindings.some(({ metadata, subjects = [], roleRef }) => {
    if (metadata.namespace !== undefined && metadata.namespace !== asked.namespace) return false;
    const applies = subjects.some((each) => {
      if (each.kind === 'User') return each.name === asked.user.username;
      if (each.kind === 'Group') return asked.user.groups?.includes(each.name) === true;
      return asked.user.username === `system:serviceaccount:${each.namespace ?? metadata.namespace ?? '?'}:${each.name}`;
    });
    const role = objects.find(
      (each) =>
        each.kind === roleRef.kind && each.metadata.name === roleRef.name && (roleRef.kind === 'ClusterRole' || each.metadata.namespace === metadata.namespace),
    );
    return applies && ((role as ClusterRole | undefined)?.rules ?? []).some((rule) => ruleAllows(rule, asked));
  });
}

function ruleAllows({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule, asked: AuthorizationAttributes): boolean {
  if (!verbs.some((verb) => verb === '*' || verb === asked.verb)) return false;
  if (asked.path !== undefined)
    return nonResourceURLs.some((url) => url === '*' || url === asked.path || (url.endsWith('*') && asked.path?.startsWith(url.slice(0, -1)) === true));
  const whole = asked.subresource === undefined ? asked.resource : `${asked.resource}/${asked.subresource}`;
  return (
    apiGroups.some((group) => group === '*' || group === asked.group) &&
    resources.some((resource) => resource === '*' || resource === whole || (asked.subresource !== undefined && resource === `*/${asked.subresource}`)) &&
    (resourceNames.length === 0 || resourceNames.includes(asked.name ?? ''))
  );
}

test('the index answers as a scan of all bindings does, after every change, also when it lost its place in the history', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(step, fc.array(question, { maxLength: 3 })), { minLength: 1, maxLength: 30 }),
      fc.constantFrom(1, 1000),
      async (history, historyLimit) => {
        await using state = createMemoryStore({ historyLimit });
        const rbac = createRbacAuthorizer(state);
        for (const [{ key, value }, questions] of history) {
          await state.commit([{ key, value: value === undefined ? undefined : structuredClone(value) }]);
          for (const asked of questions) expect(rbac.authorize(asked).decision).toBe(scan(state, asked) ? 'Allow' : 'NoOpinion');
        }
        rbac.close();
      },
    ),
  );
});
