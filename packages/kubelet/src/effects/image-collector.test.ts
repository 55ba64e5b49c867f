import { noopLogger, seededRandom } from '@kybern/core';
import { createFakeClock } from '@kybern/core/testing';
import { createScopedRuntime, createSimulatedRuntime } from '@kybern/runtime-cri';
import { expect, it } from 'vitest';
import { DEFAULT_IMAGE_GARBAGE_POLICY as policy } from '../decisions/image-garbage.ts';
import { ImageCollector } from './image-collector.ts';

const signal = new AbortController().signal;

it('frees a full disk of what nobody uses, and says when that is not enough', async () => {
  const clock = createFakeClock();
  const runtime = createSimulatedRuntime({ clock, random: seededRandom(1), images: ['used:1', 'mounted:1', 'idle:1'] });
  const sandboxConfig = { metadata: { name: 'p', namespace: 'd', uid: 'u', attempt: 0 } };
  const made = (async () => {
    const { podSandboxId } = await runtime.runPodSandbox({ config: sandboxConfig });
    await runtime.createContainer({ podSandboxId, config: { metadata: { name: 'c', attempt: 0 }, image: { image: 'used:1' } }, sandboxConfig });
  })();
  await clock.advance(10_000);
  await made;
  const complaints: string[] = [];
  let availableBytes = 50;
  const deps = {
    clock,
    logger: noopLogger,
    policy,
    diskSpace: () => Promise.resolve({ capacityBytes: 100, availableBytes }),
    onShortage: (message: string) => void complaints.push(message),
    volumeImages: () => ['docker.io/library/mounted:1'],
  };
  const namesOf = async (): Promise<readonly string[]> => (await runtime.listImages({})).images.flatMap(({ repoTags }) => repoTags).sort();
  const collector = new ImageCollector({ ...deps, runtime });
  const before = await namesOf();
  await collector.collect(signal);
  await clock.advance(300_000);
  expect(await collector.collect(signal)).toBe(0);
  expect(await namesOf()).toEqual(before);
  expect(collector.images).toHaveLength(3);
  // Images of a runtime that others use, too, are not this node's to remove.
  availableBytes = 5;
  const guest = new ImageCollector({ ...deps, runtime: createScopedRuntime(runtime, 'guest') });
  await guest.look(signal);
  await clock.advance(300_000);
  expect(await guest.collect(signal)).toBe(0);
  complaints.length = 0;
  expect(await collector.collect(signal)).toBeGreaterThan(0);
  expect(await namesOf()).toEqual(before.filter((name) => !name.includes('idle')));
  expect(collector.images).toHaveLength(2);
  expect(complaints).toEqual([]);
  expect(await collector.collect(signal)).toBe(0);
  expect(complaints).toEqual(['Failed to garbage collect required amount of images. Attempted to free 15 bytes, but only found 0 bytes eligible to free.']);
  runtime[Symbol.dispose]();
});
