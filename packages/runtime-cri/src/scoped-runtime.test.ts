import { seededRandom } from '@kybern/core';
import { createFakeClock } from '@kybern/core/testing';
import { describe, expect, it } from 'vitest';
import { createScopedRuntime } from './scoped-runtime.ts';
import { createSimulatedRuntime } from './simulation/simulated-runtime.ts';

describe('a scope of a runtime', () => {
  it('sees what was made through it, and tells of that alone', async () => {
    const clock = createFakeClock();
    const runtime = createSimulatedRuntime({ clock, random: seededRandom(1), images: ['app'] });
    const [a, b] = [createScopedRuntime(runtime, 'a'), createScopedRuntime(runtime, 'b')];
    const seen: string[] = [];
    a.events$.subscribe(({ containerId }) => seen.push(containerId));
    const make = async (name: string, within: typeof a): Promise<{ sandbox: string; container: string }> => {
      const sandboxConfig = { metadata: { name, namespace: 'default', uid: name, attempt: 0 } };
      const running = within.runPodSandbox({ config: sandboxConfig });
      await clock.advance(5_000);
      const { podSandboxId } = await running;
      const config = { metadata: { name: 'app', attempt: 0 }, image: { image: 'app' } };
      const { containerId } = await within.createContainer({ podSandboxId, config, sandboxConfig });
      return { sandbox: podSandboxId, container: containerId };
    };
    const own = await make('own', a);
    const other = await make('other', b);
    expect((await a.listPodSandbox({})).items.map(({ id }) => id)).toEqual([own.sandbox]);
    expect((await b.listContainers({})).containers.map(({ id }) => id)).toEqual([other.container]);
    expect((await a.listContainers({ filter: { id: other.container } })).containers).toEqual([]);
    expect((await runtime.listPodSandbox({})).items).toHaveLength(2);
    expect(seen).toEqual([own.container]);
  });
});
