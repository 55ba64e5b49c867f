import { createFakeClock } from '@kybern/core/testing';
import { describe, expect, it } from 'vitest';
import { createMetricsRegistry } from './metrics-registry.ts';
import { createWorkQueue, LOW_PRIORITY_SHARE, type WorkQueue } from './work-queue.ts';

const takeAll = (queue: WorkQueue<string>): string[] => {
  const keys: string[] = [];
  for (let key = queue.tryTake(); key !== undefined; key = queue.tryTake()) {
    keys.push(key);
    queue.done(key);
  }
  return keys;
};

describe('a work queue', () => {
  it('hands out keys in the order of their addition, each once', () => {
    const queue = createWorkQueue<string>({ clock: createFakeClock() });
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(queue.length).toBe(3);
    expect(takeAll(queue)).toEqual(['a', 'b', 'c']);
    expect(queue.length).toBe(0);
  });

  it('hands out a key that was added while it was processed again, and only after done', () => {
    const queue = createWorkQueue<string>({ clock: createFakeClock() });
    queue.add('a');
    expect(queue.tryTake()).toBe('a');
    queue.add('a');
    queue.add('a');
    expect(queue.tryTake()).toBeUndefined();
    expect(queue.processing).toBe(1);
    queue.done('a');
    expect(queue.tryTake()).toBe('a');
    queue.done('a');
    expect(queue.tryTake()).toBeUndefined();
    expect(queue.processing).toBe(0);
  });

  it('ignores done of a key that is not being processed', () => {
    const queue = createWorkQueue<string>({ clock: createFakeClock() });
    queue.done('a');
    queue.add('a');
    queue.done('a');
    expect(takeAll(queue)).toEqual(['a']);
  });

  it('keeps many keys in order through its growth', () => {
    const queue = createWorkQueue<string>({ clock: createFakeClock() });
    const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`);
    for (const key of keys.slice(0, 20)) queue.add(key);
    expect(queue.tryTake()).toBe('k0');
    for (const key of keys.slice(20)) queue.add(key);
    expect(takeAll(queue)).toEqual(keys.slice(1));
  });
});

describe('taking from a work queue', () => {
  it('waits for a key', async () => {
    const queue = createWorkQueue<string>({ clock: createFakeClock() });
    const [first, second] = [queue.take(), queue.take()];
    queue.add('a');
    queue.add('b');
    expect(await first).toBe('a');
    expect(await second).toBe('b');
  });

  it('stops waiting when its signal aborts, and loses no key by it', async () => {
    const queue = createWorkQueue<string>({ clock: createFakeClock() });
    const stop = new AbortController();
    const taken = queue.take(stop.signal);
    stop.abort(new Error('enough'));
    await expect(taken).rejects.toThrow('enough');
    await expect(queue.take(stop.signal)).rejects.toThrow('enough');
    queue.add('a');
    expect(await queue.take()).toBe('a');
  });

  it('tells of each key that became ready', () => {
    let ready = 0;
    const queue = createWorkQueue<string>({ clock: createFakeClock(), onReady: () => (ready += 1) });
    queue.add('a');
    queue.add('a');
    expect(ready).toBe(1);
    queue.tryTake();
    queue.add('a');
    expect(ready).toBe(1);
    queue.done('a');
    expect(ready).toBe(2);
  });
});

describe('delayed keys', () => {
  it('become ready when they are due, earliest first', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue<string>({ clock });
    queue.addAfter('late', 200);
    queue.addAfter('early', 100);
    queue.addAfter('now', 0);
    expect(queue.length).toBe(1);
    await clock.advance(99);
    expect(takeAll(queue)).toEqual(['now']);
    await clock.advance(1);
    expect(takeAll(queue)).toEqual(['early']);
    await clock.advance(100);
    expect(takeAll(queue)).toEqual(['late']);
  });

  it.each([
    { name: 'the second is earlier', delays: [500, 100], dueMs: 100 },
    { name: 'the second is later', delays: [100, 500], dueMs: 100 },
  ])('of two delays the earliest counts, once: $name', async ({ delays, dueMs }) => {
    for (const backgrounds of [
      [false, false],
      [true, false],
      [false, true],
    ]) {
      const clock = createFakeClock();
      const queue = createWorkQueue<string>({ clock });
      delays.forEach((delay, i) => queue.addAfter('a', delay, { background: backgrounds[i] === true }));
      await clock.advance(dueMs - 1);
      expect(takeAll(queue)).toEqual([]);
      await clock.advance(1);
      expect(takeAll(queue)).toEqual(['a']);
      await clock.advance(1000);
      expect(takeAll(queue)).toEqual([]);
    }
  });

  it('can be cancelled', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue<string>({ clock });
    for (const key of ['a', 'b', 'c']) queue.addAfter(key, 100);
    queue.addAfter('d', 100, { background: true });
    queue.cancelDelayed('b');
    queue.cancelDelayed('d');
    queue.cancelDelayed('unknown');
    await clock.advance(100);
    expect(takeAll(queue)).toEqual(['a', 'c']);
  });

  it('count as work in progress, unless they are background ones', () => {
    const clock = createFakeClock();
    const queue = createWorkQueue<string>({ clock });
    queue.addAfter('background', 50, { background: true });
    expect(clock.nextDueMs({ includeBackground: false })).toBeUndefined();
    queue.addAfter('work', 100);
    expect(clock.nextDueMs({ includeBackground: false })).toBe(100);
    queue.cancelDelayed('work');
    expect(clock.nextDueMs({ includeBackground: false })).toBeUndefined();
  });

  it('are rate-limited per failure, until the key is forgotten', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue<string>({ clock });
    expect([queue.addRateLimited('a'), queue.addRateLimited('a')]).toEqual([5, 10]);
    expect(queue.failures('a')).toBe(2);
    await clock.advance(5);
    expect(takeAll(queue)).toEqual(['a']);
    queue.forget('a');
    expect(queue.failures('a')).toBe(0);
    expect(queue.addRateLimited('a')).toBe(5);
  });
});

describe('priorities', () => {
  it('what nobody waits for comes last', () => {
    const queue = createWorkQueue<string>({ clock: createFakeClock() });
    for (const key of ['low1', 'low2']) queue.add(key, { priority: 'low' });
    queue.add('a');
    queue.add('b');
    expect(takeAll(queue)).toEqual(['a', 'b', 'low1', 'low2']);
  });

  it('a key that is added again with the higher priority has it', () => {
    const queue = createWorkQueue<string>({ clock: createFakeClock() });
    for (const key of ['low1', 'low2', 'low3']) queue.add(key, { priority: 'low' });
    queue.add('low3');
    queue.add('low3', { priority: 'low' });
    expect(queue.length).toBe(3);
    expect(takeAll(queue)).toEqual(['low3', 'low1', 'low2']);
  });

  it('keeps the priority with which a key was added while it was processed', () => {
    const queue = createWorkQueue<string>({ clock: createFakeClock() });
    queue.add('a');
    queue.add('b');
    queue.tryTake();
    queue.add('a', { priority: 'low' });
    queue.done('a');
    queue.add('c');
    expect(takeAll(queue)).toEqual(['b', 'c', 'a']);
  });

  it('a storm does not keep low ones waiting for ever', () => {
    const queue = createWorkQueue<string>({ clock: createFakeClock() });
    queue.add('low', { priority: 'low' });
    let takes = 0;
    for (;;) {
      queue.add('storm');
      const key = queue.tryTake() as string;
      queue.done(key);
      takes += 1;
      if (key === 'low') break;
    }
    expect(takes).toBe(LOW_PRIORITY_SHARE);
  });

  it('sources take turns: a storm of one delays the others by one key each', () => {
    const queue = createWorkQueue<string>({ clock: createFakeClock() });
    for (let at = 0; at < 1_000; at++) queue.add(`storm-${at}`, { source: 'pods' });
    queue.add('own');
    queue.add('secret-1', { source: 'secrets' });
    queue.add('storm-5', { source: 'secrets' });
    queue.add('secret-2', { source: 'secrets' });
    expect(Array.from({ length: 7 }, () => queue.tryTake())).toEqual(['storm-0', 'own', 'secret-1', 'storm-1', 'secret-2', 'storm-2', 'storm-3']);
    expect(queue.length).toBe(996);
  });

  it('the initial list does not delay what happens now', () => {
    const queue = createWorkQueue<string>({ clock: createFakeClock() });
    for (let i = 0; i < 10_000; i++) queue.add(`initial${i}`, { priority: 'low' });
    queue.tryTake();
    queue.add('event');
    expect([queue.tryTake(), queue.tryTake()]).toContain('event');
  });
});

describe('shutting down', () => {
  it('takes nothing new, drops what is delayed, and lets what waits be taken', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue<string>({ clock, name: 'mine' });
    queue.add('a');
    queue.addAfter('b', 10);
    queue.shutDown();
    queue.add('c');
    queue.addAfter('d', 0);
    await clock.advance(10);
    expect(await queue.take()).toBe('a');
    await expect(queue.take()).rejects.toThrow('"mine" is shut down');
  });

  it('turns away those who wait', async () => {
    const queue = createWorkQueue<string>({ clock: createFakeClock() });
    const taken = queue.take();
    queue.shutDown();
    await expect(taken).rejects.toMatchObject({ name: 'QueueShutDownError' });
  });

  it('draining waits for what waits and for what is processed, also when it was added again meanwhile', async () => {
    const queue = createWorkQueue<string>({ clock: createFakeClock() });
    queue.add('a');
    queue.add('b');
    queue.tryTake();
    queue.add('a');
    let isDrained = false;
    const drained = queue.drain().then(() => (isDrained = true));
    queue.done('a');
    for (const key of ['b', 'a']) {
      expect(queue.tryTake()).toBe(key);
      await Promise.resolve();
      expect(isDrained).toBe(false);
      queue.done(key);
    }
    await drained;
    expect(isDrained).toBe(true);
    await createWorkQueue<string>({ clock: createFakeClock() }).drain();
  });
});

describe('figures', () => {
  it('are those of client-go', async () => {
    const clock = createFakeClock();
    const metrics = createMetricsRegistry();
    const queue = createWorkQueue<string>({ clock, metrics, name: 'pods' });
    queue.add('a');
    queue.add('a');
    queue.addRateLimited('b');
    await clock.advance(5);
    queue.tryTake();
    const text = metrics.text();
    expect(text).toContain('workqueue_depth{name="pods"} 1');
    expect(text).toContain('workqueue_adds_total{name="pods"} 2');
    expect(text).toContain('workqueue_retries_total{name="pods"} 1');
    expect(text).toContain('workqueue_queue_duration_seconds_sum{name="pods"} 0.005');
  });
});
