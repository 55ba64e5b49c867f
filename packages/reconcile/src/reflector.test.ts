import { ApiError, type Client, type KubernetesObject, type ObjectMeta, type WatchEvent } from '@kybern/core';
import { ConfigMap } from '@kybern/core/kinds';
import { seededRandom } from '@kybern/core';
import { createFakeClock, type FakeClock } from '@kybern/core/testing';
import { Observable, type Subscriber } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { runReflector, type ReflectorStatus, type ReflectorTuning } from './reflector.ts';

/** A server whose every answer the test gives: each call waits in a list until it is answered. */
interface Script {
  readonly client: Client;
  /** Questions whether the server has come as far as a revision; `verify` answers them. */
  readonly verifications: Record<string, unknown>[];
  verify: () => Promise<unknown>;
  readonly lists: { readonly options: Record<string, unknown>; readonly answer: (value: unknown) => void; readonly fail: (error: Error) => void }[];
  readonly watches: { readonly options: Record<string, unknown>; readonly events: Subscriber<WatchEvent<KubernetesObject>> }[];
}

const createScript = (): Script => {
  const script: Script = {
    verifications: [],
    verify: () => Promise.resolve(page([], { resourceVersion: '1000' })),
    lists: [],
    watches: [],
    client: {
      list: (_: unknown, options: Record<string, unknown>) => {
        if (options['resourceVersion'] !== undefined) script.verifications.push(options);
        if (options['resourceVersion'] !== undefined) return script.verify();
        return new Promise((answer, fail) => script.lists.push({ options, answer, fail }));
      },
      watch: (_: unknown, options: Record<string, unknown>) =>
        new Observable<WatchEvent<KubernetesObject>>((events) => void script.watches.push({ options, events })),
    } as unknown as Client,
  };
  return script;
};

const object = (name: string, resourceVersion: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion },
});
const page = (items: readonly ConfigMap[], metadata: Record<string, string>): unknown => ({ items, metadata });
const bookmark = (metadata: ObjectMeta): WatchEvent<KubernetesObject> => ({ type: 'BOOKMARK', object: { metadata } });
const endOfInitialEvents = (resourceVersion: string): WatchEvent<KubernetesObject> =>
  bookmark({ resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } });

interface SetUp extends Script {
  readonly clock: FakeClock;
  readonly log: string[];
  readonly statuses: ReflectorStatus[];
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

const setUp = async (tuning: ReflectorTuning = {}, onStatus?: (status: ReflectorStatus) => void): Promise<SetUp> => {
  const clock = createFakeClock();
  const script = createScript();
  const log: string[] = [];
  const statuses: ReflectorStatus[] = [];
  const stop = new AbortController();
  const ended = runReflector<ConfigMap>(
    {
      client: script.client,
      kind: ConfigMap,
      clock,
      random: seededRandom(1),
      tuning,
      onStatus(status) {
        statuses.push(status);
        onStatus?.(status);
      },
      sink: {
        replace: (objects, revision) => log.push(`replace ${objects.map(({ metadata }) => metadata.name).join(',')} @${revision}`),
        apply: (type, { metadata }) => log.push(`${type} ${metadata.name} @${metadata.resourceVersion ?? ''}`),
        advance: (revision) => log.push(`advance @${revision}`),
      },
    },
    stop.signal,
  );
  await clock.settleNow();
  return Object.assign(script, { clock, log, statuses, stop, ended });
};

/** A reflector that has listed and watches from revision 10. */
const setUpWatching = async (tuning: ReflectorTuning = {}): Promise<SetUp> => {
  const world = await setUp({ initial: 'list', ...tuning });
  world.lists[0]?.answer(page([object('a', '5')], { resourceVersion: '10' }));
  await world.clock.settleNow();
  return world;
};

const lastFault = (statuses: readonly ReflectorStatus[]): ReflectorStatus & { type: 'fault' } => {
  const fault = statuses.filter((status) => status.type === 'fault').at(-1);
  if (fault === undefined) throw new Error('there was no fault');
  return fault;
};

describe('the first picture', () => {
  it('comes from a WatchList, which goes on as the watch', async () => {
    const { watches, log, statuses, clock } = await setUp();
    expect(watches[0]?.options).toMatchObject({ sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true });
    const events = watches[0]?.events;
    events?.next({ type: 'ADDED', object: object('a', '3') });
    events?.next({ type: 'ADDED', object: object('b', '4') });
    events?.next(bookmark({ resourceVersion: '4' }));
    expect(log).toEqual([]);
    events?.next(endOfInitialEvents('7'));
    events?.next({ type: 'MODIFIED', object: object('a', '8') });
    expect(log).toEqual(['replace a,b @7', 'MODIFIED a @8']);
    await clock.settleNow();
    expect(watches).toHaveLength(1);
    expect(statuses.map(({ type }) => type)).toEqual(['listing', 'listed', 'watching']);
  });

  it('heeds what changes during the initial events', async () => {
    const { watches, log } = await setUp();
    const events = watches[0]?.events;
    for (const name of ['a', 'b', 'c']) events?.next({ type: 'ADDED', object: object(name, '3') });
    events?.next({ type: 'DELETED', object: object('b', '5') });
    events?.next({ type: 'MODIFIED', object: object('c', '6') });
    events?.next({ type: 'ADDED', object: object('d', '7') });
    events?.next(endOfInitialEvents('7'));
    expect(log).toEqual(['replace a,c,d @7']);
  });

  it.each([{ reason: 'Invalid' as const }, { reason: 'BadRequest' as const }, { reason: 'MethodNotAllowed' as const }])(
    'comes from a list when the server refuses a WatchList as $reason, and that is no fault',
    async ({ reason }) => {
      const { watches, lists, log, clock, statuses } = await setUp();
      watches[0]?.events.error(new ApiError(reason, 'what?'));
      await clock.settleNow();
      lists[0]?.answer(page([object('a', '5')], { resourceVersion: '10' }));
      await clock.settleNow();
      expect(log).toEqual(['replace a @10']);
      expect(watches[1]?.options).toMatchObject({ resourceVersion: '10' });
      expect(statuses.some(({ type }) => type === 'fault')).toBe(false);
      watches[1]?.events.error(new ApiError('Expired', 'too old'));
      await clock.settleNow();
      expect(lists).toHaveLength(2);
    },
  );

  it('comes from a list when the server ignores the wish for a WatchList', async () => {
    const { watches, lists, clock, log } = await setUp();
    watches[0]?.events.next({ type: 'ADDED', object: object('a', '3') });
    await clock.advance(30_000);
    expect(log).toEqual([]);
    expect(lists).toHaveLength(1);
  });

  it('begins again when a WatchList ends in the middle', async () => {
    const { watches, clock, log } = await setUp();
    watches[0]?.events.next({ type: 'ADDED', object: object('gone', '3') });
    watches[0]?.events.complete();
    await clock.advance(10_000);
    watches[1]?.events.next({ type: 'ADDED', object: object('a', '3') });
    watches[1]?.events.next(endOfInitialEvents('7'));
    expect(log).toEqual(['replace a @7']);
  });
});

describe('a WatchList that never comes to its end', () => {
  it('is given up for a list in pages, until there is a picture', async () => {
    const { watches, lists, clock, log, statuses } = await setUp();
    for (let at = 0; at < 2; at++) {
      watches[at]?.events.next({ type: 'ADDED', object: object('a', '3') });
      watches[at]?.events.error(new Error('cut off: too slow'));
      await clock.advance(10_000);
    }
    lists[0]?.answer(page([object('a', '3')], { resourceVersion: '7' }));
    await clock.settleNow();
    expect(log).toEqual(['replace a @7']);
    watches[2]?.events.error(new ApiError('Expired', 'too old'));
    await clock.advance(10_000);
    expect(statuses.flatMap((status) => (status.type === 'listing' ? [status.via] : []))).toEqual(['watchList', 'watchList', 'list', 'watchList']);
  });
});

describe('a list in pages', () => {
  it('is one picture', async () => {
    const { lists, log, clock } = await setUp({ initial: 'list', pageSize: 1 });
    lists[0]?.answer(page([object('a', '5')], { resourceVersion: '10', continue: 'b' }));
    await clock.settleNow();
    expect(lists[1]?.options).toMatchObject({ limit: 1, continue: 'b' });
    expect(log).toEqual([]);
    lists[1]?.answer(page([object('b', '6')], { resourceVersion: '10' }));
    await clock.settleNow();
    expect(log).toEqual(['replace a,b @10']);
  });

  it('is asked for in one piece when a page has expired', async () => {
    const { lists, log, clock } = await setUp({ initial: 'list', pageSize: 1 });
    lists[0]?.answer(page([object('a', '5')], { resourceVersion: '10', continue: 'b' }));
    await clock.settleNow();
    lists[1]?.fail(new ApiError('Expired', 'too old'));
    await clock.settleNow();
    expect(lists[2]?.options).not.toHaveProperty('limit');
    lists[2]?.answer(page([object('b', '6'), object('c', '11')], { resourceVersion: '12' }));
    await clock.settleNow();
    expect(log).toEqual(['replace b,c @12']);
  });

  it('is given up when a page does not arrive, even if the call ignores its signal', async () => {
    const { lists, clock, statuses } = await setUp({ initial: 'list', listTimeoutMs: 5_000 });
    await clock.advance(5_000);
    expect(lastFault(statuses)).toMatchObject({ recovery: 'relist', error: { reason: 'Timeout' } });
    expect((lists[0]?.options['signal'] as AbortSignal).aborted).toBe(true);
    await clock.advance(2_000);
    expect(lists).toHaveLength(2);
  });

  it('without a revision to watch from is a fault', async () => {
    const { lists, clock, statuses } = await setUp({ initial: 'list' });
    lists[0]?.answer(page([], {}));
    await clock.settleNow();
    expect(lastFault(statuses)).toMatchObject({ recovery: 'relist' });
  });
});

describe('watching', () => {
  it('resumes at the last revision when the server ends the watch, at once', async () => {
    const { watches, clock, log } = await setUpWatching();
    watches[0]?.events.next({ type: 'ADDED', object: object('b', '11') });
    watches[0]?.events.next(bookmark({ resourceVersion: '20' }));
    watches[0]?.events.complete();
    await clock.settleNow();
    expect(log).toEqual(['replace a @10', 'ADDED b @11', 'advance @20']);
    expect(watches[1]?.options).toMatchObject({ resourceVersion: '20', allowWatchBookmarks: true });
  });

  it('lists again when the server has not come as far as the revision to resume from', async () => {
    const world = await setUpWatching();
    world.verify = () => Promise.reject(new ApiError('Timeout', 'too large', { details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } }));
    world.watches[0]?.events.next({ type: 'ADDED', object: object('b', '11') });
    world.watches[0]?.events.complete();
    await world.clock.settleNow();
    expect(world.verifications).toMatchObject([{ limit: 1, resourceVersion: '11', resourceVersionMatch: 'NotOlderThan' }]);
    world.lists[1]?.answer(page([], { resourceVersion: '4' }));
    await world.clock.settleNow();
    expect(world.log).toEqual(['replace a @10', 'ADDED b @11', 'replace  @4']);
    expect(world.watches[1]?.options).toMatchObject({ resourceVersion: '4' });
  });

  it('asks again, and backs off, when that question gets no answer', async () => {
    const world = await setUpWatching();
    world.verify = () => Promise.reject(new Error('connection refused'));
    world.watches[0]?.events.error(new Error('connection reset'));
    await world.clock.advance(10_000);
    expect(world.verifications.length).toBeGreaterThanOrEqual(2);
    world.verify = () => Promise.resolve(page([], { resourceVersion: '1000' }));
    await world.clock.advance(60_000);
    expect(world.watches).toHaveLength(2);
    expect(world.lists).toHaveLength(1);
  });

  it('asks the server to end the watch at a random time within limits', async () => {
    const { watches } = await setUpWatching({ watchTimeoutMs: 100_000 });
    expect(watches[0]?.options['timeoutSeconds']).toBeGreaterThanOrEqual(100);
    expect(watches[0]?.options['timeoutSeconds']).toBeLessThanOrEqual(200);
  });

  it('treats a watch that the server ends at once as a fault', async () => {
    const { watches, clock, statuses } = await setUpWatching();
    watches[0]?.events.complete();
    await clock.settleNow();
    expect(lastFault(statuses)).toMatchObject({ recovery: 'resume' });
    expect(lastFault(statuses).retryInMs).toBeGreaterThanOrEqual(800);
  });

  it.each([
    { name: 'Expired', error: new ApiError('Expired', 'too old') },
    { name: 'Gone', error: new ApiError('Gone', 'too old') },
    {
      name: 'a revision that the server has not reached',
      error: new ApiError('Timeout', 'too large', { details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } }),
    },
    { name: 'a revision that is not its own', error: new ApiError('BadRequest', 'what revision?') },
  ])('lists again at once after $name', async ({ error }) => {
    const { watches, lists, clock, log, statuses } = await setUpWatching();
    watches[0]?.events.error(error);
    await clock.settleNow();
    expect(lastFault(statuses)).toMatchObject({ error, recovery: 'relist', retryInMs: 0 });
    lists[1]?.answer(page([object('b', '30')], { resourceVersion: '31' }));
    await clock.settleNow();
    expect(log).toEqual(['replace a @10', 'replace b @31']);
  });

  it('backs off when the server expires each watch at once', async () => {
    const { watches, lists, clock, statuses } = await setUpWatching();
    const delays: number[] = [];
    for (let i = 0; i < 4; i++) {
      watches.at(-1)?.events.error(new ApiError('Expired', 'too old'));
      await clock.settleNow();
      const { retryInMs } = lastFault(statuses);
      delays.push(retryInMs);
      await clock.advance(retryInMs);
      lists.at(-1)?.answer(page([], { resourceVersion: '10' }));
      await clock.settleNow();
    }
    expect(delays[0]).toBe(0);
    for (const [i, delay] of delays.slice(1).entries()) {
      expect(delay).toBeGreaterThanOrEqual(1600 * 2 ** i);
      expect(delay).toBeLessThanOrEqual(3200 * 2 ** i);
    }
  });

  it('resumes after another error, with growing delays that end with the first event', async () => {
    const { watches, clock, statuses, lists } = await setUpWatching();
    const delays: number[] = [];
    const failOnce = async (): Promise<void> => {
      watches.at(-1)?.events.error(new Error('connection reset'));
      await clock.settleNow();
      delays.push(lastFault(statuses).retryInMs);
      await clock.advance(lastFault(statuses).retryInMs);
    };
    for (let i = 0; i < 3; i++) await failOnce();
    watches.at(-1)?.events.next({ type: 'ADDED', object: object('b', '11') });
    await failOnce();
    expect(delays.map((delay) => Math.floor(Math.log2(delay / 800)))).toEqual([0, 1, 2, 0]);
    expect(lists).toHaveLength(1);
    expect(watches.at(-1)?.options).toMatchObject({ resourceVersion: '11' });
  });

  it('lists again when resuming fails time and again', async () => {
    const { watches, lists, clock } = await setUpWatching();
    for (let i = 0; i < 5; i++) {
      watches.at(-1)?.events.error(new ApiError('Forbidden', 'no watch for you'));
      await clock.advance(50_000);
    }
    expect(lists).toHaveLength(2);
  });

  it('counts its first back-offs as work in progress, and a fault that persists not', async () => {
    const { watches, clock } = await setUpWatching();
    const waits: boolean[] = [];
    for (let i = 0; i < 7; i++) {
      watches.at(-1)?.events.error(new Error('connection refused'));
      await clock.settleNow();
      waits.push(clock.nextDueMs({ includeBackground: false }) !== undefined);
      await clock.advance(60_000);
    }
    expect(waits).toEqual([true, true, true, true, true, false, false]);
  });

  it('never waits longer than the limit and its jitter', async () => {
    const { watches, clock, statuses, lists } = await setUpWatching({ backoffMaxMs: 10_000 });
    for (let i = 0; i < 12; i++) {
      if (lists.length > 1) lists.at(-1)?.answer(page([], { resourceVersion: '10' }));
      await clock.settleNow();
      watches.at(-1)?.events.error(new Error('connection refused'));
      await clock.settleNow();
      expect(lastFault(statuses).retryInMs).toBeLessThanOrEqual(20_000);
      await clock.advance(20_000);
    }
  });

  it('waits as long as a server that is too busy says', async () => {
    const { watches, clock, statuses } = await setUpWatching();
    watches[0]?.events.error(new ApiError('TooManyRequests', 'slow down', { details: { retryAfterSeconds: 60 } }));
    await clock.settleNow();
    expect(lastFault(statuses)).toMatchObject({ recovery: 'resume', retryInMs: 60_000 });
    await clock.advance(59_999);
    expect(watches).toHaveLength(1);
    await clock.advance(1);
    expect(watches).toHaveLength(2);
  });

  it('takes a silent watch for dead, unsubscribes, and resumes at once', async () => {
    const { watches, clock, statuses } = await setUpWatching({ idleTimeoutMs: 60_000 });
    await clock.advance(50_000);
    watches[0]?.events.next(bookmark({ resourceVersion: '12' }));
    await clock.advance(59_000);
    expect(watches).toHaveLength(1);
    await clock.advance(31_000);
    expect(watches[0]?.events.closed).toBe(true);
    expect(watches[1]?.options).toMatchObject({ resourceVersion: '12' });
    expect(lastFault(statuses)).toMatchObject({ recovery: 'resume', retryInMs: 0, error: { name: 'IdleWatchError' } });
  });

  it('survives events that are none, and takes nothing from the watch after them', async () => {
    const { watches, clock, log, statuses } = await setUpWatching();
    const events = watches[0]?.events;
    events?.next({ type: 'ADDED' } as never);
    events?.next({ type: 'ADDED', object: object('b', '11') });
    await clock.settleNow();
    expect(log).toEqual(['replace a @10']);
    expect(lastFault(statuses)).toMatchObject({ recovery: 'resume', error: { name: 'TypeError' } });
    await clock.advance(2_000);
    expect(watches[1]?.options).toMatchObject({ resourceVersion: '10' });
  });

  it('a client that throws, or answers before it is asked to wait, is a fault as any other', async () => {
    const { client } = createScript();
    const clock = createFakeClock();
    const statuses: ReflectorStatus[] = [];
    const stop = new AbortController();
    const throwing = {
      ...client,
      watch: () => {
        throw new Error('no socket');
      },
    } as unknown as Client;
    const sink = { replace: () => undefined, apply: () => undefined, advance: () => undefined };
    const ended = runReflector(
      { client: throwing, kind: ConfigMap, clock, random: seededRandom(1), sink, onStatus: (status) => statuses.push(status) },
      stop.signal,
    );
    await clock.settleNow();
    expect(lastFault(statuses)).toMatchObject({ recovery: 'relist', error: { message: 'no socket' } });
    stop.abort();
    await ended;
  });
});

describe('the end of a reflector', () => {
  it.each([
    { name: 'listing', reach: () => setUp({ initial: 'list' }) },
    { name: 'waiting for a WatchList', reach: () => setUp() },
    { name: 'watching', reach: () => setUpWatching() },
    {
      name: 'backing off',
      async reach() {
        const world = await setUpWatching();
        world.watches[0]?.events.error(new Error('connection reset'));
        await world.clock.settleNow();
        return world;
      },
    },
  ])('comes with its signal while $name, and leaves nothing behind', async ({ reach }) => {
    const { clock, stop, ended, watches, statuses } = await reach();
    stop.abort();
    await ended;
    expect(clock.nextDueMs()).toBeUndefined();
    expect(watches.every(({ events }) => events.closed)).toBe(true);
    expect(statuses.at(-1)).toEqual({ type: 'stopped' });
  });

  it('comes at once when the signal is aborted already', async () => {
    const { client, lists, watches } = createScript();
    const sink = { replace: () => undefined, apply: () => undefined, advance: () => undefined };
    await runReflector({ client, kind: ConfigMap, clock: createFakeClock(), sink }, AbortSignal.abort());
    expect([lists, watches]).toEqual([[], []]);
  });

  it('no timer of it counts as work in progress while it watches', async () => {
    const { clock } = await setUpWatching();
    expect(clock.nextDueMs()).toBeDefined();
    expect(clock.nextDueMs({ includeBackground: false })).toBeUndefined();
  });
});
