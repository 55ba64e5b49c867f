// Clients that know nothing of virtual time: an informer and typed calls of @kubernetes/client-node, and the real kubectl.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Deployment, Pod } from '@kybern/core/kinds';
import { createTestCluster, type TestEndpoint } from '@kybern/testing';
import { AppsV1Api, BatchV1Api, CoreV1Api, KubeConfig, makeInformer, type V1Pod } from 'client-node-2';
import { describe, expect, it } from 'vitest';
import { describeWith } from '../find-on-path.ts';

const labels = { app: 'web' };
const deployment = {
  metadata: { name: 'web', namespace: 'default' },
  spec: { replicas: 3, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx:1.25' }] } } },
};

function configOf({ kubeconfig }: TestEndpoint): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return config;
}

describe('@kubernetes/client-node in virtual time', () => {
  it('makes typed calls, and its informer has seen everything when the cluster has settled', async () => {
    await using cluster = await createTestCluster({ nodes: 2 });
    const endpoint = await cluster.listen();
    const config = configOf(endpoint);
    const core = config.makeApiClient(CoreV1Api);
    const ready = new Set<string>();
    const informer = makeInformer<V1Pod>(config, '/api/v1/namespaces/default/pods', () => core.listNamespacedPod({ namespace: 'default' }));
    for (const event of ['add', 'update'] as const) {
      informer.on(event, ({ metadata, status }) => {
        const isReady = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
        if (isReady) ready.add(metadata?.name ?? '');
        else ready.delete(metadata?.name ?? '');
      });
    }
    informer.on('delete', ({ metadata }) => void ready.delete(metadata?.name ?? ''));
    await informer.start();

    await config.makeApiClient(AppsV1Api).createNamespacedDeployment({ namespace: 'default', body: deployment });
    await cluster.settle();
    expect(ready.size).toBe(3);

    const [pod] = (await core.listNamespacedPod({ namespace: 'default' })).items;
    cluster.node(pod?.spec?.nodeName).kill();
    await cluster.advance('7m');
    expect(ready.size).toBe(3);
    expect(await cluster.client.get(Deployment, 'default/web')).toBeAvailable({ replicas: 3 });
    await informer.stop();
  });

  it('an operator outside reacts before virtual time goes on, though it is written against the real clock', async () => {
    await using cluster = await createTestCluster({ nodes: 1 });
    const config = configOf(await cluster.listen());
    const batch = config.makeApiClient(BatchV1Api);
    const core = config.makeApiClient(CoreV1Api);
    const job = {
      metadata: { name: 'task' },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'task' }] } } },
    };
    cluster.node('node-1').runtime.behaviors.add({ image: 'task', exit: { code: 0, afterMs: 90_000 } });
    const informer = makeInformer<V1Pod>(config, '/api/v1/namespaces/default/pods', () => core.listNamespacedPod({ namespace: 'default' }));
    const seen: string[] = [];
    informer.on('update', ({ metadata, status }) => {
      if (status?.phase !== 'Succeeded' || seen.length > 0) return;
      seen.push(metadata?.name ?? '');
      void core.createNamespacedConfigMap({ namespace: 'default', body: { metadata: { name: 'report' }, data: { of: metadata?.name ?? '' } } });
    });
    await informer.start();
    await batch.createNamespacedJob({ namespace: 'default', body: job });
    await cluster.advance('2m');
    expect(seen).toHaveLength(1);
    const written = cluster.log.find(({ key }) => key === '/registry/core/configmaps/default/report');
    const succeeded = cluster.log.find(({ object }) => (object as Pod).status?.phase === 'Succeeded');
    // The same instant: no timer has fired in between.
    expect(written?.atMs).toBe(succeeded?.atMs);
    const { entries } = await cluster.timeline();
    expect(entries.find((entry) => entry.type === 'write' && entry.key.endsWith('/configmaps/default/report'))).toMatchObject({ operation: 'create' });
    await informer.stop();
  });
});

it('an endpoint leaves no trace: with and without one the same seed gives the same log', async () => {
  const run = async (withEndpoint: boolean): Promise<string> => {
    await using cluster = await createTestCluster({ nodes: 2, seed: 7 });
    if (withEndpoint) await cluster.listen();
    await cluster.client.create(Deployment, deployment);
    await cluster.settle();
    return cluster.eventLog();
  };
  expect(await run(true)).toBe(await run(false));
});

describeWith({ title: 'kubectl in virtual time', programs: ['kubectl'], debianPackage: 'kubernetes-client' }, (path) => {
  it('applies, waits for a rollout, runs a command, and deletes', { timeout: 60_000 }, async () => {
    await using cluster = await createTestCluster({ nodes: 1 });
    const endpoint = await cluster.listen();
    const file = await endpoint.kubeconfigFile();
    const kubectl = async (...args: string[]): Promise<string> => {
      const run = promisify(execFile)(path, args, { env: { KUBECONFIG: file, HOME: '/nonexistent' }, timeout: 30_000 });
      return (await run).stdout;
    };
    expect(await kubectl('create', 'deployment', 'web', '--image=nginx:1.25', '--replicas=2')).toContain('deployment.apps/web created');
    const startMs = cluster.clock.now();
    expect(await endpoint.run(() => kubectl('rollout', 'status', 'deployment/web'))).toContain('successfully rolled out');
    expect(cluster.clock.now()).toBeGreaterThan(startMs);
    expect(await kubectl('get', 'pods', '--no-headers')).toMatch(/^web-\S+\s+1\/1\s+Running/);
    const [pod] = (await cluster.client.list(Pod, { labels })).items;
    expect(await endpoint.run(() => kubectl('exec', pod?.metadata.name ?? '', '--', 'echo', 'hello'))).toBe('hello\n');
    expect(await endpoint.run(() => kubectl('delete', 'deployment', 'web', '--cascade=foreground'))).toContain('deleted');
    expect((await cluster.client.list(Pod, { labels })).items).toEqual([]);
    const { entries } = await cluster.timeline();
    const created = entries.find((entry) => entry.type === 'write' && entry.key === '/registry/apps/deployments/default/web');
    expect(created).toMatchObject({ operation: 'create', actor: 'kubectl-create' });
  });

  it('says so when what it waits for does not come', { timeout: 60_000 }, async () => {
    await using cluster = await createTestCluster({ nodes: 0 });
    const endpoint = await cluster.listen();
    const file = await endpoint.kubeconfigFile();
    const stop = new AbortController();
    const wait = promisify(execFile)(path, ['wait', '--for=condition=Ready', 'node', '--all', '--watch=false'], {
      env: { KUBECONFIG: file, HOME: '/nonexistent' },
    }).catch((error: unknown) => String(error));
    expect(String(await endpoint.run(() => wait))).toContain('Error');
    await cluster.client.create(Pod, { metadata: { name: 'lonely', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'c' }] } });
    const forEver = (): Promise<unknown> =>
      promisify(execFile)(path, ['wait', '--for=condition=Ready', 'pod/lonely', '--timeout=1h'], {
        env: { KUBECONFIG: file, HOME: '/nonexistent' },
        signal: stop.signal,
      });
    await expect(endpoint.run(forEver, { within: '10m' })).rejects.toThrow('is not over within 600000 ms of virtual time');
    stop.abort();
  });
});
