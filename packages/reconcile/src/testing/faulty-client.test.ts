import { ConfigMap } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { configMap, createWorld, type World } from '../../test/world.ts';
import type { Fault } from './faulty-client.ts';

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
