// Informers of 100,000 Pods over HTTP, ours and that of @kubernetes/client-node, each in a process of its own, from one server in another.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark, Measured } from '../../../scripts/benchmark.ts';

const here = join(dirname(fileURLToPath(import.meta.url)), 'informers');
const FLAGS = ['--expose-gc', '--disable-warning=ExperimentalWarning', '--conditions=@kybern/source', '--max-old-space-size=6000'];
const PODS = 100_000;
const PEER = '@kubernetes/client-node 2';

interface Sync {
  readonly ms: number;
  readonly cpuMs: number;
  readonly heapMb: number;
  readonly rssMb: number;
  readonly peakMb: number;
}

interface Server extends AsyncDisposable {
  readonly kubeconfig: string;
}

async function serve(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'kybern-informers-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const child = spawn(process.execPath, [...FLAGS, join(here, 'server.ts'), String(PODS), kubeconfig], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the server ended with ${String(code)}`)));
  });
  return {
    kubeconfig,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const ended = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once('close', resolve));

/** The median by time of three. */
async function sync(who: 'own' | 'metadata' | 'peer'): Promise<Sync> {
  await using server = await serve();
  const runs: Sync[] = [];
  for (let run = 0; run < 3; run++) {
    const child = spawn(process.execPath, [...FLAGS, join(here, 'sync.ts'), who, server.kubeconfig, String(PODS)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await ended(child);
    runs.push(JSON.parse(text) as Sync);
  }
  return runs.toSorted((a, b) => a.ms - b.ms)[1] as Sync;
}

const known = new Map<string, Promise<Sync>>();
const once = (who: Parameters<typeof sync>[0]): Promise<Sync> => {
  const measured = known.get(who) ?? sync(who);
  known.set(who, measured);
  return measured;
};
const time = async (who: Parameters<typeof sync>[0]): Promise<Measured> => {
  const { ms, cpuMs, rssMb, peakMb } = await once(who);
  return { value: ms, more: { cpuMs, rssMb, peakMb } };
};

/** One server and six processes: seconds each. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: 'informer sync of 100,000 Pods over HTTP',
    unit: 'ms',
    better: 'lower',
    aim: 3_000,
    run: () => time('own'),
    peer: { name: PEER, run: async () => (await once('peer')).ms },
  },
  {
    name: 'heap after that sync, objects included',
    unit: 'MB',
    better: 'lower',
    run: async () => (await once('own')).heapMb,
    peer: { name: PEER, run: async () => (await once('peer')).heapMb },
  },
  { name: 'informer sync of the metadata of 100,000 Pods over HTTP', unit: 'ms', better: 'lower', run: () => time('metadata') },
  { name: 'heap after the sync of metadata', unit: 'MB', better: 'lower', run: async () => (await once('metadata')).heapMb },
];
