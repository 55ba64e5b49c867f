import type { Secret } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { authenticationOf } from './bootstrap-token.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const SHOWN = { id: 'abcdef', secret: '0123456789abcdef', nowMs: NOW };
const secretOf = (data: Readonly<Record<string, string>>, more: object = {}): Secret =>
  ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(
      Object.entries({ 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', 'usage-bootstrap-authentication': 'true', ...data }).map(([key, value]) => [
        key,
        btoa(value),
      ]),
    ),
    ...more,
  }) as Secret;

describe('a bootstrap token', () => {
  it('proves one who wants to become a node', () => {
    expect(authenticationOf(secretOf({ expiration: '2026-01-01T00:00:01Z', 'auth-extra-groups': 'system:bootstrappers:mine' }), SHOWN)).toEqual({
      user: { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:bootstrappers:mine'] },
    });
  });

  it.each([
    { name: 'has another secret', secret: secretOf({ 'token-secret': 'fedcba9876543210' }) },
    { name: 'has expired', secret: secretOf({ expiration: '2026-01-01T00:00:00Z' }) },
    { name: 'has an expiration that is no time', secret: secretOf({ expiration: 'soon' }) },
    { name: 'is not for authentication', secret: secretOf({ 'usage-bootstrap-authentication': 'false' }) },
    { name: 'is of another type', secret: secretOf({}, { type: 'Opaque' }) },
    { name: 'is being deleted', secret: secretOf({}, { metadata: { name: 'bootstrap-token-abcdef', deletionTimestamp: '2026-01-01T00:00:00Z' } }) },
    { name: 'wants to be of any group', secret: secretOf({ 'auth-extra-groups': 'system:masters' }) },
  ])('proves nobody when it $name', ({ secret }) => {
    expect(authenticationOf(secret, SHOWN)).toBeUndefined();
  });
});
