import { createApiServer, type ApiServer } from '@kybern/apiserver';
import type { NodeConnections, PodUsage } from '@kybern/core';
import { Node, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { nodeInput } from '../../test/control-plane.ts';
import { resourceMetrics } from './resource-metrics.ts';

const labels = { app: 'web' };
const selection = { namespace: 'default', labelSelector: 'app=web' };
const TIME = Date.UTC(2026, 0, 1);

/** A server with one node, which says that each container of each Pod uses 250 thousandths of a core and 64 MiB. */
async function startServer(pods: readonly (readonly string[])[]): Promise<ApiServer> {
  const usages: PodUsage[] = [];
  const nodes = {
    usage: () => Promise.resolve({ timeMs: TIME, windowMs: 30_000, cpuNanoCores: 0, memoryBytes: 0, pods: usages }),
  } as unknown as NodeConnections;
  const api = await createApiServer({ nodes });
  await api.client.create(Node, nodeInput('n1'));
  for (const [i, containers] of pods.entries()) {
    const { metadata } = await api.client.create(Pod, {
      metadata: { name: `web-${i}`, namespace: 'default', labels },
      spec: { nodeName: 'n1', containers: containers.map((name) => ({ name, image: 'nginx' })) },
    });
    const { uid = '', name } = metadata;
    usages.push({
      uid,
      name,
      namespace: 'default',
      containers: containers.map((each) => ({ name: each, cpuNanoCores: 250_000_000, memoryBytes: 64 * 2 ** 20 })),
    });
  }
  return api;
}

describe('resourceMetrics', () => {
  it('tells what whole Pods use, and when that was', async () => {
    await using api = await startServer([['a', 'b'], ['a']]);
    const source = resourceMetrics(api.client);
    const common = { atMs: TIME, windowMs: 30_000 };
    expect(await source.podResource('cpu', selection)).toEqual(
      new Map([
        ['web-0', { ...common, milliValue: 500 }],
        ['web-1', { ...common, milliValue: 250 }],
      ]),
    );
    expect((await source.podResource('memory', selection)).get('web-1')?.milliValue).toBe(64 * 2 ** 20 * 1000);
    expect(await source.podResource('cpu', { ...selection, labelSelector: 'app=web,app!=web' }).catch(String)).toContain('no metrics returned');
  });

  it('tells what one container uses, and misses it where it is not', async () => {
    await using api = await startServer([['a', 'b']]);
    const source = resourceMetrics(api.client);
    expect((await source.podResource('cpu', selection, 'b')).get('web-0')?.milliValue).toBe(250);
    await expect(source.podResource('cpu', selection, 'c')).rejects.toThrow(
      'unable to get metrics for resource cpu: failed to get container metrics: container c not present in metrics for pod default/web-0',
    );
  });

  it('a resource that nobody measures has no values', async () => {
    await using api = await startServer([['a']]);
    expect(await resourceMetrics(api.client).podResource('example.com/gpu', selection)).toEqual(new Map());
  });

  it('says so where metrics.k8s.io is not served', async () => {
    await using api = await createApiServer();
    await expect(resourceMetrics(api.client).podResource('cpu', selection)).rejects.toThrow(
      /^unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: /,
    );
  });
});
