import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { describeRuntimeConformance } from '../conformance/index.ts';
import { createProcessRuntime } from './process-runtime.ts';

const shared = process.platform === 'linux' ? {} : { 'sandboxes have different addresses': 'only Linux has an address for each sandbox without asking' };

describeRuntimeConformance(
  'the process runtime',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kybern-process-'));
    const runtime = await createProcessRuntime({ directory, images: { 'test:1': {}, 'other:1': { command: ['true'] } } });
    return {
      runtime,
      image: 'test:1',
      otherImage: 'other:1',
      missingImage: 'missing:1',
      commands: {
        forever: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1 & wait $!; done'],
        ignoreTerm: ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 1; done'],
        exit3: ['sh', '-c', 'exit 3'],
        succeed: ['true'],
        invalid: ['/no/such/command'],
      },
      logRoot: directory,
      untilSetUp: ({ logPath = '' }) => vi.waitFor(async () => expect(await readFile(logPath, 'utf8')).toContain('ready'), { timeout: 30_000 }),
      async [Symbol.asyncDispose]() {
        const { items } = await runtime.listPodSandbox({});
        for (const { id: podSandboxId } of items) await runtime.removePodSandbox({ podSandboxId });
        await runtime[Symbol.asyncDispose]();
        await rm(directory, { recursive: true, force: true });
      },
    };
  },
  { skip: shared },
);
