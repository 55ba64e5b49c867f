import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProcessRuntime } from '@kybern/runtime-cri/process';
import { expect, it, vi } from 'vitest';
import { rotateLogs } from './log-rotation.ts';

it('a container that floods its log has so many files of so many bytes', { timeout: 90_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kybern-rotation-'));
  await using runtime = await createProcessRuntime({ directory });
  const sandboxConfig = { metadata: { name: 'flood', namespace: 'default', uid: '1', attempt: 0 }, logDirectory: join(directory, 'logs') };
  const { podSandboxId } = await runtime.runPodSandbox({ config: sandboxConfig });
  try {
    await runtime.pullImage({ image: { image: 'host' } });
    const command = ['sh', '-c', 'while :; do echo 0123456789012345678901234567890123456789; sleep 0.01; done'];
    const config = { metadata: { name: 'app', attempt: 0 }, image: { image: 'host' }, command, logPath: 'app.log' };
    const { containerId } = await runtime.createContainer({ podSandboxId, config, sandboxConfig });
    await runtime.startContainer({ containerId });
    const log = join(directory, 'logs/app.log');
    for (let round = 0; round < 4; round += 1) {
      await vi.waitFor(async () => expect((await stat(log)).size).toBeGreaterThan(400), { timeout: 20_000, interval: 20 });
      await rotateLogs(runtime, `round-${String(round)}`, { maxBytes: 400, maxFiles: 3 });
    }
    expect((await readdir(join(directory, 'logs'))).sort()).toEqual(['app.log', 'app.log.round-2', 'app.log.round-3']);
  } finally {
    await runtime.removePodSandbox({ podSandboxId });
    await rm(directory, { recursive: true, force: true });
  }
});
