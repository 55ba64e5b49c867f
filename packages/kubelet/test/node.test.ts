import { ApiError, type Client } from '@kybern/core';
import { Lease, Node, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { createKubelet } from '../src/index.ts';
import { createLab } from './lab.ts';

const ready = async (client: Client): Promise<string | undefined> =>
  (await client.get(Node, 'node-1')).status?.conditions?.find(({ type }) => type === 'Ready')?.status;

describe('the Node', () => {
  it('is registered with labels, capacity, addresses and conditions', async () => {
    await using lab = await createLab({
      kubelet: {
        labels: { zone: 'a' },
        capacity: { cpu: '2' },
        taints: [{ key: 'gpu', effect: 'NoSchedule' }],
        addresses: [{ type: 'InternalIP', address: '10.0.0.7' }],
      },
    });
    const node = await lab.client.get(Node, 'node-1');
    expect(node.metadata.labels).toMatchObject({ zone: 'a', 'kubernetes.io/hostname': 'node-1', 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' });
    expect(node.spec.taints).toEqual([{ key: 'gpu', effect: 'NoSchedule' }]);
    expect(node.spec.providerID).toBeUndefined();
    expect(node.status).toMatchObject({
      capacity: { cpu: '2', memory: '32Gi', pods: '110' },
      addresses: [{ type: 'InternalIP', address: '10.0.0.7' }],
      nodeInfo: { kubeletVersion: expect.stringMatching(/^v1\.36\./), containerRuntimeVersion: 'simulated://1.0.0', operatingSystem: 'linux' },
    });
    expect(node.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
      'MemoryPressure=False',
      'DiskPressure=False',
      'PIDPressure=False',
      'Ready=True',
    ]);
  });

  it('is taken over with its labels when it is there already', async () => {
    await using lab = await createLab({ start: false });
    await lab.client.create(Node, { metadata: { name: 'node-1', labels: { mine: 'yes' } }, spec: {} });
    await lab.start();
    const node = await lab.client.get(Node, 'node-1');
    expect(node.metadata.labels).toMatchObject({ mine: 'yes', 'kubernetes.io/hostname': 'node-1' });
    expect(await ready(lab.client)).toBe('True');
  });

  it('is registered as soon as the API answers', async () => {
    let failures = 3;
    await using lab = await createLab({
      wrapClient: (client) => ({
        ...client,
        create: (kind, object, options) =>
          kind.kind === 'Node' && failures-- > 0 ? Promise.reject(new ApiError('ServiceUnavailable', 'not yet')) : client.create(kind, object, options),
      }),
    });
    expect(await ready(lab.client)).toBe('True');
    expect(lab.complaints).toHaveLength(3);
  });

  it('survives an API that refuses its Lease at first', async () => {
    let failures = 2;
    await using lab = await createLab({
      wrapClient: (client) => ({
        ...client,
        create: (kind, object, options) =>
          kind.kind === 'Lease' && failures-- > 0 ? Promise.reject(new ApiError('InternalError', 'oops')) : client.create(kind, object, options),
      }),
    });
    await lab.clock.advance(30_000);
    expect(await lab.client.get(Lease, 'kube-node-lease/node-1')).toBeDefined();
    expect(lab.complaints).toHaveLength(2);
  });

  it('renews its Lease every ten seconds and its status every five minutes', async () => {
    await using lab = await createLab();
    const lease = await lab.client.get(Lease, 'kube-node-lease/node-1');
    expect(lease).toMatchObject({
      spec: { holderIdentity: 'node-1', leaseDurationSeconds: 40 },
      metadata: { ownerReferences: [{ kind: 'Node', name: 'node-1' }] },
    });
    const writes: string[] = [];
    const from = { resourceVersion: lease.metadata.resourceVersion ?? '' };
    const note = (kind: string) => (event: { readonly type: string }) => void (event.type === 'MODIFIED' && writes.push(kind));
    const subscriptions = [lab.client.watch(Lease, from).subscribe(note('Lease')), lab.client.watch(Node, from).subscribe(note('Node'))];
    await lab.clock.advance(600_000);
    for (const subscription of subscriptions) subscription.unsubscribe();
    const count = (kind: string): number => writes.filter((each) => each === kind).length;
    expect(count('Lease')).toBeGreaterThanOrEqual(57);
    expect(count('Lease')).toBeLessThanOrEqual(60);
    expect(count('Node')).toBe(1);
  });

  it('keeps its Lease when somebody else writes or deletes it', async () => {
    await using lab = await createLab();
    await lab.client.mutate(Lease, 'kube-node-lease/node-1', (draft) => void (draft.metadata.labels = { touched: 'yes' }));
    await lab.clock.advance(25_000);
    const renewed = await lab.client.get(Lease, 'kube-node-lease/node-1');
    expect(Date.parse(renewed.spec.renewTime ?? '')).toBeGreaterThan(lab.clock.now() - 15_000);
    await lab.client.delete(Lease, 'kube-node-lease/node-1');
    await lab.clock.advance(25_000);
    expect(await lab.client.get(Lease, 'kube-node-lease/node-1')).toBeDefined();
  });

  it('is not ready while its runtime is away, and says why', async () => {
    await using lab = await createLab();
    lab.runtime.setAvailable(false);
    await lab.clock.advance(15_000);
    expect(await ready(lab.client)).toBe('False');
    expect((await lab.client.get(Node, 'node-1')).status?.conditions?.at(-1)).toMatchObject({
      reason: 'KubeletNotReady',
      message: expect.stringContaining('runtime is down'),
    });
    lab.runtime.setAvailable(true);
    await lab.clock.advance(15_000);
    expect(await ready(lab.client)).toBe('True');
    expect(await lab.events('node-1')).toEqual([
      'Starting: Starting kubelet.',
      'NodeNotReady: Node node-1 status is now: NodeNotReady',
      'NodeReady: Node node-1 status is now: NodeReady',
    ]);
  });

  it('gives the Pod range of its Node to the runtime', async () => {
    await using lab = await createLab();
    await lab.client.mutate(Node, 'node-1', (draft) => Object.assign(draft.spec, { podCIDR: '10.77.3.0/24', podCIDRs: ['10.77.3.0/24'] }));
    await lab.create('web');
    await lab.settle();
    expect((await lab.status('web')).podIP).toBe('10.77.3.2');
  });

  it.each([
    { name: 'an empty name', options: { name: '' }, message: 'name' },
    { name: 'a quantity that is none', options: { name: 'n', capacity: { cpu: 'lots' } }, message: 'capacity of cpu' },
  ])('is refused with $name', async ({ options, message }) => {
    await using lab = await createLab({ start: false });
    expect(() => createKubelet({ client: lab.client, runtime: lab.runtime, ...options })).toThrow(message);
  });
});

describe('the agent', () => {
  it('stops without touching containers, and takes them over when it comes back', async () => {
    await using lab = await createLab();
    await lab.create('web', { containers: [{ name: 'app', image: 'nginx', readinessProbe: { tcpSocket: { port: 80 } } }] });
    await lab.settle();
    const before = { containers: lab.runtime.containers(), version: (await lab.get('web')).metadata.resourceVersion };
    await lab.stop();
    await lab.start();
    await lab.settle();
    await lab.clock.advance(60_000);
    expect(lab.runtime.containers()).toEqual(before.containers);
    expect((await lab.get('web')).metadata.resourceVersion).toBe(before.version);
    lab.runtime.crash({});
    await lab.settle();
    expect(await lab.status('web')).toMatchObject({ containerStatuses: [{ restartCount: 1, ready: true }] });
  });

  it('sees what happened while it was away', async () => {
    await using lab = await createLab();
    await lab.create('crashed');
    await lab.create('deleted');
    await lab.create('gone');
    await lab.settle();
    await lab.stop();
    lab.runtime.crash({ pod: 'crashed' }, { exitCode: 9 });
    await lab.client.delete(Pod, 'default/deleted');
    await lab.client.delete(Pod, 'default/gone', { gracePeriodSeconds: 0 });
    await lab.create('new');
    await lab.start();
    await lab.settle();
    expect((await lab.client.list(Pod)).items.map(({ metadata }) => metadata.name)).toEqual(['crashed', 'new']);
    expect(await lab.status('crashed')).toMatchObject({ containerStatuses: [{ restartCount: 1, ready: true, lastState: { terminated: { exitCode: 9 } } }] });
    expect(lab.runtime.containers().map(({ pod, state }) => `${pod} ${state}`)).toEqual([
      'crashed CONTAINER_EXITED',
      'crashed CONTAINER_RUNNING',
      'new CONTAINER_RUNNING',
    ]);
  });

  it('leaves completed Pods as they are when it comes back', async () => {
    await using lab = await createLab({ behaviors: [{ exit: { code: 0, afterMs: 1_000 } }] });
    await lab.create('job', { restartPolicy: 'Never' });
    await lab.settle();
    const before = await lab.get('job');
    await lab.stop();
    lab.runtime.powerOff();
    lab.runtime.powerOn();
    await lab.start();
    await lab.settle();
    expect(await lab.get('job')).toEqual(before);
  });

  it('makes everything anew after the machine was restarted, and counts it', async () => {
    await using lab = await createLab({ behaviors: [{ container: 'init', exit: { code: 0 } }] });
    await lab.create('web', { initContainers: [{ name: 'init', image: 'busybox' }] });
    await lab.create('once', { restartPolicy: 'Never' });
    await lab.settle();
    await lab.stop();
    lab.runtime.powerOff();
    lab.runtime.powerOn();
    await lab.start();
    await lab.settle();
    expect(await lab.status('web')).toMatchObject({
      phase: 'Running',
      containerStatuses: [{ restartCount: 1, ready: true }],
      initContainerStatuses: [{ ready: true }],
    });
    expect(await lab.status('once')).toMatchObject({ phase: 'Failed' });
    expect(await lab.events('web')).toContainEqual(expect.stringMatching(/^SandboxChanged/));
  });

  it('makes up for the events that it missed while the runtime was away', async () => {
    await using lab = await createLab();
    await lab.create('web');
    await lab.settle();
    lab.runtime.setAvailable(false);
    lab.runtime.crash({});
    await lab.clock.advance(30_000);
    lab.runtime.setAvailable(true);
    await lab.clock.advance(30_000);
    expect(await lab.status('web')).toMatchObject({ containerStatuses: [{ restartCount: 1, ready: true }] });
  });

  it('goes on when the API does not take its writes, and writes when it does', async () => {
    let down = false;
    await using lab = await createLab({
      wrapClient: (client) => ({
        ...client,
        patch: (...args) => (down ? Promise.reject(new ApiError('ServiceUnavailable', 'down')) : client.patch(...args)),
        watch: client.watch.bind(client),
      }),
    });
    await lab.create('web');
    await lab.settle();
    down = true;
    lab.runtime.crash({});
    await lab.clock.advance(2_000);
    expect(lab.runtime.containers()).toMatchObject([{ state: 'CONTAINER_EXITED' }, { state: 'CONTAINER_RUNNING' }]);
    expect(await lab.status('web')).toMatchObject({ containerStatuses: [{ restartCount: 0 }] });
    down = false;
    await lab.clock.advance(20_000);
    expect(await lab.status('web')).toMatchObject({ containerStatuses: [{ restartCount: 1, ready: true }] });
  });

  it('keeps what others write into a status', async () => {
    await using lab = await createLab();
    await lab.create('web');
    await lab.settle();
    await lab.client.mutateStatus(
      Pod,
      'default/web',
      (draft) => void draft.status.conditions?.push({ type: 'DisruptionTarget', status: 'True', reason: 'Test' }),
    );
    lab.runtime.crash({});
    await lab.settle();
    expect((await lab.status('web')).conditions).toContainEqual(expect.objectContaining({ type: 'DisruptionTarget', reason: 'Test' }));
  });
});
