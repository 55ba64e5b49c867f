import { createFakeClock, type FakeClock } from '@kybern/core/testing';
import { describe, expect, it } from 'vitest';
import type { Plugin } from '../engine/plugin.ts';
import { compileProfile } from '../engine/profile.ts';
import type { Bin } from '../engine/snapshot.ts';
import { unresolvable, unschedulable } from '../engine/status.ts';
import type { ClusterEvent } from './cluster-event.ts';
import type { QueuedItem } from './queued-item.ts';
import { SchedulingQueue, type FailedAttempt } from './scheduling-queue.ts';

interface Item {
  readonly name: string;
  readonly priority?: number;
  readonly gated?: boolean;
}

const nodeAdd: ClusterEvent = { resource: 'Node', action: 'Add' };
const podDelete: ClusterEvent = { resource: 'AssignedPod', action: 'Delete' };

/** Fit is cured by nodes and by Pods that go; Hinted only by what its hint likes; Gate by changes of the Pod itself; Any by everything. */
const plugins: readonly Plugin<Item, Bin>[] = [
  {
    name: 'Sort',
    less: (a, b) => (a.item.priority ?? 0) > (b.item.priority ?? 0) || ((a.item.priority ?? 0) === (b.item.priority ?? 0) && a.timestampMs < b.timestampMs),
  },
  {
    name: 'Gate',
    preEnqueue: ({ gated }) => (gated === true ? unresolvable('gated') : undefined),
    eventsToRegister: () => [{ resource: 'TargetPod', actions: ['Update'] }],
  },
  {
    name: 'Fit',
    filter: () => unschedulable('no'),
    eventsToRegister: () => [
      { resource: 'Node', actions: ['Add'] },
      { resource: 'AssignedPod', actions: ['Delete'] },
    ],
  },
  {
    name: 'Hinted',
    filter: () => unschedulable('no'),
    eventsToRegister: () => [{ resource: 'Node', actions: ['Add'], hint: (_item, { object }) => (object === 'good' ? 'Queue' : 'QueueSkip') }],
  },
  {
    name: 'Broken',
    filter: () => unschedulable('no'),
    eventsToRegister: () => [
      {
        resource: 'Node',
        actions: ['Add'],
        hint: () => {
          throw new Error('hint');
        },
      },
    ],
  },
  { name: 'Any', filter: () => unschedulable('no') },
];

function setUp(): { queue: SchedulingQueue<Item>; clock: FakeClock; pop: () => string | undefined; fail: (name: string, ...by: readonly string[]) => void } {
  const clock = createFakeClock();
  const queue = new SchedulingQueue<Item>({ profiles: [compileProfile(plugins)], keyOf: ({ name }) => name, clock });
  const inFlight = new Map<string, QueuedItem<Item>>();
  const pop = (): string | undefined => {
    const popped = queue.pop();
    if (popped !== undefined) inFlight.set(popped.key, popped);
    return popped?.key;
  };
  const fail = (name: string, ...by: readonly string[]): void => queue.retry(inFlight.get(name) as QueuedItem<Item>, rejectedBy(...by));
  return { queue, clock, pop, fail };
}

const rejectedBy = (...plugins: readonly string[]): FailedAttempt => ({ unschedulablePlugins: new Set(plugins), pendingPlugins: new Set() });

describe('SchedulingQueue', () => {
  it('gives the most important item first, then the oldest', async () => {
    const { queue, clock, pop } = setUp();
    queue.add({ name: 'a' });
    await clock.advance(1);
    queue.add({ name: 'b', priority: 5 });
    queue.add({ name: 'c', priority: 5 });
    queue.add({ name: 'd' });
    expect([pop(), pop(), pop(), pop(), pop()]).toEqual(['b', 'c', 'a', 'd', undefined]);
  });

  it("keeps an item that was turned down until one of the rejecting plugins' events comes", () => {
    const { queue, pop, fail } = setUp();
    queue.add({ name: 'a' });
    pop();
    fail('a', 'Fit');
    queue.notify({ resource: 'Node', action: 'UpdateNodeLabel' });
    queue.notify({ resource: 'UnscheduledPod', action: 'Delete' });
    expect(queue.sizes).toMatchObject({ unschedulable: 1, active: 0, backoff: 0 });
    queue.notify(podDelete);
    expect(queue.sizes).toMatchObject({ unschedulable: 0, backoff: 1 });
    expect(pop()).toBe('a');
  });

  it.each([
    { name: 'Queue', plugin: 'Hinted', event: { ...nodeAdd, object: 'good' }, moved: true },
    { name: 'QueueSkip', plugin: 'Hinted', event: { ...nodeAdd, object: 'bad' }, moved: false },
    { name: 'an error counts as Queue', plugin: 'Broken', event: nodeAdd, moved: true },
    { name: 'no registrations: everything', plugin: 'Any', event: { resource: 'storage.k8s.io/CSINode', action: 'Add' }, moved: true },
    { name: 'an event of everything', plugin: 'Fit', event: { resource: '*', action: 'All' }, moved: true },
  ] satisfies readonly { name: string; plugin: string; event: ClusterEvent; moved: boolean }[])('asks the hint: $name', ({ plugin, event, moved }) => {
    const { queue, pop, fail } = setUp();
    queue.add({ name: 'a' });
    pop();
    fail('a', plugin);
    queue.notify(event);
    expect(queue.sizes.unschedulable).toBe(moved ? 0 : 1);
  });

  it('backs off 1, 2, 4, 8, 10 and 10 s while others are to be tried', async () => {
    const { queue, clock, pop, fail } = setUp();
    queue.add({ name: 'a', priority: 9 });
    pop();
    for (const waitMs of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
      fail('a', 'Fit');
      queue.notify(podDelete);
      queue.add({ name: 'first' });
      queue.add({ name: 'second' });
      await clock.advance(waitMs - 1);
      expect(pop()).toBe('first');
      await clock.advance(1);
      expect(pop()).toBe('a');
      queue.delete('first');
      queue.delete('second');
    }
  });

  it('cuts a back-off short when nothing else is to be tried', () => {
    const { queue, pop, fail } = setUp();
    queue.add({ name: 'a' });
    pop();
    fail('a', 'Fit');
    queue.notify(podDelete);
    expect(queue.sizes.backoff).toBe(1);
    expect(pop()).toBe('a');
  });

  it('does not cut the back-off after an error short', async () => {
    const { queue, clock, pop, fail } = setUp();
    queue.add({ name: 'a' });
    for (const waitMs of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
      expect(pop()).toBe('a');
      fail('a');
      await clock.advance(waitMs - 1);
      expect(pop()).toBeUndefined();
      await clock.advance(1);
    }
    expect(queue.get('a')).toMatchObject({ attempts: 6, consecutiveErrors: 6, unschedulableCount: 0 });
  });

  it('brings a Pending item back without back-off', () => {
    const { queue, pop } = setUp();
    queue.add({ name: 'a' });
    const popped = queue.pop() as QueuedItem<Item>;
    queue.retry(popped, { unschedulablePlugins: new Set(['Any']), pendingPlugins: new Set(['Fit']) });
    queue.notify(nodeAdd);
    expect(queue.sizes).toMatchObject({ active: 1, backoff: 0 });
    expect(pop()).toBe('a');
  });

  it('does not miss an event that comes during the attempt', () => {
    const { queue, pop, fail } = setUp();
    queue.add({ name: 'a' });
    queue.add({ name: 'b' });
    pop();
    queue.notify(nodeAdd);
    pop();
    fail('a', 'Fit');
    fail('b', 'Fit');
    expect(queue.sizes).toMatchObject({ backoff: 1, unschedulable: 1 });
    expect(pop()).toBe('a');
  });

  it('holds gated items until the event that opens the gate', () => {
    const { queue, pop } = setUp();
    queue.add({ name: 'a', gated: true });
    queue.notify(nodeAdd);
    queue.flushUnschedulable();
    expect([pop(), queue.sizes.gated, queue.get('a')?.gatedBy]).toEqual([undefined, 1, 'Gate']);
    queue.update({ name: 'a', gated: true }, [{ resource: 'TargetPod', action: 'Update' }]);
    expect(pop()).toBeUndefined();
    queue.update({ name: 'a' }, [{ resource: 'TargetPod', action: 'Update' }]);
    expect(pop()).toBe('a');
  });

  it('tries again after 5 minutes what no event brought back', async () => {
    const { queue, clock, pop, fail } = setUp();
    const end = new AbortController();
    const running = queue.run(end.signal);
    queue.add({ name: 'a' });
    pop();
    fail('a', 'Fit');
    await clock.advance(300_000);
    expect(queue.sizes.unschedulable).toBe(1);
    await clock.advance(30_000);
    expect(queue.sizes.unschedulable).toBe(0);
    expect(clock.nextDueMs({ includeBackground: false })).toBeUndefined();
    end.abort();
    await running;
    expect(clock.nextDueMs()).toBeUndefined();
  });

  it('forgets what was deleted, also in flight, and does not mix it up with what comes after it', () => {
    const { queue, pop, fail } = setUp();
    queue.add({ name: 'a' });
    const old = queue.pop() as QueuedItem<Item>;
    queue.delete('a');
    queue.retry(old, rejectedBy('Fit'));
    expect(queue.get('a')).toBeUndefined();
    queue.add({ name: 'a' });
    queue.done(old);
    expect(pop()).toBe('a');
    queue.done(old);
    queue.retry(old, rejectedBy());
    fail('a', 'Fit');
    expect(queue.sizes).toMatchObject({ unschedulable: 1, inFlight: 0 });
  });

  it('updates an item wherever it is', () => {
    const { queue, pop, fail } = setUp();
    queue.add({ name: 'a' });
    queue.add({ name: 'b' });
    queue.update({ name: 'b', priority: 9 }, []);
    expect(pop()).toBe('b');
    queue.update({ name: 'b', priority: 1 }, []);
    fail('b', 'Fit');
    queue.update({ name: 'b', priority: 2 }, [{ resource: 'TargetPod', action: 'UpdatePodLabel' }]);
    expect(queue.get('b')?.item.priority).toBe(2);
    expect(queue.sizes).toMatchObject({ active: 1, unschedulable: 1 });
    queue.update({ name: 'new' }, []);
    expect(queue.get('new')).toBeDefined();
  });

  it('gates by mistake only for a while: a PreEnqueue plugin that throws', () => {
    const errors: string[] = [];
    let broken = true;
    const flaky: Plugin<Item, Bin> = {
      name: 'Flaky',
      preEnqueue: () => {
        if (broken) throw new Error('oh');
        return undefined;
      },
    };
    const queue = new SchedulingQueue<Item>({
      profiles: [compileProfile([flaky])],
      keyOf: ({ name }) => name,
      clock: createFakeClock(),
      onGateError: (_item, { reasons }) => errors.push(...reasons),
    });
    queue.add({ name: 'a' });
    expect([queue.pop(), errors]).toEqual([undefined, ['running PreEnqueue plugin "Flaky": oh']]);
    broken = false;
    queue.notify(nodeAdd);
    expect(queue.pop()?.key).toBe('a');
  });

  it('take waits for an item, and ends with the signal', async () => {
    const { queue } = setUp();
    const end = new AbortController();
    const first = queue.take(end.signal);
    queue.add({ name: 'a' });
    expect((await first).key).toBe('a');
    const second = queue.take(end.signal);
    end.abort(new Error('the end'));
    await expect(second).rejects.toThrow('the end');
  });

  it('take wakes when the back-off after an error is over', async () => {
    const { queue, clock, pop, fail } = setUp();
    queue.add({ name: 'a' });
    pop();
    fail('a');
    const taken = queue.take(new AbortController().signal);
    await clock.advance(1000);
    expect((await taken).key).toBe('a');
  });
});
