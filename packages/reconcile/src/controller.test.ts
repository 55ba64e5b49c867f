import { ownerReference, sleep, type KubernetesObject } from '@kybern/core';
import { ConfigMap, Pod, Secret } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { runManager } from '../test/run-manager.ts';
import { configMap, createWorld } from '../test/world.ts';
import { defineController, done, generationChanged, requeueAfter, TerminalError, type ReconcileResult } from './index.ts';
import type { ReconcileRequest } from './controller.ts';

type Reconcile = (request: ReconcileRequest<ConfigMap>) => Promise<ReconcileResult>;

/** A controller of the ConfigMaps in `default` that counts what it is called for. */
const counting = (reconcile: Reconcile = () => Promise.resolve(done()), extra: object = {}) => {
  const calls: string[] = [];
  const controller = defineController({
    for: ConfigMap,
    ...extra,
    reconcile(request) {
      calls.push(request.key);
      return reconcile(request);
    },
  });
  return { calls, controller };
};

const secret = (name: string, owner?: KubernetesObject) => ({
  metadata: { name, namespace: 'default', ...(owner === undefined ? {} : { ownerReferences: [ownerReference(ConfigMap, owner, { controller: true })] }) },
});

describe('what wakes a controller', () => {
  it('is every object at the start, and every change from then on', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const { calls, controller } = counting();
    const { manager } = runManager(world, [controller]);
    await manager.synced;
    await world.clock.settleNow();
    expect(calls).toEqual(['default/a']);
    await world.client.create(ConfigMap, configMap('b'));
    await world.client.mutate(ConfigMap, 'a', (draft) => void (draft.data = { x: '1' }));
    await world.clock.settleNow();
    expect(calls).toEqual(['default/a', 'default/b', 'default/a']);
  });

  it('changes that arrive together are one reconcile, of the newest state', async () => {
    await using world = await createWorld();
    const seen: (string | undefined)[] = [];
    const { controller } = counting(({ object }) => {
      seen.push(object.data?.['n']);
      return Promise.resolve(done());
    });
    runManager(world, [controller]);
    await world.clock.settleNow();
    world.faulty.cutWatches(new Error('connection reset'));
    await world.client.create(ConfigMap, configMap('a', { n: '0' }));
    for (let n = 1; n < 5; n++) await world.client.mutate(ConfigMap, 'a', (draft) => void (draft.data = { n: String(n) }));
    await world.clock.advance(10_000);
    expect(seen).toEqual(['4']);
  });

  it('is a deletion, for those who ask: onAbsent', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const absent: string[] = [];
    const { calls, controller } = counting(undefined, { onAbsent: ({ key }: { key: string }) => (absent.push(key), Promise.resolve(done())) });
    runManager(world, [controller, counting(undefined, { name: 'other' }).controller]);
    await world.clock.settleNow();
    await world.client.delete(ConfigMap, 'a');
    await world.clock.settleNow();
    expect(calls).toEqual(['default/a']);
    expect(absent).toEqual(['default/a']);
  });

  it('is a change of what it owns: the old owner and the new one', async () => {
    await using world = await createWorld();
    const a = await world.client.create(ConfigMap, configMap('a'));
    const b = await world.client.create(ConfigMap, configMap('b'));
    const { calls, controller } = counting(undefined, { owns: [Secret] });
    const { manager } = runManager(world, [controller]);
    await world.clock.settleNow();
    calls.length = 0;
    await world.client.create(Secret, secret('s', a));
    await world.clock.settleNow();
    expect(calls).toEqual(['default/a']);
    expect(manager.cache.ownedBy(Secret, a).map(({ metadata }) => metadata.name)).toEqual(['s']);
    expect(manager.cache.ownedBy(Secret, b)).toEqual([]);
    await world.client.mutate(Secret, 's', (draft) => void (draft.metadata.ownerReferences = [ownerReference(ConfigMap, b, { controller: true })]));
    await world.clock.settleNow();
    expect(calls).toEqual(['default/a', 'default/a', 'default/b']);
    await world.client.create(Secret, secret('unowned'));
    await world.client.create(Secret, {
      metadata: { name: 'foreign', namespace: 'default', ownerReferences: [{ ...ownerReference(Pod, a, { controller: true }) }] },
    });
    await world.clock.settleNow();
    expect(calls).toHaveLength(3);
    await world.client.delete(Secret, 's');
    await world.clock.settleNow();
    expect(calls.at(-1)).toBe('default/b');
    expect(manager.cache.ownedBy(Secret, b)).toEqual([]);
  });

  it('is what its maps say, for the old object and the new one, with the cache at hand', async () => {
    await using world = await createWorld();
    for (const name of ['a', 'b']) await world.client.create(ConfigMap, configMap(name));
    const calls: string[] = [];
    const controller = defineController({
      for: ConfigMap,
      watches: [
        {
          kind: Secret,
          map: (object, _old, cache) =>
            cache
              .list(ConfigMap, { namespace: 'default' })
              .flatMap(({ metadata }) => (object.metadata.labels?.['for'] === metadata.name ? [`default/${metadata.name}`] : [])),
          predicate: (event) => event.object.metadata.name !== 'ignored',
        },
      ],
      reconcile: ({ key }) => (calls.push(key), Promise.resolve(done())),
    });
    runManager(world, [controller]);
    await world.clock.settleNow();
    calls.length = 0;
    await world.client.create(Secret, { metadata: { name: 's', namespace: 'default', labels: { for: 'a' } } });
    await world.clock.settleNow();
    expect(calls).toEqual(['default/a']);
    await world.client.mutate(Secret, 's', (draft) => void (draft.metadata.labels = { for: 'b' }));
    await world.client.create(Secret, { metadata: { name: 'ignored', namespace: 'default', labels: { for: 'a' } } });
    await world.clock.settleNow();
    expect(calls).toEqual(['default/a', 'default/a', 'default/b']);
  });

  it('is only what its predicates let through', async () => {
    await using world = await createWorld();
    const calls: string[] = [];
    const controller = defineController({ for: Pod, predicates: [generationChanged()], reconcile: ({ key }) => (calls.push(key), Promise.resolve(done())) });
    runManager(world, [controller]);
    await world.clock.settleNow();
    await world.client.create(Pod, { metadata: { name: 'p', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    await world.client.mutateStatus(Pod, 'p', (draft) => void (draft.status.phase = 'Running'));
    await world.clock.settleNow();
    expect(calls).toEqual(['default/p']);
  });

  it('is, if it wants that, time: everything again at each resync', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const { calls, controller } = counting(undefined, { resyncMs: 60_000 });
    const { manager, stop, ended } = runManager(world, [controller]);
    await manager.synced;
    await world.clock.advance(125_000);
    expect(calls).toHaveLength(3);
    expect(world.clock.nextDueMs({ includeBackground: false })).toBeUndefined();
    stop.abort();
    await ended;
  });

  it('never is an exception in a map or predicate, which is reported with kind and key', async () => {
    await using world = await createWorld();
    const broken = (): never => {
      throw new Error('broken');
    };
    const { controller } = counting(undefined, { name: 'broken', predicates: [broken] });
    const { calls, controller: healthy } = counting();
    const { errors } = runManager(world, [controller, healthy]);
    await world.client.create(ConfigMap, configMap('a'));
    await world.clock.settleNow();
    expect(calls).toEqual(['default/a']);
    expect(errors).toMatchObject([{ error: { message: 'broken' }, context: { source: 'callback', kind: 'ConfigMap', key: 'default/a' } }]);
  });
});

describe('the outcome of a reconcile', () => {
  it('requeueAfter: again after the delay, or earlier when something changes, which replaces it', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const atMs: number[] = [];
    const { controller } = counting(({ object, clock }) => {
      atMs.push(clock.monotonicMs());
      return Promise.resolve(object.data?.['settled'] === 'yes' ? done() : requeueAfter('30s'));
    });
    runManager(world, [controller]);
    await world.clock.advance(70_000);
    expect(atMs).toEqual([0, 30_000, 60_000]);
    await world.client.mutate(ConfigMap, 'a', (draft) => void (draft.data = { settled: 'no' }));
    await world.clock.advance(30_000);
    expect(atMs.slice(3)).toEqual([70_000, 100_000]);
    await world.client.mutate(ConfigMap, 'a', (draft) => void (draft.data = { settled: 'yes' }));
    await world.clock.advance(300_000);
    expect(atMs.slice(5)).toEqual([100_000]);
  });

  it('requeueAfter in the background is no work in progress', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const { calls, controller } = counting(() => Promise.resolve(requeueAfter('30s', { background: true })));
    runManager(world, [controller]);
    await world.clock.settleNow();
    expect(world.clock.nextDueMs({ includeBackground: false })).toBeUndefined();
    await world.clock.advance(30_000);
    expect(calls).toHaveLength(2);
  });

  it.each([
    { name: 'a rejection', fail: () => Promise.reject(new Error('no')), message: 'no' },
    {
      name: 'a synchronous throw',
      fail: () => {
        throw new Error('no');
      },
      message: 'no',
    },
    { name: 'a rejection with no Error', fail: () => Promise.reject('just text'), message: 'a value that is no Error was thrown: just text' },
    { name: 'a throw of nothing', fail: () => Promise.reject(undefined), message: 'a value that is no Error was thrown: undefined' },
    { name: 'a result that is none', fail: () => Promise.resolve(undefined as never), message: 'a reconcile must return done() or requeueAfter()' },
    { name: 'no promise and no result', fail: () => 5 as never, message: 'a reconcile must return done() or requeueAfter()' },
  ])('$name is reported, retried with back-off, and disturbs no other key', async ({ fail, message }) => {
    await using world = await createWorld();
    for (const name of ['bad', 'good']) await world.client.create(ConfigMap, configMap(name));
    const { calls, controller } = counting(({ key }) => (key === 'default/bad' ? fail() : Promise.resolve(done())));
    const { errors, lines } = runManager(world, [controller]);
    await world.clock.advance(36);
    expect(calls.filter((key) => key === 'default/good')).toHaveLength(1);
    expect(errors.map(({ error }) => error.message)).toEqual([message, message, message, message]);
    expect(errors.map(({ context }) => context)).toEqual(
      [5, 10, 20, 40].map((retryInMs, i) => ({
        source: 'reconcile',
        controller: 'configmap',
        kind: 'ConfigMap',
        key: 'default/bad',
        attempt: i + 1,
        retryInMs,
      })),
    );
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(4);
  });

  it('success ends the counting of failures', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    let failures = 2;
    const { controller } = counting(() => (failures-- > 0 ? Promise.reject(new Error('no')) : Promise.resolve(done())));
    const { errors } = runManager(world, [controller]);
    await world.clock.advance(1_000);
    failures = 1;
    await world.client.mutate(ConfigMap, 'a', (draft) => void (draft.data = { n: '1' }));
    await world.clock.advance(1_000);
    expect(errors.map(({ context }) => (context.source === 'reconcile' ? context.attempt : 0))).toEqual([1, 2, 1]);
  });

  it('TerminalError: reported, and not tried again before something changes', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const { calls, controller } = counting(() => Promise.reject(new TerminalError('the spec makes no sense', { cause: 'x' })));
    const { errors } = runManager(world, [controller]);
    await world.clock.advance(3_600_000);
    expect(calls).toHaveLength(1);
    expect(errors).toMatchObject([{ error: { name: 'TerminalError', cause: 'x' }, context: { attempt: 1, retryInMs: undefined } }]);
    await world.client.mutate(ConfigMap, 'a', (draft) => void (draft.data = { n: '1' }));
    await world.clock.settleNow();
    expect(calls).toHaveLength(2);
  });

  it('maxAttempts: given up after so many failures in a row', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const { calls, controller } = counting(() => Promise.reject(new Error('no')), { maxAttempts: 3 });
    const { errors } = runManager(world, [controller]);
    await world.clock.advance(3_600_000);
    expect(calls).toHaveLength(3);
    expect(errors.at(-1)?.context).toMatchObject({ attempt: 3, retryInMs: undefined });
  });
});

describe('a time-out', () => {
  it('ends the signal and the client of a reconcile that never settles, and tries again', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const requests: ReconcileRequest<ConfigMap>[] = [];
    const { controller } = counting(
      (request) => {
        requests.push(request);
        return requests.length === 1 ? new Promise(() => undefined) : Promise.resolve(done());
      },
      { timeoutMs: 1_000 },
    );
    const { errors } = runManager(world, [controller]);
    await world.clock.advance(999);
    expect(requests[0]?.signal.aborted).toBe(false);
    expect(world.clock.nextDueMs({ includeBackground: false })).toBeUndefined();
    await world.clock.advance(10);
    expect(errors).toMatchObject([{ error: { name: 'ReconcileTimeoutError', timeoutMs: 1_000 }, context: { key: 'default/a', attempt: 1, retryInMs: 5 } }]);
    expect(requests).toHaveLength(2);
    expect(requests[0]?.signal.reason).toMatchObject({ name: 'ReconcileTimeoutError' });
    await expect(requests[0]?.client.create(ConfigMap, configMap('late'))).rejects.toMatchObject({ name: 'ReconcileTimeoutError' });
    await expect(requests[0]?.client.get(ConfigMap, 'a')).rejects.toMatchObject({ name: 'ReconcileTimeoutError' });
    expect(requests[1]?.signal.aborted).toBe(false);
  });

  it('what a reconcile does after it has no effect', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const settle: { resolve: (result: ReconcileResult) => void; reject: (error: Error) => void }[] = [];
    const { calls, controller } = counting(() => new Promise((resolve, reject) => settle.push({ resolve, reject })), { timeoutMs: 1_000 });
    const { errors } = runManager(world, [controller]);
    await world.clock.advance(2_020);
    expect(calls).toHaveLength(3);
    settle[0]?.resolve(requeueAfter(1));
    settle[1]?.reject(new Error('late'));
    await world.clock.advance(100);
    expect(calls).toHaveLength(3);
    expect(errors).toHaveLength(2);
  });
});

describe('the request', () => {
  it('has the key, the frozen object of the cache, and who and what it needs', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    let request: ReconcileRequest<ConfigMap> | undefined;
    const { controller } = counting((given) => ((request = given), Promise.resolve(done())));
    const { manager, lines } = runManager(world, [controller]);
    await world.clock.settleNow();
    expect(request?.key).toBe('default/a');
    expect(request?.object).toBe(manager.cache.get(ConfigMap, 'default/a'));
    expect(Object.isFrozen(request?.object)).toBe(true);
    expect(request?.clock).toBe(world.clock);
    expect(request?.cache).toBe(manager.cache);
    request?.logger.info('hello');
    expect(lines.at(-1)).toMatchObject({ message: 'hello', fields: { controller: 'configmap', kind: 'ConfigMap', key: 'default/a', reconcileId: 1 } });
    expect({ ...request }).toMatchObject({ key: 'default/a' });
  });

  it('a client whose calls end with the signal, also when the call has one of its own', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const signals: unknown[] = [];
    const { controller } = counting(async ({ client }) => {
      await client.get(ConfigMap, 'a');
      await client.get(ConfigMap, 'a', { signal: new AbortController().signal });
      return done();
    });
    const { stop, ended } = runManager(world, [controller]);
    world.fault = ({ verb, options }) => void (verb === 'get' && signals.push(options['signal']));
    await world.clock.settleNow();
    expect(signals).toHaveLength(2);
    expect(signals.map((signal) => (signal as AbortSignal).aborted)).toEqual([false, false]);
    stop.abort();
    await ended;
    expect(signals.map((signal) => (signal as AbortSignal).aborted)).toEqual([true, true]);
  });
});

describe('concurrency', () => {
  it('is as wide as asked for, and one key is never reconciled twice at a time', async () => {
    await using world = await createWorld();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await world.client.create(ConfigMap, configMap(name));
    const running: string[] = [];
    let most = 0;
    const { calls, controller } = counting(
      async ({ key, clock }) => {
        expect(running).not.toContain(key);
        running.push(key);
        most = Math.max(most, running.length);
        await sleep(clock, 1_000);
        running.splice(running.indexOf(key), 1);
        return done();
      },
      { concurrency: 3 },
    );
    const { errors } = runManager(world, [controller]);
    await world.clock.advance(500);
    expect(running).toHaveLength(3);
    await world.client.mutate(ConfigMap, 'a', (draft) => void (draft.data = { n: '1' }));
    await world.clock.advance(10_000);
    expect(errors).toEqual([]);
    expect(most).toBe(3);
    expect(calls.filter((key) => key === 'default/a')).toHaveLength(2);
  });

  it('a reconcile that wakes itself for ever lets the rest of the process go on', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const { calls, controller } = counting(() => Promise.resolve(requeueAfter(0)));
    const { stop, ended } = runManager(world, [controller]);
    await world.clock.settleNow();
    expect(calls.length).toBeGreaterThan(100);
    const before = calls.length;
    world.clock.fireNext();
    await world.clock.settleNow();
    expect(calls.length).toBeGreaterThan(before);
    stop.abort();
    await ended;
  });
});

describe('defineController', () => {
  const reconcile = (): Promise<ReconcileResult> => Promise.resolve(done());
  it.each([
    { name: 'name', options: { name: '' } },
    { name: 'concurrency', options: { concurrency: 0 } },
    { name: 'concurrency', options: { concurrency: 1.5 } },
    { name: 'timeoutMs', options: { timeoutMs: 0 } },
    { name: 'maxAttempts', options: { maxAttempts: -1 } },
    { name: 'resyncMs', options: { resyncMs: NaN } },
  ])('names the field that is wrong: $name', ({ name, options }) => {
    expect(() => defineController({ for: ConfigMap, reconcile, ...options })).toThrow(name);
  });

  it('fills in the defaults', () => {
    expect(defineController({ for: ConfigMap, reconcile })).toMatchObject({ name: 'configmap', concurrency: 1 });
  });
});
