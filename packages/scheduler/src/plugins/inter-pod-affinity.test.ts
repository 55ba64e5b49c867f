import type { LabelSelector } from '@kybern/core';
import type { Affinity, Namespace, Node, Pod, PodAffinityTerm } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { askPlugin } from '../../test/run-plugin.ts';
import { describePluginConformance } from '../conformance/index.ts';
import { SchedulerConfigError } from '../errors.ts';
import type { ClusterEvent } from '../queue/cluster-event.ts';
import { interPodAffinity, type InterPodAffinityArgs } from './inter-pod-affinity.ts';

describePluginConformance('InterPodAffinity', interPodAffinity);
describePluginConformance('InterPodAffinity that ignores the preferences of others', () =>
  interPodAffinity({ hardPodAffinityWeight: 0, ignorePreferredTermsOfExistingPods: true }),
);

const term = (labels: Readonly<Record<string, string>>, topologyKey = 'zone', more: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({
  topologyKey,
  labelSelector: { matchLabels: labels },
  ...more,
});
const near = (...terms: readonly PodAffinityTerm[]): Affinity => ({ podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } });
const away = (...terms: readonly PodAffinityTerm[]): Affinity => ({ podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } });
const weighted = (weight: number, podAffinityTerm: PodAffinityTerm) => ({ preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm }] });
const likes = (weight: number, each: PodAffinityTerm): Affinity => ({ podAffinity: weighted(weight, each) });
const dislikes = (weight: number, each: PodAffinityTerm): Affinity => ({ podAntiAffinity: weighted(weight, each) });
const pod = (affinity: Affinity, labels: Readonly<Record<string, string>> = {}): Pod => makePod('p', { labels, spec: { affinity } });
const on = (node: string, labels: Readonly<Record<string, string>>, affinity?: Affinity, namespace = 'default'): Pod => {
  const made = makePod(`${node}-${JSON.stringify(labels)}`, { node, labels, ...(affinity === undefined ? {} : { spec: { affinity } }) });
  return { ...made, metadata: { ...made.metadata, namespace } };
};
const NODES = [
  makeNode('a', { labels: { zone: 'z1', host: 'a' } }),
  makeNode('b', { labels: { zone: 'z1', host: 'b' } }),
  makeNode('c', { labels: { zone: 'z2', host: 'c' } }),
  makeNode('bare'),
];
const DB = { app: 'db' };
const WEB = { app: 'web' };
const namespace = (name: string, labels: Readonly<Record<string, string>>): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
  spec: {},
});

interface Row {
  readonly name: string;
  readonly pod: Pod;
  readonly pods?: readonly Pod[];
  readonly namespaces?: readonly Namespace[];
  readonly feasible: readonly string[];
}

const devops: LabelSelector = { matchLabels: { team: 'devops' } };
const rows: readonly Row[] = [
  { name: 'no rules', pod: makePod('p'), feasible: ['a', 'b', 'c', 'bare'] },
  { name: 'near a Pod of the zone', pod: pod(near(term(DB))), pods: [on('a', DB)], feasible: ['a', 'b'] },
  { name: 'near a Pod of the node', pod: pod(near(term(DB, 'host'))), pods: [on('a', DB)], feasible: ['a'] },
  { name: 'nobody to be near, and not the first of its kind', pod: pod(near(term(DB)), WEB), feasible: [] },
  { name: 'the first of its kind may go wherever the key is', pod: pod(near(term(DB)), DB), feasible: ['a', 'b', 'c'] },
  { name: 'the first of its kind must mean itself by all terms', pod: pod(near(term(DB), term(WEB)), DB), feasible: [] },
  {
    name: 'one Pod must match all terms',
    pod: pod(near(term({ a: '1' }), term({ b: '1' }, 'host'))),
    pods: [on('a', { a: '1' }), on('b', { b: '1' })],
    feasible: [],
  },
  { name: 'one Pod matches all terms', pod: pod(near(term({ a: '1' }), term({ b: '1' }, 'host'))), pods: [on('a', { a: '1', b: '1' })], feasible: ['a'] },
  { name: 'away from a Pod of the zone', pod: pod(away(term(DB))), pods: [on('a', DB)], feasible: ['c', 'bare'] },
  { name: 'any anti-affinity term forbids', pod: pod(away(term(DB, 'host'), term(WEB, 'host'))), pods: [on('a', DB), on('b', WEB)], feasible: ['c', 'bare'] },
  { name: 'a key that no node has forbids nothing', pod: pod(away(term(DB, 'rack'))), pods: [on('a', DB)], feasible: ['a', 'b', 'c', 'bare'] },
  { name: 'a Pod there wants nobody like this near', pod: makePod('p', { labels: WEB }), pods: [on('a', DB, away(term(WEB)))], feasible: ['c', 'bare'] },
  { name: 'a Pod there minds others, not this', pod: makePod('p', { labels: DB }), pods: [on('a', DB, away(term(WEB)))], feasible: ['a', 'b', 'c', 'bare'] },
  { name: 'other namespaces are not meant', pod: pod(away(term(DB))), pods: [on('a', DB, undefined, 'other')], feasible: ['a', 'b', 'c', 'bare'] },
  {
    name: 'unless they are listed',
    pod: pod(away(term(DB, 'zone', { namespaces: ['other'] }))),
    pods: [on('a', DB, undefined, 'other')],
    feasible: ['c', 'bare'],
  },
  {
    name: 'or selected',
    pod: pod(away(term(DB, 'zone', { namespaceSelector: devops }))),
    pods: [on('a', DB, undefined, 'o')],
    namespaces: [namespace('o', { team: 'devops' })],
    feasible: ['c', 'bare'],
  },
  {
    name: 'a namespace with other labels is not selected',
    pod: pod(away(term(DB, 'zone', { namespaceSelector: devops }))),
    pods: [on('a', DB, undefined, 'o')],
    namespaces: [namespace('o', { team: 'x' })],
    feasible: ['a', 'b', 'c', 'bare'],
  },
  {
    name: 'an empty namespace selector means all',
    pod: pod(away(term(DB, 'zone', { namespaceSelector: {} }))),
    pods: [on('a', DB, undefined, 'o')],
    feasible: ['c', 'bare'],
  },
  {
    name: 'namespaces are selected for the terms of Pods there, too',
    pod: makePod('p', { labels: WEB }),
    pods: [on('a', DB, away(term(WEB, 'zone', { namespaceSelector: devops })), 'o')],
    namespaces: [namespace('default', { team: 'devops' })],
    feasible: ['c', 'bare'],
  },
  { name: 'a term without a selector means nobody', pod: pod(away({ topologyKey: 'zone' })), pods: [on('a', DB)], feasible: ['a', 'b', 'c', 'bare'] },
];

describe('InterPodAffinity: filter', () => {
  it.each(rows)('$name', ({ pod: asking, pods = [], namespaces = [], feasible }) => {
    expect(askPlugin(interPodAffinity(), asking, { nodes: NODES, pods, namespaces }).feasible).toEqual(feasible);
  });

  it('says which rule, and what preemption can change', () => {
    const verdict = (asking: Pod, pods: readonly Pod[]) => askPlugin(interPodAffinity(), asking, { nodes: NODES, pods }).verdictOf('a');
    expect(verdict(pod(near(term(DB))), [])).toEqual({ code: 'UnschedulableAndUnresolvable', reasons: ["node(s) didn't match pod affinity rules"] });
    expect(verdict(pod(away(term(DB))), [on('a', DB)])).toEqual({ code: 'Unschedulable', reasons: ["node(s) didn't match pod anti-affinity rules"] });
    const existing = [on('a', DB, away(term(WEB)))];
    expect(verdict(makePod('p', { labels: WEB }), existing)).toEqual({
      code: 'Unschedulable',
      reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"],
    });
  });
});

describe('InterPodAffinity: score', () => {
  const three: readonly Node[] = ['a', 'b', 'c'].map((name) => makeNode(name, { labels: { host: name } }));
  const score = (asking: Pod, pods: readonly Pod[], args: InterPodAffinityArgs = {}, nodes = three) => {
    const { raw, normalized } = askPlugin(interPodAffinity(args), asking, { nodes, pods });
    return [Object.values(raw), Object.values(normalized)];
  };
  const many = (node: string, count: number, affinity?: Affinity): Pod[] =>
    Array.from({ length: count }, (_, i) => on(node, { ...DB, i: String(i) }, affinity));

  it.each([
    {
      name: 'likes Pods there',
      pod: pod(likes(1, term(DB, 'host'))),
      pods: [...many('a', 2), ...many('b', 10)],
      scores: [
        [2, 10, 0],
        [20, 100, 0],
      ],
    },
    {
      name: 'dislikes Pods there',
      pod: pod(dislikes(5, term(DB, 'host'))),
      pods: many('b', 1),
      scores: [
        [0, -5, 0],
        [100, 0, 100],
      ],
    },
    {
      name: 'is liked and disliked by Pods there',
      pod: makePod('p', { labels: WEB }),
      pods: [...many('a', 1, likes(8, term(WEB, 'host'))), ...many('b', 1, dislikes(5, term(WEB, 'host')))],
      scores: [
        [8, -5, 0],
        [100, 0, 38],
      ],
    },
    {
      name: 'is needed by Pods there',
      pod: makePod('p', { labels: WEB }),
      pods: many('a', 3, near(term(WEB, 'host'))),
      scores: [
        [3, 0, 0],
        [100, 0, 0],
      ],
    },
    {
      name: 'is needed by Pods there, weighted',
      pod: makePod('p', { labels: WEB }),
      pods: many('a', 3, near(term(WEB, 'host'))),
      args: { hardPodAffinityWeight: 7 },
      scores: [
        [21, 0, 0],
        [100, 0, 0],
      ],
    },
    {
      name: 'is needed, but that counts nothing',
      pod: makePod('p', { labels: WEB }),
      pods: many('a', 3, near(term(WEB, 'host'))),
      args: { hardPodAffinityWeight: 0 },
      scores: [
        [undefined, undefined, undefined],
        [undefined, undefined, undefined],
      ],
    },
    {
      name: 'is not bothered by what others prefer',
      pod: makePod('p', { labels: WEB }),
      pods: many('a', 1, likes(8, term(WEB, 'host'))),
      args: { ignorePreferredTermsOfExistingPods: true },
      scores: [
        [undefined, undefined, undefined],
        [undefined, undefined, undefined],
      ],
    },
    {
      name: 'the same everywhere is 0',
      pod: pod(likes(1, term(DB, 'host'))),
      pods: [...many('a', 1), ...many('b', 1), ...many('c', 1)],
      scores: [
        [1, 1, 1],
        [0, 0, 0],
      ],
    },
  ] satisfies readonly { name: string; pod: Pod; pods: readonly Pod[]; args?: InterPodAffinityArgs; scores: readonly (readonly (number | undefined)[])[] }[])(
    '$name',
    ({ pod: asking, pods, args, scores }) => expect(score(asking, pods, args)).toEqual(scores),
  );

  it('a weight out of range is an error that names the field', () => {
    expect(() => interPodAffinity({ hardPodAffinityWeight: 101 })).toThrow(SchedulerConfigError);
    expect(() => interPodAffinity({ hardPodAffinityWeight: 101 })).toThrow('hardPodAffinityWeight');
  });
});

describe('InterPodAffinity: hints', () => {
  const hint = (waiting: Pod, event: ClusterEvent) =>
    interPodAffinity()
      .eventsToRegister?.()
      .find(({ resource }) => resource === event.resource)
      ?.hint?.(waiting, event);
  it.each([
    { name: 'a Pod to be near comes', pod: pod(near(term(DB))), event: { resource: 'AssignedPod', action: 'Add', object: on('a', DB) }, answer: 'Queue' },
    { name: 'another Pod comes', pod: pod(near(term(DB))), event: { resource: 'AssignedPod', action: 'Add', object: on('a', WEB) }, answer: 'QueueSkip' },
    { name: 'a Pod to be away from goes', pod: pod(away(term(DB))), event: { resource: 'AssignedPod', action: 'Delete', old: on('a', DB) }, answer: 'Queue' },
    { name: 'another Pod goes', pod: pod(away(term(DB))), event: { resource: 'AssignedPod', action: 'Delete', old: on('a', WEB) }, answer: 'QueueSkip' },
    {
      name: 'a Pod goes that minded this one',
      pod: makePod('p', { labels: WEB }),
      event: { resource: 'AssignedPod', action: 'Delete', old: on('a', DB, away(term(WEB))) },
      answer: 'Queue',
    },
    { name: 'a node with the key comes', pod: pod(near(term(DB))), event: { resource: 'Node', action: 'Add', object: NODES[0] }, answer: 'Queue' },
    { name: 'a node without the key comes', pod: pod(near(term(DB))), event: { resource: 'Node', action: 'Add', object: NODES[3] }, answer: 'QueueSkip' },
    {
      name: 'a node moves',
      pod: pod(near(term(DB))),
      event: { resource: 'Node', action: 'UpdateNodeLabel', old: NODES[0], object: NODES[2] },
      answer: 'Queue',
    },
  ] satisfies readonly { name: string; pod: Pod; event: ClusterEvent; answer: string }[])('$name: $answer', ({ pod: waiting, event, answer }) => {
    expect(hint(waiting, event)).toBe(answer);
  });
});
