import { createFakeClock } from '@kybern/core/testing';
import { describe, expect, it } from 'vitest';
import { Deadlines } from './deadlines.ts';

describe('deadlines', () => {
  it('ring for those whose time is over, in order, and not for those who left', async () => {
    const clock = createFakeClock();
    const deadlines = new Deadlines(clock, 1000);
    const rung: string[] = [];
    deadlines.add(() => rung.push('a'));
    const leave = deadlines.add(() => rung.push('b'));
    await clock.advance(400);
    deadlines.add(() => rung.push('c'));
    leave();
    leave();
    await clock.advance(599);
    expect(rung).toEqual([]);
    await clock.advance(1);
    expect(rung).toEqual(['a']);
    await clock.advance(400);
    expect(rung).toEqual(['a', 'c']);
  });

  it('keep no timer when nobody waits', async () => {
    const clock = createFakeClock();
    const deadlines = new Deadlines(clock, 1000);
    const leaves = Array.from({ length: 3000 }, () => deadlines.add(() => undefined));
    expect(clock.nextDueMs()).toBeDefined();
    for (const leave of leaves) leave();
    expect(clock.nextDueMs()).toBeUndefined();
    deadlines.add(() => undefined);
    expect(clock.nextDueMs()).toBeDefined();
    await clock.advance(1000);
    expect(clock.nextDueMs()).toBeUndefined();
  });
});
