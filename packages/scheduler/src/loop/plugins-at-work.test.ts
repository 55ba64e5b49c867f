import { getCondition } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { startCluster } from '../../test/cluster.ts';
import { makeNode, makePod } from '../../test/objects.ts';
import type { Plugin, WaitingPods } from '../engine/plugin.ts';
import { skip, success, unschedulable, wait } from '../engine/status.ts';
import { defaultPlugins } from '../plugins/default-plugins.ts';

const named = (pod: Pod, name: string): boolean => pod.metadata.name === name;
const cores = (name: string, cpu: string): Pod => makePod(name, { requests: { cpu } });
const never = <T>(): Promise<T> => new Promise(() => undefined);

/** A cluster of one node with the default plugins and one more. */
const withPlugin = (plugin: Plugin, more: object = {}) => startCluster({ nodes: [makeNode('a')], plugins: [...defaultPlugins(), plugin], ...more });

describe('a plugin that goes wrong', () => {
  it.each([
    {
      name: 'throws in Filter',
      points: {
        filter: (pod: Pod) => {
          if (named(pod, 'p')) throw new Error('boom');
          return undefined;
        },
      },
      message: 'running Filter plugin "Bad": boom',
    },
    {
      name: 'throws in Reserve',
      points: {
        reserve: (pod: Pod) => {
          if (named(pod, 'p')) throw new Error('boom');
          return undefined;
        },
      },
      message: 'running Reserve plugin "Bad": boom',
    },
    {
      name: 'returns nonsense from Permit',
      points: { permit: (pod: Pod) => (named(pod, 'p') ? 'yes' : undefined) },
      message: 'running Permit plugin "Bad": it returned "yes" instead of a status',
    },
    {
      name: 'rejects in PreBind',
      points: { preBind: async (pod: Pod) => (named(pod, 'p') ? Promise.reject(new Error('boom')) : undefined) },
      message: 'running PreBind plugin "Bad": boom',
    },
    {
      name: 'throws in PreEnqueue',
      points: {
        preEnqueue: (pod: Pod) => {
          if (named(pod, 'p')) throw new Error('boom');
          return undefined;
        },
      },
      message: 'running PreEnqueue plugin "Bad": boom',
    },
    {
      name: 'changes the Pod in Score',
      points: {
        filter: (pod: Pod) => {
          if (named(pod, 'p')) (pod.metadata as { name: string }).name = 'x';
          return undefined;
        },
      },
      message: 'running Filter plugin "Bad": Cannot assign to read only property',
    },
  ])('$name: an event names it, and the other Pods go on', async ({ points, message }) => {
    await using cluster = await withPlugin({ name: 'Bad', ...points } as Plugin);
    await cluster.addPod(cores('p', '1'));
    await cluster.addPod(cores('q', '1'));
    await cluster.settle();
    expect(await cluster.placement()).toEqual({ p: undefined, q: 'a' });
    const pod = await cluster.pod('p');
    expect(getCondition(pod, 'PodScheduled')).toMatchObject({ status: 'False', reason: 'SchedulerError' });
    expect(getCondition(pod, 'PodScheduled')?.message).toContain(message);
    expect((await cluster.events()).some((event) => event.startsWith(`FailedScheduling p: ${message}`))).toBe(true);
  });

  it.each([
    { point: 'Permit', points: { permit: (pod: Pod) => (named(pod, 'p') ? never() : undefined) }, limitMs: 60_000 },
    { point: 'PreBind', points: { preBind: (pod: Pod) => (named(pod, 'p') ? never() : undefined) }, limitMs: 600_000 },
    { point: 'Bind', points: { bind: (pod: Pod) => (named(pod, 'p') ? never() : skip()) }, limitMs: 60_000 },
  ])('never answers in $point: its Pod gets its room back after a while, and nobody else waits', async ({ point, points, limitMs }) => {
    const plugin = { name: 'Slow', eventsToRegister: () => [], ...points } as Plugin;
    const plugins = point === 'Bind' ? [plugin, ...defaultPlugins()] : [...defaultPlugins(), plugin];
    await using cluster = await startCluster({ nodes: [makeNode('a')], plugins });
    await cluster.addPod(cores('p', '3'));
    await cluster.settle();
    await cluster.addPod(cores('q', '1'));
    await cluster.addPod(cores('r', '3'));
    await cluster.settle();
    expect(await cluster.placement()).toEqual({ p: undefined, q: 'a', r: undefined });
    await cluster.clock.advance(limitMs - 1);
    expect((await cluster.events()).some((event) => event.startsWith('FailedScheduling p'))).toBe(false);
    await cluster.clock.advance(1);
    expect((await cluster.events()).at(-1)).toBe(`Scheduled r: Successfully assigned default/r to a`);
    expect(await cluster.events()).toContain(`FailedScheduling p: running ${point} plugin "Slow": it did not answer within ${limitMs} ms`);
  });

  it('throws in PostBind and Unreserve: the Pod is bound all the same', async () => {
    const logged: string[] = [];
    const log = (message: string): void => void logged.push(message);
    const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: log, with: () => logger };
    let failing = true;
    const plugin: Plugin = {
      name: 'Bad',
      preBind: () => (failing ? unschedulable('not yet') : undefined),
      unreserve: () => {
        failing = false;
        throw new Error('unreserve');
      },
      postBind: () => {
        throw new Error('postBind');
      },
    };
    await using cluster = await withPlugin(plugin, { logger });
    await cluster.addPod(cores('p', '1'));
    await cluster.settle();
    await cluster.addNode(makeNode('b'));
    await cluster.clock.advance(10_000);
    expect((await cluster.pod('p')).spec.nodeName).toBeDefined();
    expect(logged).toEqual(['an Unreserve plugin failed', 'a PostBind plugin failed']);
  });
});

describe('the extension points after the decision', () => {
  it('run in order, and are undone in reverse order', async () => {
    const calls: string[] = [];
    const recording = (name: string, refuses: boolean): Plugin => ({
      name,
      eventsToRegister: () => [{ resource: 'Node', actions: ['Add'] }],
      reserve: () => void calls.push(`${name}.reserve`) as undefined,
      unreserve: () => void calls.push(`${name}.unreserve`),
      permit: () => void calls.push(`${name}.permit`) as undefined,
      preBind: (_pod, node) => {
        calls.push(`${name}.preBind`);
        return refuses && node === 'a' ? unschedulable('not there') : success();
      },
      bind: () => {
        calls.push(`${name}.bind`);
        return skip();
      },
      postBind: () => void calls.push(`${name}.postBind`),
    });
    await using cluster = await startCluster({ nodes: [makeNode('a')], plugins: [recording('A', false), recording('B', true), ...defaultPlugins()] });
    await cluster.addPod(cores('p', '1'));
    await cluster.settle();
    expect(calls).toEqual(['A.reserve', 'B.reserve', 'A.permit', 'B.permit', 'A.preBind', 'B.preBind', 'B.unreserve', 'A.unreserve']);
    calls.length = 0;
    await cluster.client.mutate((await import('@kybern/core/kinds')).Node, 'a', (draft) => void ((draft.spec ??= {}).unschedulable = true));
    await cluster.addNode(makeNode('b'));
    await cluster.settle();
    expect(calls).toEqual(['A.reserve', 'B.reserve', 'A.permit', 'B.permit', 'A.preBind', 'B.preBind', 'A.bind', 'B.bind', 'A.postBind', 'B.postBind']);
    expect((await cluster.pod('p')).spec.nodeName).toBe('b');
  });

  it('see what the cycle wrote', async () => {
    const seen: unknown[] = [];
    const plugin: Plugin = {
      name: 'Stateful',
      preFilter: (pod, { state }) => state.set('Stateful', pod.metadata.name) as undefined,
      reserve: (pod, _node, { state }) => void seen.push([state.get('Stateful'), pod.spec.nodeName]) as undefined,
    };
    await using cluster = await withPlugin(plugin);
    await cluster.addPod(cores('p', '1'));
    await cluster.settle();
    expect(seen).toEqual([['p', 'a']]);
  });
});

describe('Permit', () => {
  /** Lets Pods go only when there are three of them. */
  const gang = (size: number, timeoutMs: number): Plugin => ({
    name: 'Gang',
    eventsToRegister: () => [{ resource: 'UnscheduledPod', actions: ['Add'] }],
    permit: (_pod, _node, { waitingPods }: { readonly waitingPods: WaitingPods }) => {
      const others = waitingPods.list();
      if (others.length + 1 < size) return wait(timeoutMs);
      for (const other of others) other.allow('Gang');
      return undefined;
    },
  });

  it('holds Pods back until they are let go', async () => {
    await using cluster = await withPlugin(gang(3, 300_000));
    for (const name of ['p', 'q']) await cluster.addPod(cores(name, '1'));
    await cluster.settle();
    expect(await cluster.placement()).toEqual({ p: undefined, q: undefined });
    await cluster.addPod(cores('r', '1'));
    await cluster.settle();
    expect(await cluster.placement()).toEqual({ p: 'a', q: 'a', r: 'a' });
  });

  it('gives their room back when their time is over', async () => {
    await using cluster = await withPlugin(gang(3, 300_000));
    await cluster.addPod(cores('p', '3'));
    await cluster.settle();
    await cluster.addPod(cores('q', '3'));
    await cluster.settle();
    expect((await cluster.events())[0]).toMatch(/^FailedScheduling q: 0\/1 nodes are available: 1 Insufficient cpu\. preemption: 0\/1 nodes/);
    await cluster.clock.advance(300_000);
    expect(await cluster.events()).toContain('FailedScheduling p: 0/1 nodes are available: 1 rejected due to timeout after waiting 5m0s at plugin Gang.');
    expect(getCondition(await cluster.pod('p'), 'PodScheduled')).toMatchObject({ reason: 'Unschedulable' });
    await cluster.client.delete(Pod, 'default/p', { gracePeriodSeconds: 0 });
    await cluster.addPod(cores('r', '1'));
    await cluster.addPod(cores('s', '0'));
    await cluster.settle();
    expect(await cluster.placement()).toEqual({ q: 'a', r: 'a', s: 'a' });
  });

  it('lets a Pod go that was deleted while it waited', async () => {
    await using cluster = await withPlugin(gang(2, 300_000));
    await cluster.addPod(cores('p', '3'));
    await cluster.settle();
    await cluster.client.delete(Pod, 'default/p', { gracePeriodSeconds: 0 });
    await cluster.settle();
    expect(cluster.clock.nextDueMs({ includeBackground: false })).toBeUndefined();
    for (const name of ['q', 'r']) await cluster.addPod(cores(name, '2'));
    await cluster.settle();
    expect(await cluster.placement()).toEqual({ q: 'a', r: 'a' });
  });

  it('ends with the scheduler', async () => {
    const cluster = await withPlugin(gang(2, 300_000));
    await cluster.addPod(cores('p', '3'));
    await cluster.settle();
    await cluster.stop();
    expect(cluster.clock.nextDueMs()).toBeUndefined();
    expect(await cluster.events()).toEqual([]);
    await cluster.api[Symbol.asyncDispose]();
  });
});

describe('PostFilter', () => {
  it('has its victims evicted and its Pod nominated', async () => {
    const evictAll: Plugin = {
      name: 'EvictAll',
      postFilter: (pod, { rejectedBins: [node] }) => {
        const victims = (node?.pods ?? []).filter((other) => (other.spec.priority ?? 0) < (pod.spec.priority ?? 0));
        if (node === undefined || victims.length === 0)
          return { status: unschedulable('preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.') };
        return { status: success(), nominatedNodeName: node.name, victims };
      },
    };
    await using cluster = await withPlugin(evictAll, { plugins: [...defaultPlugins().filter(({ name }) => name !== 'DefaultPreemption'), evictAll] });
    await cluster.addPod(cores('low', '3'));
    await cluster.settle();
    await cluster.addPod(makePod('high', { requests: { cpu: '3' }, spec: { priority: 10 } }));
    await cluster.settle();
    expect((await cluster.pod('high')).status?.nominatedNodeName).toBe('a');
    const low = await cluster.pod('low');
    expect([low.metadata.deletionTimestamp !== undefined, getCondition(low, 'DisruptionTarget')?.reason]).toEqual([true, 'PreemptionByScheduler']);
    await cluster.client.delete(Pod, 'default/low', { gracePeriodSeconds: 0 });
    await cluster.settle();
    expect(await cluster.placement()).toEqual({ high: 'a' });
    await cluster.addPod(cores('other', '3'));
    await cluster.settle();
    expect(await cluster.events()).toContain(
      'FailedScheduling other: 0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    );
  });
});
