import {
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  Namespace,
  Pod,
  Role,
  RoleBinding,
  Secret,
  SubjectAccessReview,
  type PolicyRule,
} from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import type { ApiServer } from '../src/index.ts';
import { loose, rejection, startServer } from './fixtures.ts';

const GROUP = 'rbac.authorization.k8s.io';
const jane = { username: 'jane', groups: ['dev', 'system:authenticated'] };
const user = { kind: 'User', apiGroup: GROUP, name: 'jane' };
const refTo = (kind: 'Role' | 'ClusterRole', name: string): { apiGroup: string; kind: string; name: string } => ({ apiGroup: GROUP, kind, name });

async function grant(api: ApiServer, rules: readonly PolicyRule[], name = 'r'): Promise<void> {
  await api.client.create(Role, { metadata: { name }, rules });
  await api.client.create(RoleBinding, { metadata: { name }, roleRef: refTo('Role', name), subjects: [user] });
}

describe('roles', () => {
  it.each<{ name: string; rule: PolicyRule; verb: string; resource: string; subresource?: string; object?: string; allowed: boolean }>([
    { name: 'the verb of a rule', rule: { verbs: ['get'], apiGroups: [''], resources: ['pods'] }, verb: 'get', resource: 'pods', allowed: true },
    { name: 'not another verb', rule: { verbs: ['get'], apiGroups: [''], resources: ['pods'] }, verb: 'list', resource: 'pods', allowed: false },
    {
      name: 'not a part of the resource',
      rule: { verbs: ['*'], apiGroups: [''], resources: ['pods'] },
      verb: 'get',
      resource: 'pods',
      subresource: 'log',
      allowed: false,
    },
    {
      name: 'a part by its name',
      rule: { verbs: ['*'], apiGroups: [''], resources: ['pods/log'] },
      verb: 'get',
      resource: 'pods',
      subresource: 'log',
      allowed: true,
    },
    {
      name: 'a part of any resource',
      rule: { verbs: ['*'], apiGroups: ['*'], resources: ['*/log'] },
      verb: 'get',
      resource: 'pods',
      subresource: 'log',
      allowed: true,
    },
    {
      name: 'not all parts of one resource: there is no such word',
      rule: { verbs: ['*'], apiGroups: [''], resources: ['pods/*'] },
      verb: 'get',
      resource: 'pods',
      subresource: 'log',
      allowed: false,
    },
    {
      name: 'everything',
      rule: { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      verb: 'deletecollection',
      resource: 'secrets',
      subresource: 'x',
      allowed: true,
    },
    { name: 'another group', rule: { verbs: ['*'], apiGroups: ['apps'], resources: ['*'] }, verb: 'get', resource: 'pods', allowed: false },
    {
      name: 'a name',
      rule: { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['web'] },
      verb: 'get',
      resource: 'pods',
      object: 'web',
      allowed: true,
    },
    {
      name: 'another name',
      rule: { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['web'] },
      verb: 'get',
      resource: 'pods',
      object: 'db',
      allowed: false,
    },
    {
      name: 'no name where names are given',
      rule: { verbs: ['*'], apiGroups: [''], resources: ['pods'], resourceNames: ['web'] },
      verb: 'list',
      resource: 'pods',
      allowed: false,
    },
  ])('allow $name: $allowed', async ({ rule, verb, resource, subresource, object, allowed }) => {
    await using server = await startServer();
    await grant(server.api, [rule]);
    const { status } = (await server.client.create(SubjectAccessReview, {
      spec: { user: 'jane', resourceAttributes: { verb, resource, subresource, name: object, namespace: 'default' } },
      metadata: {},
    } as never)) as unknown as { status: { allowed: boolean; reason?: string } };
    expect(status.allowed).toBe(allowed);
    if (allowed) expect(status.reason).toBe('RBAC: allowed by RoleBinding "r/default" of Role "r" to User "jane"');
  });

  it('count from the write that gives them to the write that takes them', async () => {
    await using server = await startServer();
    const client = server.api.clientFor(jane);
    await grant(server.api, [{ verbs: ['list'], apiGroups: [''], resources: ['pods'] }]);
    expect((await client.list(Pod, { namespace: 'default' })).items).toEqual([]);
    expect((await rejection(client.list(Pod))).message).toBe('pods is forbidden: User "jane" cannot list resource "pods" in API group "" at the cluster scope');
    expect((await rejection(client.list(Pod, { namespace: 'other' }))).message).toBe(
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "other"',
    );
    await server.client.delete(Role, 'r');
    expect((await rejection(client.list(Pod, { namespace: 'default' }))).message).toBe(
      `pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default": RBAC: role.${GROUP} "r" not found`,
    );
    await server.client.delete(RoleBinding, 'r');
    expect((await rejection(client.list(Pod, { namespace: 'default' }))).message).not.toContain('RBAC');
  });

  it('of names let one list the one object, and read the namespace that one is in', async () => {
    await using server = await startServer();
    const client = server.api.clientFor(jane);
    await grant(server.api, [
      { verbs: ['list'], apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'] },
      { verbs: ['get'], apiGroups: [''], resources: ['namespaces'] },
      { verbs: ['create'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['mine'] },
    ]);
    await client.list(Secret, { namespace: 'default', fieldSelector: 'metadata.name=mine' });
    expect((await rejection(client.list(Secret, { namespace: 'default' }))).code).toBe(403);
    expect((await client.get(Namespace, 'default')).metadata.name).toBe('default');
    expect((await rejection(client.get(Namespace, 'kube-system'))).message).toContain('in the namespace "kube-system"');
    expect((await rejection(client.create(ConfigMap, { metadata: { name: 'mine' } }))).message).toBe(
      'configmaps is forbidden: User "jane" cannot create resource "configmaps" in API group "" in the namespace "default"',
    );
  });
});

describe('the escalation check', () => {
  const author: PolicyRule = { verbs: ['create', 'update', 'patch', 'get'], apiGroups: [GROUP], resources: ['roles', 'rolebindings'] };
  const pods: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };

  it('lets one grant what one has, and says what one does not', async () => {
    await using server = await startServer();
    const client = server.api.clientFor(jane);
    await grant(server.api, [author, pods]);
    await client.create(Role, { metadata: { name: 'mine' }, rules: [pods] });
    const more = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', 'secrets'] };
    expect(await rejection(client.create(Role, { metadata: { name: 'more' }, rules: [more] }))).toMatchObject({
      code: 403,
      message:
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "jane" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["list"]}\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
    });
    expect((await rejection(client.patch(Role, 'mine', { type: 'merge', patch: { rules: [more] } }))).code).toBe(403);
    await client.patch(Role, 'mine', { type: 'merge', patch: { metadata: { labels: { a: 'b' } } } });
  });

  it('holds for bindings, to a role that is there', async () => {
    await using server = await startServer();
    const client = server.api.clientFor(jane);
    await grant(server.api, [author, pods]);
    await server.client.create(ClusterRole, { metadata: { name: 'all' }, rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] });
    await client.create(RoleBinding, { metadata: { name: 'ok' }, roleRef: refTo('Role', 'r'), subjects: [{ ...user, name: 'joe' }] });
    const bind = (role: string): Promise<unknown> =>
      client.create(RoleBinding, { metadata: { name: role }, roleRef: refTo('ClusterRole', role), subjects: [user] });
    expect((await rejection(bind('all'))).message).toContain('{APIGroups:["*"], Resources:["*"], Verbs:["*"]}');
    expect(await rejection(bind('nothing'))).toMatchObject({ code: 404, message: 'clusterroles.rbac.authorization.k8s.io "nothing" not found' });
    await grant(server.api, [{ verbs: ['bind'], apiGroups: [GROUP], resources: ['clusterroles'], resourceNames: ['all'] }], 'binder');
    await bind('all');
    expect((await client.list(Secret, { namespace: 'default' })).items).toEqual([]);
  });

  it('is off for those who may escalate, and an aggregation takes all rights', async () => {
    await using server = await startServer();
    const client = server.api.clientFor(jane);
    await server.client.create(ClusterRole, { metadata: { name: 'author' }, rules: [{ verbs: ['*'], apiGroups: [GROUP], resources: ['clusterroles'] }] });
    await server.client.create(ClusterRoleBinding, { metadata: { name: 'author' }, roleRef: refTo('ClusterRole', 'author'), subjects: [user] });
    await client.create(ClusterRole, { metadata: { name: 'any' }, rules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] });
    await server.client.patch(ClusterRole, 'author', {
      type: 'merge',
      patch: { rules: [{ verbs: ['create', 'get'], apiGroups: [GROUP], resources: ['clusterroles'] }] },
    });
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] };
    expect((await rejection(client.create(ClusterRole, { metadata: { name: 'sum' }, aggregationRule, rules: [] }))).message).toBe(
      'clusterroles.rbac.authorization.k8s.io "sum" is forbidden: must have cluster-admin privileges to use the aggregationRule',
    );
  });
});

describe('the default policy', () => {
  it('is not there unless it is wanted', async () => {
    await using server = await startServer();
    expect((await server.client.list(ClusterRole)).items).toEqual([]);
  });

  it('has the roles for people, with what is aggregated into them', async () => {
    await using server = await startServer({ authorization: 'rbac' });
    await server.client.create(RoleBinding, { metadata: { name: 'edit' }, roleRef: refTo('ClusterRole', 'edit'), subjects: [user] });
    const client = server.api.clientFor(jane);
    await client.create(ConfigMap, { metadata: { name: 'a' } });
    expect((await client.list(Pod, { namespace: 'default' })).items).toEqual([]);
    expect((await rejection(client.list(Role, { namespace: 'default' }))).code).toBe(403);
    const { items } = await server.client.list(ClusterRole);
    expect(items.length).toBe(69);
    expect(items.every(({ metadata }) => metadata.annotations?.['rbac.authorization.kubernetes.io/autoupdate'] === 'true' && metadata.uid !== undefined)).toBe(
      true,
    );
    expect((await server.client.get(ClusterRole, 'view')).aggregationRule).toEqual({
      clusterRoleSelectors: [{ matchLabels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } }],
    });
  });

  it('passes its own validation', async () => {
    await using server = await startServer({ authorization: 'rbac' });
    for (const kind of [ClusterRole, ClusterRoleBinding, Role, RoleBinding]) {
      for (const object of (await server.client.list(loose(kind))).items) {
        const { name, namespace } = object.metadata;
        await server.client.create(loose(kind), { ...object, metadata: { name: `copy:${name}`, namespace } } as never, { dryRun: true });
      }
    }
  });
});
