import { formatMicroTime, formatTime, isNotFound } from '@kybern/core';
import { Lease, Node, Pod } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { createControlPlane, nodeInput, type ControlPlane } from '../../test/control-plane.ts';
import { podGarbageCollectorController } from '../podgc/controller.ts';
import { taintEvictionController } from '../tainteviction/controller.ts';
import { nodeLifecycleController } from './controller.ts';

const start = (): Promise<ControlPlane> => createControlPlane([nodeLifecycleController(), taintEvictionController(), podGarbageCollectorController()]);
const tolerations = ['not-ready', 'unreachable'].map((name) => ({
  key: `node.kubernetes.io/${name}`,
  operator: 'Exists' as const,
  effect: 'NoExecute' as const,
  tolerationSeconds: 300,
}));

/** What a kubelet does: reports once, then renews its lease every 10 s until it is told to stop. */
async function kubelet({ client, clock }: ControlPlane, name: string): Promise<() => void> {
  await client.create(Node, nodeInput(name));
  const report = (): Promise<Node> =>
    client.patch(
      Node,
      name,
      {
        type: 'merge',
        patch: {
          status: {
            conditions: [
              {
                type: 'Ready',
                status: 'True',
                reason: 'KubeletReady',
                lastHeartbeatTime: formatTime(clock.now()),
                lastTransitionTime: formatTime(clock.now()),
              },
            ],
          },
        },
      },
      { subresource: 'status' },
    );
  await report();
  const lease = { metadata: { namespace: 'kube-node-lease', name }, spec: { holderIdentity: name, leaseDurationSeconds: 40 } };
  await client.create(Lease, { ...lease, spec: { ...lease.spec, renewTime: formatMicroTime(clock.now()) } });
  let cancel: () => void;
  const renew = (): void => {
    void client.patch(Lease, `kube-node-lease/${name}`, { type: 'merge', patch: { spec: { renewTime: formatMicroTime(clock.now()) } } });
    cancel = clock.after(10_000, renew, { background: true });
  };
  cancel = clock.after(10_000, renew, { background: true });
  return () => cancel();
}

const readiness = async ({ client }: ControlPlane, name: string): Promise<unknown> => {
  const { spec, status } = await client.get(Node, name);
  return [status?.conditions?.[0]?.status, (spec.taints ?? []).map(({ key, effect }) => `${key.split('/')[1] ?? ''}:${effect ?? ''}`)];
};
const pod = (name: string, nodeName: string): object => ({
  metadata: { name, labels: { app: 'web' } },
  spec: { nodeName, tolerations, containers: [{ name: 'c', image: 'nginx' }] },
});
const exists = ({ client }: ControlPlane, name: string): Promise<boolean> =>
  client.get(Pod, name).then(
    ({ metadata }) => metadata.deletionTimestamp === undefined,
    (error: unknown) => !isNotFound(error),
  );

it('a silent node becomes unreachable, and its Pods leave when their patience is over', async () => {
  await using plane = await start();
  const [stop, keep] = [await kubelet(plane, 'n1'), await kubelet(plane, 'n2')];
  for (const [name, node] of [
    ['a', 'n1'],
    ['b', 'n2'],
  ] as const)
    await plane.start(await plane.client.create(Pod, pod(name, node) as never), node);
  await plane.advance(600_000);
  expect([await readiness(plane, 'n1'), await exists(plane, 'a')]).toEqual([['True', []], true]);
  stop();
  await plane.advance(49_000);
  expect(await readiness(plane, 'n1')).toEqual(['True', []]);
  await plane.advance(2_000);
  expect(await readiness(plane, 'n1')).toEqual(['Unknown', ['unreachable:NoSchedule', 'unreachable:NoExecute']]);
  expect((await plane.client.get(Pod, 'a')).status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
  await plane.advance(290_000);
  expect(await exists(plane, 'a')).toBe(true);
  await plane.advance(15_000);
  expect([await exists(plane, 'a'), await exists(plane, 'b')]).toEqual([false, true]);
  expect((await plane.client.get(Pod, 'a')).status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
    status: 'True',
    reason: 'DeletionByTaintManager',
  });
  keep();
  expect(plane.errors).toEqual([]);
});

it('a node that comes back in time keeps its Pods', async () => {
  await using plane = await start();
  const stop = await kubelet(plane, 'n1');
  await kubelet(plane, 'n2');
  await plane.start(await plane.client.create(Pod, pod('a', 'n1') as never), 'n1');
  await plane.advance(20_000);
  stop();
  await plane.advance(120_000);
  expect(await readiness(plane, 'n1')).toEqual(['Unknown', ['unreachable:NoSchedule', 'unreachable:NoExecute']]);
  await plane.client.patch(
    Node,
    'n1',
    { type: 'merge', patch: { status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: formatTime(plane.clock.now()) }] } } },
    { subresource: 'status' },
  );
  await plane.settle();
  expect(await readiness(plane, 'n1')).toEqual(['True', []]);
  await plane.client.create(Lease, { metadata: { namespace: 'kube-node-lease', name: 'other' }, spec: {} });
  await plane.advance(40_000);
  expect(await exists(plane, 'a')).toBe(true);
});

it('Pods of a node that was deleted are taken away after a while', async () => {
  await using plane = await start();
  await kubelet(plane, 'n1');
  await plane.start(await plane.client.create(Pod, pod('a', 'n1') as never), 'n1');
  await plane.settle();
  await plane.client.delete(Node, 'n1');
  await plane.advance(39_000);
  expect(await exists(plane, 'a')).toBe(true);
  await plane.advance(2_000);
  await expect(plane.client.get(Pod, 'a')).rejects.toMatchObject({ reason: 'NotFound' });
});

it('healthy nodes cost no writes', async () => {
  await using plane = await start();
  await kubelet(plane, 'n1');
  await plane.advance(60_000);
  const before = plane.revision;
  await plane.advance(600_000);
  expect(plane.revision - before).toBe(60);
});

const evicted = async ({ client }: ControlPlane): Promise<string[]> =>
  (await client.list(Node)).items.filter(({ spec }) => spec.taints?.some(({ effect }) => effect === 'NoExecute')).map(({ metadata }) => metadata.name);

it('Pods are evicted from one node of a zone at a time, at its rate', async () => {
  await using plane = await start();
  const stops = new Map<string, () => void>();
  for (const name of ['n1', 'n2', 'n3', 'n4', 'n5', 'n6']) stops.set(name, await kubelet(plane, name));
  await plane.advance(20_000);
  for (const name of ['n1', 'n2', 'n3']) stops.get(name)?.();
  await plane.advance(50_000);
  expect((await evicted(plane)).length).toBe(1);
  await plane.advance(10_000);
  expect((await evicted(plane)).length).toBe(2);
  await plane.advance(10_000);
  expect(await evicted(plane)).toEqual(['n1', 'n2', 'n3']);
  expect(plane.errors).toEqual([]);
});

it('in a small zone of which most nodes are not ready no more Pods are evicted, in another they are', async () => {
  await using plane = await start();
  const stops = new Map<string, () => void>();
  for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2']) {
    stops.set(name, await kubelet(plane, name));
    await plane.client.patch(Node, name, { type: 'merge', patch: { metadata: { labels: { 'topology.kubernetes.io/zone': name.slice(0, 1) } } } });
  }
  await plane.advance(20_000);
  for (const name of ['a1', 'a2', 'a3', 'b1']) stops.get(name)?.();
  await plane.advance(600_000);
  const [first, ...rest] = await evicted(plane);
  expect([first?.slice(0, 1), rest]).toEqual(['a', ['b1']]);
});

it('when nothing is ready any more, evictions are suspended; they go on when something is', async () => {
  await using plane = await start();
  const stops = [await kubelet(plane, 'n1'), await kubelet(plane, 'n2')];
  await plane.advance(20_000);
  stops[0]?.();
  await plane.advance(60_000);
  expect(await evicted(plane)).toEqual(['n1']);
  stops[1]?.();
  await plane.advance(60_000);
  expect(await evicted(plane)).toEqual([]);
  expect(await readiness(plane, 'n1')).toEqual(['Unknown', ['unreachable:NoSchedule']]);
  const before = plane.revision;
  await plane.advance(3_600_000);
  expect(plane.revision).toBe(before);
  await kubelet(plane, 'n3');
  await plane.advance(20_000);
  expect(await evicted(plane)).toEqual(['n1', 'n2']);
});
