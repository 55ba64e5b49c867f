import { metadataOnly, ownerReference } from '@kybern/core';
import { ConfigMap, Secret } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { runManager } from '../test/run-manager.ts';
import { configMap, createWorld, type World } from '../test/world.ts';
import type { ReconcileRequest } from './controller.ts';
import { createMetricsRegistry, defineController, done, requeueAfter, type ReconcileResult } from './index.ts';
import type { Fault } from './testing/index.ts';

/** All watches are late by so much: the caches are stale. */
const lag = (world: World, lagMs: number): void => {
  world.fault = ({ verb }): Fault | undefined => (verb === 'watch' ? { type: 'lag', lagMs } : undefined);
};

/** Keeps as many Secrets per ConfigMap as its data says, counting what its cache has. */
const keepsSecrets = (watches: 'owned' | 'read', calls: number[] = []) =>
  defineController({
    for: ConfigMap,
    predicates: [({ object }) => object.metadata.namespace === 'default'],
    ...(watches === 'owned' ? { owns: [Secret] } : { reads: [Secret] }),
    async reconcile({ object, cache, client, clock }: ReconcileRequest<ConfigMap>): Promise<ReconcileResult> {
      calls.push(clock.monotonicMs());
      const have = cache.ownedBy(Secret, object);
      const wanted = Number(object.data?.['secrets'] ?? 0);
      for (let i = have.length; i < wanted; i++) {
        const owner = ownerReference(ConfigMap, object, { controller: true });
        await client.create(Secret, { metadata: { generateName: 's-', namespace: 'default', ownerReferences: [owner] } });
      }
      for (const secret of have.slice(wanted)) await client.delete(Secret, secret);
      return have.length === wanted ? done() : requeueAfter(1);
    },
  });

describe('read your writes', () => {
  it.each([{ watches: 'owned' as const }, { watches: 'read' as const }])(
    'a reconcile does not start before the cache shows what the last one of its key created: $watches',
    async ({ watches }) => {
      await using world = await createWorld();
      lag(world, 5_000);
      await world.client.create(ConfigMap, configMap('a', { secrets: '3' }));
      const calls: number[] = [];
      const { errors, lines } = runManager(world, [keepsSecrets(watches, calls)]);
      await world.clock.advance(60_000);
      expect((await world.client.list(Secret, { namespace: 'default' })).items).toHaveLength(3);
      expect(calls).toEqual([5_000, 10_000]);
      expect(errors).toEqual([]);
      expect(lines.filter(({ level }) => level === 'warn')).toEqual([]);
    },
  );

  it('holds for deletions', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a', { secrets: '3' }));
    const { errors } = runManager(world, [keepsSecrets('owned')]);
    await world.clock.advance(1_000);
    lag(world, 5_000);
    world.faulty.cutWatches();
    await world.clock.advance(20_000);
    await world.client.mutate(ConfigMap, 'a', (draft) => void (draft.data = { secrets: '1' }));
    await world.clock.advance(60_000);
    expect((await world.client.list(Secret, { namespace: 'default' })).items).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  it('holds for the object itself: what a reconcile wrote is in the object of the next', async () => {
    await using world = await createWorld();
    lag(world, 3_000);
    await world.client.create(ConfigMap, configMap('a'));
    const seen: (string | undefined)[] = [];
    const controller = defineController({
      for: ConfigMap,
      async reconcile({ object, client }) {
        const n = Number(object.data?.['n'] ?? 0);
        seen.push(object.data?.['n']);
        if (n === 3) return done();
        await client.mutate(ConfigMap, object, (draft) => void (draft.data = { n: String(n + 1) }));
        return requeueAfter(10);
      },
    });
    runManager(world, [controller]);
    await world.clock.advance(60_000);
    expect(seen).toEqual([undefined, '1', '2', '3']);
  });

  it('does not hold other keys up, nor the one worker', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('writes'));
    const calls: string[] = [];
    const controller = defineController({
      for: ConfigMap,
      async reconcile({ key, client, clock, object }) {
        calls.push(`${key} ${clock.monotonicMs()}`);
        if (key !== 'default/writes' || object.data?.['n'] !== undefined) return done();
        await client.mutate(ConfigMap, object, (draft) => void (draft.data = { n: '1' }));
        return requeueAfter(1);
      },
    });
    lag(world, 5_000);
    runManager(world, [controller]);
    await world.clock.advance(5_500);
    await world.client.create(ConfigMap, configMap('other'));
    await world.clock.advance(20_000);
    expect(calls).toEqual(['default/writes 5000', 'default/writes 10000', 'default/other 10500']);
  });

  it('holds for kinds that only another controller named', async () => {
    await using world = await createWorld();
    lag(world, 5_000);
    await world.client.create(ConfigMap, configMap('a'));
    const calls: string[] = [];
    const writer = defineController({
      for: ConfigMap,
      async reconcile({ client, cache, clock }) {
        calls.push(`${clock.monotonicMs()} ${cache.list(Secret, { namespace: 'default' }).length}`);
        if (calls.length > 1) return done();
        await client.create(Secret, { metadata: { name: 's', namespace: 'default' } });
        return requeueAfter(1);
      },
    });
    runManager(world, [writer, defineController({ for: Secret, reconcile: () => Promise.resolve(done()) })]);
    await world.clock.advance(60_000);
    expect(calls).toEqual(['5000 0', '10000 1']);
  });

  it('holds for kinds of which only metadata is cached', async () => {
    await using world = await createWorld();
    lag(world, 5_000);
    await world.client.create(ConfigMap, configMap('a'));
    const secrets = metadataOnly(Secret);
    const calls: string[] = [];
    const metrics = createMetricsRegistry();
    const writer = defineController({
      for: ConfigMap,
      reads: [secrets],
      async reconcile({ client, cache, clock }) {
        calls.push(`${clock.monotonicMs()} ${cache.list(secrets, { namespace: 'default' }).length}`);
        if (calls.length > 1) return done();
        await client.create(Secret, { metadata: { name: 's', namespace: 'default' } });
        return requeueAfter(1);
      },
    });
    runManager(world, [writer], { metrics });
    await world.clock.advance(60_000);
    expect(calls).toEqual(['5000 0', '10000 1']);
    expect(metrics.text()).toContain('kybern_reconcile_cache_lag_seconds_sum{controller="configmap"} 4.999');
  });

  it('ends after a bound, and says so', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a', { secrets: '1' }));
    const calls: number[] = [];
    world.fault = ({ verb, kind }): Fault | undefined => (verb === 'watch' && kind.kind === 'Secret' ? { type: 'silence', afterEvents: 1 } : undefined);
    const { lines } = runManager(world, [keepsSecrets('owned', calls)], { tuning: { staleCacheTimeoutMs: 4_000 } });
    await world.clock.advance(5_000);
    expect(calls).toEqual([0, 4_001]);
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: expect.stringContaining('cache does not show'),
        fields: expect.objectContaining({ key: 'default/a', behind: ['Secret'] }),
      }),
    );
  });

  it('a dry run is no write, and kinds that are not cached are not waited for', async () => {
    await using world = await createWorld();
    lag(world, 5_000);
    await world.client.create(ConfigMap, configMap('a'));
    const calls: number[] = [];
    const controller = defineController({
      for: ConfigMap,
      async reconcile({ client, clock, object }) {
        calls.push(clock.monotonicMs());
        await client.mutate(ConfigMap, object, (draft) => void (draft.data = { n: '1' }), { dryRun: true });
        await client.create(Secret, { metadata: { generateName: 's-', namespace: 'default' } });
        return calls.length < 3 ? requeueAfter(1) : done();
      },
    });
    runManager(world, [controller]);
    await world.clock.advance(60_000);
    expect(calls).toEqual([5_000, 5_001, 5_002]);
  });

  it('a deletion of a whole collection is waited for', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    for (const name of ['x', 'y']) await world.client.create(Secret, { metadata: { name, namespace: 'default' } });
    lag(world, 5_000);
    const counts: number[] = [];
    const controller = defineController({
      for: ConfigMap,
      reads: [Secret],
      async reconcile({ client, cache }) {
        counts.push(cache.list(Secret, { namespace: 'default' }).length);
        if (counts.length > 1) return done();
        await client.deleteCollection(Secret, { namespace: 'default' });
        return requeueAfter(1);
      },
    });
    runManager(world, [controller]);
    await world.clock.advance(60_000);
    expect(counts).toEqual([2, 0]);
  });
});
