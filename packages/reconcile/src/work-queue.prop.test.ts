import { createFakeClock } from '@kybern/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWorkQueue } from './work-queue.ts';

/** The contract in the plainest form: what is dirty, what is being processed, and when delayed keys are due. */
class Model {
  readonly dirty = new Map<string, boolean>();
  readonly processing = new Set<string>();
  readonly dueMs = new Map<string, number>();
  nowMs = 0;

  add(key: string, isLow: boolean): void {
    this.dirty.set(key, (this.dirty.get(key) ?? true) && isLow);
  }

  addAfter(key: string, delayMs: number): void {
    if (delayMs === 0) this.add(key, false);
    else this.dueMs.set(key, Math.min(this.dueMs.get(key) ?? Infinity, this.nowMs + delayMs));
  }

  advance(ms: number): void {
    this.nowMs += ms;
    for (const [key, due] of this.dueMs) {
      if (due > this.nowMs) continue;
      this.dueMs.delete(key);
      this.add(key, false);
    }
  }

  get ready(): string[] {
    return [...this.dirty.keys()].filter((key) => !this.processing.has(key));
  }
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), key, low: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('addAfter' as const), key, ms: fc.nat({ max: 30 }), background: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('done' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat({ max: 40 }) }) },
);

describe('the work queue, over any history', () => {
  it('hands out exactly what its model says is ready, and no key twice at a time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const clock = createFakeClock();
        const queue = createWorkQueue<string>({ clock });
        const model = new Model();
        for (const each of steps) {
          switch (each.do) {
            case 'add':
              queue.add(each.key, { priority: each.low ? 'low' : 'normal' });
              model.add(each.key, each.low);
              break;
            case 'addAfter':
              queue.addAfter(each.key, each.ms, { background: each.background });
              model.addAfter(each.key, each.ms);
              break;
            case 'take': {
              const taken = queue.tryTake();
              expect(taken === undefined).toBe(model.ready.length === 0);
              if (taken === undefined) break;
              expect(model.ready).toContain(taken);
              model.dirty.delete(taken);
              model.processing.add(taken);
              break;
            }
            case 'done':
              queue.done(each.key);
              model.processing.delete(each.key);
              break;
            case 'cancel':
              queue.cancelDelayed(each.key);
              model.dueMs.delete(each.key);
              break;
            case 'advance':
              await clock.advance(each.ms);
              model.advance(each.ms);
          }
          expect(queue.length).toBe(model.ready.length);
          expect(queue.processing).toBe(model.processing.size);
        }
      }),
    );
  });

  it('keeps the order of addition among keys of one priority', () => {
    const added = fc.array(fc.record({ key: fc.nat({ max: 50 }), low: fc.boolean() }), { maxLength: 200 });
    fc.assert(
      fc.property(added, (adds) => {
        const queue = createWorkQueue<number>({ clock: createFakeClock() });
        for (const add of adds) queue.add(add.key, { priority: add.low ? 'low' : 'normal' });
        const normal = [...new Set(adds.filter((add) => !add.low).map((add) => add.key))];
        const low = [...new Set(adds.map((add) => add.key))].filter((each) => !normal.includes(each));
        const taken: number[] = [];
        for (let next = queue.tryTake(); next !== undefined; next = queue.tryTake()) taken.push(next);
        expect(taken.filter((each) => normal.includes(each))).toEqual(normal);
        expect(taken.filter((each) => low.includes(each))).toEqual(low);
      }),
    );
  });

  it('loses no wake-up: whatever is added is taken after its addition', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(key, { minLength: 1, maxLength: 40 }), async (scheduler, keys) => {
        const queue = createWorkQueue<string>({ clock: createFakeClock() });
        const world = new Map<string, number>();
        const seen = new Map<string, number>();
        const working = new Set<string>();
        const worker = async (): Promise<void> => {
          for (;;) {
            const taken = await queue.take();
            expect(working.has(taken)).toBe(false);
            working.add(taken);
            seen.set(taken, world.get(taken) ?? 0);
            await scheduler.schedule(Promise.resolve());
            working.delete(taken);
            queue.done(taken);
          }
        };
        const workers = [worker(), worker(), worker()].map((each) => each.catch((error: Error) => error.name));
        const addAll = async (): Promise<void> => {
          for (const each of keys) {
            await scheduler.schedule(Promise.resolve());
            world.set(each, (world.get(each) ?? 0) + 1);
            queue.add(each);
          }
          await queue.drain();
        };
        await scheduler.waitFor(addAll());
        expect(await Promise.all(workers)).toEqual(workers.map(() => 'QueueShutDownError'));
        expect(seen).toEqual(world);
      }),
    );
  });
});
