import type { Node, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { askPlugin } from '../../test/run-plugin.ts';
import { describePluginConformance } from '../conformance/index.ts';
import { nodeResourcesBalancedAllocation } from './node-resources-balanced-allocation.ts';

const GPU = 'nvidia.com/gpu';
const wanting = (cpu: string, memory: string, gpu?: string): Pod => makePod('p', { requests: { cpu, memory, ...(gpu === undefined ? {} : { [GPU]: gpu }) } });
const used = (cpu: string, memory: string): Pod => makePod('q', { node: 'a', requests: { cpu, memory } });
const machine = (cpu: string, memory: string, gpu = '0'): Node => makeNode('a', { cpu, memory, extended: { [GPU]: gpu } });

describePluginConformance('NodeResourcesBalancedAllocation', nodeResourcesBalancedAllocation);
describePluginConformance('NodeResourcesBalancedAllocation of four', () =>
  nodeResourcesBalancedAllocation({ resources: [{ name: 'cpu' }, { name: 'memory' }, { name: 'ephemeral-storage' }, { name: 'example.com/gpu' }] }),
);

interface Row {
  readonly name: string;
  readonly pod: Pod;
  readonly pods?: readonly Pod[];
  readonly node?: Node;
  readonly resources?: readonly string[];
  readonly score: number | undefined;
}

const rows: readonly Row[] = [
  { name: 'an empty node that becomes uneven: 87 after 100', pod: wanting('3', '5000'), node: machine('4', '10000'), score: 68 },
  { name: 'nothing changes', pod: wanting('1', '2500'), node: machine('4', '10000'), score: 75 },
  { name: 'evened out completely', pod: wanting('0', '10000'), pods: [used('4', '0')], node: machine('4', '10000'), score: 100 },
  { name: 'balance destroyed completely', pod: wanting('4', '0'), node: machine('4', '10000'), score: 50 },
  { name: 'more than there is counts as all', pod: wanting('8', '10000'), node: machine('4', '10000'), score: 75 },
  { name: 'nothing requested: no opinion', pod: makePod('p'), score: undefined },
  {
    name: 'a GPU that is not requested is left out',
    pod: wanting('1', '2500'),
    node: machine('4', '10000', '8'),
    resources: ['cpu', 'memory', GPU],
    score: 75,
  },
  {
    name: 'a GPU that is requested counts',
    pod: wanting('0', '0', '8'),
    node: machine('4', '10000', '8'),
    resources: ['cpu', 'memory', GPU],
    score: 50 + Math.trunc((50 + Math.trunc((1 - Math.sqrt(2) / 3) * 100) - 100) / 2),
  },
];

describe('NodeResourcesBalancedAllocation', () => {
  it.each(rows)('$name', ({ pod, pods = [], node = machine('4', '10000'), resources, score }) => {
    const plugin = nodeResourcesBalancedAllocation(resources === undefined ? {} : { resources: resources.map((name) => ({ name })) });
    expect(askPlugin(plugin, pod, { nodes: [node], pods }).raw).toEqual({ a: score });
  });

  it('goes by real requests: Pods without any count nothing', () => {
    const asked = askPlugin(nodeResourcesBalancedAllocation(), wanting('1', '2500'), { nodes: [machine('4', '10000')], pods: [makePod('q', { node: 'a' })] });
    expect(asked.raw).toEqual({ a: 75 });
  });
});
