import { request } from 'node:https';
import { ClusterRole, ClusterRoleBinding, ServiceAccount, type PolicyRule } from '@kybern/core/kinds';
import { beforeAll, describe, expect, it } from 'vitest';
import { createApiServer, tokenFileAuthenticator, type ApiServer, type Listener } from '../src/index.ts';

interface Answer {
  readonly code: number;
  readonly body: { readonly message?: string; readonly reason?: string; readonly [field: string]: unknown };
}

const GROUP = 'rbac.authorization.k8s.io';
let api: ApiServer;
let listener: Listener;

beforeAll(async () => {
  api = await createApiServer({ authenticators: [tokenFileAuthenticator('jane-token,jane,1001,"dev,ops"\nboss-token,boss,1002\n')] });
  listener = await api.listen();
  await grant('acting', { kind: 'User', name: 'boss' }, [
    { verbs: ['impersonate'], apiGroups: [''], resources: ['users', 'serviceaccounts'] },
    { verbs: ['impersonate'], apiGroups: [''], resources: ['groups'], resourceNames: ['dev'] },
    { verbs: ['impersonate'], apiGroups: ['authentication.k8s.io'], resources: ['userextras/scopes'], resourceNames: ['view'] },
  ]);
  return () => api[Symbol.asyncDispose]();
});

async function grant(name: string, subject: { kind: string; name: string }, rules: readonly PolicyRule[]): Promise<void> {
  await api.client.create(ClusterRole, { metadata: { name }, rules });
  await api.client.create(ClusterRoleBinding, {
    metadata: { name },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name },
    subjects: [{ ...subject, apiGroup: GROUP }],
  });
}

function call(
  path: string,
  { method = 'GET', headers = {}, body, admin = false }: { method?: string; headers?: Record<string, string | string[]>; body?: object; admin?: boolean } = {},
): Promise<Answer> {
  const { url, certificateAuthority: ca } = listener;
  const certificate = admin ? { cert: listener.admin.certificate, key: listener.admin.key } : {};
  return new Promise((resolve, reject) => {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const sent = request(new URL(path, url), { method, ca, ...certificate, headers: { ...type, ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ code: response.statusCode ?? 0, body: text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : { message: text } }),
      );
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const whoami = async (headers: Record<string, string | string[]>, admin = false): Promise<unknown> => {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const { code, body } = await call('/apis/authentication.k8s.io/v1/selfsubjectreviews', { method: 'POST', headers, body: review, admin });
  return code === 201 ? (body as { status?: { userInfo?: unknown } }).status?.userInfo : { code, message: body.message };
};

describe('who asks', () => {
  it('is told by the client certificate', async () => {
    expect(await whoami({}, true)).toMatchObject({
      username: 'kubernetes-admin',
      groups: ['system:masters', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/)] },
    });
  });

  it('is told by a token from a file', async () => {
    expect(await whoami(bearer('jane-token'))).toEqual({ username: 'jane', uid: '1001', groups: ['dev', 'ops', 'system:authenticated'] });
  });

  it('is told by the token of a ServiceAccount', async () => {
    const { metadata } = await api.client.get(ServiceAccount, 'default');
    const { status } = (await api.client.createSubresource(ServiceAccount, 'default', 'token', {})) as { status: { token: string } };
    expect(await whoami(bearer(status.token))).toEqual({
      username: 'system:serviceaccount:default:default',
      uid: metadata.uid,
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=[0-9a-f-]{36}$/)] },
    });
    expect((await call('/api/v1/pods', { headers: bearer(status.token) })).body.message).toBe(
      'pods is forbidden: User "system:serviceaccount:default:default" cannot list resource "pods" in API group "" at the cluster scope',
    );
  });

  it.each([
    { name: 'nothing', headers: {} },
    { name: 'an unknown token', headers: bearer('x') },
    {
      name: 'a token that only looks like one of ours',
      headers: bearer(`e30.${btoa(JSON.stringify({ iss: 'https://kubernetes.default.svc.cluster.local' }))}.c2ln`),
    },
    { name: 'another way to prove it', headers: { authorization: 'Basic YTpi' } },
  ])('is not told by $name: 401', async ({ headers }) => {
    expect(await call('/api/v1/pods', { headers })).toMatchObject({ code: 401, body: { reason: 'Unauthorized', message: 'Unauthorized' } });
    expect((await call('/version', { headers })).code).toBe(401);
  });

  it('does not matter for health', async () => {
    for (const path of ['/healthz', '/livez', '/readyz']) expect((await call(path)).code).toBe(200);
    expect((await call('/healthz', { headers: bearer('x') })).code).toBe(401);
  });
});

describe('what they may do', () => {
  it('is to find out what there is, and about themselves', async () => {
    const headers = bearer('jane-token');
    for (const path of ['/version', '/api', '/apis', '/apis/apps/v1', '/openapi/v3']) expect((await call(path, { headers })).code).toBe(200);
    expect(await call('/metrics', { headers })).toMatchObject({ code: 403, body: { message: 'forbidden: User "jane" cannot get path "/metrics"' } });
    expect(await call('/.well-known/openid-configuration', { headers })).toMatchObject({ code: 403 });
    expect((await call('/api/v1/namespaces/default/pods/web', { headers })).body.message).toBe(
      'pods "web" is forbidden: User "jane" cannot get resource "pods" in API group "" in the namespace "default"',
    );
  });
});

describe('acting as somebody else', () => {
  it('is for those who may, with the groups and extras that they may have', async () => {
    const headers = { ...bearer('boss-token'), 'impersonate-user': 'jane', 'impersonate-group': 'dev', 'impersonate-extra-scopes': 'view' };
    expect(await whoami(headers)).toEqual({ username: 'jane', groups: ['dev', 'system:authenticated'], extra: { scopes: ['view'] } });
    expect(await whoami({ ...bearer('boss-token'), 'impersonate-user': 'system:serviceaccount:a:b' })).toEqual({
      username: 'system:serviceaccount:a:b',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated'],
    });
  });

  it.each([
    {
      name: 'a user',
      headers: { ...bearer('jane-token'), 'impersonate-user': 'boss' },
      message: 'users "boss" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope',
    },
    {
      name: 'a group',
      headers: { ...bearer('boss-token'), 'impersonate-user': 'jane', 'impersonate-group': 'system:masters' },
      message: 'groups "system:masters" is forbidden: User "boss" cannot impersonate resource "groups" in API group "" at the cluster scope',
    },
    {
      name: 'an extra',
      headers: { ...bearer('boss-token'), 'impersonate-user': 'jane', 'impersonate-extra-scopes': 'edit' },
      message:
        'userextras.authentication.k8s.io "edit" is forbidden: User "boss" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope',
    },
    {
      name: 'a uid',
      headers: { ...bearer('boss-token'), 'impersonate-user': 'jane', 'impersonate-uid': '1' },
      message:
        'uids.authentication.k8s.io "1" is forbidden: User "boss" cannot impersonate resource "uids" in API group "authentication.k8s.io" at the cluster scope',
    },
  ])('as $name is refused to others', async ({ headers, message }) => {
    expect(await whoami(headers)).toEqual({ code: 403, message });
  });

  it('needs a user', async () => {
    expect(await whoami({ ...bearer('boss-token'), 'impersonate-group': 'dev' })).toMatchObject({ code: 500 });
  });
});

it('publishes the keys of its tokens', async () => {
  const { body } = await call('/.well-known/openid-configuration', { admin: true });
  expect(body).toMatchObject({ issuer: 'https://kubernetes.default.svc.cluster.local', jwks_uri: `${listener.url}/openid/v1/jwks` });
  const { keys } = (await call('/openid/v1/jwks', { admin: true })).body as unknown as { keys: object[] };
  expect(keys).toMatchObject([{ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' }]);
  expect(keys[0]).not.toHaveProperty('d');
});
