import { Pod, type ContainerStatus, type PodCondition } from '@kybern/core/kinds';
import { afterEach, describe, expect, it } from 'vitest';
import { createLab, type Lab, type LabOptions } from './lab.ts';

let lab: Lab;
afterEach(() => lab[Symbol.asyncDispose]());

const resources = (cpu: string, memory = '64Mi') => ({ requests: { cpu, memory }, limits: { cpu, memory } });
const create = (name: string, cpu: string, over: object = {}) =>
  lab.create(name, { containers: [{ name: 'app', image: 'nginx:1.25', resources: resources(cpu), ...over }] });

async function resize(name: string, cpu: string, memory?: string): Promise<void> {
  const pod = await lab.get(name);
  const containers = pod.spec.containers.map((each) => ({ ...each, resources: resources(cpu, memory) }));
  await lab.client.update(Pod, { ...pod, spec: { ...pod.spec, containers } }, { subresource: 'resize' });
  await lab.settle();
}
const conditions = async (name: string): Promise<readonly PodCondition[]> =>
  ((await lab.status(name)).conditions ?? []).filter(({ type }) => type.startsWith('PodResize'));
const appOf = async (name: string): Promise<ContainerStatus | undefined> => (await lab.status(name)).containerStatuses?.[0];
/** The quota of the container that runs now, as the runtime has it. */
async function quotaOf(name: string): Promise<number | undefined> {
  const containerId = (await appOf(name))?.containerID?.replace(/^.*:\/\//, '') ?? '';
  return (await lab.runtime.containerStatus({ containerId })).status?.resources?.linux?.cpuQuota;
}

async function begin(options: LabOptions = {}): Promise<void> {
  lab = await createLab({ ...options, kubelet: { capacity: { cpu: '4' }, ...options.kubelet } });
}

describe('a Pod that asks for other resources', () => {
  it('gets them in place', async () => {
    await begin();
    await create('web', '1');
    await lab.settle();
    const before = await appOf('web');
    expect(await quotaOf('web')).toBe(100_000);
    await resize('web', '2');
    expect(await quotaOf('web')).toBe(200_000);
    expect(await conditions('web')).toEqual([]);
    expect(await appOf('web')).toMatchObject({
      containerID: before?.containerID,
      restartCount: 0,
      allocatedResources: { cpu: '2', memory: '64Mi' },
      resources: resources('2'),
    });
    expect((await lab.events('web')).filter((event) => event.startsWith('Resize')).map((event) => event.split(':')[0])).toEqual([
      'ResizeStarted',
      'ResizeCompleted',
    ]);
  });

  it('gets them with a new container where its policy says so, however the old one ended', async () => {
    await begin();
    await lab.create('web', {
      restartPolicy: 'OnFailure',
      containers: [{ name: 'app', image: 'nginx:1.25', resources: resources('1'), resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }],
    });
    await lab.settle();
    const before = await appOf('web');
    await resize('web', '2');
    const after = await appOf('web');
    expect(after).toMatchObject({ restartCount: 1, resources: resources('2'), state: { running: {} } });
    expect(after?.containerID).not.toBe(before?.containerID);
    expect(await quotaOf('web')).toBe(200_000);
    expect(await conditions('web')).toEqual([]);
    expect(await lab.events('web')).toContainEqual('Killing: Container app resize requires restart');
  });

  it('keeps what it has when the node never has so much', async () => {
    await begin();
    await create('web', '1');
    await lab.settle();
    await resize('web', '5');
    expect(await conditions('web')).toMatchObject([
      {
        type: 'PodResizePending',
        status: 'True',
        reason: 'Infeasible',
        message: "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000",
        observedGeneration: 2,
      },
    ]);
    expect(await appOf('web')).toMatchObject({ allocatedResources: { cpu: '1' }, resources: { limits: { cpu: '1' } } });
    expect(await quotaOf('web')).toBe(100_000);
    await resize('web', '1');
    expect(await conditions('web')).toEqual([]);
    expect((await lab.status('web')).observedGeneration).toBe(3);
  });

  it('waits for room that another Pod leaves', async () => {
    await begin();
    await create('other', '2');
    await create('web', '1');
    await lab.settle();
    await resize('web', '3');
    expect(await conditions('web')).toMatchObject([
      { type: 'PodResizePending', reason: 'Deferred', message: "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000" },
    ]);
    await lab.client.delete(Pod, 'default/other', { gracePeriodSeconds: 1 });
    await lab.clock.advance(5_000);
    await lab.settle();
    expect(await conditions('web')).toEqual([]);
    expect(await quotaOf('web')).toBe(300_000);
    // What was given counts: there is no room for another Pod now.
    await create('late', '2');
    await lab.settle();
    expect(await lab.status('late')).toMatchObject({ phase: 'Failed', reason: 'OutOfcpu' });
  });

  it('tells what the runtime refused, and tries again', async () => {
    await begin();
    await create('web', '1');
    await lab.settle();
    const update = lab.runtime.updateContainerResources.bind(lab.runtime);
    Object.assign(lab.runtime, { updateContainerResources: () => Promise.reject(new Error('device or resource busy')) });
    await resize('web', '2');
    expect(await conditions('web')).toMatchObject([
      { type: 'PodResizeInProgress', status: 'True', reason: 'Error', message: 'device or resource busy', observedGeneration: 2 },
    ]);
    expect(await appOf('web')).toMatchObject({ allocatedResources: { cpu: '2' }, resources: { limits: { cpu: '1' } } });
    Object.assign(lab.runtime, { updateContainerResources: update });
    await lab.clock.advance(20_000);
    await lab.settle();
    expect(await quotaOf('web')).toBe(200_000);
    expect(await conditions('web')).toEqual([]);
  });
});

it('goes on with a resize after the agent was restarted', async () => {
  await begin();
  await create('web', '1');
  await lab.settle();
  await lab.stop();
  const pod = await lab.get('web');
  const containers = pod.spec.containers.map((each) => ({ ...each, resources: resources('3') }));
  await lab.client.update(Pod, { ...pod, spec: { ...pod.spec, containers } }, { subresource: 'resize' });
  await lab.start();
  await lab.settle();
  expect(await quotaOf('web')).toBe(300_000);
  expect(await appOf('web')).toMatchObject({ restartCount: 0, allocatedResources: { cpu: '3' }, resources: { limits: { cpu: '3' } } });
  expect(await conditions('web')).toEqual([]);
});
