// What other clusters did, done again in virtual time.
import { type ConfigMap, Deployment, Pod } from '@kybern/core/kinds';
import { createTestCluster, explore, replayRecorded, staleCaches } from '@kybern/testing';
import { describe, expect, it } from 'vitest';

const labels = { app: 'web' };
const deployment = {
  apiVersion: 'apps/v1' as const,
  kind: 'Deployment' as const,
  metadata: { name: 'web', namespace: 'default', uid: 'another', resourceVersion: '77' },
  spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx:1.25' }] } } },
};

function audit(at: string, verb: string, rest: object): string {
  const objectRef = { resource: 'deployments', apiGroup: 'apps', apiVersion: 'v1', namespace: 'default', name: 'web' };
  const event = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    stage: 'ResponseComplete',
    verb,
    user: { username: 'jane' },
    objectRef,
    responseStatus: { code: 200 },
  };
  return JSON.stringify({ ...event, requestReceivedTimestamp: `2025-03-01T10:${at}.000000Z`, ...rest });
}

describe('an audit log', () => {
  it('is replayed as far apart as it was; what the cluster does by itself is left out', async () => {
    await using cluster = await createTestCluster({ nodes: 2 });
    const startMs = cluster.clock.now();
    const scaled = { ...deployment, spec: { ...deployment.spec, replicas: 4 } };
    const log = [
      audit('00:00', 'create', { requestObject: deployment, stage: 'RequestReceived' }),
      audit('00:00', 'create', { requestObject: deployment }),
      audit('00:01', 'get', {}),
      audit('00:01', 'create', { user: { username: 'system:serviceaccount:kube-system:deployment-controller' }, requestObject: {} }),
      audit('00:30', 'create', { responseStatus: { code: 409 }, requestObject: deployment }),
      audit('10:00', 'patch', { requestObject: { spec: { replicas: 4 } }, responseObject: scaled }),
      audit('20:00', 'patch', { requestObject: { metadata: { labels: { tier: 'front' } } } }),
      audit('30:00', 'delete', { objectRef: { resource: 'deployments', apiGroup: 'apps', apiVersion: 'v1', namespace: 'default', name: 'gone' } }),
    ].join('\n');
    const report = await replayRecorded(cluster, log);
    expect(report).toMatchObject({ made: 4, leftOut: 1, failed: [{ request: { line: 8, verb: 'delete' }, error: { reason: 'NotFound' } }] });
    const writes = cluster.log.filter(({ key }) => key === '/registry/apps/deployments/default/web');
    const replicas = (atMs: number): number | undefined => (writes.findLast((entry) => entry.atMs <= startMs + atMs)?.object as Deployment).spec.replicas;
    expect([replicas(599_000), replicas(600_000)]).toEqual([2, 4]);
    expect(await cluster.client.get(Deployment, 'default/web')).toMatchObject({ metadata: { labels: { tier: 'front' } }, status: { availableReplicas: 4 } });
    expect((await cluster.client.list(Pod, { labels })).items).toHaveLength(4);
  });

  it('that is none is refused, with the line', async () => {
    await using cluster = await createTestCluster({ nodes: 0 });
    await expect(replayRecorded(cluster, `${audit('00:00', 'create', { requestObject: deployment })}\n{"a":1}`)).rejects.toThrow(
      'line 2: neither an event of audit.k8s.io/v1',
    );
    await expect(replayRecorded(cluster, 'hello')).rejects.toThrow('line 1: is no JSON: hello');
  });
});

it('the log of a watch is replayed by the times of what it shows', async () => {
  await using cluster = await createTestCluster({ nodes: 0, controllers: 'none' });
  const event = (type: string, minute: string, n: string): string => {
    const time = `2025-03-01T10:${minute}:00Z`;
    const metadata = {
      name: 'a',
      namespace: 'default',
      creationTimestamp: '2025-03-01T10:00:00Z',
      managedFields: [{ manager: 'm', operation: 'Update', time }],
    };
    return JSON.stringify({ type, object: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { n } } });
  };
  const startMs = cluster.clock.now();
  const log = [event('ADDED', '00', '1'), event('MODIFIED', '05', '2'), '{"type":"BOOKMARK","object":{}}', event('DELETED', '09', '2')].join('\n');
  expect(await replayRecorded(cluster, log)).toEqual({ made: 3, leftOut: 0, failed: [] });
  const writes = cluster.log
    .filter(({ key }) => key.endsWith('/configmaps/default/a'))
    .map(({ atMs, type, object }) => [atMs - startMs, type, (object as ConfigMap).data?.['n']]);
  expect(writes).toEqual([
    [0, 'put', '1'],
    [300_000, 'put', '2'],
    [540_000, 'delete', '2'],
  ]);
});

it('clusters and explorations begin with an image, its text or its file', async () => {
  await using first = await createTestCluster({ nodes: ['a', 'b'] });
  const { uid: _uid, resourceVersion: _version, ...metadata } = deployment.metadata;
  await first.client.create(Deployment, { ...deployment, metadata });
  await first.settle();
  const image = first.fork();
  await using second = await createTestCluster({ from: image.toString() });
  expect(second.clock.now()).toBeGreaterThanOrEqual(first.clock.now());
  expect(second.node('b').alive).toBe(true);
  await second.settle();
  expect(await second.client.get(Deployment, 'default/web')).toBeAvailable({ replicas: 2 });
  const report = await explore({ from: image, seeds: 5, faults: [staleCaches()] }, async (cluster) => {
    await cluster.client.patch(Deployment, 'default/web', { type: 'merge', patch: { spec: { replicas: 3 } } });
    await cluster.settle();
    expect(await cluster.client.get(Deployment, 'default/web')).toBeAvailable({ replicas: 3 });
  });
  expect(report.runs).toBe(5);
});
