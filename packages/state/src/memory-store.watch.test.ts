import { firstValueFrom, map, Subject, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { del, gather, keyOf, put, write } from './conformance/fixtures.ts';
import { ExpiredError } from './errors.ts';
import { createMemoryStore, type MemoryStoreOptions } from './memory-store.ts';
import type { StateEvent, StateStore } from './store.ts';

/** A store whose watchers are told when the test says so. */
function manual(options: MemoryStoreOptions = {}): { readonly store: StateStore; readonly asked: () => number; readonly drain: () => void } {
  const queue: (() => void)[] = [];
  const store = createMemoryStore({ ...options, schedule: (drain) => queue.push(drain) });
  return {
    store,
    asked: () => queue.length,
    drain: () => {
      for (const drain of queue.splice(0)) drain();
    },
  };
}

const names = (events: readonly StateEvent[]): string[] => events.map(({ value }) => value.metadata.name);

describe('when watchers are told', () => {
  it('asks for one drain until it has run, and for none while nobody watches', async () => {
    const { store, asked, drain } = manual();
    await write(store, 'a');
    expect(asked()).toBe(0);
    const watched = gather(store.watch('/', 0));
    await write(store, 'b');
    await write(store, 'c');
    expect([asked(), watched.events.length]).toEqual([1, 0]);
    drain();
    expect([asked(), names(watched.events)]).toEqual([0, ['a', 'b', 'c']]);
  });

  it('works with a schedule that drains at once, also when subscribers commit', async () => {
    const store = createMemoryStore({ schedule: (drain) => drain() });
    const seen: string[] = [];
    store.watch('/', 0).subscribe(({ key }) => {
      seen.push(`1 ${key}`);
      if (key === keyOf('a')) void write(store, 'b');
    });
    store.watch('/', 0).subscribe(({ key }) => seen.push(`2 ${key}`));
    await write(store, 'a');
    expect(seen).toEqual([`1 ${keyOf('a')}`, `2 ${keyOf('a')}`, `1 ${keyOf('b')}`, `2 ${keyOf('b')}`]);
  });

  it('a drain that is asked for in vain does nothing', async () => {
    const { store, drain } = manual();
    gather(store.watch('/', 0)).unsubscribe();
    await write(store, 'a');
    drain();
    expect(names((await store.range('/')).records.map((record) => ({ value: record.value }) as StateEvent))).toEqual(['a']);
  });

  it('everybody is told of one event before anybody is told of the next', async () => {
    const { store, drain } = manual();
    const seen: string[] = [];
    for (const prefix of ['/registry/core/configmaps/ns/', '/', '/registry/'])
      store.watch(prefix, 0).subscribe(({ value }) => seen.push(`${value.metadata.name} ${prefix.length}`));
    drain();
    await store.commit([put('a'), put('b')]);
    drain();
    expect(seen).toEqual(['a 1', 'a 10', 'a 29', 'b 1', 'b 10', 'b 29']);
  });
});

describe('a watcher that cannot keep up', () => {
  const burst = 32 * 10;

  it('is still told of a burst that exceeds the history', async () => {
    const { store, drain } = manual({ historyLimit: 32 });
    const watched = gather(store.watch('/', 0));
    drain();
    for (let at = 0; at < burst; at += 1) void write(store, `n${at}`);
    drain();
    expect(watched.events).toHaveLength(burst);
    void write(store, 'last');
    drain();
    expect(watched.events).toHaveLength(burst + 1);
    expect(store.revision - store.compactedRevision).toBeLessThanOrEqual(34);
  });

  it('is ended with Expired when a burst exceeds ten times the history, having missed nothing in silence', async () => {
    const { store, drain } = manual({ historyLimit: 32 });
    const watched = gather(store.watch('/', 0));
    const cursor = store.cursor('/', 0);
    drain();
    for (let at = 0; at < burst + 10; at += 1) void write(store, `n${at}`);
    drain();
    expect(watched.events).toEqual([]);
    expect(watched.outcome).toEqual({ error: expect.any(ExpiredError) });
    expect(() => cursor.read()).toThrow(ExpiredError);
  });

  it('is told of all that was there when it subscribed, whatever is written before the drain', async () => {
    const { store, drain } = manual({ historyLimit: 32 });
    for (let at = 0; at < 100; at += 1) void write(store, 'a', String(at));
    const from = store.compactedRevision;
    const watched = gather(store.watch('/', from));
    for (let at = 0; at < 100; at += 1) void write(store, 'a', String(at));
    drain();
    expect(watched.events.map(({ revision }) => revision)).toEqual(Array.from({ length: store.revision - from }, (_, at) => from + 1 + at));
  });

  it('one slow cursor does not keep history from being dropped, nor disturb others', async () => {
    const { store, drain } = manual({ historyLimit: 32 });
    const slow = store.cursor('/', 0);
    const fast = store.cursor('/', 0);
    const seen: string[] = [];
    for (let at = 0; at < 200; at += 1) {
      await write(store, `n${at}`);
      drain();
      seen.push(...names(fast.read()));
    }
    expect(seen).toHaveLength(200);
    expect(store.compactedRevision).toBeGreaterThan(160);
    expect(() => slow.read()).toThrow(ExpiredError);
  });
});

describe('what subscribers throw', () => {
  const failing = (): { readonly errors: unknown[]; readonly store: StateStore } => {
    const errors: unknown[] = [];
    return { errors, store: createMemoryStore({ schedule: (drain) => drain(), onError: (error) => errors.push(error) }) };
  };
  const boom = (text: string) => () => {
    throw new Error(text);
  };

  it('from next, error and complete goes to onError', async () => {
    const { errors, store } = failing();
    store.watch('/', 0).subscribe({ next: boom('next'), complete: boom('complete') });
    await write(store, 'a');
    await store.compact(1);
    store.watch('/', 0).subscribe({ next: boom('never'), error: boom('error') });
    await store[Symbol.asyncDispose]();
    expect(errors.map(String)).toEqual(['Error: next', 'Error: error', 'Error: complete']);
  });

  it('an error that nobody handles goes to onError', async () => {
    const { errors, store } = failing();
    await write(store, 'a');
    await store.compact(1);
    store.watch('/', 0).subscribe(() => undefined);
    expect(errors).toEqual([expect.any(ExpiredError)]);
  });

  it('handlers are called on their observer', async () => {
    const { store } = failing();
    const observer = { seen: [] as string[], next: (_: StateEvent) => undefined as void };
    observer.next = function (this: typeof observer, { key }: StateEvent) {
      this.seen.push(key);
    };
    store.watch('/', 0).subscribe(observer);
    await write(store, 'a');
    expect(observer.seen).toEqual([keyOf('a')]);
  });
});

describe('RxJS', () => {
  it('operators, Subjects and promises take a watch like any Observable', async () => {
    const store = createMemoryStore();
    const subject = new Subject<StateEvent>();
    const viaSubject = firstValueFrom(subject);
    const subscription = store.watch('/', 0).subscribe(subject);
    const first = firstValueFrom(store.watch('/', 0));
    const keys = firstValueFrom(
      store.watch('/', 0).pipe(
        map(({ key }) => key),
        take(2),
        toArray(),
      ),
    );
    await store.commit([put('a'), put('b'), del('c')]);
    expect([(await first).key, (await viaSubject).key, await keys]).toEqual([keyOf('a'), keyOf('a'), [keyOf('a'), keyOf('b')]]);
    subscription.unsubscribe();
  });

  it('a subscription is closed when the watch is over', async () => {
    const store = createMemoryStore();
    const subscription = store.watch('/', 0).subscribe();
    await store[Symbol.asyncDispose]();
    expect(subscription.closed).toBe(true);
  });
});
