import type { KubernetesObject } from '@kybern/core';
import { createMemoryStore } from '@kybern/state';
import { expect, it } from 'vitest';
import { ensureDefaultPolicy, reconcilePolicyObject } from './reconcile-policy.ts';

const fresh = { uid: () => 'u', now: () => '2026-01-01T00:00:00Z' };
const VIEWER = '/registry/rbac.authorization.k8s.io/clusterroles/system:public-info-viewer';
const BASIC = '/registry/rbac.authorization.k8s.io/clusterrolebindings/system:basic-user';

async function changed(key: string, change: (object: Record<string, unknown>) => Record<string, unknown>): Promise<Record<string, unknown>> {
  await using state = createMemoryStore();
  await ensureDefaultPolicy(state, fresh);
  const { value } = (await state.get(key)) ?? expect.fail('it is not there');
  await state.commit([{ key, value: change(structuredClone(value) as unknown as Record<string, unknown>) as unknown as KubernetesObject }]);
  await ensureDefaultPolicy(state, fresh);
  return (await state.get(key))?.value as unknown as Record<string, unknown>;
}

it('writes nothing when all is there', async () => {
  await using state = createMemoryStore();
  await ensureDefaultPolicy(state, fresh);
  expect(state.revision).toBe(1);
  await ensureDefaultPolicy(state, fresh);
  expect(state.revision).toBe(1);
});

it('adds rules that are missing and keeps those that were added', async () => {
  const own = { verbs: ['get'], nonResourceURLs: ['/own'] };
  const { rules } = await changed(VIEWER, (role) => ({ ...role, rules: [own] }));
  expect(rules).toEqual([own, ...['/healthz', '/livez', '/readyz', '/version', '/version/'].map((url) => ({ nonResourceURLs: [url], verbs: ['get'] }))]);
});

it('adds subjects that are missing, and puts back the role of a binding', async () => {
  const binding = await changed(BASIC, (found) => ({ ...found, subjects: [{ kind: 'User', name: 'jane' }], roleRef: { kind: 'ClusterRole', name: 'x' } }));
  expect(binding).toMatchObject({ roleRef: { name: 'system:basic-user' }, subjects: [{ name: 'jane' }, { name: 'system:authenticated' }] });
});

it('leaves alone what says so', async () => {
  const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
  expect(await changed(VIEWER, (role) => ({ ...role, metadata: { ...(role.metadata as object), annotations }, rules: [] }))).toMatchObject({ rules: [] });
});

it('adds labels, and selectors of an aggregation', () => {
  const selector = (label: string): object => ({ matchLabels: { [label]: 'true' } });
  const found = {
    apiVersion: 'v1',
    kind: 'ClusterRole',
    metadata: { name: 'a', labels: { l: 'theirs' } },
    rules: [],
    aggregationRule: { clusterRoleSelectors: [selector('x')] },
  };
  const wanted = { ...found, metadata: { name: 'a', labels: { l: 'ours', m: 'ours' } }, aggregationRule: { clusterRoleSelectors: [selector('y')] } };
  expect(reconcilePolicyObject(found, wanted)).toMatchObject({
    metadata: { labels: { l: 'theirs', m: 'ours' } },
    aggregationRule: { clusterRoleSelectors: [selector('x'), selector('y')] },
    rules: [],
  });
});
