import { createMemoryStore, isExpiredRevision, type StateCursor, type StateEvent, type StateStore } from '@kybern/state';
import fc from 'fast-check';
import { expect, test } from 'vitest';

/** A watch or cursor, and what it got. */
interface Consumer {
  readonly prefix: string;
  readonly from: number;
  readonly got: StateEvent[];
  error: unknown;
  readonly cursor?: StateCursor;
}

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('commit' as const), times: fc.integer({ min: 1, max: 120 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('drain' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constantFrom('watch' as const, 'cursor' as const), prefix: fc.constantFrom('/', '/0/', '/1/'), age: fc.nat({ max: 60 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('replier' as const), replies: fc.nat({ max: 30 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), max: fc.integer({ min: 1, max: 50 }) }) },
  ),
  { maxLength: 40, size: 'max' },
);

/** A store of which everything that is committed is noted, and whose watchers are told when `drain` is called. */
function recorded(historyLimit: number): { readonly store: StateStore; readonly log: StateEvent[]; readonly write: () => void; readonly drain: () => void } {
  const queue: (() => void)[] = [];
  const store = createMemoryStore({ historyLimit, schedule: (drain) => queue.push(drain) });
  const log: StateEvent[] = [];
  const write = (): void => {
    const before = store.revision;
    const keys = before % 5 === 0 ? ['/0/a', '/1/b'] : [`/${before % 3}/${before % 7}`];
    void store.commit(keys.map((key) => ({ key, value: { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'thing' } } })));
    for (const key of keys) log.push({ key, revision: before + 1 } as StateEvent);
  };
  const drain = (): void => {
    for (const run of queue.splice(0)) run();
  };
  return { store, log, write, drain };
}

/** Reads on with a cursor. False when there is nothing more. */
function read(consumer: Consumer, max: number): boolean {
  if (consumer.error !== undefined || consumer.cursor === undefined) return false;
  try {
    const events = consumer.cursor.read(max);
    consumer.got.push(...events);
    return events.length > 0;
  } catch (error) {
    consumer.error = error;
    return false;
  }
}

const text = ({ key, revision }: StateEvent): string => `${revision} ${key}`;

test('no watcher has a gap, a repeat or a wrong order: it gets everything, or everything up to where it expired', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), steps, (historyLimit, plan) => {
      const { store, log, write, drain } = recorded(historyLimit);
      const consumers: Consumer[] = [];
      const open = (prefix: string, from: number, reply?: () => void): void => {
        const consumer: Consumer = { prefix, from, got: [], error: undefined };
        consumers.push(consumer);
        store.watch(prefix, from).subscribe({
          next(event) {
            consumer.got.push(event);
            reply?.();
          },
          error: (error: unknown) => (consumer.error = error),
        });
      };
      for (const step of plan) {
        if (step.do === 'commit') for (let at = 0; at < step.times; at += 1) write();
        else if (step.do === 'drain') drain();
        else if (step.do === 'watch') open(step.prefix, Math.max(0, store.revision - step.age));
        else if (step.do === 'read') for (const consumer of consumers) read(consumer, step.max);
        if (step.do === 'cursor') {
          const from = Math.max(0, store.revision - step.age);
          consumers.push({ prefix: step.prefix, from, got: [], error: undefined, cursor: store.cursor(step.prefix, from) });
        }
        if (step.do === 'replier') {
          let left = step.replies;
          open('/', store.revision, () => {
            if (left-- > 0) write();
            if (left === 3) open('/0/', Math.max(0, store.revision - 2));
          });
        }
      }
      drain();
      for (const consumer of consumers) while (read(consumer, 7));
      for (const { prefix, from, got, error } of consumers) {
        const due = log.filter(({ key, revision }) => key.startsWith(prefix) && revision > from).map(text);
        if (error === undefined) expect(got.map(text)).toEqual(due);
        else expect([isExpiredRevision(error), got.map(text)]).toEqual([true, due.slice(0, got.length)]);
      }
      expect(store.revision - store.compactedRevision).toBeGreaterThanOrEqual(Math.min(historyLimit / 2, store.revision));
    }),
    { numRuns: 200 },
  );
});
