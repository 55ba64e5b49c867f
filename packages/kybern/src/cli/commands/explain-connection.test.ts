import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NetworkPolicy, Pod, Service } from '@kybern/core/kinds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCluster, type Cluster } from '../../cluster.ts';
import type { CliIo } from '../io.ts';
import { kubeconfigText } from '../kubeconfig-file.ts';
import { main } from '../main.ts';

const MANIFESTS = `
{ apiVersion: v1, kind: Pod, metadata: { namespace: web, name: front }, spec: { containers: [{ name: main, image: nginx }] } }
---
{ apiVersion: v1, kind: Pod, metadata: { namespace: db, name: pg, labels: { app: pg } }, spec: { containers: [{ name: main, image: postgres }] } }
---
{ apiVersion: v1, kind: Service, metadata: { namespace: db, name: postgres }, spec: { selector: { app: pg }, ports: [{ port: 5432 }] } }
`;
const DENY = `---
{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { namespace: db, name: default-deny }, spec: { podSelector: {} } }
`;

describe('kybern explain connection', () => {
  let folder: string;
  let cluster: Cluster;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kybern-connection-'));
    await writeFile(join(folder, 'open.yaml'), MANIFESTS);
    await writeFile(join(folder, 'closed.yaml'), MANIFESTS + DENY);
    await writeFile(join(folder, 'bare.yaml'), MANIFESTS.replaceAll(/namespace: (web|db), /g, ''));
    cluster = await createCluster({ nodes: 1, seed: 'connection' });
    await writeFile(join(folder, 'config'), kubeconfigText(await cluster.listen()));
    const container = { name: 'main', image: 'web:1' };
    for (const name of ['a', 'b']) {
      await cluster.client.create(Pod, { metadata: { name, namespace: 'default', labels: { app: name } }, spec: { containers: [container] } });
    }
    await cluster.client.create(Service, { metadata: { name: 'b', namespace: 'default' }, spec: { selector: { app: 'b' }, ports: [{ port: 80 }] } });
  }, 60_000);
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const run = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    let [out, err] = ['', ''];
    const io: CliIo = {
      stdout: { write: (text) => (out += text), columns: 100 },
      stderr: { write: (text) => (err += text) },
      env: { KUBECONFIG: join(folder, 'config') },
      homeDir: folder,
      cwd: folder,
      interrupted: new AbortController().signal,
    };
    const code = await main(['explain', 'connection', ...args], io);
    return { code, out, err };
  };

  it('follows a connection through manifests', async () => {
    const { code, out, err } = await run('web/front', 'postgres.db', '5432', '-f', 'open.yaml');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      /^web\/front to postgres\.db, port 5432\/TCP: reachable: Pod web\/front reaches 1 of 1 endpoints of Service db\/postgres\n\nSTEP +OK +WHAT\n/,
    );
    expect(out).toMatch(
      /\nName +yes +postgres\.db is postgres\.db\.svc\.cluster\.local: 10\..*\nService +yes .*\nEndpoint +yes .* is Pod db\/pg\nPolicy +yes /,
    );
  });

  it('says which policy is in the way', async () => {
    const { out } = await run('web/front', 'postgres.db', '5432', '-f', 'closed.yaml');
    expect(out).toMatch(/^web\/front to postgres\.db, port 5432\/TCP: NOT reachable: .*NetworkPolicy db\/default-deny/);
  });

  it('takes manifests without a namespace for those of the namespace that was given', async () => {
    expect((await run('front', 'postgres', '5432', '-n', 'shop', '-f', 'bare.yaml')).out).toMatch(/^shop\/front to postgres, port 5432\/TCP: reachable: /);
  });

  it('prints data', async () => {
    const explanation = JSON.parse((await run('web/front', 'postgres.db', '80', '-f', 'open.yaml', '-o', 'json')).out) as unknown;
    expect(explanation).toMatchObject({ reachable: false, reason: expect.stringContaining('has no port 80/TCP; it has 5432/TCP') as unknown });
  });

  it('asks a running cluster', async () => {
    await expect.poll(async () => (await run('a', 'b', '80')).out, { timeout: 15_000 }).toMatch(/^default\/a to b, port 80\/TCP: reachable: /);
    await cluster.client.create(NetworkPolicy, { metadata: { name: 'closed', namespace: 'default' }, spec: { podSelector: { matchLabels: { app: 'b' } } } });
    expect((await run('a', 'b', '80')).out).toMatch(/NOT reachable: .*NetworkPolicy default\/closed/);
  });

  it.each([
    { name: 'too few words', args: ['a', 'b'], err: /^kybern: say from where to where, and the port/ },
    { name: 'a Pod that is not there', args: ['none', 'b', '80'], err: /^kybern: Pod default\/none is not among the objects\n$/ },
    { name: 'no port', args: ['a', 'b', '70000'], err: /^kybern: "70000" is no port/ },
    { name: 'an unknown protocol', args: ['a', 'b', '80/ICMP'], err: /^kybern: "80\/ICMP": the protocol is one of TCP, UDP, SCTP\n$/ },
  ])('says what is wrong: $name', async ({ args, err }) => {
    const result = await run(...args);
    expect(result).toMatchObject({ code: 1, out: '' });
    expect(result.err).toMatch(err);
  });
});
