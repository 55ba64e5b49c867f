import { sleep, type Client } from '@kybern/core';
import { ConfigMap, Pod, Secret } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { runManager } from '../test/run-manager.ts';
import { configMap, createWorld } from '../test/world.ts';
import { createManager, createMetricsRegistry, defineController, done, type ControllerDefinition, type ReconcileResult } from './index.ts';

const noop = (): Promise<ReconcileResult> => Promise.resolve(done());

describe('a manager', () => {
  it('shares one cache per kind among its controllers', async () => {
    await using world = await createWorld();
    const watches: string[] = [];
    world.fault = ({ verb, kind }) => void (verb === 'watch' && watches.push(kind.kind));
    const controllers = [
      defineController({ name: 'one', for: ConfigMap, owns: [Secret], reconcile: noop }),
      defineController({ name: 'two', for: Secret, reads: [ConfigMap], reconcile: noop }),
    ];
    const { manager } = runManager(world, controllers);
    await manager.synced;
    expect(watches.sort()).toEqual(['ConfigMap', 'Secret']);
  });

  it('starts controllers when the caches of all that they read have synced', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    await world.client.create(Secret, { metadata: { name: 's', namespace: 'default' } });
    world.fault = ({ verb, kind, nth }) => (verb === 'watch' && kind.kind === 'Secret' && nth === 1 ? { type: 'cut', afterEvents: 0 } : undefined);
    const seen: number[] = [];
    const controller = defineController({
      for: ConfigMap,
      reads: [Secret],
      reconcile: ({ cache }) => (seen.push(cache.list(Secret, { namespace: 'default' }).length), Promise.resolve(done())),
    });
    const { manager } = runManager(world, [controller]);
    await world.clock.settleNow();
    expect(seen).toEqual([]);
    await world.clock.advance(10_000);
    await manager.synced;
    expect(seen).toEqual([1]);
  });

  it('refuses reads of kinds that nobody named, until they are asked for', async () => {
    await using world = await createWorld();
    await world.client.create(Secret, { metadata: { name: 's', namespace: 'default' } });
    const { manager } = runManager(world, [defineController({ for: ConfigMap, reconcile: noop })]);
    await manager.synced;
    expect(() => manager.cache.get(Secret, 'default/s')).toThrow('kind "Secret" is not in this cache');
    expect(() => manager.cache.list(Pod)).toThrow(expect.objectContaining({ name: 'UncachedKindError' }));
    await manager.cache.informer(Secret).synced;
    expect(manager.cache.get(Secret, 'default/s')?.metadata.name).toBe('s');
    expect(manager.cache.informer({ ...Secret })).toBe(manager.cache.informer(Secret));
  });

  it('gives controllers their indexes', async () => {
    await using world = await createWorld();
    await world.client.create(Secret, { type: 'x/y', metadata: { name: 's', namespace: 'default' } });
    const controller = defineController({ for: ConfigMap, indexes: [{ kind: Secret, name: 'type', by: (secret) => [secret.type ?? ''] }], reconcile: noop });
    const { manager } = runManager(world, [controller]);
    await manager.synced;
    expect(manager.cache.by(Secret, 'type', 'x/y')).toHaveLength(1);
    const sharing = { ...controller, name: 'sharing' };
    const other = { ...controller, name: 'other', indexes: [{ kind: Secret, name: 'type', by: () => [] }] };
    expect(() => createManager({ client: world.client, controllers: [controller, sharing] })).not.toThrow();
    expect(() => createManager({ client: world.client, controllers: [controller, other] })).toThrow('index "type"');
  });

  it('takes controllers while it runs, and refuses two of one name', async () => {
    await using world = await createWorld();
    await world.client.create(Secret, { metadata: { name: 's', namespace: 'default' } });
    const { manager } = runManager(world, []);
    await manager.synced;
    const calls: string[] = [];
    manager.add(defineController({ for: Secret, reconcile: ({ key }) => (calls.push(key), Promise.resolve(done())) }));
    await world.clock.settleNow();
    expect(calls).toEqual(['default/s']);
    expect(() => manager.add(defineController({ for: Secret, reconcile: noop }))).toThrow('a controller "secret" already');
  });

  it('holds only the namespaces that it is for', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    await world.client.create(ConfigMap, { metadata: { name: 'b', namespace: 'kube-system' } });
    const { manager } = runManager(world, [defineController({ for: ConfigMap, reconcile: noop })], { namespace: 'kube-system' });
    await manager.synced;
    expect(manager.cache.list(ConfigMap).map(({ metadata }) => metadata.namespace)).not.toContain('default');
    expect(manager.cache.get(ConfigMap, 'kube-system/b')).toBeDefined();
  });

  it('runs once', async () => {
    await using world = await createWorld();
    const { manager, stop } = runManager(world, []);
    await expect(manager.run(stop.signal)).rejects.toThrow('was run before');
  });

  it('says how it does, in the names of controller-runtime', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const metrics = createMetricsRegistry();
    const controller = defineController({
      for: ConfigMap,
      async reconcile({ clock }) {
        await sleep(clock, 2_000);
        throw new Error('no');
      },
      maxAttempts: 2,
    });
    runManager(world, [controller], { metrics });
    await world.clock.advance(10_000);
    const text = metrics.text();
    expect(text).toContain('controller_runtime_reconcile_total{controller="configmap",result="error"} 1');
    expect(text).toContain('controller_runtime_reconcile_total{controller="configmap",result="terminal_error"} 1');
    expect(text).toMatch(/controller_runtime_reconcile_time_seconds_sum\{controller="configmap"\} 4/);
    expect(text).toContain('controller_runtime_active_workers{controller="configmap"} 0');
    expect(text).toContain('workqueue_retries_total{name="configmap"} 1');
    expect(text).toMatch(/kybern_informer_objects\{resource="configmaps"\} 1/);
  });
});

describe('the end of a manager', () => {
  it('comes with its signal: reconciles are told and awaited, nothing is left behind', async () => {
    await using world = await createWorld();
    for (const name of ['a', 'b']) await world.client.create(ConfigMap, configMap(name));
    const log: string[] = [];
    const controller = defineController({
      for: ConfigMap,
      async reconcile({ key, signal, clock }) {
        log.push(`${key} begins`);
        await sleep(clock, 60_000, { signal }).catch((error: unknown) => {
          log.push(`${key} is told`);
          throw error;
        });
        return done();
      },
    });
    const { errors, stop, ended } = runManager(world, [controller]);
    await world.clock.settleNow();
    stop.abort(new Error('closing time'));
    await ended;
    expect(log).toEqual(['default/a begins', 'default/a is told']);
    expect(errors).toEqual([]);
    expect(world.clock.nextDueMs({ includeBackground: false })).toBeUndefined();
    await world.client.create(ConfigMap, configMap('c'));
    await world.clock.settleNow();
    expect(log).toHaveLength(2);
  });

  it('leaves reconciles behind that ignore their signal, after a while, and says so', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    let client: Client | undefined;
    const controller = defineController({ for: ConfigMap, reconcile: (request) => ((client = request.client), new Promise<never>(() => undefined)) });
    const { errors, stop, ended } = runManager(world, [controller], { tuning: { shutdownTimeoutMs: 5_000 } });
    await world.clock.settleNow();
    stop.abort(new Error('closing time'));
    await world.clock.advance(5_000);
    await ended;
    expect(errors).toMatchObject([{ context: { source: 'reconcile', key: 'default/a', retryInMs: undefined } }]);
    await expect(client?.get(ConfigMap, 'a')).rejects.toThrow('closing time');
  });

  it('a real failure at the end is still reported', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const controller = defineController({
      for: ConfigMap,
      async reconcile({ signal, clock }) {
        await sleep(clock, 60_000, { signal }).catch(() => undefined);
        throw new Error('the disk is full');
      },
    });
    const { errors, stop, ended } = runManager(world, [controller]);
    await world.clock.settleNow();
    stop.abort();
    await ended;
    expect(errors).toMatchObject([{ error: { message: 'the disk is full' }, context: { retryInMs: undefined } }]);
  });

  it('before the first sync is no failure; who waits for the sync gets the reason', async () => {
    await using world = await createWorld();
    world.fault = () => ({ type: 'stall' });
    const { manager, stop, ended } = runManager(world, [defineController({ for: ConfigMap, reconcile: noop })]);
    await world.clock.settleNow();
    stop.abort(new Error('closing time'));
    await ended;
    await expect(manager.synced).rejects.toThrow('closing time');
  });

  it('lets the process go, which it kept alive so long', async () => {
    await using world = await createWorld();
    let held = 0;
    const hold = (): (() => void) => {
      held += 1;
      return () => void (held -= 1);
    };
    const { stop, ended } = runManager(world, [defineController({ for: ConfigMap, reconcile: noop })], { clock: { ...world.clock, hold } });
    await world.clock.settleNow();
    expect(held).toBeGreaterThan(0);
    stop.abort();
    await ended;
    expect(held).toBe(0);
  });

  it('with a signal that is aborted already does nothing', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const calls: string[] = [];
    const manager = createManager({
      client: world.client,
      clock: world.clock,
      controllers: [defineController({ for: ConfigMap, reconcile: ({ key }) => (calls.push(key), noop()) })],
    });
    await manager.run(AbortSignal.abort());
    expect(calls).toEqual([]);
  });
});

describe('leader election', () => {
  const replica = (log: string[], who: string): ControllerDefinition =>
    defineController({ for: ConfigMap, reconcile: ({ key }) => (log.push(`${who} ${key}`), Promise.resolve(done())) });

  it('one of two replicas reconciles; the other takes over at once when the first one goes', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const log: string[] = [];
    const leaderElection = { name: 'test' };
    const first = runManager(world, [replica(log, 'first')], { leaderElection: { ...leaderElection, identity: '1' } });
    await world.clock.settleNow();
    const second = runManager(world, [replica(log, 'second')], { leaderElection: { ...leaderElection, identity: '2' } });
    await second.manager.synced;
    await world.clock.advance(60_000);
    expect(log).toEqual(['first default/a']);
    expect([first.manager.isLeading, second.manager.isLeading]).toEqual([true, false]);
    expect(world.clock.nextDueMs({ includeBackground: false })).toBeUndefined();
    first.stop.abort();
    await first.ended;
    await world.clock.advance(4_400);
    expect(log).toEqual(['first default/a', 'second default/a']);
    await world.client.create(ConfigMap, configMap('b'));
    await world.clock.settleNow();
    expect(log.slice(2)).toEqual(['second default/b']);
  });

  it('a leader that cannot renew stops its reconciles before another may lead, and contends again', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const log: string[] = [];
    const controller = defineController({
      for: ConfigMap,
      async reconcile({ clock, signal }) {
        log.push(`begins ${clock.monotonicMs()}`);
        await sleep(clock, 600_000, { signal }).catch((error: unknown) => {
          log.push(`is told ${clock.monotonicMs()}`);
          throw error;
        });
        return done();
      },
    });
    const { manager, errors } = runManager(world, [controller], { leaderElection: { name: 'test' } });
    await world.clock.advance(60_000);
    world.fault = ({ verb, kind }) => (kind.kind === 'Lease' && verb !== 'watch' ? { type: 'stall' } : undefined);
    await world.clock.advance(13_000);
    expect(manager.isLeading).toBe(false);
    expect(log).toHaveLength(2);
    const toldMs = Number(log[1]?.split(' ')[2]);
    expect(toldMs).toBeGreaterThanOrEqual(68_000);
    expect(toldMs).toBeLessThanOrEqual(70_000);
    expect(errors).toEqual([]);
    world.fault = () => undefined;
    await world.clock.advance(60_000);
    expect(manager.isLeading).toBe(true);
    expect(log.at(-1)).toContain('begins');
  });
});
