import { decodeJwt, decodeProtectedHeader } from 'jose';
import { ConfigMap, Node, Pod, Secret, ServiceAccount, TokenReview } from '@kybern/core/kinds';
import { createMemoryStore } from '@kybern/state';
import { describe, expect, it } from 'vitest';
import type { ApiServer } from '../src/index.ts';
import { loose, rejection, startServer, VALID } from './fixtures.ts';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';

interface TokenAnswer {
  readonly spec: { readonly audiences: readonly string[]; readonly expirationSeconds: number };
  readonly status: { readonly token: string; readonly expirationTimestamp: string };
}

async function issue(api: ApiServer, spec: object = {}, account = 'default'): Promise<TokenAnswer> {
  return (await api.client.createSubresource(ServiceAccount, account, 'token', { spec })) as TokenAnswer;
}

async function review(
  api: ApiServer,
  token: string,
  audiences?: readonly string[],
): Promise<{ authenticated?: boolean; error?: string; user?: object; audiences?: readonly string[] }> {
  const spec = { token, ...(audiences === undefined ? {} : { audiences }) };
  return ((await api.client.create(TokenReview, { spec, metadata: {} } as never)) as { status?: object }).status ?? {};
}

const podRef = (uid?: string): object => ({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'web', ...(uid === undefined ? {} : { uid }) } });

describe('a token of a ServiceAccount', () => {
  it('says for whom and how long it is', async () => {
    await using server = await startServer();
    const { spec, status } = await issue(server.api, { expirationSeconds: 7200, audiences: ['vault'] });
    const account = await server.client.get(ServiceAccount, 'default');
    const now = Math.floor(server.clock.now() / 1000);
    expect(spec).toMatchObject({ audiences: ['vault'], expirationSeconds: 7200 });
    expect(Date.parse(status.expirationTimestamp)).toBe((now + 7200) * 1000);
    expect(decodeProtectedHeader(status.token)).toEqual({ alg: 'ES256', kid: expect.stringMatching(/^[\w-]{43}$/) as string });
    expect(decodeJwt(status.token)).toEqual({
      aud: ['vault'],
      exp: now + 7200,
      iat: now,
      nbf: now,
      iss: ISSUER,
      jti: expect.any(String) as string,
      sub: 'system:serviceaccount:default:default',
      'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'default', uid: account.metadata.uid } },
    });
  });

  it('is good for its audiences until it expires', async () => {
    await using server = await startServer();
    const { token } = (await issue(server.api, { audiences: ['vault', 'db'] })).status;
    expect(await review(server.api, token, ['db', 'other'])).toMatchObject({
      authenticated: true,
      audiences: ['db'],
      user: { username: 'system:serviceaccount:default:default', groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'] },
    });
    expect((await review(server.api, token)).error).toBe(
      `[invalid bearer token, token audiences ["vault" "db"] is invalid for the target audiences ["${ISSUER}"]]`,
    );
    await server.clock.advance(3_600_000);
    expect(await review(server.api, token, ['db'])).toEqual({ user: {}, error: '[invalid bearer token, service account token has expired]' });
  });

  it('is nothing when somebody changed it', async () => {
    await using server = await startServer();
    const { token } = (await issue(server.api)).status;
    const [header = '', payload = '', signature = ''] = token.split('.');
    const forged = btoa(JSON.stringify({ ...decodeJwt(token), sub: 'system:serviceaccount:kube-system:default' })).replace(/=+$/, '');
    for (const wrong of [`${header}.${forged}.${signature}`, `${btoa('{"alg":"none"}')}.${payload}.`, `${token}x.y`, 'x', '..'])
      expect(await review(server.api, wrong)).toEqual({ user: {}, error: 'invalid bearer token' });
    expect((await review(server.api, token)).authenticated).toBe(true);
  });

  it('ends with its account, also when one of the same name comes', async () => {
    await using server = await startServer();
    await server.client.create(ServiceAccount, { metadata: { name: 'bot' } });
    const { token } = (await issue(server.api, {}, 'bot')).status;
    await server.client.delete(ServiceAccount, 'bot');
    expect((await review(server.api, token)).error).toContain('not found');
    await server.client.create(ServiceAccount, { metadata: { name: 'bot' } });
    expect((await review(server.api, token)).error).toContain('service account UID');
  });

  it('ends with the Pod that it is bound to, a minute after its deletion began', async () => {
    await using server = await startServer();
    await server.client.create(Node, { metadata: { name: 'n1' }, spec: {} });
    const pod = await server.client.create(loose(Pod), { ...VALID.Pod, spec: { ...VALID.Pod.spec, nodeName: 'n1' } } as never);
    const { token } = (await issue(server.api, { ...podRef(pod.metadata.uid), expirationSeconds: 3607 })).status;
    const { exp = 0, iat = 0, ...claims } = decodeJwt(token);
    expect(exp - iat).toBe(365 * 86_400);
    expect(claims['kubernetes.io']).toMatchObject({ pod: { name: 'web', uid: pod.metadata.uid }, node: { name: 'n1' }, warnafter: iat + 3607 });
    expect((await review(server.api, token)).user).toMatchObject({
      extra: {
        'authentication.kubernetes.io/pod-name': ['web'],
        'authentication.kubernetes.io/pod-uid': [pod.metadata.uid],
        'authentication.kubernetes.io/node-name': ['n1'],
      },
    });
    await server.client.delete(Pod, 'web');
    expect((await review(server.api, token)).authenticated).toBe(true);
    await server.clock.advance(91_000);
    expect((await review(server.api, token)).error).toContain('service account token has been invalidated');
    await server.client.delete(Pod, 'web', { gracePeriodSeconds: 0 });
    await server.client.create(loose(Pod), VALID.Pod as never);
    expect((await review(server.api, token)).error).toContain('pod UID');
  });

  it('may be bound to a Secret or a Node', async () => {
    await using server = await startServer();
    await server.client.create(loose(Secret), VALID.Secret as never);
    await server.client.create(Node, { metadata: { name: 'n1' }, spec: {} });
    const secret = (await issue(server.api, { boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'web' } })).status.token;
    const node = (await issue(server.api, { boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: 'n1' } })).status.token;
    for (const token of [secret, node]) expect((await review(server.api, token)).authenticated).toBe(true);
    await server.client.delete(Secret, 'web');
    await server.client.delete(Node, 'n1');
    for (const token of [secret, node]) expect((await review(server.api, token)).authenticated).toBeUndefined();
  });

  it.each([
    { name: 'less than ten minutes', spec: { expirationSeconds: 599 }, code: 422, message: 'may not specify a duration less than 10 minutes' },
    { name: 'for ever', spec: { expirationSeconds: 2 ** 32 + 1 }, code: 422, message: 'may not specify a duration larger than 2^32 seconds' },
    { name: 'for what is not there', spec: podRef(), code: 404, message: 'pods "web" not found' },
    {
      name: 'for something else',
      spec: { boundObjectRef: { kind: 'ConfigMap', apiVersion: 'v1', name: 'web' } },
      code: 400,
      message: 'cannot bind token to object of type v1, Kind=ConfigMap',
    },
  ])('is not given for $name', async ({ spec, code, message }) => {
    await using server = await startServer();
    const error = await rejection(issue(server.api, spec));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it("is not given for another account's Pod, or another Pod", async () => {
    await using server = await startServer();
    await server.client.create(loose(Pod), VALID.Pod as never);
    await server.client.create(ServiceAccount, { metadata: { name: 'bot' } });
    expect((await rejection(issue(server.api, podRef(), 'bot'))).message).toContain('to pod running with different serviceaccount name.');
    expect(await rejection(issue(server.api, podRef('other')))).toMatchObject({ code: 409 });
    expect(await rejection(issue(server.api, {}, 'nobody'))).toMatchObject({ code: 404 });
    expect((await rejection(server.client.createSubresource(ConfigMap, 'a', 'token', {}))).code).toBe(404);
  });
});

describe('the signing key', () => {
  it('is that of all servers over a store which is set up for users', async () => {
    await using state = createMemoryStore();
    await using first = await startServer({ state, authorization: 'rbac' });
    const { token } = (await issue(first.api)).status;
    await using second = await startServer({ state, authorization: 'rbac' });
    expect((await review(second.api, token)).authenticated).toBe(true);
  });

  it('is no object, and new with every server, otherwise', async () => {
    await using state = createMemoryStore();
    await using first = await startServer({ state });
    const { token } = (await issue(first.api)).status;
    await using second = await startServer({ state });
    expect((await review(second.api, token)).error).toBe('invalid bearer token');
    expect((await first.client.list(Secret)).items).toEqual([]);
  });
});
