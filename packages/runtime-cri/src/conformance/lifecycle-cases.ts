import { expect } from 'vitest';
import { isRuntimeError } from '../errors.ts';
import type { ConformanceCase, Lab } from './fixture.ts';

/** Whether a call rejects with an error of the runtime. */
export async function failure(lab: Lab, promise: Promise<unknown>): Promise<string> {
  const error: unknown = await lab.do(
    promise.then(
      () => undefined,
      (reason: unknown) => reason,
    ),
  );
  expect(isRuntimeError(error), `a RuntimeError, not ${String(error)}`).toBe(true);
  return isRuntimeError(error) ? error.code : '';
}

/** What a runtime tells of itself. */
export const infoCases: readonly ConformanceCase[] = [
  {
    name: 'tells its name and versions',
    async run(lab) {
      const { runtimeName, runtimeVersion, runtimeApiVersion } = await lab.do(lab.runtime.version({}));
      expect(runtimeName).not.toBe('');
      expect(runtimeVersion).not.toBe('');
      expect(runtimeApiVersion).toMatch(/^v/);
    },
  },
  {
    name: 'reports that runtime and network are ready',
    async run(lab) {
      const { status } = await lab.do(lab.runtime.status({}));
      for (const type of ['RuntimeReady', 'NetworkReady']) expect(status?.conditions).toContainEqual(expect.objectContaining({ type, status: true }));
    },
  },
];

/** The life of PodSandboxes. */
export const sandboxCases: readonly ConformanceCase[] = [
  {
    name: 'a sandbox that was run is ready and has an address',
    async run(lab) {
      const { id } = await lab.sandbox();
      const status = await lab.sandboxStatus(id);
      expect(status.state).toBe('SANDBOX_READY');
      expect(status.network?.ip).toMatch(/^[\d.]+$|:/);
    },
  },
  {
    name: 'a sandbox keeps its metadata, labels and annotations',
    async run(lab) {
      const { id, config } = await lab.sandbox();
      const status = await lab.sandboxStatus(id);
      expect(status.metadata).toEqual(config.metadata);
      expect(status.labels).toEqual(config.labels);
      expect(status.annotations).toEqual(config.annotations);
    },
  },
  {
    name: 'sandboxes have different addresses',
    async run(lab) {
      const [a, b] = [await lab.sandbox(), await lab.sandbox()];
      expect((await lab.sandboxStatus(a.id)).network?.ip).not.toBe((await lab.sandboxStatus(b.id)).network?.ip);
    },
  },
  {
    name: "a sandbox on the host's network has no address of its own",
    async run(lab) {
      const linux = { securityContext: { namespaceOptions: { network: 'NODE' } } } as const;
      const { id } = await lab.sandbox(lab.sandboxConfig({ linux }));
      const { network, linux: seen } = await lab.sandboxStatus(id);
      expect(network?.ip ?? '').toBe('');
      expect(seen?.namespaces?.options?.network).toBe('NODE');
    },
  },
  {
    name: 'sandboxes are listed by id, state and labels',
    async run(lab) {
      const [a, b] = [await lab.sandbox(), await lab.sandbox()];
      await lab.do(lab.runtime.stopPodSandbox({ podSandboxId: b.id }));
      const ids = async (filter: Parameters<typeof lab.runtime.listPodSandbox>[0]['filter']) =>
        (await lab.do(lab.runtime.listPodSandbox(filter === undefined ? {} : { filter }))).items.map(({ id }) => id);
      expect(await ids(undefined)).toEqual(expect.arrayContaining([a.id, b.id]));
      expect(await ids({ id: a.id })).toEqual([a.id]);
      expect(await ids({ labelSelector: a.config.labels ?? {} })).toEqual([a.id]);
      expect(await ids({ state: { state: 'SANDBOX_NOTREADY' } })).toEqual([b.id]);
    },
  },
  {
    name: 'a second sandbox of the same Pod and attempt is refused',
    async run(lab) {
      const { config } = await lab.sandbox();
      await failure(lab, lab.runtime.runPodSandbox({ config }));
    },
  },
  {
    name: 'stopping a sandbox ends its containers; removing it removes them',
    async run(lab) {
      const sandbox = await lab.sandbox();
      const container = await lab.running({}, sandbox);
      await lab.do(lab.runtime.stopPodSandbox({ podSandboxId: sandbox.id }));
      expect((await lab.sandboxStatus(sandbox.id)).state).toBe('SANDBOX_NOTREADY');
      expect((await lab.status(container)).state).toBe('CONTAINER_EXITED');
      await lab.do(lab.runtime.removePodSandbox({ podSandboxId: sandbox.id }));
      expect(await failure(lab, lab.runtime.podSandboxStatus({ podSandboxId: sandbox.id }))).toBe('NOT_FOUND');
      expect(await failure(lab, lab.runtime.containerStatus({ containerId: container }))).toBe('NOT_FOUND');
    },
  },
  {
    name: "a sandbox's status comes with its containers, or leaves them out",
    async run(lab) {
      const sandbox = await lab.sandbox();
      const container = await lab.running({}, sandbox);
      const { containersStatuses } = await lab.do(lab.runtime.podSandboxStatus({ podSandboxId: sandbox.id }));
      if (containersStatuses !== undefined) expect(containersStatuses.map(({ id }) => id)).toEqual([container]);
    },
  },
];

/** The life of containers. */
export const containerCases: readonly ConformanceCase[] = [
  {
    name: 'a container goes from created to running to exited',
    async run(lab) {
      const containerId = await lab.container();
      expect((await lab.status(containerId)).state).toBe('CONTAINER_CREATED');
      await lab.do(lab.runtime.startContainer({ containerId }));
      const running = await lab.status(containerId);
      expect(running.state).toBe('CONTAINER_RUNNING');
      expect(running.startedAt).toBeGreaterThanOrEqual(running.createdAt);
      await lab.do(lab.runtime.stopContainer({ containerId, timeout: 10 }));
      const exited = await lab.status(containerId);
      expect(exited.state).toBe('CONTAINER_EXITED');
      expect(exited.finishedAt).toBeGreaterThanOrEqual(exited.startedAt);
    },
  },
  {
    name: 'a container keeps its metadata, labels and image',
    async run(lab) {
      const containerId = await lab.container({ labels: { a: 'b' }, annotations: { c: 'd' } });
      const status = await lab.status(containerId);
      expect(status).toMatchObject({ labels: { a: 'b' }, annotations: { c: 'd' } });
      expect(status.imageRef).not.toBe('');
    },
  },
  {
    name: 'containers are listed by id, sandbox, state and labels',
    async run(lab) {
      const sandbox = await lab.sandbox();
      const [a, b] = [await lab.running({ labels: { only: 'a' } }, sandbox), await lab.container({}, sandbox)];
      await lab.running();
      const ids = async (filter: Parameters<typeof lab.runtime.listContainers>[0]['filter']) =>
        (await lab.do(lab.runtime.listContainers(filter === undefined ? {} : { filter }))).containers.map(({ id }) => id).sort();
      expect(await ids({ podSandboxId: sandbox.id })).toEqual([a, b].sort());
      expect(await ids({ id: a })).toEqual([a]);
      expect(await ids({ labelSelector: { only: 'a' } })).toEqual([a]);
      expect(await ids({ podSandboxId: sandbox.id, state: { state: 'CONTAINER_CREATED' } })).toEqual([b]);
    },
  },
  {
    name: 'an exit code of 0 is Completed, another is Error',
    async run(lab) {
      expect(await lab.ended(lab.fixture.commands.succeed)).toMatchObject({ exitCode: 0, reason: 'Completed' });
      expect(await lab.ended(lab.fixture.commands.exit3)).toMatchObject({ exitCode: 3, reason: 'Error' });
    },
  },
  {
    name: 'SIGKILL ends a container that ignores SIGTERM when the time is over',
    async run(lab) {
      const containerId = await lab.running({ command: lab.fixture.commands.ignoreTerm });
      await lab.fixture.untilSetUp?.(await lab.status(containerId));
      await lab.do(lab.runtime.stopContainer({ containerId, timeout: 1 }));
      expect(await lab.status(containerId)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 137 });
    },
  },
  {
    name: 'a timeout of 0 kills at once',
    async run(lab) {
      const containerId = await lab.running();
      await lab.do(lab.runtime.stopContainer({ containerId, timeout: 0 }));
      expect((await lab.status(containerId)).exitCode).toBe(137);
    },
  },
  {
    name: 'removing a running container kills it',
    async run(lab) {
      const containerId = await lab.running();
      await lab.do(lab.runtime.removeContainer({ containerId }));
      expect(await failure(lab, lab.runtime.containerStatus({ containerId }))).toBe('NOT_FOUND');
    },
  },
  {
    name: 'a command that cannot be started fails at the start and leaves an exited container',
    async run(lab) {
      const containerId = await lab.container({ command: lab.fixture.commands.invalid });
      await failure(lab, lab.runtime.startContainer({ containerId }));
      expect((await lab.status(containerId)).state).toBe('CONTAINER_EXITED');
    },
  },
  {
    name: 'a container is started once',
    async run(lab) {
      const containerId = await lab.running();
      await failure(lab, lab.runtime.startContainer({ containerId }));
      expect((await lab.status(containerId)).state).toBe('CONTAINER_RUNNING');
    },
  },
  {
    name: 'a container of an image that is not there is refused',
    async run(lab) {
      const image = { image: lab.fixture.missingImage };
      expect(await failure(lab, lab.container({ image }))).toBe('NOT_FOUND');
    },
  },
  {
    name: 'resources of a running container are changed',
    async run(lab) {
      const containerId = await lab.running();
      await lab.do(lab.runtime.updateContainerResources({ containerId, linux: { cpuShares: 512 } }));
      expect((await lab.status(containerId)).state).toBe('CONTAINER_RUNNING');
    },
  },
  {
    name: 'stats of running containers are listed',
    async run(lab) {
      const [running, created] = [await lab.running(), await lab.container()];
      const { stats } = await lab.do(lab.runtime.listContainerStats({}));
      const ids = stats.map(({ attributes }) => attributes.id);
      expect(ids).toContain(running);
      expect(ids).not.toContain(created);
    },
  },
];

/** What may be done twice, and to what is not there. */
export const idempotenceCases: readonly ConformanceCase[] = [
  ...(['stopPodSandbox', 'removePodSandbox'] as const).map((method) => ({
    name: `${method} of an unknown sandbox succeeds`,
    run: async (lab: Lab) => {
      await expect(lab.do(lab.runtime[method]({ podSandboxId: 'unknown' }))).resolves.toBeDefined();
    },
  })),
  ...(['stopContainer', 'removeContainer'] as const).map((method) => ({
    name: `${method} of an unknown container succeeds`,
    run: async (lab: Lab) => {
      await expect(lab.do(lab.runtime[method]({ containerId: 'unknown' }))).resolves.toBeDefined();
    },
  })),
  {
    name: 'what is stopped can be stopped again',
    async run(lab) {
      const sandbox = await lab.sandbox();
      const containerId = await lab.running({}, sandbox);
      for (let times = 0; times < 2; times++) await lab.do(lab.runtime.stopContainer({ containerId, timeout: 1 }));
      for (let times = 0; times < 2; times++) await lab.do(lab.runtime.stopPodSandbox({ podSandboxId: sandbox.id }));
    },
  },
  {
    name: 'removeImage of an unknown image succeeds',
    async run(lab) {
      await expect(lab.do(lab.runtime.removeImage({ image: { image: lab.fixture.missingImage } }))).resolves.toBeDefined();
    },
  },
];
