import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHttpClient, loadKubeconfig, type HttpClient } from '@kybern/client';
import { Pod, Service } from '@kybern/core/kinds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

interface Up {
  readonly kubeconfig: string;
  readonly state: string;
  readonly port: number;
  end(signal: NodeJS.Signals): Promise<void>;
}

describe('kybern up with state on disk', { timeout: 120_000 }, () => {
  let home: string;
  const children: ReturnType<typeof spawn>[] = [];
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'kybern-restart-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });

  function run(...args: string[]): { out: () => string; err: () => string; child: ReturnType<typeof spawn>; closed: Promise<number | null> } {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--conditions=@kybern/source', join(root, 'packages/kybern/src/bin.ts'), ...args],
      { cwd: root, env: { PATH: process.env.PATH, KYBERN_RUNTIME: 'simulated', HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    children.push(child);
    let [out, err] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    return { child, out: () => out, err: () => err, closed: once(child, 'close').then(([code]) => code as number | null) };
  }

  async function up(...args: string[]): Promise<Up> {
    const { child, out, err, closed } = run('up', 'examples/quickstart', '--output', 'json', ...args);
    const find = (type: string): Record<string, string> | undefined =>
      out()
        .split('\n')
        .slice(0, -1)
        .map((text) => JSON.parse(text) as Record<string, string>)
        .find((event) => event['type'] === type);
    while (find('available') === undefined) {
      const ended = await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data').then(() => false), closed.then(() => true)]);
      if (ended && find('available') === undefined) throw new Error(`kybern up ended: ${out()}${err()}`);
    }
    const ready = find('ready') as Record<string, string>;
    return {
      kubeconfig: ready['kubeconfig'] as string,
      state: ready['state'] as string,
      port: Number(new URL(ready['server'] as string).port),
      async end(signal) {
        child.kill(signal);
        await closed;
      },
    };
  }

  const withClient = async <T>(file: string, use: (client: HttpClient) => Promise<T>): Promise<T> => {
    await using client = createHttpClient(await loadKubeconfig({ env: {}, file }));
    return await use(client);
  };

  const picture = (file: string): Promise<unknown> =>
    withClient(file, async (client) => {
      const pods = await client.list(Pod, { namespace: 'default' });
      const services = await client.list(Service, { namespace: 'default' });
      return {
        pods: pods.items.map(({ metadata, status }) => [metadata.name, metadata.uid, status?.phase]),
        services: services.items.map(({ metadata, spec }) => [metadata.name, spec?.clusterIP]),
      };
    });

  it.each(['SIGKILL', 'SIGTERM'] as const)('goes on where it was after %s: the same Pods, and kubeconfigs stay good', async (signal) => {
    const first = await up();
    expect(first.state).toBe(`file:${join(home, '.local/share/kybern/state')}`);
    const kept = join(home, 'kept');
    await writeFile(kept, await readFile(first.kubeconfig));
    const before = await picture(kept);
    await first.end(signal);

    const second = await up('--listen', `127.0.0.1:${String(first.port)}`);
    expect(await picture(kept)).toEqual(before);
    await second.end('SIGTERM');
  });

  it('is for one process at a time; a backup can be made meanwhile', async () => {
    const first = await up();
    const second = run('up');
    expect(await second.closed).toBe(1);
    expect(second.err()).toMatch(/^kybern: the state in .*\/kybern\/state is in use by process \d+: end that first, or give this one a state of its own/);

    const backup = run('state', 'backup', join(home, 'backup'));
    expect([await backup.closed, backup.err()]).toEqual([0, '']);
    expect(backup.out()).toMatch(/\.local\/share\/kybern\/state: backed up, \d+\.\d MB, revision \d+; watches resume from revision \d+ on/);
    const before = await picture(first.kubeconfig);
    await first.end('SIGKILL');

    const restored = `file:${join(home, 'restored')}`;
    expect(await run('state', 'restore', join(home, 'backup'), '--state', restored).closed).toBe(0);
    const third = await up('--state', restored);
    expect(await picture(third.kubeconfig)).toEqual(before);
    await third.end('SIGTERM');
  });
});
