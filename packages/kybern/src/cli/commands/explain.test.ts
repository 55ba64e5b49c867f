import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PersistentVolume, PersistentVolumeClaim, Pod } from '@kybern/core/kinds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCluster, type Cluster } from '../../cluster.ts';
import type { CliIo } from '../io.ts';
import { kubeconfigText } from '../kubeconfig-file.ts';
import { main } from '../main.ts';

describe('kybern explain', () => {
  let folder: string;
  let cluster: Cluster;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kybern-explain-'));
    cluster = await createCluster({ nodes: 2, seed: 'explain' });
    await writeFile(join(folder, 'config'), kubeconfigText(await cluster.listen()));
    await writeFile(
      join(folder, 'bad.yaml'),
      'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles: [{ plugins: { score: { enabled: [{ name: Nope }] } } }]\n',
    );
    for (const [name, cpu] of [
      ['small', '0'],
      ['huge', '1000'],
    ] as const) {
      await cluster.client.create(Pod, {
        metadata: { name, namespace: 'default' },
        spec: { containers: [{ name: 'main', image: 'web:1', resources: { requests: { cpu } } }] },
      });
    }
    for (let placed = ''; placed === ''; ) placed = (await cluster.client.get(Pod, 'default/small')).spec.nodeName ?? '';
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

  it('says why a Pod is Pending', async () => {
    const { code, out, err } = await run('explain', 'pod', 'huge');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      /^Pod default\/huge is Pending: 0\/2 nodes are available: 2 Insufficient cpu\..*\nIt would fit with: \d+m? more cpu on 2 nodes\n\nNODE THAT DOES NOT {3}WHY\nnode-1 /,
    );
  });

  it('says why a Pod is where it is', async () => {
    expect((await run('explain', 'pod/small')).out).toMatch(/^Pod default\/small is on node-[12]\. If it were placed now.*:\nnode-[12] is chosen: /);
  });

  it('prints data', async () => {
    const explanation = JSON.parse((await run('explain', 'pod', 'huge', '-o', 'json')).out) as unknown;
    expect(explanation).toMatchObject({
      nodes: {
        'node-1': {
          feasible: false,
          filters: { NodeResourcesFit: { code: 'UnschedulableAndUnresolvable', reasons: ['Insufficient cpu'] } },
          scores: {},
          total: 0,
        },
      },
      smallestChange: { options: [{ nodes: ['node-1', 'node-2'] }] },
    });
  });

  it('says why a claim is Pending', async () => {
    await cluster.client.create(PersistentVolumeClaim, {
      metadata: { name: 'data', namespace: 'default' },
      spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '5Gi' } }, storageClassName: 'none' },
    });
    await cluster.client.create(PersistentVolume, {
      metadata: { name: 'v1' },
      spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, storageClassName: 'none', hostPath: { path: '/data' } },
    });
    for (let phase = 'Pending'; phase === 'Pending'; ) phase = (await cluster.client.get(PersistentVolume, 'v1')).status?.phase ?? 'Pending';
    const { code, out, err } = await run('explain', 'pvc', 'data');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(
      'PersistentVolumeClaim default/data is Pending: storageclass.storage.k8s.io "none" not found\n\nVOLUME   WHY NOT\nv1       has 1Gi, 5Gi are asked for; offers ReadWriteOnce, ReadWriteMany is asked for\n',
    );
    expect(JSON.parse((await run('explain', 'pvc', 'data', '-o', 'json')).out)).toMatchObject({ phase: 'Pending', volumes: [{ volume: 'v1', fits: false }] });
  });

  it.each([
    { name: 'a claim without a name', args: ['pvc'], err: 'kybern: say which claim: kybern explain pvc NAME\n' },
    { name: 'another kind', args: ['deployment', 'web'], err: 'kybern: only Pods, claims and connections can be explained, not deployments\n' },
    { name: 'no name', args: ['pod'], err: 'kybern: say which Pod: kybern explain pod NAME\n' },
    { name: 'a Pod that is not there', args: ['pod', 'none'], err: 'kybern: Error from server (NotFound): pods "none" not found\n' },
    {
      name: 'a bad configuration',
      args: ['pod', 'huge', '--scheduler-config', 'bad.yaml'],
      err: 'kybern: bad.yaml: profiles[0].plugins.score.enabled[0].name: there is no plugin "Nope"\n',
    },
  ])('says what is wrong: $name', async ({ args, err }) => {
    expect(await run('explain', ...args)).toEqual({ code: 1, out: '', err });
  });
});
