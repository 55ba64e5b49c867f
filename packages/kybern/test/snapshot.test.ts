import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigMap, CustomResourceDefinition, Secret } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { kubeconfigText } from '../src/cli/kubeconfig-file.ts';
import { main } from '../src/cli/main.ts';
import { createCluster } from '../src/index.ts';

interface Image {
  readonly kybern: string;
  readonly revision: number;
  readonly objects: readonly (readonly [string, { readonly apiVersion: string; readonly kind: string; readonly data?: Record<string, string> }])[];
}

it('writes what a cluster holds, each object once, custom resources too, and without the values of Secrets', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kybern-snapshot-'));
  await using cluster = await createCluster({ nodes: 1 });
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigText(await cluster.listen()), { mode: 0o600 });
  await cluster.client.create(ConfigMap, { metadata: { name: 'a', namespace: 'default' }, data: { x: '1' } });
  await cluster.client.create(Secret, { metadata: { name: 's', namespace: 'default' }, stringData: { password: 'hidden' } });
  const names = { plural: 'sites', singular: 'site', kind: 'Site', listKind: 'SiteList' };
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  await cluster.client.create(CustomResourceDefinition, {
    metadata: { name: 'sites.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names, versions: [{ name: 'v1', served: true, storage: true, schema }] },
  } as never);
  const written: string[] = [];
  const stream = { columns: 80, isTTY: false, write: (text: string) => written.push(text) };
  const io = { stdout: stream, stderr: stream, env: {}, cwd: folder, homeDir: folder, interrupted: new AbortController().signal } as never;
  expect([await main(['snapshot', 'state.json', '--kubeconfig', kubeconfig], io), written.join('')]).toEqual([
    0,
    expect.stringContaining('state.json written: '),
  ]);
  const text = await readFile(join(folder, 'state.json'), 'utf8');
  const { kybern, revision, objects } = JSON.parse(text) as Image;
  const byKey = new Map(objects);
  expect(kybern).toBe('image');
  expect(revision).toBeGreaterThan(1);
  expect(byKey.size).toBe(objects.length);
  expect(byKey.get('/registry/core/configmaps/default/a')).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { x: '1' } });
  expect(byKey.get('/registry/core/secrets/default/s')?.data).toEqual({ password: '' });
  expect(byKey.has('/registry/apiextensions.k8s.io/customresourcedefinitions/sites.example.com')).toBe(true);
  expect([...byKey.keys()].some((key) => key.startsWith('/registry/core/nodes/'))).toBe(true);
  expect(text).not.toContain(btoa('hidden'));
  await rm(folder, { recursive: true });
});
