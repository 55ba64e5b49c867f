import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const TIMEOUT_MS = 60_000;

interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Running {
  readonly finished: Promise<Finished>;
  /** Resolves with what matched, once standard output has it. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
}

describe('kybern up, as a process', { timeout: TIMEOUT_MS }, () => {
  let home: string;
  const running: Running[] = [];
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'kybern-up-'));
  });
  afterEach(async () => {
    for (const process of running.splice(0)) process.signal('SIGKILL');
    await rm(home, { recursive: true, force: true });
  });

  const start = (...args: string[]): Running => {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--conditions=@kybern/source', join(root, 'packages/kybern/src/bin.ts'), ...args],
      {
        cwd: root,
        env: { PATH: process.env.PATH, KYBERN_RUNTIME: 'simulated', HOME: home },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let [out, err] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    const finished = once(child, 'close').then(([code]): Finished => ({ code: code as number | null, out, err }));
    const result: Running = {
      finished,
      async said(pattern) {
        for (;;) {
          const match = pattern.exec(out);
          if (match !== null) return match;
          const ended = await Promise.race([once(child.stdout, 'data').then(() => undefined), finished]);
          if (ended !== undefined && pattern.exec(out) === null)
            throw new Error(`it ended with ${String(ended.code)} before it said ${String(pattern)}\n${out}${err}`);
        }
      },
      signal: (name) => child.kill(name),
    };
    running.push(result);
    return result;
  };

  it('--once prints the Pods as kubectl does, and leaves nothing behind', async () => {
    const { code, out, err } = await start('up', 'examples/quickstart', '--once').finished;
    expect({ code, stack: /\n\s+at /.test(err) }).toEqual({ code: 0, stack: false });
    const [header = '', ...pods] = out.trimEnd().split('\n');
    expect(header).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES$/);
    expect(pods).toHaveLength(3);
    for (const pod of pods)
      expect(pod).toMatch(/^nginx-deployment-[a-z0-9]+-[a-z0-9]{5} +1\/1 +Running +0 +\d+s +10\.244\.\d+\.\d+ +node-[123] +<none> +<none>$/);
    expect(await readdir(join(home, '.kybern'))).toEqual([]);
  });

  it('--once says why when it takes too long, and ends with 1', async () => {
    const manifest = join(home, 'huge.yaml');
    await writeFile(
      manifest,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'huge' },
        spec: { containers: [{ name: 'a', image: 'a', resources: { requests: { cpu: '4000' } } }] },
      }),
    );
    const { code, err } = await start('up', manifest, '--once', '--timeout', '2s').finished;
    expect(code).toBe(1);
    expect(err).toMatch(/not available after 2s:\n {2}pod\/huge: Unschedulable: 0\/3 nodes are available: 3 Insufficient cpu/);
  });

  it('serves until Ctrl-C, with a private kubeconfig that the other commands find', async () => {
    const up = start('up', 'examples/quickstart', '--nodes', '2');
    await up.said(/everything is available/);
    const file = join(home, '.kybern', 'kubeconfig');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toContain('server: https://127.0.0.1:');
    const get = await start('get', 'service').finished;
    expect(get.out).toMatch(/nginx-service +LoadBalancer +10\.\d+\.\d+\.\d+ +\d+\.\d+\.\d+\.\d+ +80:3\d{4}\/TCP/);
    up.signal('SIGINT');
    const { code, err } = await up.finished;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await readdir(join(home, '.kybern'))).toEqual([]);
  });

  it('knows the bearer tokens of a file, and says what is wrong with one', async () => {
    const file = join(home, 'tokens.csv');
    await writeFile(file, 's3cret,jane,1001,"system:masters"\n');
    const process = start('up', '--state', 'memory', '--nodes', '0', '--token-auth-file', file);
    const [, url = ''] = await process.said(/API server at (\S+)/);
    const ask = (token: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        get(`${url}/api/v1/namespaces`, { headers: { authorization: `Bearer ${token}` }, rejectUnauthorized: false }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        }).on('error', reject);
      });
    expect([await ask('s3cret'), await ask('other')]).toEqual([200, 401]);
    process.signal('SIGINT');
    expect((await process.finished).code).toBe(0);

    await writeFile(file, 's3cret,jane\n');
    const { code, err } = await start('up', '--token-auth-file', file).finished;
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/--token-auth-file .*: line 1 of the token file must have at least 3 columns/) as unknown,
    });
  });

  it('speaks JSON lines to programs', async () => {
    const { code, out } = await start('up', 'examples/quickstart', '--once', '--output', 'json').finished;
    expect(code).toBe(0);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; items?: unknown[] });
    expect(lines[0]?.type).toBe('ready');
    expect(new Set(lines.map(({ type }) => type))).toEqual(new Set(['ready', 'applied', 'change', 'available', 'pods']));
    expect(lines.at(-1)?.items).toHaveLength(3);
  });

  it('ends in the middle without a trace', async () => {
    const up = start('up', 'examples/quickstart');
    await up.said(/API server at/);
    up.signal('SIGTERM');
    const { code, err } = await up.finished;
    expect({ code, err }).toEqual({ code: 130, err: '' });
    expect(await readdir(join(home, '.kybern'))).toEqual([]);
  });

  it.each([
    { name: 'a text that is not YAML', text: 'kind: [', message: /bad\.yaml.*document 1/ },
    {
      name: 'a kind that is not known',
      text: '{apiVersion: example.com/v1, kind: Nothing, metadata: {name: a}}',
      message: /bad\.yaml, document 1: no matches for kind "Nothing"/,
    },
    {
      name: 'an object that is not valid',
      text: '{apiVersion: v1, kind: ConfigMap, metadata: {name: fine}}\n---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: -1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b}]}}}}',
      message: /bad\.yaml, document 2 \(Deployment "web"\): spec\.replicas: Invalid value: -1: must be greater than or equal to 0/,
    },
  ])('names file, document, field and reason of $name', async ({ text, message }) => {
    const file = join(home, 'bad.yaml');
    await writeFile(file, text);
    const { code, err } = await start('up', file).finished;
    expect(code).toBe(1);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n\s+at /);
  });

  it('says in one line that a port is in use', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    try {
      const { code, err } = await start('up', '--listen', `127.0.0.1:${String(port)}`).finished;
      expect({ code, err }).toEqual({
        code: 1,
        err: `kybern: cannot listen at 127.0.0.1:${String(port)}: the port is in use; choose another, or 0 for any free one\n`,
      });
      await expect(readdir(join(home, '.kybern'))).rejects.toThrow();
    } finally {
      blocker.close();
    }
  });
});
