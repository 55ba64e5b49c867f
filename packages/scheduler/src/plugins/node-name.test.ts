import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { askPlugin } from '../../test/run-plugin.ts';
import { describePluginConformance } from '../conformance/index.ts';
import { nodeName } from './node-name.ts';

const nodes = [makeNode('a'), makeNode('b')];

describePluginConformance('NodeName', nodeName);

describe('NodeName', () => {
  it('lets a Pod that names no node go anywhere', () => {
    expect(askPlugin(nodeName(), makePod('p'), { nodes }).feasible).toEqual(['a', 'b']);
  });

  it('lets a Pod that names a node go nowhere else', () => {
    const asked = askPlugin(nodeName(), makePod('p', { node: 'b' }), { nodes });
    expect(asked.feasible).toEqual(['b']);
    expect(asked.verdictOf('a')).toEqual({ code: 'UnschedulableAndUnresolvable', reasons: ["node(s) didn't match the requested node name"] });
  });
});
