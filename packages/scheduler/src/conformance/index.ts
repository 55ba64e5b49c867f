import { seededRandom } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import type { ClusterState } from '../cluster/cluster-state.ts';
import { createSnapshot } from '../cluster/create-snapshot.ts';
import type { NodeInfo } from '../cluster/node-info.ts';
import { Cycle, selectAll } from '../engine/cycle.ts';
import { explainItem, type Explanation } from '../engine/explanation.ts';
import type { Plugin } from '../engine/plugin.ts';
import { compileProfile } from '../engine/profile.ts';
import { createScheduler } from '../engine/scheduler.ts';
import { isSuccess } from '../engine/status.ts';
import type { ActionType, ClusterEventWithHint } from '../queue/cluster-event.ts';
import { randomCluster, type RandomCluster } from './random-cluster.ts';

export { randomCluster } from './random-cluster.ts';
export type { RandomCluster, RandomClusterOptions } from './random-cluster.ts';

/** Options of {@link describePluginConformance}. */
export interface PluginConformanceOptions {
  /** Clusters that the plugin is tried on; default 25 random ones. */
  readonly clusters?: readonly RandomCluster[];
  /** Tests that do not apply, by name, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
}

/**
 * Declares the tests that every scheduler plugin must pass: the same answers to the same questions, scores from 0 to 100, no changes to what it is given,
 * no answers that are none, and `sign` as promised. Call it at the top level of a vitest file.
 *
 * @param make makes a fresh plugin; called for each test
 * @example describePluginConformance('PackGpus', () => packGpus);
 */
export function describePluginConformance(name: string, make: () => Plugin, options: PluginConformanceOptions = {}): void {
  const clusters = options.clusters ?? Array.from({ length: 25 }, (_, seed) => randomCluster(seed));
  const test = (title: string, run: () => void): void => {
    const reason = options.skip?.[title];
    if (reason === undefined) it(title, run);
    else it.skip(`${title} (${reason})`, run);
  };
  const onEach = (check: (cluster: RandomCluster) => void) => (): void => clusters.forEach(check);
  describe(`${name} conforms to the scheduling framework`, () => {
    test('it is a valid plugin with at least one extension point', () => expect(Object.keys(make()).length).toBeGreaterThan(1));
    test(
      'the same question gets the same answer, from this plugin and from a fresh one',
      onEach((cluster) => expectRepeatable(make, cluster)),
    );
    test(
      'it fails nowhere, and its scores are from 0 to 100',
      onEach((cluster) => expectSound(make(), cluster)),
    );
    test(
      'it changes neither Pods nor nodes',
      onEach((cluster) => expectNoMutation(make(), cluster)),
    );
    test(
      'Pods that it signs alike get the same answers',
      onEach((cluster) => expectSigned(make(), cluster)),
    );
    test(
      'using answers again does not change a decision',
      onEach((cluster) => expectSameDecisions(make, cluster)),
    );
    test(
      'what it says of many nodes at once is what it says of each',
      onEach((cluster) => expectSameByRow(make(), cluster)),
    );
    test(
      'its queueing hints answer Queue or QueueSkip',
      onEach((cluster) => expectHints(make(), cluster)),
    );
  });
}

function snapshotOf(cluster: RandomCluster): ClusterState {
  return createSnapshot({ nodes: cluster.nodes, pods: cluster.placed });
}

function explain(plugin: Plugin, pod: Pod, snapshot: ClusterState): Explanation {
  return explainItem<Pod, NodeInfo>({ profile: compileProfile([plugin]), item: pod, snapshot, chosen: undefined });
}

/** Compares as text first: the matcher walks both sides, which takes ages when there is nothing to show. */
function expectEqual(actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) expect(actual).toEqual(expected);
}

function expectRepeatable(make: () => Plugin, cluster: RandomCluster): void {
  const plugin = make();
  const first = cluster.waiting.map((pod) => explain(plugin, pod, snapshotOf(cluster)));
  expectEqual(
    cluster.waiting.map((pod) => explain(plugin, pod, snapshotOf(cluster))),
    first,
  );
  expectEqual(
    [...cluster.waiting].reverse().map((pod) => explain(make(), pod, snapshotOf(cluster))),
    [...first].reverse(),
  );
}

function expectSound(plugin: Plugin, cluster: RandomCluster): void {
  for (const pod of cluster.waiting) {
    const { error, nodes } = explain(plugin, pod, snapshotOf(cluster));
    expect(error).toBeUndefined();
    const verdicts = Object.values(nodes).flatMap(({ filters }) => Object.values(filters));
    const scores = Object.values(nodes).flatMap(({ scores: each }) => Object.values(each));
    expect(verdicts.filter(({ code }) => code === 'Error')).toEqual([]);
    expect(scores.filter(({ normalized }) => !(normalized >= 0 && normalized <= 100))).toEqual([]);
  }
}

function expectNoMutation(plugin: Plugin, cluster: RandomCluster): void {
  const snapshot = snapshotOf(cluster);
  const before = JSON.stringify([cluster, describeState(snapshot)]);
  for (const pod of cluster.waiting) explain(plugin, pod, snapshot);
  expectEqual(JSON.parse(JSON.stringify([cluster, describeState(snapshot)])), JSON.parse(before));
}

function describeState(snapshot: ClusterState): unknown {
  return snapshot.nodes.map(({ name, requested, allocatable, podCount }) => ({ name, requested, allocatable, podCount }));
}

function expectSigned(plugin: Plugin, cluster: RandomCluster): void {
  const answers = new Map<string, Explanation>();
  for (const pod of [...cluster.waiting, ...cluster.waiting.map(twin)]) {
    const text = plugin.sign?.(pod, snapshotOf(cluster));
    if (text === undefined) continue;
    const answer = explain(plugin, pod, snapshotOf(cluster));
    expectEqual(answers.get(text) ?? answer, answer);
    answers.set(text, answer);
  }
}

/** The same Pod under another name, as a template makes it. */
function twin(pod: Pod): Pod {
  const name = `${pod.metadata.name}-twin`;
  return { ...pod, metadata: { ...pod.metadata, name, uid: `uid-${name}` } };
}

function expectSameDecisions(make: () => Plugin, cluster: RandomCluster): void {
  const decide = (reuseAnswers: boolean): readonly (string | undefined)[] => {
    const engine = createScheduler({ plugins: [make()], random: seededRandom(1), reuseAnswers });
    const state = snapshotOf(cluster);
    return cluster.waiting
      .flatMap((pod) => [pod, twin(pod)])
      .map((pod) => {
        const { node } = engine.schedule(pod, state);
        if (node !== undefined) state.setPod({ ...pod, spec: { ...pod.spec, nodeName: node } });
        return node;
      });
  };
  expectEqual(decide(true), decide(false));
}

/** Asks filter and filterRows, score and scoreRows about every node. */
function expectSameByRow(plugin: Plugin, cluster: RandomCluster): void {
  for (const pod of cluster.waiting) {
    const snapshot = snapshotOf(cluster);
    const cycle = new Cycle<NodeInfo>(snapshot, false);
    const { nodes, versions } = snapshot;
    const before = plugin.preFilter?.(pod, cycle);
    const isAsked = before === undefined || 'nodeNames' in before || before.code === 'Success';
    if (plugin.filter !== undefined && plugin.filterRows !== undefined && isAsked) {
      const rejected = new Uint8Array(nodes.length);
      plugin.filterRows(pod, { rows: versions.rows, count: nodes.length, rejected }, cycle);
      const single = nodes.map((node) => (isSuccess(plugin.filter?.(pod, node, cycle)) ? 0 : 1));
      expectEqual([...rejected], single);
    }
    cycle.select(selectAll(nodes));
    if (plugin.score === undefined || plugin.scoreRows === undefined || !isSuccess(plugin.preScore?.(pod, cycle))) continue;
    const scores = new Float64Array(nodes.length).fill(-1);
    plugin.scoreRows(pod, versions.rows, scores, cycle);
    expectEqual(
      [...scores],
      nodes.map((node) => plugin.score?.(pod, node, cycle)),
    );
  }
}

function expectHints(plugin: Plugin, cluster: RandomCluster): void {
  for (const registration of plugin.eventsToRegister?.() ?? []) {
    const answers = new Set(registration.actions.flatMap((action) => hintAnswers({ ...registration, action }, cluster)));
    for (const answer of answers) expect(['Queue', 'QueueSkip']).toContain(answer);
  }
}

type Asked = Pick<ClusterEventWithHint, 'resource' | 'hint'> & { readonly action: ActionType };

/** What a hint says of every Pod and every object; only for resources that random clusters have. */
function hintAnswers({ resource, hint, action }: Asked, { nodes, placed, waiting }: RandomCluster): readonly unknown[] {
  if (hint === undefined || !['Node', 'Pod', 'AssignedPod'].includes(resource)) return [];
  const objects: readonly unknown[] = resource === 'Node' ? nodes : placed;
  return objects.flatMap((object) => {
    const event = { resource, action, ...(action === 'Delete' ? {} : { object }), ...(action === 'Add' ? {} : { old: object }) };
    return waiting.map((pod) => hint(pod, event));
  });
}
