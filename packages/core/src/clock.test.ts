import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { formatMicroTime, formatTime, parseTime, sleep } from './clock.ts';
import { createFakeClock } from './testing/index.ts';

describe('times', () => {
  it('are written as Kubernetes writes them, and read again', () => {
    const ms = Date.UTC(2026, 1, 3, 4, 5, 6, 789);
    expect(formatTime(ms)).toBe('2026-02-03T04:05:06Z');
    expect(formatMicroTime(ms)).toBe('2026-02-03T04:05:06.789000Z');
    expect(parseTime(formatMicroTime(ms))).toBe(ms);
    expect(parseTime('2026-02-03T05:05:06+01:00')).toBe(parseTime('2026-02-03T04:05:06Z'));
    expect(parseTime('yesterday')).toBeNaN();
  });
});

describe('sleep', () => {
  it('resolves when its time has come on the clock', async () => {
    const clock = createFakeClock();
    let awake = false;
    void sleep(clock, 1000).then(() => (awake = true));
    await clock.advance(999);
    expect(awake).toBe(false);
    await clock.advance(1);
    expect(awake).toBe(true);
  });

  it('rejects with the reason of its signal and leaves no timer behind', async () => {
    const clock = createFakeClock();
    const controller = new AbortController();
    const asleep = sleep(clock, 1000, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(asleep).rejects.toThrow('enough');
    expect(clock.nextDueMs()).toBeUndefined();
    await expect(sleep(clock, 1000, { signal: controller.signal })).rejects.toThrow('enough');
  });

  it('can be background work', () => {
    const clock = createFakeClock();
    void sleep(clock, 1000, { background: true });
    expect(clock.nextDueMs({ includeBackground: false })).toBeUndefined();
    expect(clock.nextDueMs()).toBe(1000);
  });
});

describe('the system clock', () => {
  it.each([
    { name: 'a background timer does not keep the process', code: 'clock.after(60_000, () => undefined, { background: true });', alive: false },
    { name: 'a hold does', code: 'clock.hold();', alive: true },
    { name: 'a hold that is released does not', code: 'const release = clock.hold(); release(); release();', alive: false },
  ])('$name alive', ({ code, alive }) => {
    const module = new URL('./clock.ts', import.meta.url).href;
    // The process says what holds it before it would end by itself.
    const script = `const { systemClock } = await import('${module}'); const clock = systemClock(); ${code}
      console.log(process.getActiveResourcesInfo().includes('Timeout')); process.exit(0);`;
    const { stdout } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script], { encoding: 'utf8' });
    expect(stdout.trim()).toBe(String(alive));
  });
});
