import fc from 'fast-check';
import { formatQuantity, type Kind, type KubernetesObject } from '@kybern/core';
import type { ResourceQuota } from '@kybern/core/kinds';
import { createMemoryStore, type Change, type StateStore } from '@kybern/state';
import { expect, test } from 'vitest';
import { createObjectTable } from '../../object-table.ts';
import { QUOTA_PREFIX, withQuotas } from './quota-store.ts';

const kindOf = (resource: string): Kind => ({ group: '', plural: resource }) as Kind;
const podKey = (name: string): string => `/registry/core/pods/ns/${name}`;
const pod = (name: string, cpu: number, ended = false): KubernetesObject =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ns' },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: `${cpu}m` } } }] },
    ...(ended ? { status: { phase: 'Succeeded' } } : {}),
  }) as KubernetesObject;
const quota = (pods: number, cpu: number): KubernetesObject =>
  ({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace: 'ns' },
    spec: { hard: { pods: String(pods), 'requests.cpu': `${cpu}m` } },
  }) as KubernetesObject;

type Step =
  | { readonly type: 'put'; readonly name: string; readonly cpu: number; readonly ended: boolean }
  | { readonly type: 'delete'; readonly name: string }
  | { readonly type: 'quota'; readonly pods: number; readonly cpu: number };

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('put' as const), name, cpu: fc.integer({ min: 0, max: 400 }), ended: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('delete' as const), name }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('quota' as const), pods: fc.integer({ min: 0, max: 4 }), cpu: fc.integer({ min: 0, max: 800 }) }) },
);

function changeOf(made: Step): Change {
  if (made.type === 'delete') return { key: podKey(made.name), value: undefined };
  if (made.type === 'quota') return { key: `${QUOTA_PREFIX}ns/q`, value: quota(made.pods, made.cpu) };
  return { key: podKey(made.name), value: pod(made.name, made.cpu, made.ended) };
}

/** A store in which others come between the moment when a commit is decided on and the moment when it is made. */
function slow(state: StateStore, scheduler: fc.Scheduler): StateStore {
  return Object.create(state, {
    revision: { get: () => state.revision },
    commit: { value: (...args: Parameters<StateStore['commit']>) => scheduler.schedule(Promise.resolve()).then(() => state.commit(...args)) },
    snapshot: { value: () => state.snapshot() },
    cursor: { value: (...args: Parameters<StateStore['cursor']>) => state.cursor(...args) },
  }) as StateStore;
}

/** What the Pods that there are use, counted one by one. */
function countUsed(state: StateStore): { pods: string; 'requests.cpu': string } {
  const running = state
    .snapshot()
    .range('/registry/core/pods/ns/')
    .records.map(({ value }) => value as unknown as { status?: object; spec: { containers: { resources: { requests: { cpu: string } } }[] } })
    .filter(({ status }) => status === undefined);
  const cpu = running.reduce((sum, { spec }) => sum + parseInt(spec.containers[0]?.resources.requests.cpu ?? '0', 10), 0);
  return { pods: String(running.length), 'requests.cpu': formatQuantity(`${cpu}m`) };
}

test('what is used is always what there is, and no write exceeds the quota, however many write at once and through however many servers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.scheduler(), async (steps, scheduler) => {
      await using state = createMemoryStore();
      const servers = [1, 2].map(() => withQuotas(slow(state, scheduler), { quotas: createObjectTable<ResourceQuota>(state, QUOTA_PREFIX), kindOf }));
      await state.commit([
        {
          key: `${QUOTA_PREFIX}ns/q`,
          value: { ...quota(3, 600), status: { hard: { pods: '3', 'requests.cpu': '600m' }, used: { pods: '0', 'requests.cpu': '0' } } } as KubernetesObject,
        },
      ]);
      const writes = steps
        .filter(({ type }) => type !== 'quota')
        .map((made, i) => (servers[i % 2] as StateStore).commit([changeOf(made)]).catch((error: unknown) => expect(error).toMatchObject({ code: 403 })));
      let last = countUsed(state);
      state.watch('/registry/', state.revision).subscribe(() => {
        const { status } = state.snapshot().get(`${QUOTA_PREFIX}ns/q`)?.value as unknown as ResourceQuota;
        const now = countUsed(state);
        expect(status?.used).toEqual(now);
        if (Number(now.pods) > Number(last.pods)) expect(Number(now.pods)).toBeLessThanOrEqual(3);
        last = now;
      });
      await scheduler.waitFor(Promise.all(writes));
      expect((state.snapshot().get(`${QUOTA_PREFIX}ns/q`)?.value as unknown as ResourceQuota).status?.used).toEqual(countUsed(state));
    }),
  );
});

test('a quota that changes knows what is used from then on', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      await using state = createMemoryStore();
      const store = withQuotas(state, { quotas: createObjectTable<ResourceQuota>(state, QUOTA_PREFIX), kindOf });
      for (const made of steps) {
        await store.commit([changeOf(made)]).catch((error: unknown) => expect(error).toMatchObject({ code: 403 }));
        const found = state.snapshot().get(`${QUOTA_PREFIX}ns/q`)?.value as ResourceQuota | undefined;
        if (found !== undefined) expect(found.status).toEqual({ hard: found.spec.hard, used: countUsed(state) });
      }
    }),
  );
});
