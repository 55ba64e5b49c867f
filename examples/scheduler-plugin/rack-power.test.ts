import { Node, Pod } from '@kybern/core/kinds';
import { defaultPlugins, explain } from '@kybern/scheduler';
import { readSchedulerConfiguration } from '@kybern/scheduler/config';
import { describePluginConformance } from '@kybern/scheduler/conformance';
import { createTestCluster } from '@kybern/testing';
import { describe, expect, it } from 'vitest';
import { makeRackPower, RACK, rackPower, WATTS } from './rack-power.ts';

const node = (name: string, rack: string): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { [RACK]: rack } },
  spec: {},
  status: { allocatable: { cpu: '32', memory: '64Gi', pods: '110' } },
});
const pod = (name: string, watts: number, more: Partial<Pod['spec']> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', annotations: { [WATTS]: String(watts) } },
  spec: { containers: [{ name: 'main', image: 'train:1' }], ...more },
});
const NODES = [node('a1', 'a'), node('a2', 'a'), node('b1', 'b')];
const profile = {
  plugins: { multiPoint: { enabled: [{ name: 'RackPower', weight: 5 }] } },
  pluginConfig: [{ name: 'RackPower', args: { wattsPerRack: 1000 } }],
};
const plugins = { RackPower: makeRackPower };

describePluginConformance('RackPower', () => rackPower({ wattsPerRack: 1000 }));

describe('RackPower', () => {
  it('counts what all nodes of a rack draw', () => {
    const { chosen, nodes } = explain({ pod: pod('new', 300), nodes: NODES, pods: [pod('old', 800, { nodeName: 'a1' })], profile, plugins });
    expect(chosen).toBe('b1');
    expect(nodes['a2']?.filters['RackPower']).toMatchObject({
      code: 'Unschedulable',
      reasons: ['node(s) are in a rack without enough power'],
      details: { wattsLeft: 200 },
    });
  });

  it('prefers the rack with most left', () => {
    const { chosen, nodes } = explain({ pod: pod('new', 100), nodes: NODES, pods: [pod('old', 400, { nodeName: 'a1' })], profile, plugins });
    expect(chosen).toBe('b1');
    expect(nodes['a2']?.scores['RackPower']).toEqual({ raw: 50, normalized: 50, weighted: 250 });
  });

  it('lets preemption make room for power', () => {
    const low = pod('low', 900, { nodeName: 'a1', priority: 0 });
    const { preemption } = explain({ pod: pod('high', 900, { priority: 10 }), nodes: NODES.slice(0, 1), pods: [low], profile, plugins });
    expect(preemption).toEqual({ nodeName: 'a1', victims: ['default/low'] });
  });

  it('is configured like every other plugin, and says where its arguments are wrong', () => {
    const configuration = (args: string): string => `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - plugins: { multiPoint: { enabled: [{ name: RackPower }] } }
    pluginConfig: [{ name: RackPower, args: ${args} }]
`;
    expect(readSchedulerConfiguration(configuration('{ wattsPerRack: 500 }'), { plugins }).profiles[0]?.plugins.at(-1)?.name).toBe('RackPower');
    expect(() => readSchedulerConfiguration(configuration('{ watts: 500 }'), { plugins })).toThrow(
      'profiles[0].pluginConfig[0].args.wattsPerRack: must be a number above 0',
    );
  });

  it('works in a cluster: what does not fit waits, and comes when there is power again', async () => {
    await using cluster = await createTestCluster({ nodes: 1, seed: 1, scheduler: { plugins: [...defaultPlugins(), rackPower({ wattsPerRack: 1000 })] } });
    const [only] = (await cluster.client.list(Node)).items;
    await cluster.client.mutate(Node, only?.metadata.name ?? '', (draft) => {
      draft.metadata.labels = { ...draft.metadata.labels, [RACK]: 'a' };
    });
    await cluster.apply(pod('first', 700));
    await cluster.settle();
    await cluster.apply(pod('second', 700));
    await cluster.settle();
    expect((await cluster.client.get(Pod, 'default/second')).spec.nodeName).toBeUndefined();

    await cluster.client.delete(Pod, 'default/first');
    await cluster.advance('1m');
    expect((await cluster.client.get(Pod, 'default/second')).spec.nodeName).toBe(only?.metadata.name);
  });
});
