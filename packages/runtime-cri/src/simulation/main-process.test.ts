import { createFakeClock } from '@kybern/core/testing';
import { seededRandom } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import { createSimulatedRuntime } from './simulated-runtime.ts';
import { foreseeMain } from './main-process.ts';

const context = { env: {}, nowMs: 0 };

describe('foreseeMain', () => {
  it('is silent about the image’s own command and what it does not know', () => {
    expect(foreseeMain([], context)).toBeUndefined();
    expect(foreseeMain(['nginx', '-g', 'daemon off;'], context)).toBeUndefined();
  });

  it('joins what was written without a line end', () => {
    expect(foreseeMain(['sh', '-c', 'echo -n a; sleep 1; echo b; echo -n c'], context)).toEqual({
      logs: [
        { line: 'ab', stream: 'stdout', afterMs: 1000 },
        { line: 'c', afterMs: 1000 },
      ],
      exit: { code: 0, afterMs: 1000 },
    });
  });

  it('does not end what sleeps for ever', () => {
    expect(foreseeMain(['sleep', 'infinity'], context)).toEqual({ logs: [] });
  });
});

it('a container with a simple script ends as the script does; a behaviour that says its end goes before', async () => {
  const [clock, random] = [createFakeClock(), seededRandom(1)];
  const runtime = createSimulatedRuntime({ clock, random });
  const config = { metadata: { name: 'pod', namespace: 'default', uid: 'u', attempt: 0 }, labels: {}, annotations: {} };
  const image = { image: 'busybox' };
  const inTime = async <T>(promise: Promise<T>): Promise<T> => {
    await clock.advance(10_000);
    return promise;
  };
  await inTime(runtime.pullImage({ image }));
  const { podSandboxId } = await inTime(runtime.runPodSandbox({ config }));
  const start = async (name: string): Promise<string> => {
    const container = { metadata: { name, attempt: 0 }, image, command: ['sh', '-c', 'sleep 1; exit 3'] };
    const { containerId } = await runtime.createContainer({ podSandboxId, config: container, sandboxConfig: config });
    await inTime(runtime.startContainer({ containerId }));
    return containerId;
  };
  runtime.behaviors.add({ container: 'scripted', exit: { code: 7, afterMs: 2000 } });
  const ends = [await start('simple'), await start('scripted')];
  const codes = await Promise.all(ends.map(async (containerId) => (await runtime.containerStatus({ containerId })).status?.exitCode));
  expect(codes).toEqual([3, 7]);
});
