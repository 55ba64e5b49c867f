import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { describeRuntimeConformance } from '../conformance/index.ts';
import { createGrpcRuntime } from './grpc-runtime.ts';
import { describeContainerd, startContainerd, type ContainerdInstance } from './testing/index.ts';

describeContainerd('a real containerd', () => {
  let instance: ContainerdInstance;
  beforeAll(async () => {
    instance = await startContainerd();
  }, 60_000);
  afterAll(async () => {
    await instance?.[Symbol.asyncDispose]();
  }, 120_000);

  describeRuntimeConformance('containerd over gRPC', async () => {
    const runtime = createGrpcRuntime({ endpoint: instance.endpoint });
    await runtime.capabilities();
    return {
      runtime,
      image: 'docker.io/library/busybox:1.36',
      otherImage: 'docker.io/library/other:1',
      missingImage: 'docker.io/library/missing:1',
      commands: {
        forever: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1 & wait $!; done'],
        ignoreTerm: ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 1; done'],
        exit3: ['sh', '-c', 'exit 3'],
        succeed: ['true'],
        invalid: ['/no/such/command'],
      },
      logRoot: instance.folder,
      untilSetUp: ({ logPath = '' }) => vi.waitFor(async () => expect(await readFile(logPath, 'utf8')).toContain('ready'), { timeout: 30_000 }),
      async [Symbol.asyncDispose]() {
        const { items } = await runtime.listPodSandbox({});
        for (const { id: podSandboxId } of items) {
          await runtime.stopPodSandbox({ podSandboxId });
          await runtime.removePodSandbox({ podSandboxId });
        }
        runtime[Symbol.dispose]();
      },
    };
  });
});
