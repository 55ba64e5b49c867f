import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { nftCommand, type NftRunner } from '@kybern/dataplane';

/** Why tests of the kernel's tables cannot run here; undefined when they can. In CI, as root on Linux, they must. */
export function whyNoNetns(): string | undefined {
  const why = reason();
  if (why !== undefined && process.env.CI === 'true' && process.platform === 'linux' && process.getuid?.() === 0)
    throw new Error(`${why}; in CI it must be there`);
  return why;
}

function reason(): string | undefined {
  if (process.platform !== 'linux') return 'nftables are of Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  for (const program of ['nft', 'ip', 'unshare', 'nsenter']) if (spawnSync(program, ['--help']).error !== undefined) return `${program} is not installed`;
  const tried = spawnSync('unshare', ['--net', 'nft', 'add', 'table', 'ip', 'probe']);
  return tried.status === 0 ? undefined : `a network namespace with tables cannot be made: ${String(tried.stderr)}`;
}

/** A network namespace of a test's own, gone with the process that holds it. */
export interface Netns extends AsyncDisposable {
  readonly nft: NftRunner;
  /** How a program is run in it. */
  readonly enter: readonly string[];
  /** Runs a shell script in it. @throws {Error} when it fails */
  readonly shell: (script: string) => string;
  readonly pid: number;
}

/** Makes a {@link Netns} with `lo` up. */
export async function createNetns(): Promise<Netns> {
  const holder: ChildProcess = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo ready && exec sleep 900'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (holder.stdout === null || holder.pid === undefined) throw new Error('unshare cannot be run');
  await once(holder.stdout, 'data');
  const { pid } = holder;
  const enter = ['nsenter', '--target', String(pid), '--net'];
  return {
    pid,
    enter,
    nft: nftCommand([...enter, 'nft']),
    shell: (script) => {
      const done = spawnSync(enter[0] ?? '', [...enter.slice(1), 'sh', '-ec', script], { encoding: 'utf8' });
      if (done.status !== 0) throw new Error(`${script}: ${done.stderr}`);
      return done.stdout;
    },
    async [Symbol.asyncDispose]() {
      const ended = once(holder, 'exit');
      holder.kill('SIGKILL');
      await ended;
    },
  };
}
