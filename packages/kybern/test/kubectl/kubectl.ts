import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished, type TestFunction } from 'vitest';
import { kubeconfigText } from '../../src/cli/kubeconfig-file.ts';
import { createCluster, type Cluster, type ClusterOptions } from '../../src/index.ts';

/** How long one command may take, on a machine that is busy with other tests. */
const COMMAND_MS = 30_000;

/** What a command did. */
export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Options of one command. */
export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A command that goes on. */
export interface Following {
  /** Resolves with standard output once it matches. Rejects when the command ends without. */
  said(pattern: RegExp): Promise<string>;
  stop(): Promise<void>;
}

/** A cluster and the real kubectl, which knows nothing but this cluster's kubeconfig. */
export interface KubectlSession extends AsyncDisposable {
  readonly cluster: Cluster;
  /** A temporary folder for manifests. */
  readonly folder: string;
  /** Runs a command line, split at blanks; an array is taken as it is. */
  run(args: string | readonly string[], options?: RunOptions): Promise<Finished>;
  /** The same, and resolves with standard output; fails the test when the command failed. */
  ok(args: string | readonly string[], options?: RunOptions): Promise<string>;
  /** Runs a command that must fail, and resolves with standard error. */
  fails(args: string | readonly string[], options?: RunOptions): Promise<string>;
  follow(args: string | readonly string[]): Following;
  /** Writes a file into {@link KubectlSession.folder} and gives its path. */
  file(name: string, text: string): Promise<string>;
}

/** Where kubectl is: `$KYBERN_TEST_KUBECTL`, else the first on the PATH. */
export const kubectlPath: string | undefined = findKubectl();
/** Its minor version; 0 without one. */
export const kubectlMinor: number = kubectlPath === undefined ? 0 : minorOf(kubectlPath);

function findKubectl(): string | undefined {
  const candidates = [process.env.KYBERN_TEST_KUBECTL ?? '', ...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'kubectl'))];
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return path !== '';
    } catch {
      return false; // not there, or not to be run: the next one
    }
  });
}

function minorOf(path: string): number {
  const { stdout } = spawnSync(path, ['version', '--client', '--output=json'], { encoding: 'utf8', timeout: COMMAND_MS });
  return Number(/"minor": "(\d+)/.exec(stdout)?.[1] ?? 0);
}

/**
 * Tests with the real kubectl. Without one they fail in continuous integration and are skipped elsewhere, and say so.
 *
 * @param declare gets a function that gives the session, which is there inside tests
 */
export function describeKubectl(title: string, declare: (k: () => KubectlSession) => void, options: ClusterOptions = {}): void {
  if (kubectlPath === undefined) {
    const why = "there is no kubectl on the PATH: install it, for instance with Debian's package kubernetes-client";
    describe(title, () => {
      it('needs kubectl', (context) => {
        if (process.env.CI === 'true') throw new Error(why);
        context.skip(why);
      });
    });
    return;
  }
  describe(`${title} (kubectl 1.${String(kubectlMinor)})`, { timeout: 2 * COMMAND_MS }, () => {
    let session: KubectlSession | undefined;
    beforeAll(async () => {
      session = await openSession(kubectlPath ?? '', options);
      return () => session?.[Symbol.asyncDispose]();
    });
    declare(() => {
      if (session === undefined) throw new Error('the session begins with the first test');
      return session;
    });
  });
}

/** A test of what kubectl can do since 1.`minor`; skipped, with the reason in its name, when it is older. */
export function itSince(minor: number, name: string, run: TestFunction): void {
  if (kubectlMinor >= minor) it(name, run);
  else it.skip(`${name} (needs kubectl 1.${String(minor)})`, run);
}

async function openSession(path: string, options: ClusterOptions): Promise<KubectlSession> {
  const cluster = await createCluster({ nodes: 3, ...options });
  const folder = await mkdtemp(join(tmpdir(), 'kybern-kubectl-'));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigText(await cluster.listen()), { mode: 0o600 });
  const baseEnv = { PATH: process.env.PATH ?? '', HOME: folder, KUBECONFIG: kubeconfig, KUBECACHEDIR: join(folder, 'cache') };
  const start = (args: string | readonly string[], { env = {} }: RunOptions = {}): ReturnType<typeof spawn> =>
    spawn(path, typeof args === 'string' ? args.split(' ').filter((word) => word !== '') : args, {
      cwd: folder,
      env: { ...baseEnv, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  const run: KubectlSession['run'] = async (args, runOptions = {}) => finish(start(args, runOptions), runOptions.input ?? '');
  return {
    cluster,
    folder,
    run,
    async ok(args, runOptions) {
      const finished = await run(args, runOptions);
      if (finished.code !== 0) expect.fail(`kubectl ${String(args)} ended with ${String(finished.code)}\n${finished.err}${finished.out}`);
      return finished.out;
    },
    async fails(args, runOptions) {
      const finished = await run(args, runOptions);
      if (finished.code === 0) expect.fail(`kubectl ${String(args)} should have failed\n${finished.out}${finished.err}`);
      return finished.err;
    },
    follow: (args) => following(start(args)),
    async file(name, text) {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    },
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function finish(child: ReturnType<typeof spawn>, input: string): Promise<Finished> {
  let [out, err] = ['', ''];
  child.stdout?.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (err += data.toString()));
  child.stdin?.on('error', () => undefined); // it may end without having read everything
  child.stdin?.end(input);
  const timer = setTimeout(() => {
    err += `\nended by the test after ${String(COMMAND_MS)} ms`;
    child.kill('SIGKILL');
  }, COMMAND_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, out, err };
}

function following(child: ReturnType<typeof spawn>): Following {
  let [out, err] = ['', ''];
  let changed = (): void => undefined;
  let ended = false;
  child.stdout?.on('data', (data: Buffer) => {
    out += data.toString();
    changed();
  });
  child.stderr?.on('data', (data: Buffer) => (err += data.toString()));
  const closed = once(child, 'close').then(() => {
    ended = true;
    changed();
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS);
  const stop = async (): Promise<void> => {
    clearTimeout(timer);
    child.kill('SIGKILL');
    await closed;
  };
  onTestFinished(stop);
  return {
    async said(pattern) {
      while (!pattern.test(out)) {
        if (ended) throw new Error(`it ended before it said ${String(pattern)}\n${out}${err}`);
        await new Promise<void>((resolve) => (changed = resolve));
      }
      return out;
    },
    stop,
  };
}
