import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeEtcd, startEtcd, type EtcdServer } from '@kybern/state/etcd/testing';
import { beforeEach, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const bin = join(root, 'packages/kybern/src/bin.ts');

describeEtcd('kybern up over etcd', () => {
  let etcd: EtcdServer;
  let home: string;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    etcd = await startEtcd();
    home = await mkdtemp(join(tmpdir(), 'kybern-up-etcd-'));
    return async () => {
      for (const child of children.splice(0)) child.kill('SIGKILL');
      await etcd[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    };
  }, 120_000);

  const start = (
    ...args: string[]
  ): { said(pattern: RegExp): Promise<void>; ended: Promise<{ code: number | null; out: string; err: string }>; kill(): void } => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--conditions=@kybern/source', bin, ...args], {
      cwd: root,
      env: { PATH: process.env.PATH, KYBERN_RUNTIME: 'simulated', HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let [out, err] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
    return {
      ended,
      async said(pattern) {
        while (!pattern.test(out)) {
          const over = await Promise.race([once(child.stdout, 'data').then(() => undefined), ended]);
          if (over !== undefined && !pattern.test(out)) throw new Error(`it ended before it said ${String(pattern)}: ${out}${err}`);
        }
      },
      kill: () => child.kill('SIGKILL'),
    };
  };

  it('keeps what was there when it is killed, and a second one joins the same cluster', async () => {
    const first = start(
      'up',
      'examples/quickstart',
      '--state',
      `etcd:${etcd.endpoint}`,
      '--nodes',
      '1',
      '--node-prefix',
      'first',
      '--kubeconfig',
      join(home, 'first'),
    );
    await first.said(/everything is available/);
    const second = start('up', '--state', `etcd:${etcd.endpoint}`, '--nodes', '1', '--node-prefix', 'second', '--kubeconfig', join(home, 'second'));
    await second.said(/state: etcd at http/);
    first.kill();
    await first.ended;
    const { out, err } = await start('get', 'deployments', '--kubeconfig', join(home, 'second')).ended;
    expect(out + err).toMatch(/nginx-deployment +\d\/3/);
  });

  it('says in one line that there is no etcd, and which user is wrong', async () => {
    await etcd.signal('SIGKILL');
    const { code, err } = await start('up', '--state', `etcd:${etcd.endpoint}`).ended;
    expect(code).toBe(1);
    expect(err).toMatch(/^kybern: cannot use etcd at http:\/\/127\.0\.0\.1:\d+: etcd cannot be reached: .*ECONNREFUSED.*\n$/);
    const user = await start('up', '--state', `etcd:${etcd.endpoint}`, '--etcd-user', 'root').ended;
    expect(user.err).toMatch(/KYBERN_ETCD_PASSWORD/);
    const file = await start('up', '--state', `etcd:${etcd.endpoint}`, '--etcd-cafile', join(home, 'none')).ended;
    expect(file.err).toMatch(/cannot read .*none/);
  });
});
