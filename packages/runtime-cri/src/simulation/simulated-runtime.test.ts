import { seededRandom } from '@kybern/core';
import { createFakeClock, type FakeClock } from '@kybern/core/testing';
import { describe, expect, it } from 'vitest';
import type * as cri from '../generated/cri.ts';
import { createSimulatedBehaviors, type SimulatedBehavior } from './behaviors.ts';
import { createSimulatedRuntime, type SimulatedRuntime, type SimulatedRuntimeOptions } from './simulated-runtime.ts';

/** A runtime in virtual time, and short forms. */
function setUp(behaviors: readonly SimulatedBehavior[] = [], options: SimulatedRuntimeOptions = {}) {
  const clock = createFakeClock();
  const runtime = createSimulatedRuntime({ clock, random: seededRandom(7), podCidr: '10.1.2.0/24', behaviors, ...options });
  return {
    clock,
    runtime,
    finish: <T>(promise: Promise<T>) => finish(clock, promise),
    start: (name: string, over?: StartOptions) => finish(clock, start(runtime, name, over)),
  };
}

/** Fires timers until the promise is settled. */
async function finish<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let open = true;
  const watched = promise.finally(() => (open = false));
  watched.catch(() => undefined);
  await clock.settleNow();
  while (open && clock.fireNext()) await clock.settleNow();
  return watched;
}

interface StartOptions {
  readonly pod?: string;
  readonly image?: string;
  readonly attempt?: number;
}

async function start(
  runtime: SimulatedRuntime,
  name: string,
  { pod = 'web-0', image = 'nginx:1.25', attempt = 0 }: StartOptions = {},
): Promise<{ sandbox: string; container: string }> {
  const sandboxConfig: cri.PodSandboxConfig = { metadata: { name: pod, namespace: 'default', uid: `uid-${pod}-${attempt}`, attempt: 0 } };
  const { podSandboxId } = await runtime.runPodSandbox({ config: sandboxConfig });
  await runtime.pullImage({ image: { image } });
  const config: cri.ContainerConfig = { metadata: { name, attempt }, image: { image } };
  const { containerId } = await runtime.createContainer({ podSandboxId, config, sandboxConfig });
  await runtime.startContainer({ containerId });
  return { sandbox: podSandboxId, container: containerId };
}

describe('time', () => {
  it('costs virtual time only: a pull, a sandbox and a start take less than two seconds', async () => {
    const { clock, start } = setUp();
    await start('app');
    expect(clock.monotonicMs()).toBeGreaterThan(250);
    expect(clock.monotonicMs()).toBeLessThan(2000);
  });

  it('pulls an image once, however many ask', async () => {
    const { clock, runtime, finish } = setUp();
    const image = { image: 'nginx:1.25' };
    await finish(Promise.all([runtime.pullImage({ image }), runtime.pullImage({ image })]));
    const afterFirst = clock.monotonicMs();
    expect(afterFirst).toBeLessThanOrEqual(800);
    await finish(runtime.pullImage({ image }));
    expect(clock.monotonicMs()).toBe(afterFirst);
  });

  it('has no timers while containers just run', async () => {
    const { clock, start } = setUp();
    await start('app');
    expect(clock.nextDueMs()).toBeUndefined();
  });

  it('is the same again with the same seed', async () => {
    const run = async () => {
      const { clock, runtime, start } = setUp([{ exit: { code: 1, afterMs: [10, 5000] } }]);
      const ids = [await start('a'), await start('b', { pod: 'web-1' })];
      await clock.advance(10_000);
      return { ids, containers: runtime.containers(), now: clock.now() };
    };
    expect(await run()).toEqual(await run());
  });
});

describe('behaviours', () => {
  it.each<{ name: string; behavior: SimulatedBehavior; expected: object }>([
    {
      name: 'ends with a code after a time',
      behavior: { exit: { code: 2, afterMs: 3000 } },
      expected: { state: 'CONTAINER_EXITED', exitCode: 2, reason: 'Error' },
    },
    { name: 'completes', behavior: { exit: { afterMs: 3000 } }, expected: { state: 'CONTAINER_EXITED', exitCode: 0, reason: 'Completed' } },
    { name: 'is killed for its memory', behavior: { exit: { reason: 'OOMKilled', afterMs: 1 } }, expected: { exitCode: 137, reason: 'OOMKilled' } },
    { name: 'still runs before its time', behavior: { exit: { code: 2, afterMs: 60_000 } }, expected: { state: 'CONTAINER_RUNNING' } },
    { name: 'is for another container', behavior: { container: 'other', exit: { code: 2 } }, expected: { state: 'CONTAINER_RUNNING' } },
    { name: 'is for its image without a tag', behavior: { image: 'nginx', exit: { code: 2 } }, expected: { exitCode: 2 } },
    { name: 'is for its Pod by pattern', behavior: { pod: 'web-*', exit: { code: 2 } }, expected: { exitCode: 2 } },
    { name: 'is for another namespace', behavior: { namespace: 'kube-system', exit: { code: 2 } }, expected: { state: 'CONTAINER_RUNNING' } },
  ])('a container that $name', async ({ behavior, expected }) => {
    const { clock, runtime, start } = setUp([behavior]);
    await start('app');
    await clock.advance(10_000);
    expect(runtime.containers()).toMatchObject([expected]);
  });

  it('crash so many times and then run for ever', async () => {
    const { runtime, start } = setUp([{ exit: { code: 1, times: 2 } }]);
    for (const attempt of [0, 1, 2]) await start('app', { attempt });
    expect(runtime.containers().map(({ state }) => state)).toEqual(['CONTAINER_EXITED', 'CONTAINER_EXITED', 'CONTAINER_RUNNING']);
  });

  it('override earlier ones field by field', async () => {
    const { runtime, start } = setUp([{ exit: { code: 1 } }, { stop: { exitCode: 0 } }, { exit: { code: 9 } }]);
    await start('app');
    expect(runtime.containers()).toMatchObject([{ exitCode: 9 }]);
  });

  it('change while containers run, and change back', async () => {
    const { clock, runtime, start } = setUp();
    await start('app');
    const undo = runtime.behaviors.add({ exit: { code: 5, afterMs: 60_000 } });
    undo();
    await clock.advance(120_000);
    expect(runtime.containers()).toMatchObject([{ state: 'CONTAINER_RUNNING' }]);
    runtime.behaviors.add({ exit: { code: 6, afterMs: 60_000 } });
    await clock.settleNow();
    expect(runtime.containers()).toMatchObject([{ state: 'CONTAINER_EXITED', exitCode: 6 }]);
  });

  it('are shared by several runtimes', async () => {
    const behaviors = createSimulatedBehaviors();
    const [a, b] = [setUp([], { behaviors }), setUp([], { behaviors })];
    await a.start('app');
    await b.start('app');
    behaviors.add({ exit: { code: 4 } });
    for (const { runtime } of [a, b]) expect(runtime.containers()).toMatchObject([{ exitCode: 4 }]);
  });

  it('write log lines', async () => {
    const { clock, runtime, start } = setUp([{ logs: [{ line: 'up' }, { line: 'tick', afterMs: 1000, stream: 'stderr' }] }]);
    const { container } = await start('app');
    await clock.advance(1000);
    expect(runtime.logs(container).map(({ line, stream }) => `${stream} ${line}`)).toEqual(['stdout up', 'stderr tick']);
  });

  it('are refused when a duration makes no sense', () => {
    expect(() => createSimulatedRuntime({ behaviors: [{ exit: { afterMs: [5, 1] } }] })).toThrow('exit.afterMs');
  });
});

describe('stopping', () => {
  it.each([
    { name: 'SIGTERM ends it', behavior: {}, timeout: 30, exitCode: 143 },
    { name: 'it shuts down in good order', behavior: { stop: { exitCode: 0, latencyMs: 5000 } }, timeout: 30, exitCode: 0 },
    { name: 'it takes too long', behavior: { stop: { latencyMs: 60_000 } }, timeout: 30, exitCode: 137 },
    { name: 'it ignores SIGTERM', behavior: { stop: { ignoreSigterm: true } }, timeout: 30, exitCode: 137 },
    { name: 'it hangs', behavior: { hang: true }, timeout: 1, exitCode: 137 },
  ])('$name: exit code $exitCode', async ({ behavior, timeout, exitCode }) => {
    const { clock, runtime, start, finish } = setUp([behavior]);
    const { container } = await start('app');
    const before = clock.monotonicMs();
    await finish(runtime.stopContainer({ containerId: container, timeout }));
    expect(runtime.containers()).toMatchObject([{ exitCode }]);
    expect(clock.monotonicMs() - before).toBeLessThanOrEqual(timeout * 1000);
  });

  it('a shorter stop overtakes a longer one', async () => {
    const { clock, runtime, start, finish } = setUp([{ stop: { ignoreSigterm: true } }]);
    const { container } = await start('app');
    const long = runtime.stopContainer({ containerId: container, timeout: 600 });
    const before = clock.monotonicMs();
    await finish(runtime.stopContainer({ containerId: container, timeout: 2 }));
    await long;
    expect(clock.monotonicMs() - before).toBe(2000);
  });
});

describe('faults', () => {
  it('crash, oomKill and their count', async () => {
    const { runtime, start } = setUp();
    await start('a');
    await start('b', { pod: 'web-1' });
    expect(runtime.crash({ pod: 'web-1' }, { exitCode: 7, message: 'boom' })).toBe(1);
    expect(runtime.oomKill({ container: 'a' })).toBe(1);
    expect(runtime.crash({})).toBe(0);
    expect(runtime.containers().map(({ exitCode, reason }) => [exitCode, reason])).toEqual([
      [137, 'OOMKilled'],
      [7, 'Error'],
    ]);
  });

  it('pulls fail so many times, or until they are let', async () => {
    const { runtime, finish } = setUp();
    const pull = (image: string) => finish(runtime.pullImage({ image: { image } }));
    runtime.failPulls('nginx', { times: 1 });
    const undo = runtime.failPulls('redis', { error: 'not-found' });
    await expect(pull('nginx:1.25')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(pull('nginx:1.25')).resolves.toBeDefined();
    await expect(pull('redis')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    undo();
    await expect(pull('redis')).resolves.toBeDefined();
  });

  it('a hanging container times out commands and probes', async () => {
    const { runtime, start, finish } = setUp();
    const { container } = await start('app');
    const heal = runtime.hang({ container: 'app' });
    await expect(finish(runtime.execSync({ containerId: container, cmd: ['true'], timeout: 1 }))).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const probe = { type: 'tcp', host: '10.1.2.2', port: 80, timeoutMs: 1000, containerId: container } as const;
    expect(await finish(runtime.prober.probe(probe))).toMatchObject({ ok: false });
    heal();
    expect(await finish(runtime.prober.probe(probe))).toMatchObject({ ok: true });
  });

  it('a runtime that is away answers nothing, and its containers go on', async () => {
    const { runtime, start } = setUp();
    await start('app');
    runtime.setAvailable(false);
    await expect(runtime.version({})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    runtime.setAvailable(true);
    expect(runtime.containers()).toMatchObject([{ state: 'CONTAINER_RUNNING' }]);
  });

  it('after a power cut nothing runs and what was being made does not come', async () => {
    const { clock, runtime, start } = setUp();
    await start('app');
    const lost = start('late', { pod: 'web-1' });
    const outcome = lost.catch((error: unknown) => error);
    runtime.powerOff();
    runtime.powerOn();
    await clock.advance(10_000);
    expect(await outcome).toMatchObject({ code: 'UNAVAILABLE' });
    expect(runtime.containers()).toMatchObject([{ state: 'CONTAINER_EXITED' }]);
    expect((await runtime.listPodSandbox({})).items).toMatchObject([{ state: 'SANDBOX_NOTREADY' }]);
  });
});

describe('probes', () => {
  it.each([
    { name: 'nothing is scripted', behavior: {}, ok: true },
    { name: 'the path is scripted', behavior: { probes: [{ path: '/ready', result: 'failure' }] }, ok: false },
    { name: 'another path is scripted', behavior: { probes: [{ path: '/live', result: 'failure' }] }, ok: true },
    { name: 'the script is over', behavior: { probes: [{ result: 'failure', untilMs: 1000 }] }, ok: true },
    { name: 'the script has begun', behavior: { probes: [{ result: 'failure', fromMs: 1000 }] }, ok: false },
  ] satisfies { name: string; behavior: SimulatedBehavior; ok: boolean }[])('when $name: ok is $ok', async ({ behavior, ok }) => {
    const { clock, runtime, start } = setUp([behavior]);
    const { container } = await start('app');
    await clock.advance(2000);
    const request = { type: 'http', scheme: 'HTTP', host: '10.1.2.2', port: 80, path: '/ready', timeoutMs: 1000, containerId: container } as const;
    expect(await runtime.prober.probe(request)).toMatchObject({ ok });
  });

  it('nobody answers for a container that ended', async () => {
    const { runtime, start } = setUp();
    const { container } = await start('app');
    runtime.crash(container);
    expect(await runtime.prober.probe({ type: 'tcp', host: '10.1.2.2', port: 80, timeoutMs: 1000 })).toMatchObject({ ok: false });
  });
});

it('gives addresses of the range that it is told, and gives none twice', async () => {
  const { runtime, start, finish } = setUp();
  const ipOf = async (podSandboxId: string) => (await runtime.podSandboxStatus({ podSandboxId })).status?.network?.ip;
  const first = await start('a');
  expect(await ipOf(first.sandbox)).toBe('10.1.2.2');
  await finish(runtime.removePodSandbox({ podSandboxId: first.sandbox }));
  expect(await ipOf((await start('b', { pod: 'web-1' })).sandbox)).toBe('10.1.2.3');
  await runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr: '10.9.9.0/24,fd00::/64' } } });
  expect(await ipOf((await start('c', { pod: 'web-2' })).sandbox)).toBe('10.9.9.2');
});
