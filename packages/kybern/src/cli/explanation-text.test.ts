import type { Node, Pod } from '@kybern/core/kinds';
import { explain } from '@kybern/scheduler';
import { describe, expect, it } from 'vitest';
import { explanationText } from './explanation-text.ts';

const node = (name: string, spec: Node['spec'] = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  spec,
  status: { allocatable: { cpu: '4', memory: '32Gi', pods: '110' } },
});
const pod = (name: string, cpu: string, nodeName?: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'main', image: 'web', resources: { requests: { cpu } } }], ...(nodeName === undefined ? {} : { nodeName }) },
});
const gpu = node('gpu', { taints: [{ key: 'gpu', value: 'true', effect: 'NoSchedule' }] });

describe('an explanation in words', () => {
  it('of a Pod that is Pending says why, node by node, and what would help', () => {
    const web = pod('web', '1');
    const text = explanationText(web, explain({ pod: web, nodes: [node('a'), gpu], pods: [pod('full', '3500m', 'a')] }), { all: false });
    const [first, ...lines] = text.split('\n');
    expect(first).toMatch(/^Pod default\/web is Pending: 0\/2 nodes are available: 1 Insufficient cpu, 1 node\(s\) had untolerated taint\(s\)\./);
    expect(lines).toEqual([
      'It would fit with: 500m more cpu on a, or tolerate gpu=true:NoSchedule',
      '',
      'NODE THAT DOES NOT   WHY',
      'a                    NodeResourcesFit: Insufficient cpu (requests 1, 500m left of 4)',
      'gpu                  TaintToleration: node(s) had untolerated taint(s) (taint gpu=true:NoSchedule)',
    ]);
  });

  it('of a Pod that has its node says why that won', () => {
    const web = pod('web', '1');
    const text = explanationText(
      { ...web, spec: { ...web.spec, nodeName: 'b' } },
      explain({ pod: web, nodes: [node('a'), node('b')], pods: [pod('other', '2', 'a')] }),
      { all: false },
    );
    expect(text).toMatch(
      /^Pod default\/web is on b\. If it were placed now, it would go there again:\nb is chosen: \d+ ahead of a \(.*NodeResourcesFit \+\d+.*\)\.\n/,
    );
    expect(text).toMatch(/\nb \* +\d+ /);
  });

  it('groups nodes that say the same when there are many', () => {
    const web = pod('web', '5');
    const nodes = Array.from({ length: 40 }, (_, index) => node(`n${index}`));
    const explanation = explain({ pod: web, nodes });
    expect(explanationText(web, explanation, { all: false })).toMatch(/\nn0 … \(40 nodes\) +NodeResourcesFit/);
    expect(explanationText(web, explanation, { all: true }).split('\n')).toHaveLength(44);
  });

  it('of a Pod that is gated names the gate', () => {
    const web = pod('web', '1');
    const gated = { ...web, spec: { ...web.spec, schedulingGates: [{ name: 'quota' }] } };
    expect(explanationText(gated, explain({ pod: gated, nodes: [node('a')] }), { all: false })).toMatch(
      /^Pod default\/web is Pending: SchedulingGates holds it back: .*quota/,
    );
  });
});
