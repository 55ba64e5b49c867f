import { seededRandom } from '@kybern/core';
import { ConfigMap } from '@kybern/core/kinds';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { runManager, type RunningManager } from '../test/run-manager.ts';
import { configMap, createWorld, type World } from '../test/world.ts';
import { defineController } from './controller.ts';
import { done } from './outcome.ts';
import { createFaultyClient } from './testing/index.ts';

const NAMES = ['a', 'b', 'c'] as const;
const KEYS = 12;

type Name = (typeof NAMES)[number];
type Action =
  /** A replica comes, or another takes the place of one that ended. */
  | { readonly type: 'start'; readonly name: Name }
  /** It ends in good order. */
  | { readonly type: 'stop'; readonly name: Name }
  /** Nothing that it asks from now on is answered, new watches included; it does not know. */
  | { readonly type: 'cutOff'; readonly name: Name }
  | { readonly type: 'heal'; readonly name: Name }
  /** Its requests take so long. */
  | { readonly type: 'slow'; readonly name: Name; readonly ms: number }
  /** All objects change. */
  | { readonly type: 'touch' };
interface Step {
  readonly action: Action;
  readonly waitMs: number;
}

const name = fc.constantFrom(...NAMES);
const action: fc.Arbitrary<Action> = fc.oneof(
  { arbitrary: fc.record({ type: fc.constant('start' as const), name }), weight: 4 },
  { arbitrary: fc.record({ type: fc.constant('stop' as const), name }), weight: 1 },
  { arbitrary: fc.record({ type: fc.constant('cutOff' as const), name }), weight: 2 },
  { arbitrary: fc.record({ type: fc.constant('heal' as const), name }), weight: 2 },
  { arbitrary: fc.record({ type: fc.constant('slow' as const), name, ms: fc.integer({ min: 1, max: 12_000 }) }), weight: 1 },
  { arbitrary: fc.constant({ type: 'touch' as const }), weight: 3 },
);
const steps: fc.Arbitrary<readonly Step[]> = fc.array(fc.record({ action, waitMs: fc.integer({ min: 0, max: 40_000 }) }), { minLength: 1, maxLength: 14 });

interface Replica {
  running: RunningManager | undefined;
  generation: number;
  isCutOff: boolean;
  slowMs: number;
}

/** Some replicas over one store, and who writes what. */
class Fleet {
  readonly #world: World;
  readonly #replicas = new Map<Name, Replica>(NAMES.map((each) => [each, { running: undefined, generation: 0, isCutOff: false, slowMs: 0 }]));
  readonly #now = new Map<string, string>();
  readonly violations: string[] = [];
  readonly reconciled = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  get shards(): readonly number[] {
    return [...this.#replicas.values()].flatMap(({ running }) => running?.manager.shards ?? []).toSorted((a, b) => a - b);
  }

  async carryOut(step: Action): Promise<void> {
    if (step.type === 'touch') {
      for (let i = 0; i < KEYS; i++)
        await this.#world.client.mutate(ConfigMap, `map-${i}`, (draft) => void (draft.data = { n: String(this.#world.clock.now()) }));
      return;
    }
    const replica = this.#replicas.get(step.name) as Replica;
    if (step.type === 'start') replica.running ??= this.#start(step.name, replica);
    else if (step.type === 'stop') await this.#stop(replica);
    else if (step.type === 'slow') replica.slowMs = step.ms;
    else replica.isCutOff = step.type === 'cutOff';
    if (step.type === 'heal') replica.slowMs = 0;
  }

  async healAll(): Promise<void> {
    for (const each of NAMES) await this.carryOut({ type: 'heal', name: each });
  }

  async #stop(replica: Replica): Promise<void> {
    const { running } = replica;
    replica.running = undefined;
    running?.stop.abort();
    await this.#world.clock.settleNow();
  }

  #start(replicaName: Name, replica: Replica): RunningManager {
    const { clock, client } = this.#world;
    const identity = `${replicaName}-${++replica.generation}`;
    const faulty = createFaultyClient({
      client,
      clock,
      fault: ({ verb }) => {
        if (replica.isCutOff) return verb === 'watch' ? { type: 'silence', afterEvents: 0 } : { type: 'stall' };
        return replica.slowMs > 0 && verb !== 'watch' ? { type: 'slow', beforeMs: replica.slowMs } : undefined;
      },
    });
    const controller = defineController({
      name: 'maps',
      for: ConfigMap,
      concurrency: 4,
      reconcile: async ({ key, signal }) => {
        const other = this.#now.get(key);
        if (other !== undefined) this.violations.push(`${key}: ${other} and ${identity} at ${clock.now()}`);
        this.#now.set(key, identity);
        // What is under way when the lease is lost ends with its signal.
        await new Promise<void>((resolve) => {
          const cancel = clock.after(3_000, resolve);
          signal.addEventListener('abort', () => {
            cancel();
            resolve();
          });
        });
        this.#now.delete(key);
        this.reconciled.add(key);
        return done();
      },
    });
    return runManager(this.#world, [controller], {
      client: faulty.client,
      sharding: { name: 'maps', identity },
      random: seededRandom(replica.generation * 10 + NAMES.indexOf(replicaName)),
    });
  }
}

it('property: whatever becomes of replicas, no key is ever with two, and in the end each key is with one', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      await using world = await createWorld();
      for (let i = 0; i < KEYS; i++) await world.client.create(ConfigMap, configMap(`map-${i}`));
      const fleet = new Fleet(world);
      for (const { action: next, waitMs } of script) {
        await fleet.carryOut(next);
        await world.clock.advance(waitMs);
      }
      await fleet.healAll();
      await fleet.carryOut({ type: 'start', name: 'a' });
      // A call that was stalled is over when its time is, then leases pass on.
      await world.clock.advance(120_000);
      expect(fleet.shards).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      fleet.reconciled.clear();
      await fleet.carryOut({ type: 'touch' });
      await world.clock.advance(60_000);
      expect(fleet.reconciled.size).toBe(KEYS);
      expect(fleet.violations).toEqual([]);
    }),
    { numRuns: 20 },
  );
}, 120_000);
