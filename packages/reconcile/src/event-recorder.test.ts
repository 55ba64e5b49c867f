import { ApiError, seededRandom } from '@kybern/core';
import { ConfigMap, Event, Namespace } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { configMap, createWorld, type World } from '../test/world.ts';
import { createEventRecorder, type EventDetails, type EventRecorder } from './event-recorder.ts';

const setUp = async (world: World): Promise<{ recorder: EventRecorder; object: ConfigMap; errors: Error[] }> => {
  const errors: Error[] = [];
  const recorder = createEventRecorder({
    client: world.faulty.client,
    component: 'tester',
    host: 'node-1',
    clock: world.clock,
    random: seededRandom(1),
    onError: (error) => errors.push(error),
  });
  return { recorder, object: await world.client.create(ConfigMap, configMap('a')), errors };
};
const details = (message: string, over: Partial<EventDetails> = {}): EventDetails => ({ type: 'Normal', reason: 'Tested', message, ...over });
const events = async ({ client }: World): Promise<readonly Event[]> => (await client.list(Event, { namespace: 'default' })).items;

describe('an event recorder', () => {
  it('writes an Event about the object, as kubectl describe expects it', async () => {
    await using world = await createWorld();
    const { recorder, object } = await setUp(world);
    recorder.event(object, details('all is well', { action: 'Testing' }));
    expect(await events(world)).toEqual([]);
    await world.clock.settleNow();
    const [event] = await events(world);
    expect(event).toMatchObject({
      involvedObject: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        namespace: 'default',
        name: 'a',
        uid: object.metadata.uid,
        resourceVersion: object.metadata.resourceVersion,
      },
      type: 'Normal',
      reason: 'Tested',
      message: 'all is well',
      action: 'Testing',
      count: 1,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      source: { component: 'tester', host: 'node-1' },
      reportingComponent: 'tester',
    });
    expect(event?.metadata.name).toMatch(/^a\.[0-9a-f]{16}$/);
  });

  it('counts repetitions on one Event', async () => {
    await using world = await createWorld();
    const { recorder, object } = await setUp(world);
    for (let i = 0; i < 3; i++) {
      recorder.event(object, details('again'));
      await world.clock.advance(10_000);
    }
    recorder.event(object, details('again', { type: 'Warning' }));
    await world.clock.settleNow();
    expect((await events(world)).map(({ type, count, firstTimestamp, lastTimestamp }) => [type, count, firstTimestamp, lastTimestamp])).toEqual([
      ['Normal', 3, '2026-01-01T00:00:00Z', '2026-01-01T00:00:20Z'],
      ['Warning', 1, '2026-01-01T00:00:30Z', '2026-01-01T00:00:30Z'],
    ]);
  });

  it('makes a new Event when the counted one is gone', async () => {
    await using world = await createWorld();
    const { recorder, object } = await setUp(world);
    recorder.event(object, details('again'));
    await world.clock.settleNow();
    const [first] = await events(world);
    if (first !== undefined) await world.client.delete(Event, first);
    recorder.event(object, details('again'));
    await world.clock.settleNow();
    expect((await events(world)).map(({ count }) => count)).toEqual([2]);
  });

  it('combines events that differ only in their message', async () => {
    await using world = await createWorld();
    const { recorder, object } = await setUp(world);
    for (let i = 0; i < 14; i++) recorder.event(object, details(`try ${i}`));
    await world.clock.settleNow();
    const all = await events(world);
    expect(all).toHaveLength(11);
    expect(all.find(({ message }) => message?.startsWith('(combined'))).toMatchObject({ message: '(combined from similar events): try 13', count: 4 });
    await world.clock.advance(601_000);
    recorder.event(object, details('try again'));
    await world.clock.settleNow();
    expect((await events(world)).map(({ message }) => message)).toContain('try again');
  });

  it('lets no object flood the cluster', async () => {
    await using world = await createWorld();
    const { recorder, object } = await setUp(world);
    for (let i = 0; i < 100; i++) recorder.event(object, details('storm', { reason: `Reason${i}` }));
    await world.clock.settleNow();
    expect(await events(world)).toHaveLength(25);
    await world.clock.advance(300_000);
    for (let i = 0; i < 100; i++) recorder.event(object, details('storm', { reason: `Later${i}` }));
    await world.clock.settleNow();
    expect(await events(world)).toHaveLength(26);
    recorder.event(await world.client.create(ConfigMap, configMap('b')), details('calm'));
    await world.clock.settleNow();
    expect(await events(world)).toHaveLength(27);
  });

  it('writes a storm of one event once, and forgets no repetition', async () => {
    await using world = await createWorld();
    const { recorder, object } = await setUp(world);
    const writes: string[] = [];
    world.fault = ({ verb }) => void writes.push(verb);
    for (let i = 0; i < 100; i++) recorder.event(object, details('storm'));
    await world.clock.settleNow();
    expect(writes).toEqual(['create']);
    await world.clock.advance(300_000);
    recorder.event(object, details('storm'));
    await world.clock.settleNow();
    expect((await events(world))[0]?.count).toBe(101);
  });

  it('tries again when the server cannot be reached, in order', async () => {
    await using world = await createWorld();
    const { recorder, object, errors } = await setUp(world);
    world.fault = ({ nth }) => (nth <= 3 ? { type: 'fail' } : undefined);
    recorder.event(object, details('first'));
    recorder.event(object, details('second'));
    await world.clock.advance(60_000);
    expect((await events(world)).map(({ message }) => message)).toEqual(['first', 'second']);
    expect(errors).toEqual([]);
  });

  it('gives up what the server refuses, and reports it', async () => {
    await using world = await createWorld();
    const { recorder, object, errors } = await setUp(world);
    world.fault = ({ nth }) => (nth === 1 ? { type: 'fail', error: new ApiError('Forbidden', 'no events for you') } : undefined);
    recorder.event(object, details('first'));
    recorder.event(object, details('second'));
    await world.clock.settleNow();
    expect((await events(world)).map(({ message }) => message)).toEqual(['second']);
    expect(errors).toMatchObject([{ message: 'no events for you' }]);
  });

  it('says nothing of events in a namespace that is gone', async () => {
    await using world = await createWorld();
    const { recorder, errors } = await setUp(world);
    recorder.event({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'gone' } }, details('bye'));
    await world.clock.settleNow();
    expect(errors).toEqual([]);
  });

  it('puts events of what is cluster-wide into default', async () => {
    await using world = await createWorld();
    const { recorder } = await setUp(world);
    recorder.event(await world.client.get(Namespace, 'kube-system'), details('hello'));
    await world.clock.settleNow();
    expect((await events(world))[0]?.involvedObject).toMatchObject({ kind: 'Namespace', name: 'kube-system' });
  });

  it('flush waits for what is recorded, and tries nothing again', async () => {
    await using world = await createWorld();
    const { recorder, object, errors } = await setUp(world);
    recorder.event(object, details('first'));
    recorder.event(object, details('second'));
    world.fault = ({ nth }) => (nth === 2 ? { type: 'fail' } : undefined);
    await recorder.flush();
    expect((await events(world)).map(({ message }) => message)).toEqual(['first']);
    expect(errors).toHaveLength(1);
    await recorder.flush();
  });

  it('gives a write up that is not answered, so that flush ends', async () => {
    await using world = await createWorld();
    const { recorder, object, errors } = await setUp(world);
    world.fault = () => ({ type: 'stall' });
    recorder.event(object, details('first'));
    const flushed = recorder.flush();
    await world.clock.advance(10_000);
    await flushed;
    expect(errors).toMatchObject([{ reason: 'Timeout' }]);
  });

  it('holds a bounded number of events, and reports what it drops', async () => {
    await using world = await createWorld();
    const { recorder, errors } = await setUp(world);
    world.fault = () => ({ type: 'stall' });
    for (let i = 0; i < 10_100; i++)
      recorder.event({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `x${i}`, namespace: 'default' } }, details('hello'));
    expect(errors.length).toBe(100);
    expect(errors[0]?.message).toContain('dropped');
  });
});
