// The programs that this project is for, as their authors would write them: what they import, how they read, and that they work.
import { createApiServer } from '@kybern/apiserver';
import { condition, defineKind, type ObjectOf } from '@kybern/core';
import { Deployment, Pod } from '@kybern/core/kinds';
import { createInformer, createManager, defineController, done, requeueAfter } from '@kybern/reconcile';
import { createScheduler, createSnapshot, defaultPlugins, type ScorePlugin } from '@kybern/scheduler';
import { createMemoryStore } from '@kybern/state';
import { createTestCluster } from '@kybern/testing';
import { expect, test } from 'vitest';

test('a Pod that dies is replaced', async () => {
  await using cluster = await createTestCluster({ nodes: 3, seed: 1 });
  await cluster.apply(new URL('../../../examples/quickstart/deployment.yaml', import.meta.url));
  await cluster.settle(); // virtual time: until nothing is left to do

  const [pod] = await cluster.client.list(Pod, { labels: { app: 'nginx' } });
  cluster.node(pod?.spec.nodeName).kill(); // faults are one call
  await cluster.advance('6m'); // not-ready taint, eviction, replacement

  expect(await cluster.client.get(Deployment, 'default/nginx-deployment')).toBeAvailable({ replicas: 3 });
});

const Site = defineKind({
  group: 'tools.example.com',
  version: 'v1',
  kind: 'Site',
  scope: 'Namespaced',
  spec: { type: 'object', required: ['domain'], properties: { domain: { type: 'string' }, replicas: { type: 'integer', default: 1 } } },
  status: { type: 'object', properties: { url: { type: 'string' } } },
});
type Site = ObjectOf<typeof Site>; // typed from the schema, checked at run time by the same schema

const publish = async (domain: string, _options: { signal: AbortSignal }): Promise<string | undefined> => (domain === '' ? undefined : `https://${domain}`);

const sites = defineController({
  for: Site,
  concurrency: 4,
  async reconcile({ object, client, signal }) {
    if (object.metadata.deletionTimestamp) return done();
    const url = await publish(object.spec.domain, { signal }); // the outside world
    if (!url) return requeueAfter('30s');
    await client.mutateStatus(Site, object, (draft) => {
      draft.status.url = url;
      condition(draft, 'Ready', true);
    });
    return done();
  },
});

test('an internal tool reconciles kinds of its own, with no Kubernetes anywhere', async () => {
  await using store = createMemoryStore();
  await using api = await createApiServer({ state: store, kinds: [Site] });
  const stop = new AbortController();
  const running = createManager({ client: api.client, controllers: [sites] }).run(stop.signal);
  const site: Site = await api.client.create(Site, { metadata: { name: 'shop', namespace: 'default' }, spec: { domain: 'shop.example' } });
  expect(site.spec.replicas).toBe(1);
  await expect
    .poll(async () => (await api.client.get(Site, 'default/shop')).status)
    .toMatchObject({ url: 'https://shop.example', conditions: [{ type: 'Ready', status: 'True' }] });
  stop.abort();
  await running;
});

test('watching, without a controller', async () => {
  await using cluster = await createTestCluster({ nodes: 1 });
  const stop = new AbortController();
  const pods = createInformer({
    client: cluster.client,
    clock: cluster.clock,
    kind: Pod,
    labels: { app: 'nginx' },
    indexes: { node: (pod) => [pod.spec.nodeName ?? ''] },
  });
  const seen: string[] = [];
  pods.events$.subscribe((event) => seen.push(event.type)); // added | updated (old, new) | deleted; never dies
  const running = pods.run(stop.signal);
  await pods.synced;
  await cluster.apply(new URL('../../../examples/quickstart/deployment.yaml', import.meta.url));
  await cluster.settle();
  expect(pods.by('node', 'node-1')).toHaveLength(3);
  expect(seen.filter((type) => type === 'added')).toHaveLength(3);
  stop.abort();
  await running;
});

test('a scoring plugin of one’s own decides, beside the default ones', () => {
  const packGpus: ScorePlugin = {
    // prefer nodes that already use GPUs
    name: 'PackGpus',
    score: (_pod, node) => ((node.requested['nvidia.com/gpu'] ?? 0) > 0 ? 100 : 0),
  };
  const node = (name: string): object => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: {},
    status: { allocatable: { cpu: '8', memory: '32Gi', pods: '110', 'nvidia.com/gpu': '4' }, capacity: {} },
  });
  const pod = (name: string, gpus: string, nodeName?: string): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: name },
    spec: { containers: [{ name: 'a', image: 'a', resources: { requests: { 'nvidia.com/gpu': gpus } } }], ...(nodeName === undefined ? {} : { nodeName }) },
  });
  const snapshot = createSnapshot({ nodes: ['a', 'b', 'c'].map(node) as never, pods: [pod('first', '1', 'b') as never] });
  const heavy = { ...packGpus, weight: 100 };
  expect(createScheduler({ plugins: [...defaultPlugins(), heavy] }).schedule(pod('second', '1') as never, snapshot).node).toBe('b');
});
