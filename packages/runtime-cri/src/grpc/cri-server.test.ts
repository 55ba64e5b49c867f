import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom, systemClock } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import { describeRuntimeConformance } from '../conformance/index.ts';
import { createSimulatedRuntime } from '../simulation/simulated-runtime.ts';
import { serveCri } from './cri-server.ts';
import { createGrpcRuntime } from './grpc-runtime.ts';

const noStreams = 'the server has no streaming server beside it';

describeRuntimeConformance(
  'the simulation, served over gRPC',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kybern-cri-'));
    const simulation = createSimulatedRuntime({
      clock: systemClock(),
      random: seededRandom(1),
      behaviors: [
        { image: 'missing', pull: { error: 'not-found' } },
        { command: 'ignore-term', stop: { ignoreSigterm: true } },
        { command: 'exit 3', exit: { code: 3 } },
        { command: 'succeed', exit: { code: 0, afterMs: 10 } },
        { command: 'no-such-command', start: { error: 'exec: "no-such-command": executable file not found in $PATH' } },
      ],
    });
    const server = await serveCri(simulation, { path: join(folder, 'cri.sock') });
    const runtime = createGrpcRuntime({ endpoint: server.endpoint });
    await runtime.capabilities();
    return {
      runtime,
      image: 'busybox:1.36',
      otherImage: 'nginx:1.25',
      missingImage: 'missing:1',
      commands: { forever: ['run'], ignoreTerm: ['ignore-term'], exit3: ['exit', '3'], succeed: ['succeed'], invalid: ['no-such-command'] },
      async [Symbol.asyncDispose]() {
        runtime[Symbol.dispose]();
        await server[Symbol.asyncDispose]();
        simulation[Symbol.dispose]();
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
  { skip: { 'nothing is run in a container that does not run': noStreams, 'exec streams output and tells the exit code': noStreams } },
);

describe('the client of a CRI server', () => {
  it('knows where events come from, reconnects when the server is back, and tells what happened meanwhile', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kybern-cri-'));
    const simulation = createSimulatedRuntime({ random: seededRandom(1), images: ['app'] });
    const path = join(folder, 'cri.sock');
    let server = await serveCri(simulation, { path });
    using runtime = createGrpcRuntime({ endpoint: path });
    expect(await runtime.capabilities()).toMatchObject({ events: 'cri' });
    const sandboxConfig = { metadata: { name: 'pod', namespace: 'default', uid: 'uid', attempt: 0 } };
    const { podSandboxId } = await runtime.runPodSandbox({ config: sandboxConfig });
    const config = { metadata: { name: 'app', attempt: 0 }, image: { image: 'app' } };
    const { containerId } = await runtime.createContainer({ podSandboxId, config, sandboxConfig });
    await runtime.startContainer({ containerId });
    await server[Symbol.asyncDispose]();
    await expect(runtime.version({})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const stopped = new Promise<void>((resolve) => {
      runtime.events$.subscribe(({ containerId: id, containerEventType: type }) => {
        if (id === containerId && type === 'CONTAINER_STOPPED_EVENT') resolve();
      });
    });
    simulation.crash(containerId);
    server = await serveCri(simulation, { path });
    await stopped;
    expect((await runtime.containerStatus({ containerId })).status).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 1 });
    await server[Symbol.asyncDispose]();
    simulation[Symbol.dispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('says which endpoint is none', () => {
    expect(() => createGrpcRuntime({ endpoint: 'somewhere' })).toThrow('"somewhere" is no endpoint');
  });
});
