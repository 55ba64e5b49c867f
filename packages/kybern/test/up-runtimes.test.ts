import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createGrpcRuntime } from '@kybern/runtime-cri/grpc';
import { describeContainerd, startContainerd, type ContainerdInstance } from '@kybern/runtime-cri/grpc/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kubectlPath } from './kubectl/kubectl.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const run = promisify(execFile);
const WAIT = { timeout: 60_000, interval: 200 };

/** A Deployment of two servers that say who they are. */
const deployment = (command: readonly string[]): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'web',
            image: 'busybox:1.36',
            command,
            env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
            readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1, timeoutSeconds: 5 },
          },
        ],
      },
    },
  },
});

interface Running {
  readonly out: () => string;
  interrupt(): Promise<number | null>;
}

let home: string;
let up: Running | undefined;
let children: { kill(signal: 'SIGKILL'): unknown }[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'kybern-runtimes-'));
});
afterEach(async () => {
  await up?.interrupt();
  up = undefined;
  for (const child of children) child.kill('SIGKILL');
  children = [];
  await rm(home, { recursive: true, force: true });
});

async function start(command: readonly string[], ...args: readonly string[]): Promise<Running> {
  await writeFile(join(home, 'web.yaml'), JSON.stringify(deployment(command)));
  const bin = join(root, 'packages/kybern/src/bin.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--conditions=@kybern/source', bin, 'up', join(home, 'web.yaml'), ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let text = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (data: Buffer) => (text += data.toString()));
  const exit = once(child, 'exit');
  const running: Running = {
    out: () => text,
    async interrupt() {
      child.kill('SIGINT');
      const [code] = (await exit) as [number | null];
      return code;
    },
  };
  up = running;
  await vi.waitFor(() => expect(text).toMatch(/everything is available|kybern: (?!this machine)/), { timeout: 90_000, interval: 100 });
  expect(text).toContain('everything is available');
  return running;
}

async function kubectl(...args: readonly string[]): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: join(home, '.kybern/kubeconfig') };
  return (await run(kubectlPath ?? '', args, { env, timeout: 30_000 })).stdout;
}

/** Through a port that kubectl forwards to one of the Pods. */
async function askThrough(target: string): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: join(home, '.kybern/kubeconfig') };
  const child = spawn(kubectlPath ?? '', ['port-forward', target, ':8080'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  const port = await vi.waitFor(() => {
    const found = /127\.0\.0\.1:(\d+)/.exec(text)?.[1];
    expect(found).toBeDefined();
    return found;
  }, WAIT);
  const answer = await (await fetch(`http://127.0.0.1:${String(port)}/`)).text();
  child.kill('SIGKILL');
  return answer.trim();
}

/** What holds for real containers, whoever runs them. */
async function checkWithKubectl(): Promise<void> {
  const names = (await kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ');
  expect(names).toHaveLength(2);
  const [name = ''] = names;
  expect(await kubectl('logs', name)).toContain('started');
  expect((await kubectl('exec', name, '--', 'sh', '-c', 'echo "$POD"')).trim()).toBe(name);
  expect(await askThrough(`pod/${name}`)).toBe(`hello from ${name}`);
  await kubectl('delete', 'pod', name, '--wait=true');
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
}

describe.skipIf(kubectlPath === undefined)('kybern up --runtime process', { timeout: 180_000 }, () => {
  it('runs a Deployment as processes, which kubectl reaches, and ends them with the cluster', async () => {
    const server = "console.log('started');require('http').createServer((_, a) => a.end('hello from ' + process.env.POD)).listen(8080, process.env.KYBERN_IP)";
    const running = await start([process.execPath, '-e', server], '--runtime', 'process');
    expect(running.out()).toMatch(/^kybern: this machine as "node-1", containers are its own commands and not isolated, API server at https:/);
    await checkWithKubectl();
    await running.interrupt();
    expect(await readdir(join(home, '.local/share/kybern/nodes/node-1/runtime/containers'))).toEqual([]);
  });
});

describeContainerd('kybern up --runtime containerd', () => {
  let instance: ContainerdInstance;
  beforeEach(async () => {
    instance = await startContainerd();
  }, 60_000);
  afterEach(() => instance?.[Symbol.asyncDispose](), 60_000);

  it.skipIf(kubectlPath === undefined)('runs a Deployment in containers, which kubectl reaches, and ends them with the cluster', async () => {
    const server = 'echo started; mkdir /www; echo "hello from $POD" >/www/index.html; exec httpd -f -p 8080 -h /www';
    const running = await start(['sh', '-c', server], '--runtime', 'containerd', '--containerd-endpoint', instance.endpoint);
    expect(running.out()).toMatch(/^kybern: this machine as "node-1", containers by containerd \S+, API server at https:/);
    await checkWithKubectl();
    await running.interrupt();
    using runtime = createGrpcRuntime({ endpoint: instance.endpoint });
    expect((await runtime.listPodSandbox({})).items).toEqual([]);
  });
});
