import { seededRandom } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import { createSimulatedRuntime } from '@kybern/runtime-cri';
import { expect, it } from 'vitest';
import { createKubelet, createPodSource } from '../src/index.ts';
import { createLab } from './lab.ts';

it('serves many kubelets from one watch, each with its own Pods', async () => {
  await using lab = await createLab({ start: false });
  let watches = 0;
  const counted = { ...lab.client, watch: (...args: Parameters<typeof lab.client.watch>) => (watches++, lab.client.watch(...args)) } as typeof lab.client;
  const { clock } = lab;
  const random = seededRandom(1);
  const stop = new AbortController();
  const pods = createPodSource(counted, { clock, random });
  const runtimes = Array.from({ length: 20 }, () => createSimulatedRuntime({ clock, random }));
  const running = [
    pods.run(stop.signal),
    ...runtimes.map((runtime, index) => createKubelet({ name: `node-${index}`, client: counted, runtime, pods, clock, random }).run(stop.signal)),
  ];
  await lab.settle();
  for (let index = 0; index < 40; index++) await lab.create(`pod-${index}`, { nodeName: `node-${index % 20}` });
  await lab.create('unscheduled', { nodeName: undefined as never });
  await lab.settle();
  expect(runtimes.map((runtime) => runtime.containers().length)).toEqual(Array.from({ length: 20 }, () => 2));
  expect((await lab.client.list(Pod, { fieldSelector: 'status.phase=Running' })).items).toHaveLength(40);
  expect(watches).toBe(1);
  stop.abort();
  await Promise.all(running);
});

it('tells a late listener what is there already', async () => {
  await using lab = await createLab();
  await lab.create('web');
  await lab.settle();
  const pods = createPodSource(lab.client, { clock: lab.clock, random: seededRandom(1) });
  const stop = new AbortController();
  const running = pods.run(stop.signal);
  await lab.clock.settleNow();
  await pods.synced;
  const seen: string[] = [];
  const end = pods.subscribe('node-1', { onPod: (pod) => seen.push(pod.metadata.name), onPodGone: (pod) => seen.push(`-${pod.metadata.name}`) });
  pods.subscribe('node-2', { onPod: () => seen.push('wrong'), onPodGone: () => seen.push('wrong') });
  expect(seen).toEqual(['web']);
  await lab.client.delete(Pod, 'default/web', { gracePeriodSeconds: 0 });
  await lab.settle();
  expect(seen).toEqual(['web', '-web']);
  end();
  stop.abort();
  await running;
});
