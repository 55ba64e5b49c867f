import { ConfigMap, Deployment, Pod, ReplicaSet, Secret } from '@kybern/core/kinds';
import { defineController, done } from '@kybern/reconcile';
import { describe, expect, it } from 'vitest';
import { createTestCluster } from '../test-cluster.ts';
import { timelineText } from './text.ts';
import type { TimelineReconcile, TimelineWrite } from './timeline.ts';

const small = { controllers: 'none', scheduler: false, nodes: 0 } as const;
const map = (name: string): { metadata: { name: string; namespace: string } } => ({ metadata: { name, namespace: 'default' } });
const copier = defineController({
  name: 'copier',
  for: ConfigMap,
  async reconcile({ object, client, cache }) {
    if (cache.list(Secret).some(({ metadata }) => metadata.name === object.metadata.name)) return done();
    if (object.data?.['fail'] === 'yes') throw new Error('as told');
    await client.create(Secret, map(object.metadata.name));
    return done();
  },
  reads: [Secret],
});

describe('a timeline', () => {
  it('says which write woke which reconcile, and what that wrote', async () => {
    await using cluster = await createTestCluster(small);
    cluster.run(copier);
    await cluster.settle();
    await cluster.client.create(ConfigMap, map('a'));
    await cluster.settle();
    await cluster.client.patch(ConfigMap, 'default/a', { type: 'merge', patch: { data: { color: 'blue' } } });
    await cluster.settle();
    const { entries, kybern } = await cluster.timeline();
    expect(kybern).toBe('timeline');
    const write = (object: string, operation: string): TimelineWrite | undefined =>
      entries.find((entry): entry is TimelineWrite => entry.type === 'write' && entry.object === object && entry.operation === operation);
    const made = write('ConfigMap default/a', 'create');
    const secret = write('Secret default/a', 'create');
    const changed = write('ConfigMap default/a', 'update');
    expect(made).toMatchObject({ actor: 'test', because: [], reconcile: undefined });
    expect(secret).toMatchObject({ actor: 'copier', because: [made?.revision] });
    expect(changed).toMatchObject({ actor: 'test', changes: ['/data: {"color":"blue"}'] });
    const reconciles = entries.filter((entry): entry is TimelineReconcile => entry.type === 'reconcile');
    expect(reconciles.map(({ key, result, because, writes }) => ({ key, result, because, writes }))).toEqual([
      { key: 'default/a', result: 'success', because: [made?.revision], writes: [secret?.revision] },
      { key: 'default/a', result: 'success', because: [changed?.revision], writes: [] },
    ]);
    expect(secret?.reconcile).toBe(reconciles[0]?.id);
  });

  it('names who made each write of a whole cluster', async () => {
    await using cluster = await createTestCluster({ nodes: 1 });
    const labels = { app: 'web' };
    await cluster.client.create(Deployment, {
      ...map('web'),
      spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } } },
    });
    await cluster.settle();
    await cluster.client.delete(Pod, (await cluster.client.list(Pod, { labels })).items[0] as Pod);
    await cluster.settle();
    await cluster.advance('40s');
    const { entries, startRevision } = await cluster.timeline();
    const writes = entries.filter((entry): entry is TimelineWrite => entry.type === 'write' && entry.revision > startRevision);
    const actorsOf = (kind: string): readonly string[] =>
      [...new Set(writes.filter(({ object }) => object.startsWith(`${kind} `)).map(({ actor }) => actor))].sort();
    expect(actorsOf(ReplicaSet.kind)).toEqual(['kube-controller-manager']);
    expect(actorsOf(Deployment.kind)).toEqual(['kube-controller-manager', 'test']);
    expect(actorsOf(Pod.kind)).toEqual(['kube-controller-manager', 'node-1', 'scheduler', 'test']);
    const bound = writes.filter(({ changes }) => changes.some((change) => change.startsWith('/spec/nodeName')));
    expect(bound.map(({ actor }) => actor)).toEqual(['scheduler', 'scheduler']);
    const gone = writes.filter(({ operation, object }) => operation === 'delete' && object.startsWith('Pod '));
    expect(gone.map(({ actor }) => actor)).toEqual(['node-1']);
  });

  it('is printed for people: what was written, what failed, and what went wrong', async () => {
    await using cluster = await createTestCluster(small);
    cluster.run(copier);
    await cluster.settle();
    cluster.faults.inject({ verb: 'create', kind: Secret, times: 1 }, { type: 'lose' });
    await cluster.client.create(ConfigMap, map('a'));
    await cluster.client.create(ConfigMap, { ...map('b'), data: { fail: 'yes' } });
    await cluster.advance(8);
    const text = timelineText(await cluster.timeline());
    expect(text).toMatch(/^ +\+0\.000s {2}test {2}create ConfigMap default\/a \(revision \d+\)$/m);
    expect(text).toMatch(/✗ copier: create secrets default\/a: lose/);
    expect(text).toMatch(/copier {2}create Secret default\/a \(revision \d+\) in the reconcile of default\/a, because of \d+/);
    expect(text).toMatch(/copier {2}reconcile copier default\/b: error, because of \d+/);
    expect(text).not.toMatch(/Namespace/);
    expect(timelineText(await cluster.timeline(), { lines: 1 })).toMatch(/^… \d+ earlier lines\n.+$/);
  });
});
