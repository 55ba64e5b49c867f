import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Listener } from '@kybern/apiserver';
import { Deployment, Pod } from '@kybern/core/kinds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCluster, type Cluster } from '../cluster.ts';
import type { CliIo } from './io.ts';
import { kubeconfigText } from './kubeconfig-file.ts';
import { main } from './main.ts';

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "web:1" }] }
`;

describe('the command line, against a cluster', () => {
  let folder: string;
  let cluster: Cluster;
  let listener: Listener;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kybern-cli-'));
    cluster = await createCluster({ nodes: 2, seed: 'cli' });
    listener = await cluster.listen();
    await writeFile(join(folder, 'config'), kubeconfigText(listener));
    await writeFile(join(folder, 'web.yaml'), DEPLOYMENT);
  });
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
    const code = await main(args, io);
    return { code, out, err };
  };

  it('creates, shows, scales, updates, rolls back and deletes a Deployment', { timeout: 60_000 }, async () => {
    expect(await run('apply', '-f', 'web.yaml')).toEqual({ code: 0, out: 'deployment.apps/web created\n', err: '' });
    expect(await run('apply', '-f', 'web.yaml')).toEqual({ code: 0, out: 'deployment.apps/web unchanged\n', err: '' });
    expect((await run('rollout', 'status', 'deployment/web')).out).toMatch(/deployment "web" successfully rolled out\n$/);
    expect((await run('get', 'deploy')).out).toMatch(/^NAME {3}READY {3}UP-TO-DATE {3}AVAILABLE {3}AGE\nweb {4}2\/2 {5}2 {12}2 {11}\d+s\n$/);

    expect(await run('scale', 'deployment/web', '--replicas=3')).toEqual({ code: 0, out: 'deployment.apps/web scaled\n', err: '' });
    expect((await run('rollout', 'status', 'deployment', 'web')).code).toBe(0);
    expect((await run('get', 'pods', '-l', 'app=web', '-o', 'name')).out.trim().split('\n')).toHaveLength(3);

    expect((await run('set', 'image', 'deployment/web', 'web=web:2')).out).toBe('deployment.apps/web image updated\n');
    expect((await run('rollout', 'status', 'deployment/web')).code).toBe(0);
    expect(
      (await cluster.client.list(Pod, { labels: { app: 'web' } })).items
        .filter((pod) => pod.metadata.deletionTimestamp === undefined)
        .map((pod) => pod.spec.containers[0]?.image),
    ).toEqual(['web:2', 'web:2', 'web:2']);
    expect((await run('rollout', 'history', 'deployment/web')).out).toBe(
      'deployment.apps/web\nREVISION   CHANGE-CAUSE\n1          <none>\n2          <none>\n',
    );

    expect((await run('rollout', 'undo', 'deployment/web')).out).toBe('deployment.apps/web rolled back\n');
    expect((await run('rollout', 'status', 'deployment/web')).code).toBe(0);
    expect((await cluster.client.get(Deployment, 'default/web')).spec.template.spec?.containers[0]?.image).toBe('web:1');

    expect(await run('delete', 'deployment/web')).toEqual({ code: 0, out: 'deployment.apps "web" deleted from default namespace\n', err: '' });
    expect(await run('get', 'deployments')).toEqual({ code: 0, out: '', err: 'No resources found in default namespace.\n' });
  });

  it.each([
    { name: 'an object that is not there', args: ['get', 'pod', 'none'], code: 1, err: 'kybern: Error from server (NotFound): pods "none" not found\n' },
    { name: 'a kind that is not there', args: ['get', 'unicorns'], code: 1, err: `kybern: error: the server doesn't have a resource type "unicorns"\n` },
    { name: 'a deletion of everything by mistake', args: ['delete', 'pods'], code: 1, err: 'kybern: say which: names, -l SELECTOR, or --all\n' },
    {
      name: 'a number of replicas that is none',
      args: ['scale', 'deploy/web', '--replicas=-1'],
      code: 1,
      err: 'kybern: --replicas must be a whole number of at least 0, not -1\n',
    },
    { name: 'a file that is not there', args: ['apply', '-f', 'none.yaml'], code: 1, err: 'kybern: none.yaml: there is no such file or folder\n' },
    {
      name: 'a kubeconfig that is not there',
      args: ['get', 'pods', '--kubeconfig', '/nowhere'],
      code: 1,
      err: 'kybern: kubeconfig /nowhere: cannot be read; is the cluster up? Set KUBECONFIG or pass --kubeconfig\n',
    },
  ])('says in one line what is wrong: $name', async ({ args, code, err }) => {
    expect(await run(...args)).toEqual({ code, out: '', err });
  });

  it.each([
    { name: 'a command that is not there', args: ['gett', 'pods'], err: /Did you mean get\?/ },
    { name: 'an option that is not there', args: ['get', 'pods', '--colour'], err: /Unknown argument: colour/ },
    { name: 'no command', args: [], err: /say what to do/ },
  ])('shows usage errors with exit code 2: $name', async ({ args, err }) => {
    const result = await run(...args);
    expect(result.code).toBe(2);
    expect(result.err).toMatch(err);
  });

  it('has help and examples for every command', async () => {
    const { out, code } = await run('--help');
    expect(code).toBe(0);
    const commands = [...out.matchAll(/^ {2}kybern ([a-z-]+(?: image)?)/gm)].map((match) => match[1] ?? '');
    expect(commands).toEqual(expect.arrayContaining(['up', 'get', 'apply', 'delete', 'scale', 'set image', 'rollout', 'explain', 'completion']));
    for (const command of commands.filter((name) => name !== 'completion')) {
      const help = await run(...command.split(' '), '--help');
      expect(help.out).toContain('Examples:');
    }
  });
});
