import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isConditionTrue, readText } from '@kybern/core';
import { createHttpClient, loadKubeconfig, type HttpClient } from '@kybern/client';
import { Pod } from '@kybern/core/kinds';
import { createSimulatedRuntime } from '@kybern/runtime-cri';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCluster, type Cluster } from '../cluster.ts';
import type { CliIo } from './io.ts';
import { kubeconfigText } from './kubeconfig-file.ts';
import { main } from './main.ts';

describe('what goes on inside of Pods, from the command line and by the client', { timeout: 60_000 }, () => {
  let folder: string;
  let cluster: Cluster;
  let client: HttpClient;
  beforeAll(async () => {
    const runtime = createSimulatedRuntime({
      behaviors: [
        {
          logs: [{ line: 'one' }, { line: 'two' }],
          exec: [{ command: 'fail', stderr: 'no\n', exitCode: 4 }],
          ports: [
            { port: 80, http: { body: 'hello' } },
            { port: 81, refuse: true },
          ],
        },
      ],
    });
    cluster = await createCluster({ nodes: [{ name: 'only', runtime }] });
    folder = await mkdtemp(join(tmpdir(), 'kybern-cli-streams-'));
    await writeFile(join(folder, 'config'), kubeconfigText(await cluster.listen()));
    client = createHttpClient(await loadKubeconfig({ file: join(folder, 'config') }));
    await client.create(Pod, { metadata: { namespace: 'default', name: 'web' }, spec: { containers: [{ name: 'main', image: 'busybox' }] } });
    for (let tries = 0; tries < 600 && !isConditionTrue(await client.get(Pod, 'default/web'), 'Ready'); tries++)
      await new Promise((resolve) => setTimeout(resolve, 50));
  }, 60_000);
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const start = (args: readonly string[], input = ''): { done: Promise<number>; io: CliIo; interrupt: () => void; text: { out: string; err: string } } => {
    const text = { out: '', err: '' };
    const controller = new AbortController();
    const io: CliIo = {
      stdout: { write: (piece) => (text.out += piece), columns: 100 },
      stderr: { write: (piece) => (text.err += piece) },
      stdin: () => new Blob([input]).stream(),
      env: { KUBECONFIG: join(folder, 'config') },
      homeDir: folder,
      cwd: folder,
      interrupted: controller.signal,
    };
    return { done: main(args, io), io, text, interrupt: () => controller.abort(new Error('interrupted')) };
  };
  const run = async (args: readonly string[], input?: string): Promise<{ code: number; out: string; err: string }> => {
    const { done, text } = start(args, input);
    return { code: await done, ...text };
  };

  it('prints logs', async () => {
    expect(await run(['logs', 'web'])).toEqual({ code: 0, out: 'one\ntwo\n', err: '' });
    expect(await run(['logs', 'pod/web', '--tail', '1'])).toMatchObject({ out: 'two\n' });
    expect(await run(['logs', 'nobody'])).toMatchObject({ code: 1, err: expect.stringMatching(/pods "nobody" not found/) as string });
  });

  it('runs commands, and ends as they do', async () => {
    expect(await run(['exec', 'web', '--', 'echo', 'hello'])).toEqual({ code: 0, out: 'hello\n', err: '' });
    expect(await run(['exec', 'web', '--', 'fail'])).toEqual({ code: 4, out: '', err: 'no\n' });
    expect(await run(['exec', '-i', 'web', '--', 'cat'], 'typed')).toMatchObject({ code: 0, out: 'typed' });
    expect(await run(['exec', 'web'])).toMatchObject({ code: 1, err: expect.stringMatching(/say what to run after --/) as string });
  });

  it('forwards ports until it is interrupted', async () => {
    const { done, text, interrupt } = start(['port-forward', 'web', ':80']);
    await expect.poll(() => text.out, { timeout: 20_000 }).toMatch(/Forwarding from 127\.0\.0\.1:\d+ -> 80/);
    const port = /127\.0\.0\.1:(\d+)/.exec(text.out)?.[1] ?? '';
    for (let i = 0; i < 2; i++) expect(await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text()).toBe('hello');
    interrupt();
    expect(await done).toBe(0);
  });

  it('tells the client why a port cannot be reached', async () => {
    const { readable } = await client.podStreams.connect('default/web', 81);
    await expect(readText(readable)).rejects.toThrow(/connection refused/);
    await expect(client.podStreams.exec('default/nobody', { command: ['a'] })).rejects.toMatchObject({ reason: 'NotFound' });
  });
});
