import { seededRandom } from '@kybern/core';
import type { Node, Pod, PodDisruptionBudget } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import type { ClusterState } from '../cluster/cluster-state.ts';
import { createSnapshot, type SnapshotInput } from '../cluster/create-snapshot.ts';
import { describePluginConformance } from '../conformance/index.ts';
import { createScheduler } from '../engine/scheduler.ts';
import { SchedulerConfigError } from '../errors.ts';
import { chooseCandidate, harmOf } from './candidate-choice.ts';
import { defaultPlugins } from './default-plugins.ts';
import { defaultPreemption, type DefaultPreemptionArgs } from './default-preemption.ts';
import { splitByBudgets } from './victim-selection.ts';

describePluginConformance('DefaultPreemption', defaultPreemption);

const [LOW, MID, HIGH] = [0, 100, 1000];
interface VictimOptions {
  readonly priority?: number;
  readonly cpu?: string;
  readonly started?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Partial<Pod['spec']>;
}
const on = (node: string, name: string, { priority = LOW, cpu = '1', started, labels, spec = {} }: VictimOptions = {}): Pod =>
  makePod(name, {
    node,
    requests: { cpu },
    ...(labels === undefined ? {} : { labels }),
    spec: { priority, ...spec },
    ...(started === undefined ? {} : { status: { startTime: `2026-01-01T00:00:0${started}Z` } }),
  });
const wanting = (cpu: string, spec: Partial<Pod['spec']> = {}): Pod => makePod('p', { requests: { cpu }, spec: { priority: HIGH, ...spec } });
const budget = (allowed: number, disrupted: readonly string[] = []): PodDisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { matchLabels: { app: 'web' } } },
  status: { disruptionsAllowed: allowed, disruptedPods: Object.fromEntries(disrupted.map((name) => [name, '2026-01-01T00:00:00Z'])) },
});
const WEB = { app: 'web' };

function decide(pod: Pod, input: SnapshotInput, args: DefaultPreemptionArgs = {}) {
  const plugins = defaultPlugins().map((plugin) => (plugin.name === 'DefaultPreemption' ? defaultPreemption(args) : plugin));
  const { node, nominatedNodeName, victims, message } = createScheduler({ plugins, random: seededRandom(1) }).schedule(pod, createSnapshot(input));
  return { node, nominatedNodeName, victims: victims.map(({ metadata }) => metadata.name), message };
}

interface Row {
  readonly name: string;
  readonly pod?: Pod;
  readonly nodes?: readonly Node[];
  readonly pods: readonly Pod[];
  readonly budgets?: readonly PodDisruptionBudget[];
  readonly on: string | undefined;
  readonly victims: readonly string[];
}

const two = [makeNode('a'), makeNode('b')];
const rows: readonly Row[] = [
  {
    name: 'as few as needed, the least important',
    pod: wanting('2'),
    nodes: [makeNode('a')],
    pods: [on('a', 'x', { priority: MID }), on('a', 'y'), on('a', 'z', { priority: 50 }), on('a', 'w', { priority: MID })],
    on: 'a',
    victims: ['z', 'y'],
  },
  { name: 'never Pods of the same priority', pods: [on('a', 'x', { priority: HIGH, cpu: '4' }), on('b', 'y', { cpu: '4' })], on: 'b', victims: ['y'] },
  { name: 'the lowest priority first', pods: [on('a', 'x', { priority: MID, cpu: '4' }), on('b', 'y', { cpu: '4' })], on: 'b', victims: ['y'] },
  {
    name: 'the smallest sum of priorities',
    pods: [on('a', 'x', { priority: MID, cpu: '2' }), on('a', 'y', { cpu: '2' }), on('b', 'z', { priority: MID, cpu: '4' })],
    pod: wanting('4'),
    on: 'b',
    victims: ['z'],
  },
  {
    name: 'fewest victims',
    pods: [on('a', 'x', { cpu: '2', priority: -(2 ** 31) }), on('a', 'y', { cpu: '2' }), on('b', 'z', { cpu: '4' })],
    pod: wanting('4'),
    on: 'b',
    victims: ['z'],
  },
  { name: 'those that started last', pods: [on('a', 'x', { cpu: '4', started: 1 }), on('b', 'y', { cpu: '4', started: 2 })], on: 'b', victims: ['y'] },
  {
    name: 'a budget that would be broken counts first',
    pods: [on('a', 'x', { cpu: '4', labels: WEB }), on('b', 'y', { priority: MID, cpu: '4' })],
    budgets: [budget(0)],
    on: 'b',
    victims: ['y'],
  },
  {
    name: 'a broken budget is better than none to evict',
    nodes: [makeNode('a')],
    pods: [on('a', 'x', { cpu: '4', labels: WEB })],
    budgets: [budget(0)],
    on: 'a',
    victims: ['x'],
  },
  {
    name: 'Pods that a budget wants to keep are put back first',
    nodes: [makeNode('a')],
    pod: wanting('2'),
    pods: [on('a', 'x', { labels: WEB, cpu: '2' }), on('a', 'y', { priority: MID, cpu: '2' })],
    budgets: [budget(0)],
    on: 'a',
    victims: ['y'],
  },
  {
    name: 'anti-affinity is cured by evicting the Pod in the way',
    nodes: [makeNode('a', { labels: { host: 'a' } })],
    pod: wanting('1', {
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'host', labelSelector: { matchLabels: WEB } }] } },
    }),
    pods: [on('a', 'x', { labels: WEB }), on('a', 'y')],
    on: 'a',
    victims: ['x'],
  },
  {
    name: 'a host port is freed',
    nodes: [makeNode('a')],
    pod: makePod('p', { containers: [{ ports: [{ containerPort: 80, hostPort: 80 }] }], spec: { priority: HIGH } }),
    pods: [makePod('x', { node: 'a', containers: [{ ports: [{ containerPort: 80, hostPort: 80 }] }] }), on('a', 'y')],
    on: 'a',
    victims: ['x'],
  },
  {
    name: 'skew is cured by evicting where there are too many',
    nodes: [makeNode('a', { labels: { host: 'a' } }), makeNode('b', { labels: { host: 'b' }, cpu: '0' })],
    pod: makePod('p', {
      labels: WEB,
      requests: { cpu: '1' },
      spec: {
        priority: HIGH,
        topologySpreadConstraints: [{ topologyKey: 'host', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: WEB } }],
      },
    }),
    pods: [on('a', 'x', { labels: WEB }), on('a', 'y')],
    on: 'a',
    victims: ['x'],
  },
  {
    name: 'preemptionPolicy Never',
    pod: wanting('3', { preemptionPolicy: 'Never' }),
    pods: [on('a', 'x', { cpu: '4' }), on('b', 'y', { cpu: '4' })],
    on: undefined,
    victims: [],
  },
];

describe('DefaultPreemption', () => {
  it.each(rows)('$name', ({ pod = wanting('3'), nodes = two, pods, budgets = [], on: nodeName, victims }) => {
    const decision = decide(pod, { nodes, pods, podDisruptionBudgets: budgets });
    expect(decision).toMatchObject({ node: undefined, nominatedNodeName: nodeName, victims });
  });

  it.each([
    {
      name: 'nothing of lower priority',
      pod: wanting('3'),
      pods: [on('a', 'x', { priority: HIGH, cpu: '4' }), on('b', 'y', { priority: HIGH, cpu: '4' })],
      says: '2 No preemption victims found for incoming pod.',
    },
    { name: 'more than a node has', pod: wanting('5'), pods: [on('a', 'x')], says: '2 Preemption is not helpful for scheduling.' },
    {
      name: 'not enough, even without them',
      pod: wanting('3'),
      pods: [on('a', 'x', { priority: HIGH, cpu: '2' }), on('a', 'y'), on('b', 'z', { priority: HIGH, cpu: '4' })],
      says: '1 Insufficient cpu, 1 No preemption victims found for incoming pod.',
    },
  ])('says why it does not help: $name', ({ pod, pods, says }) => {
    const { message, nominatedNodeName } = decide(pod, { nodes: two, pods });
    expect(message).toMatch(new RegExp(`^0/2 nodes are available: 2 Insufficient cpu\\. preemption: 0/2 nodes are available: ${says}$`));
    expect(nominatedNodeName).toBe('');
  });

  it('waits for the Pods that it is evicting already', () => {
    const leaving = (name: string): Pod => {
      const pod = on('a', name, { cpu: '4' });
      const conditions = [{ type: 'DisruptionTarget', status: 'True' as const, reason: 'PreemptionByScheduler' }];
      return { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }, status: { conditions } };
    };
    const pod: Pod = { ...wanting('3'), status: { nominatedNodeName: 'a' } };
    const { message, victims } = decide(pod, { nodes: two, pods: [leaving('x'), on('b', 'y', { cpu: '4' })] });
    expect(message).toBe('0/2 nodes are available: 2 Insufficient cpu. preemption: not eligible due to a terminating pod on the nominated node.');
    expect(victims).toEqual([]);
  });

  it('stops looking when there are enough candidates', () => {
    const nodes = Array.from({ length: 50 }, (_, index) => makeNode(`n${index}`));
    const pods = nodes.map(({ metadata }, index) => on(metadata.name, `v${index}`, { cpu: '4', priority: index === 25 ? LOW : MID }));
    const few = decide(wanting('3'), { nodes, pods }, { minCandidateNodesPercentage: 2, minCandidateNodesAbsolute: 1 });
    const all = decide(wanting('3'), { nodes, pods });
    expect([few.victims.length, all.victims]).toEqual([1, ['v25']]);
  });

  it.each([
    { name: 'a percentage above 100', args: { minCandidateNodesPercentage: 101 }, path: 'minCandidateNodesPercentage' },
    { name: 'nothing to try', args: { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0 }, path: 'minCandidateNodesAbsolute' },
  ])('$name is an error that names the field', ({ args, path }) => {
    expect(() => defaultPreemption(args)).toThrow(SchedulerConfigError);
    expect(() => defaultPreemption(args)).toThrow(path);
  });
});

describe('budgets', () => {
  const pods = ['x', 'y'].map((name) => on('a', name, { labels: WEB }));
  it.each([
    { name: 'one may go', budgets: [budget(1)], violating: ['y'] },
    { name: 'one of them is going already and is not charged', budgets: [budget(1, ['x'])], violating: [] },
    { name: 'none may go', budgets: [budget(0)], violating: ['x', 'y'] },
    { name: 'a budget of nobody', budgets: [{ ...budget(0), spec: { selector: {} } }], violating: [] },
  ])('$name', ({ budgets, violating }) => {
    expect(splitByBudgets(pods, budgets).violating.map(({ metadata }) => metadata.name)).toEqual(violating);
  });
});

describe('the choice among candidates', () => {
  const candidate = (name: string, ...victims: readonly (readonly [number, number?])[]) => ({
    node: { name },
    victims: victims.map(([priority, started], index) => on(name, `${name}${index}`, { priority, ...(started === undefined ? {} : { started }) })),
    violations: 0,
  });
  it.each([
    {
      name: 'all started at once: the latest',
      candidates: [candidate('1', [MID, 2], [MID, 2]), candidate('2', [MID, 3], [MID, 3]), candidate('3', [MID, 1], [MID, 1])],
      chosen: '2',
    },
    {
      name: 'the earliest of each counts',
      candidates: [candidate('1', [MID, 4], [MID, 2]), candidate('2', [MID, 5], [MID, 1]), candidate('3', [MID, 3], [MID, 6])],
      chosen: '3',
    },
    {
      name: 'the sum of priorities',
      candidates: [candidate('1', [LOW + 4], [MID + 2]), candidate('2', [MID + 6], [LOW + 1]), candidate('3', [LOW + 3], [MID + 5])],
      chosen: '1',
    },
    { name: 'a broken budget', candidates: [{ ...candidate('1', [LOW]), violations: 1 }, candidate('2', [MID])], chosen: '2' },
    { name: 'the first of equals', candidates: [candidate('1', [LOW]), candidate('2', [LOW])], chosen: '1' },
  ])('$name', ({ candidates, chosen }) => {
    const harmed = candidates.map((each) => ({ ...each, harm: harmOf(each.victims, each.violations) }));
    expect(chooseCandidate(harmed)?.node.name).toBe(chosen);
  });
});

describe('Pods that were promised room', () => {
  const promised = (priority: number): ClusterState => {
    const state = createSnapshot({ nodes: [makeNode('a'), makeNode('b', { cpu: '1' })] });
    state.nominations.set(makePod('first', { requests: { cpu: '3' }, spec: { priority } }), 'a');
    return state;
  };
  const engine = createScheduler({ random: seededRandom(1) });

  it('keep it from Pods of the same or a lower priority', () => {
    expect(engine.schedule(makePod('p', { requests: { cpu: '2' }, spec: { priority: MID } }), promised(MID)).node).toBeUndefined();
    expect(engine.schedule(makePod('p', { requests: { cpu: '1' }, spec: { priority: MID } }), promised(HIGH)).feasible).toBe(2);
  });

  it('give way to Pods of a higher priority', () => {
    expect(engine.schedule(makePod('p', { requests: { cpu: '2' }, spec: { priority: HIGH } }), promised(MID)).node).toBe('a');
  });

  it('are not in their own way', () => {
    const state = promised(MID);
    const first = makePod('first', { requests: { cpu: '3' }, spec: { priority: MID } });
    expect(engine.schedule(first, state, { nominatedNodeName: 'a' }).node).toBe('a');
  });

  it('must be harmless when they do not come: affinity to them does not count', () => {
    const state = createSnapshot({ nodes: [makeNode('a', { labels: { host: 'a' } })] });
    state.nominations.set(makePod('first', { labels: WEB, spec: { priority: HIGH } }), 'a');
    const wantsWeb = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'host', labelSelector: { matchLabels: WEB } }] } };
    expect(engine.schedule(makePod('p', { spec: { affinity: wantsWeb } }), state).node).toBeUndefined();
  });
});
