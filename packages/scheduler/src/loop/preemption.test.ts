import { getCondition } from '@kybern/core';
import { Pod, PodDisruptionBudget } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { startCluster } from '../../test/cluster.ts';
import { makeNode, makePod } from '../../test/objects.ts';

const pod = (name: string, cpu: string, priority = 0): Pod => makePod(name, { requests: { cpu }, labels: { app: 'web' }, spec: { priority } });
const gone = { gracePeriodSeconds: 0 };

describe('preemption in a cluster', () => {
  it('evicts, promises the room, keeps it from others, and places the Pod there', async () => {
    await using cluster = await startCluster({ nodes: [makeNode('a')], pods: [pod('low', '3')] });
    await cluster.settle();
    await cluster.addPod(pod('high', '3', 10));
    await cluster.settle();
    const low = await cluster.pod('low');
    expect([low.metadata.deletionTimestamp !== undefined, getCondition(low, 'DisruptionTarget')?.reason]).toEqual([true, 'PreemptionByScheduler']);
    expect((await cluster.pod('high')).status?.nominatedNodeName).toBe('a');
    await cluster.addPod(pod('other', '2', 5));
    await cluster.addPod(pod('small', '1', 5));
    await cluster.settle();
    await cluster.client.delete(Pod, 'default/low', gone);
    await cluster.clock.advance(15_000);
    expect(await cluster.placement()).toEqual({ high: 'a', small: 'a', other: undefined });
  });

  it('says that nothing can be done', async () => {
    await using cluster = await startCluster({ nodes: [makeNode('a')], pods: [pod('first', '3', 10)] });
    await cluster.settle();
    await cluster.addPod(pod('second', '3', 10));
    await cluster.settle();
    expect(await cluster.events()).toContain(
      'FailedScheduling second: 0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    );
  });

  it('a Pod of yet higher priority takes the room over, and the promise is withdrawn', async () => {
    await using cluster = await startCluster({ nodes: [makeNode('a')], pods: [pod('low', '3')] });
    await cluster.settle();
    await cluster.addPod(pod('high', '3', 10));
    await cluster.settle();
    await cluster.addPod(pod('higher', '3', 20));
    await cluster.settle();
    await cluster.client.delete(Pod, 'default/low', gone);
    await cluster.clock.advance(15_000);
    expect(await cluster.placement()).toEqual({ high: undefined, higher: 'a' });
    expect((await cluster.pod('high')).status?.nominatedNodeName).toBeUndefined();
  });

  it('respects budgets where it can', async () => {
    await using cluster = await startCluster({ nodes: [makeNode('a'), makeNode('b')] });
    await cluster.client.create(PodDisruptionBudget, { metadata: { name: 'web', namespace: 'default' }, spec: { selector: { matchLabels: { keep: 'me' } } } });
    await cluster.addPod(makePod('kept', { requests: { cpu: '3' }, labels: { keep: 'me' } }));
    await cluster.settle();
    await cluster.addPod(makePod('plain', { requests: { cpu: '3' } }));
    await cluster.settle();
    await cluster.addPod(pod('high', '3', 10));
    await cluster.settle();
    const leaving = async (name: string): Promise<boolean> => (await cluster.pod(name)).metadata.deletionTimestamp !== undefined;
    expect([await leaving('kept'), await leaving('plain')]).toEqual([false, true]);
  });

  it('when the API server is away, the promise is void and the Pod tries again', async () => {
    let away = true;
    await using cluster = await startCluster({
      nodes: [makeNode('a')],
      pods: [pod('low', '3')],
      faults: (client) => ({ delete: (...args) => (away ? Promise.reject(new Error('away')) : client.delete(...args)) }),
    });
    await cluster.settle();
    await cluster.addPod(pod('high', '3', 10));
    await cluster.settle();
    expect((await cluster.pod('low')).metadata.deletionTimestamp).toBeUndefined();
    away = false;
    await cluster.clock.advance(15_000);
    expect((await cluster.pod('low')).metadata.deletionTimestamp).toBeDefined();
  });
});
