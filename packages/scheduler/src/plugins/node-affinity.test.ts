import type { NodeSelectorRequirement, NodeSelectorTerm, Pod, PreferredSchedulingTerm } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { askPlugin } from '../../test/run-plugin.ts';
import { describePluginConformance } from '../conformance/index.ts';
import type { ClusterEvent } from '../queue/cluster-event.ts';
import { nodeAffinity } from './node-affinity.ts';

const requiring = (...nodeSelectorTerms: readonly NodeSelectorTerm[]): Pod =>
  makePod('p', { spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } } });
const preferring = (...terms: readonly PreferredSchedulingTerm[]): Pod =>
  makePod('p', { spec: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: terms } } } });
const expression = (key: string, operator: NodeSelectorRequirement['operator'], ...values: readonly string[]): NodeSelectorRequirement => ({
  key,
  operator,
  values,
});
const where = (...matchExpressions: readonly NodeSelectorRequirement[]): NodeSelectorTerm => ({ matchExpressions });
const named = (...values: readonly string[]): NodeSelectorTerm => ({ matchFields: [expression('metadata.name', 'In', ...values)] });

describePluginConformance('NodeAffinity', nodeAffinity);
describePluginConformance('NodeAffinity with added affinity', () =>
  nodeAffinity({ addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [where(expression('zone', 'NotIn', 'z1'))] } } }),
);

interface Row {
  readonly name: string;
  readonly pod: Pod;
  readonly labels?: Readonly<Record<string, string>>;
  readonly fits: boolean;
}

const rows: readonly Row[] = [
  { name: 'no selector', pod: makePod('p'), fits: true },
  { name: 'nodeSelector', pod: makePod('p', { spec: { nodeSelector: { foo: 'bar', x: 'y' } } }), labels: { foo: 'bar', x: 'y' }, fits: true },
  { name: 'nodeSelector, one label missing', pod: makePod('p', { spec: { nodeSelector: { foo: 'bar', x: 'y' } } }), labels: { foo: 'bar' }, fits: false },
  { name: 'In', pod: requiring(where(expression('foo', 'In', 'bar', 'value2'))), labels: { foo: 'bar' }, fits: true },
  { name: 'In other values', pod: requiring(where(expression('foo', 'In', 'value1', 'value2'))), labels: { foo: 'bar' }, fits: false },
  { name: 'NotIn holds without the label', pod: requiring(where(expression('foo', 'NotIn', 'bar'))), fits: true },
  { name: 'NotIn', pod: requiring(where(expression('foo', 'NotIn', 'bar'))), labels: { foo: 'bar' }, fits: false },
  { name: 'Exists', pod: requiring(where(expression('foo', 'Exists'))), labels: { foo: '' }, fits: true },
  { name: 'DoesNotExist', pod: requiring(where(expression('foo', 'DoesNotExist'))), labels: { foo: '' }, fits: false },
  { name: 'Gt', pod: requiring(where(expression('kernel', 'Gt', '0204'))), labels: { kernel: '0206' }, fits: true },
  { name: 'Lt', pod: requiring(where(expression('kernel', 'Lt', '0204'))), labels: { kernel: '0206' }, fits: false },
  { name: 'Gt of no number', pod: requiring(where(expression('kernel', 'Gt', '0204'))), labels: { kernel: 'new' }, fits: false },
  { name: 'any term will do', pod: requiring(where(expression('a', 'Exists')), where(expression('foo', 'In', 'bar'))), labels: { foo: 'bar' }, fits: true },
  {
    name: 'all expressions of a term must hold',
    pod: requiring(where(expression('a', 'Exists'), expression('foo', 'In', 'bar'))),
    labels: { foo: 'bar' },
    fits: false,
  },
  { name: 'an empty term matches nothing', pod: requiring({}), labels: { foo: 'bar' }, fits: false },
  { name: 'no terms match nothing', pod: requiring(), fits: false },
  { name: 'the name', pod: requiring(named('a')), fits: true },
  { name: 'another name', pod: requiring(named('b')), fits: false },
  {
    name: 'fields match but expressions do not',
    pod: requiring({ ...named('a'), matchExpressions: [expression('foo', 'In', 'x')] }),
    labels: { foo: 'bar' },
    fits: false,
  },
  { name: 'a term of fields or one of expressions', pod: requiring(named('b'), where(expression('foo', 'In', 'bar'))), labels: { foo: 'bar' }, fits: true },
  {
    name: 'selector and affinity must both hold',
    pod: makePod('p', { spec: { ...requiring(where(expression('foo', 'Exists'))).spec, nodeSelector: { foo: 'no' } } }),
    labels: { foo: 'bar' },
    fits: false,
  },
  {
    name: 'two names in one term',
    pod: requiring({ matchFields: [expression('metadata.name', 'In', 'a', 'b'), expression('metadata.name', 'In', 'a', 'c')] }),
    fits: true,
  },
  {
    name: 'names that exclude each other',
    pod: requiring({ matchFields: [expression('metadata.name', 'In', 'a'), expression('metadata.name', 'In', 'b')] }),
    fits: false,
  },
];

describe('NodeAffinity', () => {
  it.each(rows)('filter: $name', ({ pod, labels, fits }) => {
    const node = makeNode('a', labels === undefined ? {} : { labels });
    expect(askPlugin(nodeAffinity(), pod, { nodes: [node] }).feasible).toEqual(fits ? ['a'] : []);
  });

  it.each([
    { name: 'by labels', pod: requiring(where(expression('foo', 'Exists'))), reason: "node(s) didn't match Pod's node affinity/selector" },
    {
      name: 'names that exclude each other',
      pod: requiring({ matchFields: [expression('metadata.name', 'In', 'a'), expression('metadata.name', 'In', 'b')] }),
      reason: 'pod affinity terms conflict',
    },
    { name: 'pinned elsewhere', pod: requiring(named('elsewhere')), reason: "node(s) didn't satisfy plugin(s) [NodeAffinity]" },
  ])('says why: $name', ({ pod, reason }) => {
    expect(askPlugin(nodeAffinity(), pod, { nodes: [makeNode('a')] }).verdictOf('a')).toEqual({ code: 'UnschedulableAndUnresolvable', reasons: [reason] });
  });

  const zones = [1, 2, 3].map((index) => makeNode(`n${index}`, { labels: { zone: `z${index}`, [`l${index}`]: '' } }));
  const weighted = (...weights: readonly number[]) =>
    preferring(...weights.map((weight, index) => ({ weight, preference: where(expression('zone', 'In', `z${index + 1}`)) })));

  it.each([
    { name: 'the weights of the terms that match', pod: weighted(2, 3, 5), scores: [40, 60, 100] },
    { name: 'scaled to the best, truncated', pod: weighted(2, 11, 4), scores: [18, 100, 36] },
    {
      name: 'terms add up',
      pod: preferring({ weight: 2, preference: where(expression('l1', 'Exists')) }, { weight: 4, preference: where(expression('zone', 'In', 'z1', 'z2')) }),
      scores: [100, 66, 0],
    },
    {
      name: 'an empty preference counts nothing',
      pod: preferring({ weight: 5, preference: {} }, { weight: 1, preference: where(expression('l3', 'Exists')) }),
      scores: [0, 0, 100],
    },
    { name: 'nothing preferred: no opinion', pod: makePod('p'), scores: [undefined, undefined, undefined] },
  ])('score: $name', ({ pod, scores }) => {
    expect(Object.values(askPlugin(nodeAffinity(), pod, { nodes: zones }).normalized)).toEqual(scores);
  });

  it('adds the affinity of the profile', () => {
    const required = { nodeSelectorTerms: [where(expression('zone', 'In', 'z1', 'z2'))] };
    const preferred = [{ weight: 1, preference: where(expression('zone', 'In', 'z2')) }];
    const plugin = nodeAffinity({
      addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required, preferredDuringSchedulingIgnoredDuringExecution: preferred },
    });
    const asked = askPlugin(plugin, makePod('p'), { nodes: zones });
    expect(asked.feasible).toEqual(['n1', 'n2']);
    expect(asked.verdictOf('n3')?.reasons).toEqual(["node(s) didn't match scheduler-enforced node affinity"]);
    expect(asked.normalized).toEqual({ n1: 0, n2: 100, n3: undefined });
  });

  const labelled = makeNode('a', { labels: { foo: 'bar' } });
  it.each([
    { name: 'a node that matches was added', event: { resource: 'Node', action: 'Add', object: labelled }, hint: 'Queue' },
    { name: 'a node that does not was added', event: { resource: 'Node', action: 'Add', object: makeNode('a') }, hint: 'QueueSkip' },
    { name: 'the label came', event: { resource: 'Node', action: 'UpdateNodeLabel', old: makeNode('a'), object: labelled }, hint: 'Queue' },
    {
      name: 'another label came',
      event: { resource: 'Node', action: 'UpdateNodeLabel', old: labelled, object: makeNode('a', { labels: { foo: 'bar', x: 'y' } }) },
      hint: 'QueueSkip',
    },
  ] satisfies readonly { name: string; event: ClusterEvent; hint: string }[])('hint: $name', ({ event, hint }) => {
    const pod = requiring(where(expression('foo', 'In', 'bar')));
    expect(
      nodeAffinity()
        .eventsToRegister?.()
        .map((registration) => registration.hint?.(pod, event)),
    ).toEqual([hint]);
  });
});
