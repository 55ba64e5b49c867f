import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { isConditionTrue } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import { createSimulatedRuntime } from '@kybern/runtime-cri';
import * as clientNode1 from 'client-node-1';
import * as clientNode2 from 'client-node-2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubeconfigText } from '../src/cli/kubeconfig-file.ts';
import { createCluster, type Cluster } from '../src/index.ts';

describe.each([
  { name: '1.x', k8s: clientNode1 as unknown as typeof clientNode2 },
  { name: '2.x', k8s: clientNode2 },
])('client-node $name, streams', { timeout: 60_000 }, ({ k8s }) => {
  const config = new k8s.KubeConfig();
  let cluster: Cluster;
  let folder = '';

  beforeAll(async () => {
    const runtime = createSimulatedRuntime({
      behaviors: [
        {
          logs: [{ line: 'one' }, { line: 'tick', everyMs: 50 }],
          exec: [{ command: 'fail', stderr: 'no\n', exitCode: 4 }],
          ports: [{ port: 80, http: { body: 'hello' } }],
        },
      ],
    });
    cluster = await createCluster({ nodes: [{ name: 'only', runtime }] });
    folder = await mkdtemp(join(tmpdir(), 'kybern-streams-'));
    await writeFile(join(folder, 'kubeconfig'), kubeconfigText(await cluster.listen()));
    config.loadFromFile(join(folder, 'kubeconfig'));
    await cluster.client.create(Pod, { metadata: { namespace: 'default', name: 'web' }, spec: { containers: [{ name: 'main', image: 'busybox' }] } });
    for (let tries = 0; tries < 600; tries++) {
      if (isConditionTrue(await cluster.client.get(Pod, { namespace: 'default', name: 'web' }), 'Ready')) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('the Pod does not become ready');
  }, 60_000);
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs a command to its end. */
  const exec = async (command: string[], input?: Readable): Promise<{ out: string; err: string; status: clientNode2.V1Status }> => {
    const [out, err] = [new PassThrough(), new PassThrough()];
    const texts = { out: '', err: '' };
    out.on('data', (data: Buffer) => (texts.out += data.toString()));
    err.on('data', (data: Buffer) => (texts.err += data.toString()));
    const status = await new Promise<clientNode2.V1Status>((resolve, reject) => {
      new k8s.Exec(config).exec('default', 'web', 'main', command, out, err, input ?? null, false, resolve).catch(reject);
    });
    return { ...texts, status };
  };

  it('runs commands, with input, and learns how they ended', async () => {
    expect(await exec(['echo', 'hello'])).toMatchObject({ out: 'hello\n', err: '', status: { status: 'Success' } });
    expect(await exec(['cat'], Readable.from(['one ', 'two']))).toMatchObject({ out: 'one two', status: { status: 'Success' } });
    expect(await exec(['fail'])).toMatchObject({
      err: 'no\n',
      status: { status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '4' }] } },
    });
  });

  it('attaches', async () => {
    const out = new PassThrough();
    const socket = await new k8s.Attach(config).attach('default', 'web', 'main', out, null, null, false);
    let text = '';
    for await (const chunk of out) {
      text += String(chunk);
      if (text.includes('tick\ntick\n')) break;
    }
    (socket as unknown as { close(): void }).close();
    expect(text).toMatch(/^tick\ntick\n/);
  });

  it('follows logs', async () => {
    const out = new PassThrough();
    // After so many bytes the server ends the log by itself.
    await new k8s.Log(config).log('default', 'web', 'main', out, { follow: true, limitBytes: 14 });
    let text = '';
    for await (const chunk of out) text += String(chunk);
    expect(text).toBe('one\ntick\ntick\n');
  });

  it('forwards ports', async () => {
    const forward = new k8s.PortForward(config);
    const server: Server = createServer((socket) => {
      forward.portForward('default', 'web', [80], socket, null, socket).catch((error: unknown) => socket.destroy(error as Error));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: web\r\n\r\n');
    let text = '';
    for await (const chunk of socket) {
      text += String(chunk);
      if (text.endsWith('hello')) break;
    }
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    server.close();
  });
});
