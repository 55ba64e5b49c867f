import type { Node, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { askPlugin } from '../../test/run-plugin.ts';
import { describePluginConformance } from '../conformance/index.ts';
import { SchedulerConfigError } from '../errors.ts';
import { nodeResourcesFit } from './node-resources-fit.ts';
import type { ScoringStrategy } from './scoring-strategy.ts';
import { shapeFunction } from './utilization-shape.ts';

const ratio = (shape: readonly (readonly [number, number])[], weights?: Record<string, number>): ScoringStrategy => ({
  type: 'RequestedToCapacityRatio',
  requestedToCapacityRatio: { shape: shape.map(([utilization, score]) => ({ utilization, score })) },
  ...(weights === undefined ? {} : { resources: Object.entries(weights).map(([name, weight]) => ({ name, weight })) }),
});
const MOST: ScoringStrategy = { type: 'MostAllocated' };
const wanting = (requests: Record<string, string>): Pod => makePod('p', { requests });
const machine = (name: string, cpu: string, memory: string, extended: Record<string, string> = {}): Node => makeNode(name, { cpu, memory, extended });

describePluginConformance('NodeResourcesFit, MostAllocated', () => nodeResourcesFit({ scoringStrategy: MOST }));
describePluginConformance('NodeResourcesFit, RequestedToCapacityRatio', () =>
  nodeResourcesFit({
    scoringStrategy: ratio(
      [
        [0, 0],
        [70, 10],
        [100, 2],
      ],
      { cpu: 1, 'example.com/gpu': 3 },
    ),
  }),
);

describe('NodeResourcesFit: MostAllocated', () => {
  it.each([
    { name: 'what is used of each resource', pod: wanting({ cpu: '3', memory: '5000' }), node: machine('a', '4', '10000'), score: 62 },
    { name: 'nothing requested on an empty node counts 100m and 200Mi', pod: makePod('p'), node: machine('a', '250m', '1000Mi'), score: 30 },
    {
      name: 'more than there is counts as all',
      pod: makePod('p'),
      pods: [makePod('q', { node: 'a' }), makePod('r', { node: 'a' })],
      node: machine('a', '250m', '1000Mi'),
      score: 80,
    },
    { name: 'a resource that the node does not have is left out', pod: wanting({ cpu: '0', memory: '1Mi' }), node: machine('a', '0', '4Mi'), score: 25 },
  ] satisfies readonly { name: string; pod: Pod; node: Node; pods?: readonly Pod[]; score: number }[])('$name', ({ pod, node, pods = [], score }) => {
    expect(askPlugin(nodeResourcesFit({ scoringStrategy: MOST }), pod, { nodes: [node], pods }).raw).toEqual({ a: score });
  });
});

describe('NodeResourcesFit: RequestedToCapacityRatio', () => {
  it.each([
    {
      name: 'the mean is rounded',
      strategy: ratio([
        [0, 10],
        [100, 0],
      ]),
      pod: wanting({ cpu: '3', memory: '5000' }),
      node: machine('a', '4', '10000'),
      score: 38,
    },
    {
      name: 'weights count, and what scores nothing does not',
      strategy: ratio(
        [
          [0, 0],
          [100, 1],
        ],
        { 'example.com/foo': 3, 'example.com/bar': 5 },
      ),
      pod: wanting({ 'example.com/foo': '2', 'example.com/bar': '2' }),
      node: machine('a', '4', '10000', { 'example.com/foo': '8', 'example.com/bar': '4' }),
      score: 4,
    },
    {
      name: 'a resource that scores nothing has no weight',
      strategy: ratio(
        [
          [0, 0],
          [100, 10],
        ],
        { 'example.com/foo': 1, cpu: 1 },
      ),
      pod: wanting({ 'example.com/foo': '4', cpu: '0' }),
      node: machine('a', '4', '10000', { 'example.com/foo': '8' }),
      score: 50,
    },
  ] satisfies readonly { name: string; strategy: ScoringStrategy; pod: Pod; node: Node; score: number }[])('$name', ({ strategy, pod, node, score }) => {
    expect(askPlugin(nodeResourcesFit({ scoringStrategy: strategy }), pod, { nodes: [node] }).raw).toEqual({ a: score });
  });

  const line = (...points: readonly (readonly [number, number])[]) => shapeFunction(points.map(([utilization, score]) => ({ utilization, score: score / 10 })));
  it.each([
    { name: 'rising', shape: line([10, 1], [90, 9]), values: { 0: 1, 15: 1, 19: 1, 20: 2, 89: 8, 90: 9, 99: 9, 110: 9 } },
    { name: 'with a peak', shape: line([0, 2], [40, 10], [100, 0]), values: { 0: 2, 20: 6, 30: 8, 40: 10, 70: 5, 100: 0, 110: 0 } },
  ])('the line is straight between points, flat outside, and truncated: $name', ({ shape, values }) => {
    for (const [utilization, score] of Object.entries(values)) expect(shape(Number(utilization))).toBe(score);
  });

  it.each([
    { name: 'no shape', strategy: { type: 'RequestedToCapacityRatio' } as const, path: 'scoringStrategy.requestedToCapacityRatio.shape' },
    {
      name: 'falling utilization',
      strategy: ratio([
        [50, 1],
        [40, 2],
      ]),
      path: 'scoringStrategy.requestedToCapacityRatio.shape[1].utilization',
    },
    { name: 'a score above 10', strategy: ratio([[50, 11]]), path: 'scoringStrategy.requestedToCapacityRatio.shape[0].score' },
    { name: 'an unknown strategy', strategy: { type: 'Best' } as unknown as ScoringStrategy, path: 'scoringStrategy.type' },
  ])('$name is an error that names the field', ({ strategy, path }) => {
    expect(() => nodeResourcesFit({ scoringStrategy: strategy })).toThrow(SchedulerConfigError);
    expect(() => nodeResourcesFit({ scoringStrategy: strategy })).toThrow(path);
  });
});
