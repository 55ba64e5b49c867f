import { ConfigMap } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { configMap, createWorld, type World } from '../../test/world.ts';
import { createFaultyClient, type Fault } from './faulty-client.ts';

const watchLog = (world: World): string[] => {
  const log: string[] = [];
  world.faulty.client.watch(ConfigMap, { namespace: 'default', resourceVersion: String(world.state.revision) }).subscribe({
    next: (event) => log.push(`${event.type} ${event.type === 'BOOKMARK' ? '' : event.object.metadata.name}`),
    error: (error: Error) => log.push(`error ${error.message}`),
    complete: () => log.push('complete'),
  });
  return log;
};

describe('a faulty client', () => {
  it('without a fault is the client that it wraps', async () => {
    await using world = await createWorld();
    const { client } = world.faulty;
    const created = await client.create(ConfigMap, configMap('a'));
    expect(await client.get(ConfigMap, 'a')).toBe(created);
    expect((await client.mutate(ConfigMap, 'a', (draft) => void (draft.data = { n: '1' }))).data).toEqual({ n: '1' });
    expect((await client.list(ConfigMap, { namespace: 'default' })).items).toHaveLength(1);
    await client.delete(ConfigMap, 'a');
    await expect(client.get(ConfigMap, 'a')).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('is told of each call: its verb, kind, number and options', async () => {
    await using world = await createWorld();
    const calls: string[] = [];
    world.fault = ({ verb, kind, nth, options }) => void calls.push(`${verb} ${kind.kind} ${nth} ${String(options['dryRun'])}`);
    await world.faulty.client.create(ConfigMap, configMap('a'), { dryRun: true });
    await world.faulty.client.create(ConfigMap, configMap('a'));
    await world.faulty.client.mutate(ConfigMap, 'a', (draft) => void (draft.data = { n: '1' }));
    expect(calls).toEqual(['create ConfigMap 1 true', 'create ConfigMap 2 undefined', 'get ConfigMap 1 undefined', 'patch ConfigMap 1 undefined']);
  });

  it('fails before the server, or loses the answer after it', async () => {
    await using world = await createWorld();
    const fault = (next: Fault): void => void (world.fault = () => next);
    fault({ type: 'fail' });
    await expect(world.faulty.client.create(ConfigMap, configMap('a'))).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
    await expect(world.client.get(ConfigMap, 'a')).rejects.toMatchObject({ reason: 'NotFound' });
    fault({ type: 'lose', error: new Error('socket hang up') });
    await expect(world.faulty.client.create(ConfigMap, configMap('a'))).rejects.toThrow('socket hang up');
    expect(await world.client.get(ConfigMap, 'a')).toBeDefined();
  });

  it('stalls until the signal aborts', async () => {
    await using world = await createWorld();
    world.fault = () => ({ type: 'stall' });
    const stop = new AbortController();
    const answer = world.faulty.client.get(ConfigMap, 'a', { signal: stop.signal });
    await world.clock.advance(3_600_000);
    stop.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    await expect(world.faulty.client.get(ConfigMap, 'a', { signal: stop.signal })).rejects.toThrow('enough');
  });

  it('lists every object twice', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    world.fault = () => ({ type: 'duplicate' });
    const list = await world.faulty.client.list(ConfigMap, { namespace: 'default' });
    expect([...list]).toHaveLength(2);
  });

  it.each([
    { name: 'as if the server ended it', fault: { type: 'cut', afterEvents: 1 } as const, log: ['ADDED a', 'complete'] },
    { name: 'with an error', fault: { type: 'cut', afterEvents: 1, error: new Error('reset') } as const, log: ['ADDED a', 'error reset'] },
    { name: 'before its first event', fault: { type: 'cut', afterEvents: 0, error: new Error('reset') } as const, log: ['error reset'] },
    { name: 'by silence', fault: { type: 'silence', afterEvents: 1 } as const, log: ['ADDED a'] },
    { name: 'by refusal', fault: { type: 'fail', error: new Error('reset') } as const, log: ['error reset'] },
    { name: 'by nothing at all', fault: { type: 'stall' } as const, log: [] },
  ])('ends a watch $name', async ({ fault, log }) => {
    await using world = await createWorld();
    world.fault = () => fault;
    const seen = watchLog(world);
    for (const name of ['a', 'b']) await world.client.create(ConfigMap, configMap(name));
    await world.clock.settleNow();
    expect(seen).toEqual(log);
  });

  it('delivers a watch late, in order', async () => {
    await using world = await createWorld();
    world.fault = () => ({ type: 'lag', lagMs: 100 });
    const log = watchLog(world);
    await world.client.create(ConfigMap, configMap('a'));
    await world.clock.advance(99);
    expect(log).toEqual([]);
    await world.client.delete(ConfigMap, 'a');
    await world.clock.advance(1);
    expect(log).toEqual(['ADDED a']);
    await world.clock.advance(100);
    expect(log).toEqual(['ADDED a', 'DELETED a']);
  });

  it('cuts all open watches on demand', async () => {
    await using world = await createWorld();
    const [one, two] = [watchLog(world), watchLog(world)];
    world.faulty.cutWatches(new Error('reset'));
    world.faulty.cutWatches(new Error('again'));
    expect([one, two]).toEqual([['error reset'], ['error reset']]);
  });
});

describe('a faulty client decides about single events', () => {
  it.each([
    {
      name: 'some are late, and none overtakes another',
      fate: (type: string) => (type === 'ADDED' ? 100 : 0),
      log: ['ADDED a', 'MODIFIED a', 'DELETED a'],
    },
    {
      name: 'the watch ends in place of one',
      fate: (type: string) => (type === 'MODIFIED' ? { end: new Error('reset') } : 0),
      log: ['ADDED a', 'error reset'],
    },
    { name: 'it ends in good order', fate: (type: string) => (type === 'DELETED' ? { end: undefined } : 0), log: ['ADDED a', 'MODIFIED a', 'complete'] },
    { name: 'nothing happens to them', fate: () => 0, log: ['ADDED a', 'MODIFIED a', 'DELETED a'] },
  ])('$name', async ({ fate, log }) => {
    await using world = await createWorld();
    world.fault = () => ({ type: 'events', fate: ({ type }) => fate(type) });
    const seen = watchLog(world);
    await world.client.create(ConfigMap, configMap('a'));
    await world.client.mutate(ConfigMap, 'a', (draft) => void (draft.data = { n: '1' }));
    await world.client.delete(ConfigMap, 'a');
    await world.clock.advance(100);
    expect(seen).toEqual(log);
  });

  it('cuts a watch at a revision, and withholds bookmarks', async () => {
    await using world = await createWorld();
    const { revision } = world.state;
    world.fault = ({ nth }) => (nth === 1 ? { type: 'cutAt', revision: revision + 2, error: new Error('reset') } : { type: 'noBookmarks' });
    const cut = watchLog(world);
    const bookmarks: string[] = [];
    world.faulty.client
      .watch(ConfigMap, { resourceVersion: String(revision), allowWatchBookmarks: true })
      .subscribe({ next: ({ type }) => void bookmarks.push(type) });
    for (const name of ['a', 'b', 'c']) await world.client.create(ConfigMap, configMap(name));
    await world.clock.advance(300_000);
    expect(cut).toEqual(['ADDED a', 'ADDED b', 'error reset']);
    expect(bookmarks).toEqual(['ADDED', 'ADDED', 'ADDED']);
  });

  it('takes its time on the way there and back', async () => {
    await using world = await createWorld();
    world.fault = () => ({ type: 'slow', beforeMs: 100, afterMs: 50 });
    const created = world.faulty.client.create(ConfigMap, configMap('a')).then(() => world.clock.monotonicMs());
    await world.clock.advance(99);
    await expect(world.client.get(ConfigMap, 'a')).rejects.toMatchObject({ reason: 'NotFound' });
    await world.clock.advance(1);
    expect(await world.client.get(ConfigMap, 'a')).toBeDefined();
    await world.clock.advance(50);
    expect(await created).toBe(150);
  });

  it('shows the past for a while, and then what happened since', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const { revision } = world.state;
    await world.client.create(ConfigMap, configMap('b'));
    await world.client.delete(ConfigMap, 'a');
    world.fault = () => ({ type: 'past', revision, forMs: 1_000 });
    expect((await world.faulty.client.list(ConfigMap, { namespace: 'default' })).items.map(({ metadata }) => metadata.name)).toEqual(['a']);
    const seen: string[] = [];
    world.faulty.client
      .watch(ConfigMap, { namespace: 'default', sendInitialEvents: true, allowWatchBookmarks: true, resourceVersionMatch: 'NotOlderThan' })
      .subscribe(({ type, object }) => seen.push(`${type} ${object.metadata.name ?? object.metadata.resourceVersion ?? ''}`));
    await world.clock.advance(999);
    expect(seen).toEqual(['ADDED a', `BOOKMARK ${String(revision)}`]);
    await world.clock.advance(1);
    expect(seen.slice(2)).toEqual(['ADDED b', 'DELETED a']);
  });

  it('tells who looks on of answers and deliveries, with the context of each call', async () => {
    await using world = await createWorld();
    const told: string[] = [];
    const { client } = createFaultyClient({
      client: world.client,
      clock: world.clock,
      fault: () => undefined,
      context: () => 'mine',
      observe: {
        answered: ({ verb, context }) => void told.push(`answered ${verb} ${String(context)}`),
        delivering: (_call, { type }) => void told.push(`delivering ${type}`),
        delivered: (_call, { type }) => void told.push(`delivered ${type}`),
      },
    });
    client.watch(ConfigMap, { namespace: 'default', resourceVersion: String(world.state.revision) }).subscribe(() => void told.push('taken'));
    await client.create(ConfigMap, configMap('a'));
    await world.clock.settleNow();
    expect(told.filter((each) => each.startsWith('answered'))).toEqual(['answered create mine']);
    expect(told.filter((each) => !each.startsWith('answered'))).toEqual(['delivering ADDED', 'taken', 'delivered ADDED']);
  });
});
