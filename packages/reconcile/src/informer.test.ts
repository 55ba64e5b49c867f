import { ApiError, dynamicKind, metadataOnly, type Client, type Kind } from '@kybern/core';
import { ConfigMap, Namespace } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { configMap, createWorld, type World } from '../test/world.ts';
import type { ErrorContext } from './error-sink.ts';
import { createInformer, dropManagedFields, type Informer, type InformerOptions, type InformerStatus } from './informer.ts';
import { createMetricsRegistry } from './metrics-registry.ts';

interface Watched {
  readonly informer: Informer<ConfigMap>;
  /** Its events, in short. */
  readonly log: string[];
  readonly statuses: InformerStatus[];
  readonly errors: { readonly message: string; readonly context: ErrorContext }[];
  readonly ended: Promise<void>;
}

/** An informer of ConfigMaps in `default`, through the world's faults. */
const watched = (world: World, options: Partial<InformerOptions<ConfigMap>> = {}): Watched => {
  const log: string[] = [];
  const statuses: InformerStatus[] = [];
  const errors: Watched['errors'] = [];
  const informer = createInformer({
    client: world.faulty.client,
    kind: ConfigMap,
    namespace: 'default',
    clock: world.clock,
    onError: ({ message }, context) => errors.push({ message, context }),
    ...options,
  });
  informer.status$.subscribe((status) => statuses.push(status));
  informer.events$.subscribe((event) => {
    const { name } = event.object.metadata;
    if (event.type === 'added') log.push(`added ${name}${event.isInInitialList ? ' initially' : ''}`);
    else if (event.type === 'updated') log.push(`updated ${name} ${event.old.data?.['v'] ?? ''}→${event.object.data?.['v'] ?? ''}`);
    else log.push(`deleted ${name}${event.finalStateUnknown ? ' unseen' : ''}`);
  });
  return { informer, log, statuses, errors, ended: informer.run(world.stop.signal) };
};

const setV = (client: Client, name: string, v: string): Promise<ConfigMap> => client.patch(ConfigMap, name, { type: 'merge', patch: { data: { v } } });

describe('an informer', () => {
  it('tells of what exists, then of every change with the old object, and holds the newest', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a', { v: '1' }));
    const { informer, log } = watched(world);
    expect(informer.hasSynced).toBe(false);
    await informer.synced;
    expect(informer.hasSynced).toBe(true);
    await world.client.create(ConfigMap, configMap('b'));
    await setV(world.client, 'a', '2');
    await world.client.delete(ConfigMap, 'b');
    await world.clock.settleNow();
    expect(log).toEqual(['added a initially', 'added b', 'updated a 1→2', 'deleted b']);
    expect(informer.get('default/a')).toBe(await world.client.get(ConfigMap, 'a'));
    expect(informer.get('a')).toBe(informer.get({ namespace: 'default', name: 'a' }));
    expect(informer.list()).toHaveLength(1);
  });

  it('has everything in the cache before the first event, and at sync', async () => {
    await using world = await createWorld();
    for (const name of ['a', 'b', 'c']) await world.client.create(ConfigMap, configMap(name));
    const sizes: number[] = [];
    const { informer } = watched(world);
    informer.events$.subscribe(() => sizes.push(informer.list().length));
    await informer.synced;
    expect(sizes).toEqual([3, 3, 3]);
  });

  it('finds objects by index, namespace and labels', async () => {
    await using world = await createWorld();
    for (const [name, tier] of [
      ['a', 'front'],
      ['b', 'back'],
      ['c', 'front'],
    ] as const) {
      await world.client.create(ConfigMap, { metadata: { name, namespace: 'default', labels: { tier } } });
    }
    const { informer } = watched(world, { indexes: { tier: ({ metadata }) => [metadata.labels?.['tier'] ?? ''] } });
    await informer.synced;
    const names = (objects: readonly ConfigMap[]): string[] => objects.map(({ metadata }) => metadata.name);
    expect(names(informer.by('tier', 'front'))).toEqual(['a', 'c']);
    expect(names(informer.list({ labels: { tier: 'back' } }))).toEqual(['b']);
    expect(names(informer.list({ labelSelector: 'tier!=back', namespace: 'default' }))).toEqual(['a', 'c']);
    expect(informer.list({ namespace: 'kube-system' })).toEqual([]);
    informer.addIndex('name', ({ metadata }) => [metadata.name]);
    expect(names(informer.by('name', 'c'))).toEqual(['c']);
    expect(() => informer.addIndex('name', () => [])).toThrow('has an index "name" already');
  });

  it('watches several namespaces, and what is cluster-wide', async () => {
    await using world = await createWorld();
    await world.client.create(Namespace, { metadata: { name: 'other' } });
    await world.client.create(ConfigMap, { metadata: { name: 'x', namespace: 'other' } });
    await world.client.create(ConfigMap, { metadata: { name: 'x', namespace: 'kube-system' } });
    await world.client.create(ConfigMap, configMap('x'));
    const { informer } = watched(world, { namespace: ['default', 'other', 'default'] });
    await informer.synced;
    expect(
      informer
        .list()
        .map(({ metadata }) => metadata.namespace)
        .sort(),
    ).toEqual(['default', 'other']);
    const namespaces = createInformer({ client: world.client, kind: Namespace, namespace: 'ignored', clock: world.clock });
    const ended = namespaces.run(world.stop.signal);
    await namespaces.synced;
    expect(namespaces.get('other')?.metadata.name).toBe('other');
    world.stop.abort();
    await ended;
  });

  it('selects by label, and tells of objects that come into and leave the selection', async () => {
    await using world = await createWorld();
    const { informer, log } = watched(world, { labels: { on: 'yes' } });
    await informer.synced;
    await world.client.create(ConfigMap, configMap('a'));
    const label = (on: string): Promise<ConfigMap> => world.client.patch(ConfigMap, 'a', { type: 'merge', patch: { metadata: { labels: { on } } } });
    await label('yes');
    await label('no');
    await world.clock.settleNow();
    expect(log).toEqual(['added a', 'deleted a']);
  });

  it('keeps what its transform makes of objects', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a', { v: 'secret' }));
    const { informer } = watched(world, { transform: (object) => ({ ...object, data: {} }) });
    await informer.synced;
    expect(informer.get('a')?.data).toEqual({});
    const managed = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', managedFields: [{ manager: 'x' }] } } as const;
    expect(dropManagedFields<ConfigMap>(managed)).toEqual({ ...managed, metadata: { name: 'a' } });
    const plain: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
    expect(dropManagedFields(plain)).toBe(plain);
  });

  it('runs once', async () => {
    await using world = await createWorld();
    const { informer } = watched(world);
    await expect(informer.run(world.stop.signal)).rejects.toThrow('configmaps was run before');
  });

  it('ends with its signal: run resolves, and whoever waited for the sync gets the reason', async () => {
    await using world = await createWorld();
    world.fault = () => ({ type: 'stall' });
    const { informer, ended } = watched(world);
    await world.clock.settleNow();
    world.stop.abort(new Error('closing time'));
    await ended;
    await expect(informer.synced).rejects.toThrow('closing time');
    expect(world.clock.nextDueMs()).toBeUndefined();
  });
});

describe('handlers', () => {
  it('are told of what the cache holds, then of changes, until they are taken off', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const { informer } = watched(world);
    await informer.synced;
    const log: string[] = [];
    const off = informer.addHandler({
      added: (_, isInInitialList, key) => log.push(`added ${key} ${isInInitialList}`),
      updated: (_old, _object, key) => log.push(`updated ${key}`),
      deleted: (_, finalStateUnknown, key) => log.push(`deleted ${key} ${finalStateUnknown}`),
    });
    await setV(world.client, 'a', '1');
    await world.client.create(ConfigMap, configMap('b'));
    await world.client.delete(ConfigMap, 'a');
    await world.clock.settleNow();
    off();
    await world.client.delete(ConfigMap, 'b');
    await world.clock.settleNow();
    expect(log).toEqual(['added default/a true', 'updated default/a', 'added default/b false', 'deleted default/a false']);
  });

  it('that throw are reported with kind and key, and disturb nobody', async () => {
    await using world = await createWorld();
    const { informer, log, errors } = watched(world, {
      indexes: {
        broken: () => {
          throw new Error('index');
        },
      },
      transform: () => {
        throw new Error('transform');
      },
    });
    informer.addHandler({
      added: () => {
        throw new Error('handler');
      },
      updated: () => undefined,
      deleted: () => undefined,
    });
    informer.events$.subscribe(() => {
      throw 'no error at all' as unknown;
    });
    await informer.synced;
    await world.client.create(ConfigMap, configMap('a'));
    await world.clock.settleNow();
    expect(log).toEqual(['added a']);
    expect(errors.map(({ message }) => message).sort()).toEqual(
      ['a value that is no Error was thrown: no error at all', 'handler', 'index', 'transform'].sort(),
    );
    for (const { context } of errors) expect(context).toMatchObject({ source: 'callback', kind: 'ConfigMap' });
    expect(errors.find(({ message }) => message === 'handler')?.context).toMatchObject({ what: 'a handler', key: 'default/a' });
  });
});

describe('after a fault that lost history', () => {
  /** Cuts the watch, lets things happen unseen, and expires the revision that the informer would resume from. */
  const loseHistory = async (world: World, meanwhile: () => Promise<unknown>): Promise<void> => {
    world.fault = ({ verb, options }) =>
      verb === 'watch' && options['resourceVersion'] !== undefined ? { type: 'fail', error: new ApiError('Expired', 'too old') } : undefined;
    await meanwhile();
    await world.clock.advance(10_000);
    world.fault = () => undefined;
    await world.clock.advance(100_000);
  };
  const cut = (world: World): void => world.faulty.cutWatches(new Error('connection reset'));

  it('tells exactly what differs, and nothing of what is the same', async () => {
    await using world = await createWorld();
    for (const name of ['same', 'changed', 'gone', 'replaced']) await world.client.create(ConfigMap, configMap(name, { v: '1' }));
    const metrics = createMetricsRegistry();
    const { informer, log } = watched(world, { metrics });
    await informer.synced;
    log.length = 0;
    cut(world);
    await loseHistory(world, async () => {
      await setV(world.client, 'changed', '2');
      await world.client.delete(ConfigMap, 'gone');
      await world.client.delete(ConfigMap, 'replaced');
      await world.client.create(ConfigMap, configMap('replaced', { v: '2' }));
      await world.client.create(ConfigMap, configMap('new'));
    });
    expect(log).toEqual(['deleted gone unseen', 'updated changed 1→2', 'added new', 'deleted replaced unseen', 'added replaced']);
    expect(
      informer
        .list()
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(['changed', 'kube-root-ca.crt', 'new', 'replaced', 'same'].filter((name) => informer.get(name)));
    expect(metrics.text()).toMatch(/kybern_informer_missed_changes_total\{resource="configmaps"\} 5/);
    expect(metrics.text()).toMatch(/kybern_informer_relists_total\{resource="configmaps"\} [1-9]/);
  });

  it('swaps all at once: the first event of the difference sees the whole new state', async () => {
    await using world = await createWorld();
    for (const name of ['a', 'b']) await world.client.create(ConfigMap, configMap(name));
    const { informer } = watched(world);
    await informer.synced;
    const states: string[] = [];
    informer.events$.subscribe(() =>
      states.push(
        informer
          .list()
          .map(({ metadata }) => metadata.name)
          .sort()
          .join(),
      ),
    );
    cut(world);
    await loseHistory(world, async () => {
      await world.client.delete(ConfigMap, 'a');
      await world.client.create(ConfigMap, configMap('c'));
    });
    expect(states).toEqual(['b,c', 'b,c']);
  });

  it('goes on where it was when only the connection broke', async () => {
    await using world = await createWorld();
    const { informer, log, statuses } = watched(world);
    await informer.synced;
    cut(world);
    await world.client.create(ConfigMap, configMap('a'));
    await world.clock.advance(5_000);
    expect(log).toEqual(['added a']);
    expect(statuses.filter(({ type }) => type === 'listed')).toHaveLength(1);
    expect(statuses).toContainEqual(expect.objectContaining({ type: 'fault', recovery: 'resume' }));
  });

  it('knows a server without the old history, where the same names and revisions are other objects', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a', { v: 'old' }));
    await using other = await createWorld({ seed: 2 });
    await other.client.create(ConfigMap, configMap('a', { v: 'new' }));
    let client = world.client;
    const moving = new Proxy(world.client, { get: (_, name: keyof Client) => client[name] });
    const { informer, log } = watched(world, { client: moving });
    await informer.synced;
    expect(informer.get('a')?.metadata.resourceVersion).toBe((await other.client.get(ConfigMap, 'a')).metadata.resourceVersion);
    client = other.client;
    // The old server goes; what it had seen is a revision that the new one has not reached, or has expired.
    await other.state.compact(other.state.revision);
    await world.client.create(ConfigMap, configMap('lost'));
    await world.clock.settleNow();
    await world.api[Symbol.asyncDispose]();
    await world.clock.advance(120_000);
    expect(log).toEqual(['added a initially', 'added lost', 'deleted lost unseen', 'deleted a unseen', 'added a']);
    expect(informer.get('a')?.data).toEqual({ v: 'new' });
  });
});

describe('kinds of any sort', () => {
  it('an informer of metadata alone holds no more than that, also of objects that are at hand whole', async () => {
    await using world = await createWorld();
    const kind = metadataOnly(ConfigMap);
    const informer = createInformer({ client: world.client, kind, clock: world.clock, indexes: { team: ({ metadata }) => [metadata.labels?.['team'] ?? ''] } });
    const ended = informer.run(world.stop.signal);
    await world.client.create(ConfigMap, { metadata: { name: 'a', namespace: 'default', labels: { team: 'x' } }, data: { large: 'text' } });
    await world.clock.settleNow();
    const found = informer.by('team', 'x');
    expect(found).toEqual([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: found[0]?.metadata }]);
    world.stop.abort();
    await ended;
  });

  it('an informer of a kind that is known by its name alone works as any other', async () => {
    await using world = await createWorld();
    const kind = dynamicKind({ group: '', version: 'v1', kind: 'ConfigMap' });
    const informer = createInformer({ client: world.client, kind, clock: world.clock });
    const ended = informer.run(world.stop.signal);
    await world.client.create(ConfigMap, configMap('a', { x: 'y' }));
    await world.clock.settleNow();
    expect(informer.get('default/a')?.['data']).toEqual({ x: 'y' });
    world.stop.abort();
    await ended;
  });

  it('an informer of a kind that the server does not have keeps asking, and says so once', async () => {
    await using world = await createWorld();
    const missing: Kind<ConfigMap> = { ...ConfigMap, plural: 'widgets', kind: 'Widget' };
    const { informer, statuses, errors } = watched(world, { kind: missing });
    await world.clock.advance(10_000);
    expect(informer.hasSynced).toBe(false);
    expect(statuses).toContainEqual(expect.objectContaining({ type: 'fault', recovery: 'relist', attempt: 1 }));
    expect(errors).toEqual([]);
    await world.clock.advance(600_000);
    expect(errors).toMatchObject([{ context: { source: 'background', what: 'watching widgets, 5 times in a row' } }]);
  });
});
