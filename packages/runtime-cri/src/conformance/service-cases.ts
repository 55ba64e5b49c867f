import { expect } from 'vitest';
import type * as cri from '../generated/cri.ts';
import type { ConformanceCase } from './fixture.ts';
import { failure } from './lifecycle-cases.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The ImageService. */
export const imageCases: readonly ConformanceCase[] = [
  {
    name: 'an image is there from the pull to its removal',
    async run(lab) {
      const image = { image: lab.fixture.otherImage };
      expect((await lab.do(lab.runtime.imageStatus({ image }))).image).toBeUndefined();
      const { imageRef } = await lab.do(lab.runtime.pullImage({ image }));
      expect(imageRef).not.toBe('');
      const pulled = (await lab.do(lab.runtime.imageStatus({ image }))).image;
      expect(pulled?.size).toBeGreaterThan(0);
      expect((await lab.do(lab.runtime.listImages({}))).images.map(({ id }) => id)).toContain(pulled?.id);
      await lab.do(lab.runtime.removeImage({ image }));
      expect((await lab.do(lab.runtime.imageStatus({ image }))).image).toBeUndefined();
    },
  },
  {
    name: 'an image is found by every name that it has',
    async run(lab) {
      await lab.do(lab.runtime.pullImage({ image: { image: lab.fixture.image } }));
      const found = (await lab.do(lab.runtime.imageStatus({ image: { image: lab.fixture.image } }))).image;
      for (const name of [found?.id ?? '', ...(found?.repoTags ?? []), ...(found?.repoDigests ?? [])]) {
        expect((await lab.do(lab.runtime.imageStatus({ image: { image: name } }))).image?.id, name).toBe(found?.id);
      }
    },
  },
  {
    name: 'pulling again, and at the same time, gives the same image',
    async run(lab) {
      const image = { image: lab.fixture.image };
      const [a, b] = await Promise.all([lab.do(lab.runtime.pullImage({ image })), lab.do(lab.runtime.pullImage({ image }))]);
      expect(a).toEqual(b);
      expect(await lab.do(lab.runtime.pullImage({ image }))).toEqual(a);
    },
  },
  {
    name: 'pulling what the registry does not have fails and leaves nothing',
    async run(lab) {
      const image = { image: lab.fixture.missingImage };
      expect(await failure(lab, lab.runtime.pullImage({ image }))).toBe('NOT_FOUND');
      expect((await lab.do(lab.runtime.imageStatus({ image }))).image).toBeUndefined();
    },
  },
  {
    name: 'tells of its image filesystem',
    async run(lab) {
      expect((await lab.do(lab.runtime.imageFsInfo({}))).imageFilesystems).not.toHaveLength(0);
    },
  },
];

/** Commands in containers. */
export const execCases: readonly ConformanceCase[] = [
  {
    name: 'execSync gives output and exit code',
    async run(lab) {
      const containerId = await lab.running();
      const { stdout, exitCode } = await lab.do(lab.runtime.execSync({ containerId, cmd: ['echo', '-n', 'hello'] }));
      expect([text(stdout), exitCode]).toEqual(['hello', 0]);
      expect((await lab.do(lab.runtime.execSync({ containerId, cmd: ['sh', '-c', 'exit 5'] }))).exitCode).toBe(5);
    },
  },
  {
    name: 'execSync ends when its time is over',
    async run(lab) {
      const containerId = await lab.running();
      expect(await failure(lab, lab.runtime.execSync({ containerId, cmd: ['sleep', '60'], timeout: 1 }))).toBe('DEADLINE_EXCEEDED');
    },
  },
  {
    name: 'nothing is run in a container that does not run',
    async run(lab) {
      const containerId = await lab.container();
      await failure(lab, lab.runtime.execSync({ containerId, cmd: ['true'] }));
      await failure(lab, lab.runtime.exec({ containerId, cmd: ['true'], stdout: true }));
    },
  },
  {
    name: 'exec streams output and tells the exit code',
    async run(lab) {
      const containerId = await lab.running();
      const streams = await lab.do(lab.runtime.exec({ containerId, cmd: ['echo', 'streamed'], stdout: true, stderr: true }));
      let output = '';
      for await (const chunk of streams.stdout ?? []) output += text(chunk);
      expect(output).toBe('streamed\n');
      expect(await lab.do(streams.exitCode)).toBe(0);
    },
  },
];

/** Logs of containers. */
export const logCases: readonly ConformanceCase[] = [
  {
    name: "a container's log path is told, and its log is reopened while it runs",
    async run(lab) {
      const containerId = await lab.running({ logPath: 'some.log' });
      expect((await lab.status(containerId)).logPath).toMatch(/some\.log$/);
      await lab.do(lab.runtime.reopenContainerLog({ containerId }));
      await lab.do(lab.runtime.stopContainer({ containerId, timeout: 1 }));
      await failure(lab, lab.runtime.reopenContainerLog({ containerId }));
    },
  },
];

/** The stream of events. */
export const eventCases: readonly ConformanceCase[] = [
  {
    name: 'tells of creation, start, end and removal, in order',
    async run(lab) {
      const sandbox = await lab.sandbox();
      const seen: cri.ContainerEventResponse[] = [];
      const subscription = lab.runtime.events$.subscribe((event) => void (event.podSandboxStatus?.id === sandbox.id && seen.push(event)));
      const containerId = await lab.running({}, sandbox);
      await lab.do(lab.runtime.stopContainer({ containerId, timeout: 1 }));
      await lab.do(lab.runtime.removeContainer({ containerId }));
      await lab.until('all events have come', () => (seen.length >= 4 ? true : undefined));
      subscription.unsubscribe();
      expect(seen.map(({ containerEventType }) => containerEventType)).toEqual([
        'CONTAINER_CREATED_EVENT',
        'CONTAINER_STARTED_EVENT',
        'CONTAINER_STOPPED_EVENT',
        'CONTAINER_DELETED_EVENT',
      ]);
      expect(seen[1]?.containersStatuses).toMatchObject([{ id: containerId, state: 'CONTAINER_RUNNING' }]);
    },
  },
];

/** Errors by their codes, and signals. */
export const errorCases: readonly ConformanceCase[] = [
  {
    name: 'unknown ids are NOT_FOUND',
    async run(lab) {
      const { runtime } = lab;
      const calls = [
        () => runtime.podSandboxStatus({ podSandboxId: 'unknown' }),
        () => runtime.containerStatus({ containerId: 'unknown' }),
        () => runtime.startContainer({ containerId: 'unknown' }),
        () => runtime.execSync({ containerId: 'unknown', cmd: ['true'] }),
      ];
      for (const call of calls) expect(await failure(lab, call())).toBe('NOT_FOUND');
    },
  },
  {
    name: 'a call whose signal has aborted rejects with its reason and does nothing',
    async run(lab) {
      const reason = new Error('enough');
      const config = lab.sandboxConfig();
      await expect(lab.do(lab.runtime.runPodSandbox({ config }, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
      expect((await lab.do(lab.runtime.listPodSandbox({ filter: { labelSelector: config.labels ?? {} } }))).items).toEqual([]);
    },
  },
  {
    name: 'a call under way rejects when its signal aborts',
    async run(lab) {
      const containerId = await lab.running();
      const controller = new AbortController();
      const call = lab.runtime.execSync({ containerId, cmd: ['sleep', '60'] }, { signal: controller.signal });
      const reason = new Error('enough');
      controller.abort(reason);
      await expect(lab.do(call)).rejects.toBe(reason);
    },
  },
];
