// `kybern up` as a process of its own, in a home of its own, and kubectl beside it.
import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { expect, vi } from 'vitest';
import { kubectlPath } from './kubectl/kubectl.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const run = promisify(execFile);
export const WAIT = { timeout: 60_000, interval: 200 };

/** Starts a command line in a home; it is ended with it. */
export function kybern(home: UpHome, args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  const bin = join(root, 'packages/kybern/src/bin.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--conditions=@kybern/source', bin, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], KYBERN_RUNTIME: 'simulated', HOME: home.directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  home.children.push(child);
  return child;
}

/** A home, in which clusters are started. */
export class UpHome {
  directory = '';
  readonly children: { kill(signal: 'SIGKILL'): unknown }[] = [];
  #text = '';
  #interrupt: (() => Promise<number | null>) | undefined;

  async open(): Promise<void> {
    this.directory = await mkdtemp(join(tmpdir(), 'kybern-up-'));
  }

  async close(): Promise<void> {
    await this.interrupt();
    for (const child of this.children.splice(0)) child.kill('SIGKILL');
    await rm(this.directory, { recursive: true, force: true });
  }

  /** What the cluster said. */
  get out(): string {
    return this.#text;
  }

  get env(): NodeJS.ProcessEnv {
    return { PATH: process.env['PATH'], HOME: this.directory, KUBECONFIG: join(this.directory, '.kybern/kubeconfig') };
  }

  /** Starts a cluster with manifests; resolves when everything is available. */
  async up(manifests: readonly object[], ...args: readonly string[]): Promise<void> {
    const files = manifests.map((_, i) => join(this.directory, `${String(i)}.yaml`));
    await Promise.all(manifests.map((manifest, i) => writeFile(files[i] ?? '', JSON.stringify(manifest))));
    const child = kybern(this, ['up', ...files, ...args]);
    this.#text = '';
    for (const output of [child.stdout, child.stderr]) output.on('data', (data: Buffer) => (this.#text += data.toString()));
    const exit = once(child, 'exit');
    this.#interrupt = async () => {
      child.kill('SIGINT');
      const [code] = (await exit) as [number | null];
      return code;
    };
    await vi.waitFor(() => expect(this.#text).toMatch(/everything is available|kybern: (?!this machine)/), { timeout: 90_000, interval: 100 });
    expect(this.#text).toContain('everything is available');
  }

  /** Ctrl-C. @returns the exit code */
  async interrupt(): Promise<number | null | undefined> {
    const interrupt = this.#interrupt;
    this.#interrupt = undefined;
    return await interrupt?.();
  }

  async apply(manifest: object): Promise<void> {
    const file = join(this.directory, 'applied.json');
    await writeFile(file, JSON.stringify(manifest));
    await this.kubectl('apply', '-f', file);
  }

  async kubectl(...args: readonly string[]): Promise<string> {
    return (await run(kubectlPath ?? '', args, { env: this.env, timeout: 30_000 })).stdout;
  }
}

/** A container of a server at port 8080 that knows the name of its Pod as `POD`. */
export const webContainer = (command: readonly string[]): object => ({
  name: 'web',
  image: 'busybox:1.36',
  command,
  env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
  readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1, timeoutSeconds: 5 },
});

/** A Deployment `web` of such servers. */
export const webDeployment = (replicas: number, container: object, terminationGracePeriodSeconds = 1): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { terminationGracePeriodSeconds, containers: [container] } },
  },
});
