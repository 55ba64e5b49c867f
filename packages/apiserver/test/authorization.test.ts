import {
  CertificateSigningRequest,
  ConfigMap,
  Pod,
  SelfSubjectAccessReview,
  SelfSubjectReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  TokenReview,
} from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import type { Authorizer } from '../src/index.ts';
import { loose, rejection, startServer, VALID } from './fixtures.ts';

const jane = { username: 'jane', groups: ['dev'] };
const readers: Authorizer = {
  authorize: ({ user, verb, resource }) => ({
    decision: user.groups?.includes('system:masters') === true || (verb === 'get' && resource === 'configmaps') ? 'Allow' : 'NoOpinion',
  }),
};

describe('who may do what', () => {
  it('is nothing, unless one is a master', async () => {
    await using server = await startServer();
    const client = server.api.clientFor(jane);
    expect(await rejection(client.get(ConfigMap, 'a'))).toMatchObject({
      code: 403,
      message: 'configmaps "a" is forbidden: User "jane" cannot get resource "configmaps" in API group "" in the namespace "default"',
    });
    expect((await rejection(client.list(ConfigMap))).message).toBe(
      'configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" at the cluster scope',
    );
    expect((await rejection(client.createSubresource(Pod, 'a', 'binding', {}))).message).toContain('cannot create resource "pods/binding"');
    await server.api.clientFor({ username: 'root', groups: ['system:masters'] }).list(ConfigMap);
  });

  it('is for the authorizer to say, at once or later', async () => {
    await using server = await startServer({ authorizer: { authorize: async (attributes) => readers.authorize(attributes) } });
    const client = server.api.clientFor(jane);
    expect((await rejection(client.get(ConfigMap, 'a'))).code).toBe(404);
    expect((await rejection(client.create(ConfigMap, { metadata: { name: 'a' } }))).code).toBe(403);
  });

  it('ends a watch that is not allowed', async () => {
    await using server = await startServer();
    const errors: unknown[] = [];
    server.api
      .clientFor(jane)
      .watch(ConfigMap)
      .subscribe({ error: (error: unknown) => errors.push(error) });
    await server.clock.settleNow();
    expect(errors).toMatchObject([{ code: 403 }]);
  });

  it('can be asked', async () => {
    await using server = await startServer({ authorizer: readers });
    const ask = (verb: string, user?: string): Promise<unknown> =>
      user === undefined
        ? server.client.create(SelfSubjectAccessReview, { spec: { resourceAttributes: { verb, resource: 'configmaps' } }, metadata: {} } as never)
        : server.client.create(SubjectAccessReview, { spec: { user, resourceAttributes: { verb, resource: 'configmaps' } }, metadata: {} } as never);
    expect(await ask('delete')).toMatchObject({ kind: 'SelfSubjectAccessReview', status: { allowed: true } });
    expect(await ask('get', 'jane')).toMatchObject({ status: { allowed: true } });
    expect(await ask('delete', 'jane')).toMatchObject({ status: { allowed: false } });
    expect(await rejection(server.client.create(loose(SubjectAccessReview), { spec: { resourceAttributes: {} }, metadata: {} } as never))).toMatchObject({
      code: 400,
    });
    expect(await server.client.create(SelfSubjectRulesReview, { spec: { namespace: 'default' }, metadata: {} } as never)).toMatchObject({
      status: { resourceRules: [{ verbs: ['*'] }], incomplete: false },
    });
  });

  it('knows who one is', async () => {
    await using server = await startServer();
    expect(await server.client.create(SelfSubjectReview, { metadata: {} } as never)).toMatchObject({
      status: { userInfo: { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] } },
    });
    expect(await server.client.create(TokenReview, { spec: { token: 'x' }, metadata: {} } as never)).toMatchObject({
      status: { error: 'invalid bearer token' },
    });
    expect((await server.client.list(ConfigMap)).items).toEqual([]);
  });

  it('is written into certificate requests, whose verdict has a door of its own', async () => {
    await using server = await startServer();
    const request = btoa('-----BEGIN CERTIFICATE REQUEST-----\nMAo=\n-----END CERTIFICATE REQUEST-----\n');
    const spec = { request, signerName: 'example.com/signer', usages: ['client auth'], username: 'somebody-else' };
    const created = await server.client.create(loose(CertificateSigningRequest), { metadata: { name: 'a' }, spec } as never);
    expect(created).toMatchObject({ spec: { username: 'system:apiserver' } });
    const approved = { type: 'Approved', status: 'True' };
    const patch = { status: { conditions: [approved], certificate: 'YQ==' } };
    expect(await server.client.patch(loose(CertificateSigningRequest), 'a', { type: 'merge', patch }, { subresource: 'approval' })).toMatchObject({
      status: { conditions: [approved] },
    });
    expect((await server.client.get(loose(CertificateSigningRequest), 'a')) as { status?: object }).not.toMatchObject({ status: { certificate: 'YQ==' } });
    const both = { status: { conditions: [approved, { type: 'Denied', status: 'True' }] } };
    expect(
      (await rejection(server.client.patch(loose(CertificateSigningRequest), 'a', { type: 'merge', patch: both }, { subresource: 'approval' }))).code,
    ).toBe(422);
  });

  it('does not make up verbs or parts', async () => {
    await using server = await startServer();
    await server.client.create(ConfigMap, VALID.ConfigMap);
    expect((await rejection(server.client.get(ConfigMap, 'web', { subresource: 'status' }))).code).toBe(404);
    expect((await rejection(server.client.get(ConfigMap, 'web', { subresource: 'scale' }))).code).toBe(404);
    expect((await rejection(server.client.createSubresource(ConfigMap, 'web', 'binding', {}))).code).toBe(404);
    expect((await rejection(server.client.list(loose(SelfSubjectReview)))).code).toBe(405);
    expect((await rejection(server.client.get(ConfigMap, ''))).code).toBe(400);
  });
});
