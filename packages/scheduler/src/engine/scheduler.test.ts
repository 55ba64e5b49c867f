import { seededRandom } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { createSnapshot } from '../cluster/create-snapshot.ts';
import { SchedulerConfigError } from '../errors.ts';
import { defaultPlugins } from '../plugins/default-plugins.ts';
import type { FilterPlugin, Plugin, PostFilterPlugin, PreFilterPlugin, ScorePlugin } from './plugin.ts';
import { createScheduler } from './scheduler.ts';
import { failure, skip, success, unresolvable, unschedulable } from './status.ts';

/** Items and bins of an application of its own. */
interface Job {
  readonly name: string;
  readonly size: number;
}
interface Machine {
  readonly name: string;
  readonly free: number;
}

const fits: FilterPlugin<Job, Machine> = { name: 'Fits', filter: (job, machine) => (job.size <= machine.free ? undefined : unschedulable('too small')) };
const spread: ScorePlugin<Job, Machine> = { name: 'Spread', score: (_job, machine) => machine.free };
const machines = (...free: readonly number[]) => ({ nodes: free.map((each, index): Machine => ({ name: `m${index}`, free: each })) });
const job = (size: number): Job => ({ name: 'job', size });

describe("one's own items on one's own bins", () => {
  it('go where the plugins say', () => {
    const decision = createScheduler({ plugins: [fits, spread] }).schedule(job(3), machines(4, 9, 1));
    expect(decision).toMatchObject({ node: 'm1', message: '', evaluated: 3, feasible: 2 });
    expect(decision.explain.nodes['m2']).toEqual({
      feasible: false,
      filters: { Fits: { code: 'Unschedulable', reasons: ['too small'] } },
      scores: {},
      total: 0,
    });
    expect(decision.explain.nodes['m0']).toMatchObject({ feasible: true, scores: { Spread: { raw: 4, normalized: 4, weighted: 4 } }, total: 4 });
  });

  it('stay where they are when nothing fits, with the reasons counted', () => {
    const decision = createScheduler({ plugins: [fits, spread] }).schedule(job(10), machines(4, 9, 1));
    expect(decision.node).toBeUndefined();
    expect(decision.message).toBe('0/3 nodes are available: 3 too small.');
    expect([...(decision.diagnosis?.unschedulablePlugins ?? [])]).toEqual(['Fits']);
  });

  it('have nowhere to go when there are no bins', () => {
    const decision = createScheduler({ plugins: [fits] }).schedule(job(1), machines());
    expect(decision).toMatchObject({ message: 'no nodes available to schedule pods', status: { code: 'Unschedulable' } });
  });
});

describe('the scheduling cycle', () => {
  const always: FilterPlugin<Job, Machine> = { name: 'Always', filter: () => undefined };

  it('weighs the scores', () => {
    const first: ScorePlugin<Job, Machine> = { name: 'First', weight: 3, score: (_job, { name }) => (name === 'm0' ? 40 : 0) };
    const second: ScorePlugin<Job, Machine> = { name: 'Second', score: (_job, { name }) => (name === 'm1' ? 100 : 0) };
    expect(createScheduler({ plugins: [first, second] }).schedule(job(1), machines(1, 1)).node).toBe('m0');
  });

  it('does not score a single feasible bin', () => {
    const refusing: ScorePlugin<Job, Machine> = { name: 'Refusing', score: () => failure('must not be asked') };
    expect(createScheduler({ plugins: [fits, refusing] }).schedule(job(5), machines(9, 1)).node).toBe('m0');
  });

  it('leaves out filters that PreFilter skipped, and scores that PreScore skipped', () => {
    const skipped: Plugin<Job, Machine> = {
      name: 'Skipped',
      preFilter: skip,
      filter: () => unresolvable('asked'),
      preScore: skip,
      score: () => failure('asked'),
    };
    expect(createScheduler({ plugins: [skipped, spread] }).schedule(job(1), machines(1, 2)).node).toBe('m1');
  });

  it('hands what PreFilter wrote on to Filter and Score', () => {
    const stateful: Plugin<Job, Machine> = {
      name: 'Stateful',
      preFilter: (item, { state }) => state.set('wanted', item.size) as undefined,
      filter: (_job, machine, { state }) => (machine.free >= (state.get<number>('wanted') ?? 0) ? success() : unschedulable('no')),
      score: (_job, machine, { state }) => machine.free - (state.get<number>('wanted') ?? 0),
    };
    expect(createScheduler({ plugins: [stateful] }).schedule(job(2), machines(1, 3, 2)).node).toBe('m1');
  });

  const only = (name: string, ...names: readonly string[]): PreFilterPlugin<Job, Machine> => ({ name, preFilter: () => ({ nodeNames: new Set(names) }) });

  it('looks only at the bins that PreFilter names', () => {
    const decision = createScheduler({ plugins: [only('A', 'm0', 'm2'), only('B', 'm2', 'm1', 'nowhere'), fits] }).schedule(job(1), machines(9, 9, 9));
    expect(decision).toMatchObject({ node: 'm2', evaluated: 1 });
  });

  it('counts the bins that PreFilter left out', () => {
    const decision = createScheduler({ plugins: [only('B', 'm0'), only('A', 'm0', 'm1'), fits] }).schedule(job(10), machines(9, 9, 9));
    expect(decision.message).toBe("0/3 nodes are available: 1 too small, 2 node(s) didn't satisfy plugin(s) [A B].");
    expect([...(decision.diagnosis?.unschedulablePlugins ?? [])].sort()).toEqual(['A', 'B', 'Fits']);
  });

  it('says when the PreFilter plugins leave no bin', () => {
    const decision = createScheduler({ plugins: [only('B', 'm0'), only('A', 'm1')] }).schedule(job(1), machines(9, 9));
    expect(decision.message).toBe("0/2 nodes are available: node(s) didn't satisfy plugin(s) [A B] simultaneously.");
  });

  it('lets a hopeless PreFilter have the last word over an unschedulable one', () => {
    const soft: PreFilterPlugin<Job, Machine> = { name: 'Soft', preFilter: () => unschedulable('soft') };
    const hard: PreFilterPlugin<Job, Machine> = { name: 'Hard', preFilter: () => unresolvable('hard') };
    expect(createScheduler({ plugins: [soft, hard] }).schedule(job(1), machines(9)).message).toBe('0/1 nodes are available: hard.');
    expect(createScheduler({ plugins: [soft, always] }).schedule(job(1), machines(9)).message).toBe('0/1 nodes are available: soft.');
  });

  it('asks PostFilter when nothing fits, until one makes room', () => {
    const helpless: PostFilterPlugin<Job, Machine> = { name: 'Helpless', postFilter: () => ({ status: unschedulable('helpless') }) };
    const helpful: PostFilterPlugin<Job, Machine> = {
      name: 'Helpful',
      postFilter: (_job, { rejectedBins }) => ({ status: success(), nominatedNodeName: rejectedBins[0]?.name ?? '', victims: [job(1)] }),
    };
    const decision = createScheduler({ plugins: [fits, helpless, helpful] }).schedule(job(10), machines(4, 9));
    expect(decision).toMatchObject({ nominatedNodeName: 'm0', victims: [{ size: 1 }], message: '0/2 nodes are available: 2 too small. helpless' });
    expect(decision.node).toBeUndefined();
  });

  it('tries the nominated bin first, and takes it if it is feasible', () => {
    const engine = createScheduler({ plugins: [fits, spread] });
    expect(engine.schedule(job(1), machines(2, 9), { nominatedNodeName: 'm0' })).toMatchObject({ node: 'm0', evaluated: 1 });
    expect(engine.schedule(job(3), machines(2, 9), { nominatedNodeName: 'm0' }).node).toBe('m1');
    expect(engine.schedule(job(3), machines(2, 9), { nominatedNodeName: 'gone' }).node).toBe('m1');
  });

  it('samples many bins, beginning where the last search ended', () => {
    const engine = createScheduler({ plugins: [always, spread] });
    const many = machines(...Array.from({ length: 1000 }, () => 1));
    const first = engine.schedule(job(1), many);
    expect(first).toMatchObject({ evaluated: 420, nextStartIndex: 420 });
    const third = engine.schedule(job(1), many, { startIndex: 840 });
    expect(third).toMatchObject({ evaluated: 420, nextStartIndex: 260 });
    const all = createScheduler({ plugins: [always, spread], percentageOfNodesToScore: 100 }).schedule(job(1), many);
    expect(all).toMatchObject({ evaluated: 1000, nextStartIndex: 0 });
  });

  it('needs one feasible bin only when nothing scores', () => {
    expect(createScheduler({ plugins: [fits] }).schedule(job(3), machines(1, 5, 9))).toMatchObject({ node: 'm1', evaluated: 2 });
  });

  it('chooses among equals by the seed and the item, and reaches all of them', () => {
    const choose = (seed: number, name: string) =>
      createScheduler({ plugins: [always, { name: 'Same', score: () => 1 } satisfies ScorePlugin<Job, Machine>], random: seededRandom(seed) }).schedule(
        { name, size: 1 },
        machines(1, 1, 1),
      ).node;
    expect(choose(1, 'a')).toBe(choose(1, 'a'));
    const chosen = Array.from({ length: 60 }, (_, index) => choose(1, `job-${index}`));
    expect(new Set(chosen)).toEqual(new Set(['m0', 'm1', 'm2']));
    expect(Array.from({ length: 60 }, (_, index) => choose(2, `job-${index}`))).not.toEqual(chosen);
  });

  it('explains every feasible bin, also a single one, and every filter', () => {
    const second: FilterPlugin<Job, Machine> = { name: 'Second', filter: () => unresolvable('never') };
    const one = createScheduler({ plugins: [fits, spread] }).schedule(job(5), machines(9, 1));
    expect(one.explain).toMatchObject({ chosen: 'm0', nodes: { m0: { total: 9 }, m1: { feasible: false } } });
    const none = createScheduler({ plugins: [fits, second] }).explain(job(5), machines(1));
    expect(Object.keys(none.nodes['m0']?.filters ?? {})).toEqual(['Fits', 'Second']);
  });
});

/** Throws what is no error, as careless code does. */
function throwText(text: string): never {
  throw text as unknown as Error;
}

describe('a plugin that goes wrong', () => {
  const bad = (points: object): Plugin<Job, Machine> => ({ name: 'Bad', ...points });
  const boom = (): never => {
    throw new Error('boom');
  };
  it.each([
    { name: 'throws in PreFilter', plugin: bad({ preFilter: boom }), message: 'running PreFilter plugin "Bad": boom' },
    { name: 'throws in Filter', plugin: bad({ filter: boom }), message: 'running Filter plugin "Bad": boom' },
    { name: 'throws in PreScore', plugin: bad({ preScore: boom, score: () => 1 }), message: 'running PreScore plugin "Bad": boom' },
    { name: 'throws in Score', plugin: bad({ score: boom }), message: 'running Score plugin "Bad": boom' },
    { name: 'throws in NormalizeScore', plugin: bad({ score: () => 1, normalizeScore: boom }), message: 'running NormalizeScore plugin "Bad": boom' },
    { name: 'throws in PostFilter', plugin: bad({ filter: () => unschedulable('x'), postFilter: boom }), message: 'running PostFilter plugin "Bad": boom' },
    { name: 'throws in sign', plugin: bad({ filter: () => undefined, sign: boom }), message: 'running PreFilter plugin "Bad": boom', versions: true },
    {
      name: 'throws what is no error',
      plugin: bad({ filter: () => throwText('a text') }),
      message: 'running Filter plugin "Bad": it threw "a text"',
    },
    { name: 'answers with a boolean', plugin: bad({ filter: () => true }), message: 'running Filter plugin "Bad": it returned true instead of a status' },
    {
      name: 'answers with an unknown code',
      plugin: bad({ filter: () => ({ code: 'Maybe', reasons: [] }) }),
      message: 'running Filter plugin "Bad": it returned a value of type object instead of a status',
    },
    {
      name: 'answers with a code that means nothing there',
      plugin: bad({ filter: () => ({ code: 'Wait', reasons: [] }) }),
      message: 'running Filter plugin "Bad": it answered Wait, which means nothing here',
    },
    {
      name: 'is asynchronous where it must not be',
      plugin: bad({ filter: async () => Promise.reject(new Error('late')) }),
      message: 'running Filter plugin "Bad": it returned a promise, but must answer at once',
    },
    {
      name: 'names nodes by a list',
      plugin: bad({ preFilter: () => ({ nodeNames: ['m0'] }) }),
      message: 'running PreFilter plugin "Bad": it returned nodeNames that are no set',
    },
    { name: 'scores NaN', plugin: bad({ score: () => NaN }), message: 'running Score plugin "Bad": it returned NaN for "m0"' },
    { name: 'scores a text', plugin: bad({ score: () => 'good' }), message: 'running Score plugin "Bad": it returned "good" instead of a number' },
    { name: 'scores above 100', plugin: bad({ score: () => 101 }), message: 'running Score plugin "Bad": it scored 101, which is not between 0 and 100' },
    {
      name: 'normalises below 0',
      plugin: bad({ score: () => 1, normalizeScore: (_job: Job, scores: Float64Array) => void scores.fill(-1) }),
      message: 'running Score plugin "Bad": it scored -1, which is not between 0 and 100',
    },
    {
      name: 'refuses in Score',
      plugin: bad({ score: () => unschedulable('no') }),
      message: 'running Score plugin "Bad": it answered Unschedulable, which means nothing here',
    },
    {
      name: 'makes room without a result',
      plugin: bad({ filter: () => unschedulable('x'), postFilter: () => undefined }),
      message: 'running PostFilter plugin "Bad": it returned no result',
    },
    { name: 'answers Error', plugin: bad({ filter: () => failure('the disk is on fire') }), message: 'the disk is on fire' },
  ] satisfies readonly { name: string; plugin: Plugin<Job, Machine>; message: string; versions?: boolean }[])(
    '$name: only that attempt fails, and names it',
    ({ plugin, message, versions }) => {
      const engine = createScheduler({ plugins: [plugin] });
      const snapshot = machines(1, 2);
      const known = versions === true ? { ...snapshot, versions: { row: () => 0, at: new Float64Array([1]), rows: new Int32Array(2) } } : snapshot;
      expect(engine.schedule(job(1), known)).toMatchObject({ status: { code: 'Error', plugin: 'Bad' }, message });
    },
  );

  it('cannot change a frozen Pod', () => {
    const pod = Object.freeze(makePod('p'));
    const vandal: FilterPlugin = { name: 'Vandal', filter: (item) => void ((item as { kind: string }).kind = 'Node') as undefined };
    expect(createScheduler({ plugins: [vandal] }).schedule(pod, createSnapshot({ nodes: [makeNode('a')] })).status).toMatchObject({
      code: 'Error',
      plugin: 'Vandal',
    });
  });
});

describe('createScheduler', () => {
  it.each([
    { name: 'a plugin without a name', options: { plugins: [{ name: '' }] }, field: 'plugins[0].name' },
    { name: 'two plugins of one name', options: { plugins: [{ name: 'A' }, { name: 'A' }] }, field: 'plugins[1].name' },
    { name: 'a weight of 0', options: { plugins: [{ name: 'A', weight: 0 }] }, field: 'plugins[0].weight' },
    { name: 'an extension point that is no function', options: { plugins: [{ name: 'A', filter: true }] }, field: 'plugins[0].filter' },
    {
      name: 'two plugins that order the queue',
      options: {
        plugins: [
          { name: 'A', less: () => true },
          { name: 'B', less: () => true },
        ],
      },
      field: 'plugins[1].less',
    },
    { name: 'no plugin object', options: { plugins: [null] }, field: 'plugins[0]' },
    { name: 'a percentage beyond 100', options: { percentageOfNodesToScore: 101 }, field: 'percentageOfNodesToScore' },
  ])('refuses $name', ({ options, field }) => {
    const make = createScheduler as (options: unknown) => unknown;
    expect(() => make(options)).toThrow(expect.objectContaining({ name: SchedulerConfigError.name, field }) as Error);
  });

  it("places Pods on nodes with Kubernetes' plugins by default", () => {
    const snapshot = createSnapshot({
      nodes: [makeNode('full'), makeNode('free')],
      pods: [makePod('q', { node: 'full', requests: { cpu: '3', memory: '24Gi' } })],
    });
    const decision = createScheduler().schedule(makePod('p', { requests: { cpu: '500m', memory: '4Gi' } }), snapshot);
    expect(decision.node).toBe('free');
    expect(decision.explain.nodes['free']).toMatchObject({
      total: 462,
      scores: {
        TaintToleration: { raw: 0, normalized: 100, weighted: 300 },
        NodeResourcesFit: { raw: 87, normalized: 87, weighted: 87 },
        NodeResourcesBalancedAllocation: { raw: 75, normalized: 75, weighted: 75 },
      },
    });
  });

  it('takes further plugins', () => {
    const packGpus: ScorePlugin = { name: 'PackGpus', weight: 10, score: (_pod, node) => ((node.requested['nvidia.com/gpu'] ?? 0) > 0 ? 100 : 0) };
    const gpus = { extended: { 'nvidia.com/gpu': '4' } };
    const snapshot = createSnapshot({
      nodes: [makeNode('a', gpus), makeNode('b', gpus)],
      pods: [makePod('q', { node: 'b', requests: { 'nvidia.com/gpu': '1' } })],
    });
    expect(createScheduler({ plugins: [...defaultPlugins(), packGpus] }).schedule(makePod('p'), snapshot).node).toBe('b');
  });
});
