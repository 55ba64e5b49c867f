import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as major1 from 'client-node-1';
import * as major2 from 'client-node-2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubeconfigText } from '../src/cli/kubeconfig-file.ts';
import { createCluster, type Cluster } from '../src/index.ts';

/** The two majors have the same shape; the types of one stand for both. */
type ClientNode = typeof major2;

describe.each([
  { name: '1.x', k8s: major1 as unknown as ClientNode },
  { name: '2.x', k8s: major2 },
])('@kubernetes/client-node $name', ({ name, k8s }) => {
  let cluster: Cluster;
  let folder: string;
  let config: InstanceType<ClientNode['KubeConfig']>;
  const namespace = `client-${name.slice(0, 1)}`;

  beforeAll(async () => {
    cluster = await createCluster({ nodes: 1 });
    folder = await mkdtemp(join(tmpdir(), 'kybern-client-node-'));
    const file = join(folder, 'kubeconfig');
    await writeFile(file, kubeconfigText(await cluster.listen()), { mode: 0o600 });
    config = new k8s.KubeConfig();
    config.loadFromFile(file);
    await config.makeApiClient(k8s.CoreV1Api).createNamespace({ body: { metadata: { name: namespace } } });
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const core = (): InstanceType<ClientNode['CoreV1Api']> => config.makeApiClient(k8s.CoreV1Api);

  it('creates, reads, lists, replaces, patches and deletes', async () => {
    const created = await core().createNamespacedConfigMap({ namespace, body: { metadata: { name: 'a' }, data: { x: '1' } } });
    expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
    const read = await core().readNamespacedConfigMap({ namespace, name: 'a' });
    expect(read.data).toEqual({ x: '1' });
    await core().replaceNamespacedConfigMap({ namespace, name: 'a', body: { ...read, data: { x: '2' } } });
    await core().patchNamespacedConfigMap({ namespace, name: 'a', body: [{ op: 'add', path: '/data/y', value: '3' }] });
    const { items } = await core().listNamespacedConfigMap({ namespace, fieldSelector: 'metadata.name=a' });
    expect(items.map(({ data }) => data)).toEqual([{ x: '2', y: '3' }]);
    expect(await core().deleteNamespacedConfigMap({ namespace, name: 'a' })).toMatchObject({ status: 'Success' });
    await expect(core().readNamespacedConfigMap({ namespace, name: 'a' })).rejects.toMatchObject({ code: 404 });
  });

  it('refuses with the reasons', async () => {
    const failing = core().createNamespacedConfigMap({ namespace, body: { metadata: { name: 'Not_A_Name' } } });
    await expect(failing).rejects.toMatchObject({ code: 422 });
    await failing.catch((error: unknown) => expect(String((error as { body: unknown }).body)).toContain('metadata.name'));
  });

  it('reads in pages', async () => {
    for (const suffix of ['a', 'b', 'c'])
      await core().createNamespacedConfigMap({ namespace, body: { metadata: { name: `page-${suffix}`, labels: { page: 'yes' } } } });
    const first = await core().listNamespacedConfigMap({ namespace, labelSelector: 'page=yes', limit: 2 });
    const rest = await core().listNamespacedConfigMap({ namespace, labelSelector: 'page=yes', limit: 2, _continue: first.metadata?._continue ?? '' });
    expect([...first.items, ...rest.items].map(({ metadata }) => metadata?.name)).toEqual(['page-a', 'page-b', 'page-c']);
  });

  it('runs a Deployment', async () => {
    const apps = config.makeApiClient(k8s.AppsV1Api);
    const labels = { app: 'web' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'nginx' }] } };
    await apps.createNamespacedDeployment({
      namespace,
      body: { metadata: { name: 'web' }, spec: { replicas: 1, selector: { matchLabels: labels }, template } },
    });
    await expect.poll(async () => (await apps.readNamespacedDeployment({ namespace, name: 'web' })).status?.readyReplicas, { timeout: 15_000 }).toBe(1);
    const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'web' });
    expect(scale.status).toMatchObject({ replicas: 1, selector: 'app=web' });
  });

  it('watches', async () => {
    const events: string[] = [];
    const watch = new k8s.Watch(config);
    const controller = await watch.watch(
      `/api/v1/namespaces/${namespace}/secrets`,
      { allowWatchBookmarks: true },
      (type: string, object: { metadata: { name: string } }) => events.push(`${type} ${object.metadata.name}`),
      () => undefined,
    );
    await core().createNamespacedSecret({ namespace, body: { metadata: { name: 'seen' }, stringData: { a: 'b' } } });
    await core().deleteNamespacedSecret({ namespace, name: 'seen' });
    await expect.poll(() => events, { timeout: 10_000 }).toEqual(['ADDED seen', 'DELETED seen']);
    controller.abort();
  });

  it('keeps an informer up to date', async () => {
    await core().createNamespacedService({ namespace, body: { metadata: { name: 'before' }, spec: { ports: [{ port: 80 }] } } });
    const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/services`, () => core().listNamespacedService({ namespace }));
    const events: string[] = [];
    for (const type of ['add', 'update', 'delete'] as const)
      informer.on(type, (object: { metadata?: { name?: string } }) => events.push(`${type} ${object.metadata?.name ?? ''}`));
    await informer.start();
    await core().createNamespacedService({ namespace, body: { metadata: { name: 'after' }, spec: { ports: [{ port: 80 }] } } });
    await core().patchNamespacedService({ namespace, name: 'after', body: [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }] });
    await core().deleteNamespacedService({ namespace, name: 'after' });
    await expect.poll(() => events, { timeout: 10_000 }).toEqual(expect.arrayContaining(['add before', 'add after', 'update after', 'delete after']));
    await informer.stop();
  });

  it('works with objects of any kind', async () => {
    const objects = k8s.KubernetesObjectApi.makeApiClient(config);
    const spec = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: `mine-${name.slice(0, 1)}` }, value: 5 };
    await objects.create(spec);
    expect(await objects.read(spec)).toMatchObject({ value: 5 });
    await objects.patch({ ...spec, description: 'mine' } as typeof spec, undefined, undefined, 'me', undefined, k8s.PatchStrategy.MergePatch);
    expect((await objects.list('scheduling.k8s.io/v1', 'PriorityClass')).items).toContainEqual(expect.objectContaining({ description: 'mine' }));
    await objects.delete(spec);
  });
});
