import { ApiError, randomInt, seededRandom, type Random } from '@kybern/core';
import { ConfigMap } from '@kybern/core/kinds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configMap, createWorld, type World } from '../test/world.ts';
import { createInformer, type Informer } from './informer.ts';
import type { InformerEvent } from './informer-event.ts';
import type { Call, Fault } from './testing/index.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];

const write = fc.record({ do: fc.constantFrom('create' as const, 'change' as const, 'delete' as const, 'replace' as const), name: fc.constantFrom(...NAMES) });
const step = fc.oneof(
  { weight: 6, arbitrary: write },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 1_000, 20_000, 200_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), withError: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const) }) },
  // The connection is gone, much happens, and the server forgets it.
  { weight: 1, arbitrary: fc.record({ do: fc.constant('outage' as const), writes: fc.array(write, { minLength: 1, maxLength: 8 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Goes wrong in every way that there is, in a third of the lists and watches. */
const randomFaults =
  (random: Random) =>
  ({ verb }: Call): Fault | undefined => {
    if ((verb !== 'list' && verb !== 'watch') || randomInt(random, 3) > 0) return undefined;
    const error = [
      new ApiError('Expired', 'too old'),
      new ApiError('TooManyRequests', 'slow down', { details: { retryAfterSeconds: 3 } }),
      new ApiError('InternalError', 'etcd is leaderless'),
      new Error('unexpected end of JSON input'),
      undefined,
    ][randomInt(random, 5)];
    const afterEvents = randomInt(random, 6);
    const faults: readonly Fault[] = [
      { type: 'fail', ...(error === undefined ? {} : { error }) },
      { type: 'stall' },
      { type: 'duplicate' },
      { type: 'cut', afterEvents, ...(error === undefined ? {} : { error }) },
      { type: 'silence', afterEvents },
      { type: 'lag', lagMs: randomInt(random, 5_000) },
    ];
    return faults[randomInt(random, faults.length)];
  };

const take = async (world: World, each: Step): Promise<void> => {
  const { client, clock, faulty, state } = world;
  const ignore = (): undefined => undefined;
  switch (each.do) {
    case 'create':
      await client.create(ConfigMap, configMap(each.name)).catch(ignore);
      break;
    case 'change':
      await client.mutate(ConfigMap, each.name, (draft) => void (draft.data = { n: String(Number(draft.data?.['n'] ?? 0) + 1) })).catch(ignore);
      break;
    case 'replace':
      await client.delete(ConfigMap, each.name).catch(ignore);
      await client.create(ConfigMap, configMap(each.name)).catch(ignore);
      break;
    case 'delete':
      await client.delete(ConfigMap, each.name).catch(ignore);
      break;
    case 'wait':
      await clock.advance(each.ms);
      break;
    case 'cut':
      faulty.cutWatches(each.withError ? new Error('connection reset') : undefined);
      break;
    case 'compact':
      await state.compact(state.revision);
      break;
    case 'outage':
      faulty.cutWatches(new Error('connection reset'));
      for (const one of each.writes) await take(world, one);
      await state.compact(state.revision);
      await clock.advance(5_000);
  }
};

/** Holds what somebody knows who only listens; throws when an event does not fit to what it knows. */
const createListener = (informer: Informer<ConfigMap>): Map<string, ConfigMap> => {
  const known = new Map<string, ConfigMap>();
  const fit = (event: InformerEvent<ConfigMap>): void => {
    const { name, resourceVersion, uid } = event.object.metadata;
    const before = known.get(name);
    switch (event.type) {
      case 'added':
        expect(before).toBeUndefined();
        known.set(name, event.object);
        return;
      case 'updated':
        expect(event.old).toBe(before);
        expect(event.old.metadata.uid).toBe(uid);
        expect(Number(resourceVersion)).toBeGreaterThan(Number(event.old.metadata.resourceVersion));
        known.set(name, event.object);
        return;
      case 'deleted':
        expect(before?.metadata.uid).toBe(uid);
        known.delete(name);
    }
  };
  informer.events$.subscribe(fit);
  return known;
};

describe('an informer, whatever the network and the server do', () => {
  it('ends with exactly the objects of the server, and told of every change that leads there', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(), async (steps, seed) => {
        await using world = await createWorld({ seed });
        world.fault = randomFaults(seededRandom(seed));
        const errors: Error[] = [];
        const informer = createInformer({
          client: world.faulty.client,
          kind: ConfigMap,
          namespace: 'default',
          clock: world.clock,
          random: seededRandom(seed),
          tuning: { pageSize: 2, ...(seed % 2 === 0 ? { initial: 'list' } : {}) },
          onError: (error, { source }) => void (source === 'callback' && errors.push(error)),
        });
        const known = createListener(informer);
        const lists: number[] = [];
        informer.status$.subscribe((status) => void (status.type === 'listed' && lists.push(Number(status.resourceVersion))));
        let changes = 0;
        informer.events$.subscribe((event) => void (changes += event.type === 'added' && event.isInInitialList ? 0 : 1));
        const ended = informer.run(world.stop.signal);
        for (const each of steps) await take(world, each);
        world.fault = () => undefined;
        await world.clock.advance(1_000_000);
        if (errors[0] !== undefined) throw errors[0];
        const expected = (await world.client.list(ConfigMap, { namespace: 'default' })).items;
        expect(informer.hasSynced).toBe(true);
        expect(new Map(informer.list().map((object) => [object.metadata.name, object]))).toEqual(
          new Map(expected.map((object) => [object.metadata.name, object])),
        );
        for (const object of expected) expect(informer.get(`default/${object.metadata.name}`)).toBe(object);
        expect(known).toEqual(new Map(expected.map((object) => [object.metadata.name, object])));
        // Only a list can sum changes up: without a second one, every single write was told of.
        if (lists.length === 1) expect(changes).toBe(world.state.revision - (lists[0] ?? 0));
        world.stop.abort();
        await ended;
        expect(world.clock.nextDueMs({ includeBackground: false })).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });
});
