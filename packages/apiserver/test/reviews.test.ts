import {
  LocalSubjectAccessReview,
  Namespace,
  Role,
  RoleBinding,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { loose, rejection, startServer } from './fixtures.ts';

const GROUP = 'rbac.authorization.k8s.io';
const jane = { username: 'jane', groups: ['system:authenticated'] };
type Server = Awaited<ReturnType<typeof startServer>>;

async function withJane(): Promise<Server> {
  const server = await startServer({ authorization: 'rbac' });
  await server.client.create(Namespace, { metadata: { name: 'team' } });
  await server.client.create(Role, {
    metadata: { name: 'pods', namespace: 'team' },
    rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['web'] }],
  });
  await server.client.create(RoleBinding, {
    metadata: { name: 'jane', namespace: 'team' },
    roleRef: { apiGroup: GROUP, kind: 'Role', name: 'pods' },
    subjects: [{ apiGroup: GROUP, kind: 'User', name: 'jane' }],
  });
  return server;
}

const attributes = { verb: 'get', resource: 'pods', namespace: 'team', name: 'web' };

describe('access reviews', () => {
  it.each([
    { name: 'a right', spec: { user: 'jane', resourceAttributes: attributes }, allowed: true },
    { name: 'no right to another name', spec: { user: 'jane', resourceAttributes: { ...attributes, name: 'db' } }, allowed: false },
    { name: 'no right elsewhere', spec: { user: 'jane', resourceAttributes: { ...attributes, namespace: 'default' } }, allowed: false },
    { name: 'rights of groups alone', spec: { groups: ['system:masters'], resourceAttributes: attributes }, allowed: true },
    { name: 'paths', spec: { user: 'jane', groups: ['system:authenticated'], nonResourceAttributes: { verb: 'get', path: '/apis/apps/v1' } }, allowed: true },
    {
      name: 'no other verb on paths',
      spec: { user: 'jane', groups: ['system:authenticated'], nonResourceAttributes: { verb: 'post', path: '/apis' } },
      allowed: false,
    },
  ])('tell of $name', async ({ spec, allowed }) => {
    await using server = await withJane();
    const { status } = (await server.client.create(loose(SubjectAccessReview), { metadata: {}, spec } as never)) as { status?: { allowed: boolean } };
    expect(status?.allowed).toBe(allowed);
  });

  it('are about their own namespace, in the local form', async () => {
    await using server = await withJane();
    const ask = (resourceAttributes: object | undefined): Promise<unknown> =>
      server.client.create(loose(LocalSubjectAccessReview), { metadata: { namespace: 'team' }, spec: { user: 'jane', resourceAttributes } } as never);
    expect(await ask(attributes)).toMatchObject({
      status: { allowed: true, reason: 'RBAC: allowed by RoleBinding "jane/team" of Role "pods" to User "jane"' },
    });
    expect((await rejection(ask({ ...attributes, namespace: 'default' }))).code).toBe(400);
    expect((await rejection(ask(undefined))).code).toBe(400);
  });

  it('may be asked about oneself by everybody, and about others only by those who may', async () => {
    await using server = await withJane();
    const client = server.api.clientFor(jane);
    expect(await client.create(loose(SelfSubjectAccessReview), { metadata: {}, spec: { resourceAttributes: attributes } } as never)).toMatchObject({
      status: { allowed: true },
    });
    expect(
      (await rejection(client.create(loose(SubjectAccessReview), { metadata: {}, spec: { user: 'joe', resourceAttributes: attributes } } as never))).code,
    ).toBe(403);
  });

  it('list the rules that count in a namespace, and what is wrong with them', async () => {
    await using server = await withJane();
    const client = server.api.clientFor(jane);
    const rules = async (namespace: string): Promise<unknown> =>
      ((await client.create(loose(SelfSubjectRulesReview), { metadata: {}, spec: { namespace } } as never)) as { status?: unknown }).status;
    const inTeam = (await rules('team')) as { resourceRules: object[]; nonResourceRules: object[]; incomplete: boolean };
    expect(inTeam.resourceRules).toContainEqual({ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['web'] });
    expect(inTeam.nonResourceRules).toContainEqual({ verbs: ['get'], nonResourceURLs: expect.arrayContaining(['/apis/*']) as string[] });
    expect(inTeam.incomplete).toBe(false);
    expect(JSON.stringify(await rules('default'))).not.toContain('"web"');
    await server.client.delete(Role, 'team/pods');
    expect(await rules('team')).toMatchObject({ incomplete: true, evaluationError: `role.${GROUP} "pods" not found` });
    expect((await rejection(client.create(loose(SelfSubjectRulesReview), { metadata: {}, spec: {} } as never))).code).toBe(400);
  });
});
