import type { Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { startCluster } from '../../test/cluster.ts';
import { makeNode, makePod } from '../../test/objects.ts';
import { readSchedulerConfiguration } from '../config/read-configuration.ts';
import type { Plugin } from '../engine/plugin.ts';
import { unschedulable } from '../engine/status.ts';
import { defaultPlugins } from '../plugins/default-plugins.ts';
import { createSchedulerLoop } from './scheduler-loop.ts';

const CONFIGURATION = `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - schedulerName: default-scheduler
  - schedulerName: packing
    plugins: { multiPoint: { disabled: [{ name: NodeResourcesBalancedAllocation }] } }
    pluginConfig: [{ name: NodeResourcesFit, args: { scoringStrategy: { type: MostAllocated } } }]
`;
const forScheduler = (name: string, schedulerName: string): Pod => makePod(name, { requests: { cpu: '500m', memory: '1Gi' }, spec: { schedulerName } });

describe('several profiles in one scheduler', () => {
  it('place the Pods that name them, each in its way, and leave those of others alone', async () => {
    const pods = [
      makePod('there', { node: 'used', requests: { cpu: '1', memory: '8Gi' } }),
      forScheduler('spread', 'default-scheduler'),
      forScheduler('packed', 'packing'),
      forScheduler('foreign', 'other'),
    ];
    await using cluster = await startCluster({ ...readSchedulerConfiguration(CONFIGURATION), nodes: [makeNode('used'), makeNode('empty')], pods });
    expect(await cluster.placement()).toEqual({ there: 'used', spread: 'empty', packed: 'used', foreign: undefined });
  });

  it('wait each for what its own plugins wait for', async () => {
    const never: Plugin = { name: 'Never', filter: () => unschedulable('never'), eventsToRegister: () => [] };
    const profiles = [
      { schedulerName: 'default-scheduler', plugins: defaultPlugins() },
      { schedulerName: 'stuck', plugins: [...defaultPlugins(), never] },
    ];
    await using cluster = await startCluster({ profiles, pods: [forScheduler('a', 'default-scheduler'), forScheduler('b', 'stuck')] });
    await cluster.addNode(makeNode('late'));
    await cluster.settle();
    await cluster.clock.advance(20_000);
    expect(await cluster.placement()).toEqual({ a: 'late', b: undefined });
    const events = await cluster.events();
    expect(events.some((event) => event.startsWith('FailedScheduling b: 0/1 nodes are available: 1 never.'))).toBe(true);
  });

  it('are checked at the start', () => {
    const profile = { schedulerName: 'a', plugins: defaultPlugins() };
    const client = {} as never;
    expect(() => createSchedulerLoop({ client, profiles: [] })).toThrow(/profiles: there must be at least one/);
    expect(() => createSchedulerLoop({ client, profiles: [profile, profile] })).toThrow(/profiles\[1\]\.schedulerName: there are two/);
    expect(() => createSchedulerLoop({ client, profiles: [profile], schedulerName: 'b' })).toThrow(/profiles: /);
    expect(() => createSchedulerLoop({ client, profiles: [{ ...profile, plugins: profile.plugins.slice(0, 3) }] })).toThrow(
      /profiles\[0\]\.plugins: none of them binds/,
    );
  });
});

it('back-off is as long as the configuration says', async () => {
  let attempts = 0;
  const failing: Plugin = {
    name: 'Failing',
    filter() {
      attempts += 1;
      throw new Error('broken');
    },
  };
  const options = { initialBackoffMs: 4000, maxBackoffMs: 4000, plugins: [...defaultPlugins(), failing] };
  await using cluster = await startCluster({ ...options, nodes: [makeNode('a')], pods: [makePod('p')] });
  expect(attempts).toBe(1);
  await cluster.clock.advance(3000);
  expect(attempts).toBe(1);
  await cluster.clock.advance(2000);
  expect(attempts).toBe(2);
});
