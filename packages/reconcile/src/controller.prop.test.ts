import { isAlreadyExists, isNotFound, ownerReference, randomInt, seededRandom, sleep, type Random } from '@kybern/core';
import { ConfigMap, Secret } from '@kybern/core/kinds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runManager } from '../test/run-manager.ts';
import { configMap, createWorld, type World } from '../test/world.ts';
import { defineController, done, requeueAfter } from './index.ts';
import type { Call, Fault } from './testing/index.ts';

const NAMES = ['a', 'b', 'c', 'd'];

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('create' as const, 'change' as const, 'delete' as const), name: fc.constantFrom(...NAMES) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 50, 1_000, 30_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const take = async ({ client, clock, faulty }: World, each: Step): Promise<void> => {
  const ignore = (): undefined => undefined;
  switch (each.do) {
    case 'create':
      await client.create(ConfigMap, configMap(each.name, { n: '0' })).catch(ignore);
      return;
    case 'change':
      await client.mutate(ConfigMap, each.name, (draft) => void (draft.data = { n: String(Number(draft.data?.['n'] ?? 0) + 1) })).catch(ignore);
      return;
    case 'delete':
      await client.delete(ConfigMap, each.name).catch(ignore);
      return;
    case 'wait':
      await clock.advance(each.ms);
      return;
    case 'cut':
      faulty.cutWatches(new Error('connection reset'));
  }
};

/** Late watches, and calls that fail; with `lose`, also writes whose answer is lost. */
const faults =
  (random: Random, options: { readonly lose: boolean }) =>
  ({ verb }: Call): Fault | undefined => {
    if (verb === 'watch') return randomInt(random, 2) === 0 ? { type: 'lag', lagMs: randomInt(random, 3_000) } : undefined;
    if (verb === 'list' || randomInt(random, 5) > 0) return undefined;
    return options.lose && randomInt(random, 2) === 0 ? { type: 'lose' } : { type: 'fail' };
  };

/** Gives each ConfigMap a Secret that says the same. Slow and, in the way of the world, not always successful. */
const mirror = (random: Random, options: { readonly named: boolean; readonly concurrency: number }) => {
  const running = new Set<string>();
  return defineController({
    for: ConfigMap,
    owns: [Secret],
    predicates: [({ object }) => object.metadata.namespace === 'default' && NAMES.includes(object.metadata.name)],
    concurrency: options.concurrency,
    timeoutMs: 20_000,
    async reconcile({ key, object, cache, client, clock, signal }) {
      expect(running.has(key)).toBe(false);
      running.add(key);
      try {
        await sleep(clock, randomInt(random, 100), { signal });
        const [secret, ...more] = cache.ownedBy(Secret, object);
        expect(more).toEqual([]);
        const stringData = { n: object.data?.['n'] ?? '' };
        const labels = { n: stringData.n };
        if (secret?.metadata.labels?.['n'] === stringData.n) return done();
        if (secret === undefined) {
          const name = options.named ? { name: `${object.metadata.name}-${object.metadata.uid}` } : { generateName: 's-' };
          const metadata = { ...name, namespace: 'default', labels, ownerReferences: [ownerReference(ConfigMap, object, { controller: true })] };
          await client.create(Secret, { metadata, stringData });
          return done();
        }
        await client.patch(Secret, secret, { type: 'merge', patch: { metadata: { labels }, stringData } });
        return requeueAfter(randomInt(random, 50));
      } catch (error) {
        if (isAlreadyExists(error) || isNotFound(error)) return requeueAfter(100);
        throw error;
      } finally {
        running.delete(key);
      }
    },
  });
};

describe('controllers, over any history and under faults', () => {
  it.each([
    { name: 'with lost answers, where children have fixed names', named: true, lose: true },
    { name: 'with children of generated names, of which there is never a second', named: false, lose: false },
  ])('reconcile one key at a time, lose no wake-up, and act on no cache older than their own writes: $name', async ({ named, lose }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), fc.constantFrom(1, 2, 8), async (steps, seed, concurrency) => {
        await using world = await createWorld({ seed });
        const random = seededRandom(seed);
        world.fault = faults(random.fork('faults'), { lose });
        const { errors, lines, stop, ended } = runManager(world, [mirror(random.fork('mirror'), { named, concurrency })]);
        for (const each of steps) {
          await take(world, each);
          if (named) continue;
          const owners = (await world.client.list(Secret, { namespace: 'default' })).items.map(({ metadata }) => metadata.ownerReferences?.[0]?.uid);
          expect(new Set(owners).size).toBe(owners.length);
        }
        world.fault = () => undefined;
        await world.clock.advance(3_600_000);
        const wanted = (await world.client.list(ConfigMap, { namespace: 'default' })).items.filter(({ metadata }) => NAMES.includes(metadata.name));
        const have = (await world.client.list(Secret, { namespace: 'default' })).items;
        for (const { metadata, data } of wanted) {
          const mine = have.filter((secret) => secret.metadata.ownerReferences?.[0]?.uid === metadata.uid);
          expect(mine.map((secret) => secret.metadata.labels?.['n'])).toEqual([data?.['n']]);
        }
        expect(errors.filter(({ error }) => error.name === 'AssertionError')).toEqual([]);
        expect(lines.filter(({ message }) => message.startsWith('the cache does not show'))).toEqual([]);
        const { revision } = world.state;
        await world.clock.advance(3_600_000);
        expect(world.state.revision).toBe(revision);
        stop.abort();
        await ended;
      }),
      { numRuns: 60 },
    );
  });

  it('do the same in the same order at the same times for the same seed', async () => {
    const run = async (steps: readonly Step[], seed: number): Promise<string[]> => {
      await using world = await createWorld({ seed });
      const random = seededRandom(seed);
      const log: string[] = [];
      const note = (line: string): void => void log.push(`${world.clock.monotonicMs()} ${line}`);
      const choose = faults(random.fork('faults'), { lose: true });
      world.fault = (call) => (note(`${call.verb} ${call.kind.kind} ${call.nth}`), choose(call));
      const { errors, stop, ended } = runManager(world, [mirror(random.fork('mirror'), { named: true, concurrency: 3 })]);
      for (const each of steps) await take(world, each);
      await world.clock.advance(60_000);
      for (const { error, context } of errors) note(`${error.message} ${JSON.stringify(context)}`);
      stop.abort();
      await ended;
      return [...log, ...(await world.client.list(Secret)).items.map((secret) => JSON.stringify(secret))];
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.nat(), async (steps, seed) => {
        expect(await run(steps, seed)).toEqual(await run(steps, seed));
      }),
      { numRuns: 20 },
    );
  });
});
