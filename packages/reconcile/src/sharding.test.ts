import { seededRandom, type Client } from '@kybern/core';
import { ConfigMap, Lease } from '@kybern/core/kinds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runManager, type RunningManager } from '../test/run-manager.ts';
import { configMap, createWorld, type World } from '../test/world.ts';
import { defineController } from './controller.ts';
import { preferredMember } from './internal/shard-members.ts';
import { done } from './outcome.ts';
import { shardOf } from './sharding.ts';

/** Who reconciles which key now, over all replicas. */
interface Watch {
  readonly now: Map<string, string>;
  readonly by: Map<string, string>;
  readonly violations: string[];
}

function replica(world: World, name: string, { watch, client = world.faulty.client }: { readonly watch: Watch; readonly client?: Client }): RunningManager {
  const controller = defineController({
    name: 'maps',
    for: ConfigMap,
    concurrency: 4,
    async reconcile({ key, clock }) {
      const other = watch.now.get(key);
      if (other !== undefined) watch.violations.push(`${key}: ${other} and ${name}`);
      watch.now.set(key, name);
      watch.by.set(key, name);
      await new Promise<void>((resolve) => void clock.after(100, resolve));
      watch.now.delete(key);
      return done();
    },
  });
  return runManager(world, [controller], { client, sharding: { name: 'maps', identity: name }, random: seededRandom(name.length) });
}

const newWatch = (): Watch => ({ now: new Map(), by: new Map(), violations: [] });

async function touchAll(world: World): Promise<void> {
  for (const { metadata } of (await world.client.list(ConfigMap, { namespace: 'default' })).items)
    await world.client.mutate(ConfigMap, metadata.name, (draft) => void (draft.data = { n: String(Number(draft.data?.['n'] ?? 0) + 1) }));
}

async function createMaps(world: World, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await world.client.create(ConfigMap, configMap(`map-${i}`));
}

describe('sharding', () => {
  it('one replica alone has all shards, and every key is reconciled', async () => {
    await using world = await createWorld();
    await createMaps(world, 20);
    const watch = newWatch();
    const { manager, stop, ended } = replica(world, 'a', { watch });
    await world.clock.advance(10_000);
    expect(manager.shards).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(watch.by.size).toBe(20);
    stop.abort();
    await world.clock.advance(10_000);
    await ended;
    const left = await world.client.list(Lease, { namespace: 'default' });
    expect(left.items.filter(({ metadata }) => metadata.name.includes('member'))).toEqual([]);
    expect(left.items.map(({ spec }) => spec?.holderIdentity)).toEqual(Array.from({ length: 8 }, () => ''));
  });

  it('replicas share the keys, and nobody has a key that another has', async () => {
    await using world = await createWorld();
    await createMaps(world, 40);
    const watch = newWatch();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => replica(world, name, { watch }));
    await world.clock.advance(60_000);
    const shards = [a, b, c].flatMap((each) => each?.manager.shards ?? []);
    expect(shards.toSorted((x, y) => x - y)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    watch.by.clear();
    await touchAll(world);
    await world.clock.advance(10_000);
    expect(watch.by.size).toBe(40);
    expect(new Set(watch.by.values()).size).toBeGreaterThan(1);
    expect(watch.violations).toEqual([]);
  });

  it('what a replica had goes to the others when it leaves, and when it is cut off', async () => {
    await using world = await createWorld();
    await createMaps(world, 40);
    const watch = newWatch();
    const [a, b] = ['a', 'b'].map((name) => replica(world, name, { watch })) as [RunningManager, RunningManager];
    let isCutOff = false;
    world.fault = ({ options }) => (isCutOff && options['signal'] !== undefined ? { type: 'stall' } : undefined);
    await world.clock.advance(60_000);
    expect(a.manager.shards.length + b.manager.shards.length).toBe(8);
    a.stop.abort();
    await world.clock.advance(30_000);
    expect(b.manager.shards.length).toBe(8);
    const c = replica(world, 'c', { watch, client: world.client });
    isCutOff = true;
    await world.clock.advance(60_000);
    expect(b.manager.shards).toEqual([]);
    expect(c.manager.shards.length).toBe(8);
    watch.by.clear();
    await touchAll(world);
    await world.clock.advance(10_000);
    expect(watch.by.size).toBe(40);
    expect(watch.violations).toEqual([]);
  });

  it('is not together with leader election', async () => {
    await using world = await createWorld();
    expect(() => runManager(world, [], { sharding: { name: 'a' }, leaderElection: { name: 'a' } })).toThrow(RangeError);
  });
});

describe('the choice of a shard’s replica', () => {
  it('moves only the shards of who comes or goes', () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(names, (members) => {
        const gone = members[0];
        const rest = members.slice(1);
        for (let shard = 0; shard < 32; shard++) {
          const before = preferredMember(`s-${shard}`, members);
          if (before !== gone) expect(preferredMember(`s-${shard}`, rest.toReversed())).toBe(before);
        }
      }),
    );
  });

  it('gives every shard to somebody, and each key one shard', () => {
    const held = Map.groupBy(
      Array.from({ length: 64 }, (_, shard) => preferredMember(`web-${shard}`, ['a', 'b', 'c', 'd'])),
      (member) => member,
    );
    expect([...held.keys()].toSorted()).toEqual(['a', 'b', 'c', 'd']);
    for (const shards of held.values()) expect(shards.length).toBeGreaterThan(5);
    expect(preferredMember('web-0', [])).toBeUndefined();
    expect(new Set(Array.from({ length: 500 }, (_, i) => shardOf(`default/pod-${i}`, 8))).size).toBe(8);
  });
});
