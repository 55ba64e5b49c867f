import { ApiError, getCondition, noopLogger } from '@kybern/core';
import { Node, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { startCluster } from '../../test/cluster.ts';
import { makeNode, makePod, type PodOptions } from '../../test/objects.ts';
import { hidingUpdates } from '../../test/watch-faults.ts';
import { SchedulerConfigError } from '../errors.ts';
import { defaultBinder } from '../plugins/default-binder.ts';
import { defaultPlugins } from '../plugins/default-plugins.ts';
import { createSchedulerLoop } from './scheduler-loop.ts';

const cores = (name: string, cpu: string, options: PodOptions = {}): Pod => makePod(name, { requests: { cpu }, ...options });
const scheduled = (pod: Pod) => getCondition(pod, 'PodScheduled');

describe('the scheduler loop', () => {
  it('binds a Pod and says so', async () => {
    await using cluster = await startCluster({ nodes: [makeNode('a')] });
    await cluster.addPod(cores('p', '1'));
    await cluster.settle();
    const pod = await cluster.pod('p');
    expect(pod.spec.nodeName).toBe('a');
    expect(scheduled(pod)).toMatchObject({ status: 'True' });
    expect(await cluster.events()).toEqual(['Scheduled p: Successfully assigned default/p to a']);
  });

  it('says why a Pod cannot be scheduled, and schedules it once it can', async () => {
    await using cluster = await startCluster({ nodes: [makeNode('a', { cpu: '1' }), makeNode('b', { unschedulable: true })] });
    await cluster.addPod(cores('p', '2'));
    await cluster.settle();
    const preemption = 'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.';
    const message = `0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable. ${preemption}`;
    expect(await cluster.events()).toEqual([`FailedScheduling p: ${message}`]);
    expect(scheduled(await cluster.pod('p'))).toMatchObject({ status: 'False', reason: 'Unschedulable', message });
    expect(cluster.clock.nextDueMs({ includeBackground: false })).toBeUndefined();
    await cluster.addNode(makeNode('c'));
    await cluster.settle();
    expect((await cluster.pod('p')).spec.nodeName).toBe('c');
  });

  it('waits for the first node', async () => {
    await using cluster = await startCluster();
    await cluster.addPod(cores('p', '2'));
    await cluster.settle();
    expect(await cluster.events()).toEqual(['FailedScheduling p: no nodes available to schedule pods']);
    expect(cluster.clock.nextDueMs({ includeBackground: false })).toBeUndefined();
    await cluster.addNode(makeNode('a'));
    await cluster.settle();
    expect((await cluster.pod('p')).spec.nodeName).toBe('a');
  });

  it('gives the room of a Pod that went, or ran to its end, to one that waits', async () => {
    await using cluster = await startCluster({ nodes: [makeNode('a', { cpu: '2' })], pods: [cores('p', '1'), cores('q', '1')] });
    await cluster.addPod(cores('r', '1'));
    await cluster.addPod(cores('s', '1'));
    await cluster.settle();
    expect(await cluster.placement()).toEqual({ p: 'a', q: 'a', r: undefined, s: undefined });
    await cluster.client.delete(Pod, 'default/p', { gracePeriodSeconds: 0 });
    await cluster.settle();
    await cluster.clock.advance(1000);
    await cluster.client.mutateStatus(Pod, 'default/q', (draft) => void (draft.status.phase = 'Succeeded'));
    await cluster.settle();
    expect(await cluster.placement()).toEqual({ q: 'a', r: 'a', s: 'a' });
  });

  it('knows the Pods that were there before it', async () => {
    const pods = [cores('p', '3', { node: 'a' }), cores('ended', '3', { node: 'b', status: { phase: 'Failed' } }), cores('q', '3')];
    await using cluster = await startCluster({ nodes: [makeNode('a'), makeNode('b')], pods });
    expect(await cluster.placement()).toEqual({ p: 'a', ended: 'b', q: 'b' });
  });

  it('leaves the Pods of other schedulers alone, but counts them', async () => {
    await using cluster = await startCluster({ nodes: [makeNode('a')], schedulerName: 'mine' });
    await cluster.addPod(cores('theirs', '1'));
    await cluster.addPod(cores('ours', '1', { spec: { schedulerName: 'mine' } }));
    await cluster.settle();
    expect(await cluster.placement()).toEqual({ theirs: undefined, ours: 'a' });
  });

  it('does not try a gated Pod before its last gate is gone', async () => {
    await using cluster = await startCluster({ nodes: [makeNode('a')] });
    await cluster.addPod(cores('p', '1', { spec: { schedulingGates: [{ name: 'x.io/y' }] } }));
    await cluster.settle();
    expect([await cluster.events(), (await cluster.pod('p')).spec.nodeName]).toEqual([[], undefined]);
    await cluster.client.mutate(Pod, 'default/p', (draft) => void (draft.spec.schedulingGates = []));
    await cluster.settle();
    expect((await cluster.pod('p')).spec.nodeName).toBe('a');
  });

  it('gives important Pods the room first', async () => {
    await using cluster = await startCluster();
    for (const [name, priority] of [
      ['low', 1],
      ['high', 9],
      ['middle', 5],
    ] as const)
      await cluster.addPod(cores(name, '1', { spec: { priority } }));
    await cluster.settle();
    await cluster.addNode(makeNode('a', { cpu: '2' }));
    await cluster.settle();
    expect(await cluster.placement()).toEqual({ low: undefined, middle: 'a', high: 'a' });
  });

  it('never gives a node more than it has, however slow the bindings are', async () => {
    await using cluster = await startCluster({
      nodes: [makeNode('a'), makeNode('b'), makeNode('c')],
      faults: (client, clock) => ({
        createSubresource: async (...args: Parameters<typeof client.createSubresource>) => {
          await new Promise<void>((resolve) => clock.after(5000, resolve));
          return client.createSubresource(...args);
        },
      }),
    });
    for (let index = 0; index < 50; index++) await cluster.addPod(cores(`p${index}`, '1'));
    await cluster.settle();
    await cluster.clock.advance(60_000);
    const nodes = Object.values(await cluster.placement()).filter((node) => node !== undefined);
    expect(nodes.sort().join('')).toBe('aaaabbbbcccc');
  });

  it('decides the same from the same seed', async () => {
    const run = async (seed: number): Promise<unknown> => {
      await using cluster = await startCluster({ seed, nodes: ['a', 'b', 'c', 'd'].map((name) => makeNode(name)) });
      for (let index = 0; index < 30; index++) await cluster.addPod(cores(`p${index}`, index % 3 === 0 ? '1' : '400m'));
      await cluster.clock.advance(30_000);
      return [await cluster.placement(), await cluster.events()];
    };
    expect(await run(7)).toEqual(await run(7));
  });

  it('yields now and then, and goes through a thousand Pods', async () => {
    await using cluster = await startCluster({ nodes: [makeNode('a', { cpu: '2000', pods: '2000' }), makeNode('b', { cpu: '2000', pods: '2000' })] });
    for (let index = 0; index < 1000; index++) await cluster.addPod(cores(`p${index}`, '1m'));
    await cluster.settle();
    expect(Object.values(await cluster.placement()).every((node) => node !== undefined)).toBe(true);
    expect(await cluster.events()).toHaveLength(1000);
  });

  it('ends with its signal and leaves nothing running', async () => {
    const cluster = await startCluster({ nodes: [makeNode('a')] });
    await cluster.addPod(cores('p', '9'));
    await cluster.settle();
    await cluster.stop();
    expect(cluster.clock.nextDueMs()).toBeUndefined();
    await cluster.api[Symbol.asyncDispose]();
  });

  it.each([
    { name: 'no plugin that binds', plugins: defaultPlugins().filter(({ bind }) => bind === undefined) },
    { name: 'no plugin that orders the queue', plugins: [defaultBinder()] },
  ])('refuses to be made with $name', async ({ plugins }) => {
    await using cluster = await startCluster();
    expect(() => createSchedulerLoop({ client: cluster.client, plugins, logger: noopLogger })).toThrow(SchedulerConfigError);
  });
});

describe('what goes wrong with a binding', () => {
  it('somebody else was faster: their word counts, and their room is taken', async () => {
    await using cluster = await startCluster({
      nodes: [makeNode('a', { cpu: '2' }), makeNode('b', { cpu: '2' })],
      pods: [cores('blocker', '2', { node: 'b' })],
      faults: (client) => ({
        createSubresource: async (kind, key, name, body, options) => {
          const { metadata } = body as { metadata: { name: string } };
          if (metadata.name === 'p')
            await client.createSubresource(Pod, 'default/p', 'binding', { metadata: { name: 'p' }, target: { kind: 'Node', name: 'b' } });
          return client.createSubresource(kind, key, name, body, options);
        },
      }),
    });
    await cluster.addPod(cores('p', '1'));
    await cluster.addPod(cores('q', '2'));
    await cluster.clock.advance(30_000);
    expect(await cluster.placement()).toEqual({ blocker: 'b', p: 'b', q: 'a' });
    expect((await cluster.events()).filter((event) => event.startsWith('FailedScheduling p'))).toEqual([]);
  });

  it('the answer was lost but the Pod is bound', async () => {
    await using cluster = await startCluster({
      nodes: [makeNode('a')],
      faults: (client) => ({
        createSubresource: async (...args) => {
          await client.createSubresource(...args);
          throw new ApiError('InternalError', 'the connection broke');
        },
      }),
    });
    await cluster.addPod(cores('p', '3'));
    await cluster.addPod(cores('q', '3'));
    await cluster.clock.advance(30_000);
    expect(await cluster.placement()).toEqual({ p: 'a', q: undefined });
    expect(await cluster.events()).toContain('Scheduled p: Successfully assigned default/p to a');
  });

  it('the server is away for a minute: nothing is lost and nothing given twice', async () => {
    let away = true;
    const refuse = (): void => {
      if (away) throw new ApiError('ServiceUnavailable', 'try later');
    };
    await using cluster = await startCluster({
      nodes: [makeNode('a')],
      faults: (client) =>
        ({
          createSubresource: async (...args: Parameters<typeof client.createSubresource>) => {
            refuse();
            return client.createSubresource(...args);
          },
          get: async (...args: Parameters<typeof client.get>) => {
            refuse();
            return client.get(...args);
          },
          mutateStatus: async (...args: Parameters<typeof client.mutateStatus>) => {
            refuse();
            return client.mutateStatus(...args);
          },
        }) as never,
    });
    await cluster.addPod(cores('p', '3'));
    await cluster.addPod(cores('q', '3'));
    await cluster.clock.advance(60_000);
    expect(await cluster.placement()).toEqual({ p: undefined, q: undefined });
    away = false;
    await cluster.clock.advance(60_000);
    expect(Object.values(await cluster.placement()).sort()).toEqual(['a', undefined]);
    const messages = await cluster.events();
    expect(messages.find((event) => event.startsWith('FailedScheduling p'))).toContain('running Bind plugin "DefaultBinder": try later');
  });

  it('the Pod vanishes while it is being bound', async () => {
    await using cluster = await startCluster({
      nodes: [makeNode('a')],
      plugins: [
        ...defaultPlugins(),
        {
          name: 'Deleter',
          preBind: async (pod, _node, { client }) => {
            if (pod.metadata.name === 'p') await client.delete(Pod, pod, { gracePeriodSeconds: 0 });
            return undefined;
          },
        },
      ],
    });
    await cluster.addPod(cores('p', '3'));
    await cluster.addPod(cores('q', '3'));
    await cluster.clock.advance(30_000);
    expect(await cluster.placement()).toEqual({ q: 'a' });
    expect((await cluster.events()).some((event) => event.startsWith('FailedScheduling p'))).toBe(false);
  });

  it('the node vanishes while the Pod is being bound', async () => {
    let deleted = false;
    await using cluster = await startCluster({
      nodes: [makeNode('a')],
      plugins: [
        ...defaultPlugins(),
        {
          name: 'Deleter',
          preBind: async (_pod, node, { client }) => {
            if (!deleted) await client.delete(Node, node);
            deleted = true;
            return undefined;
          },
        },
      ],
    });
    await cluster.addPod(cores('p', '3'));
    await cluster.settle();
    expect(await cluster.placement()).toEqual({ p: undefined });
    await cluster.addNode(makeNode('b'));
    await cluster.clock.advance(30_000);
    expect(await cluster.placement()).toEqual({ p: 'b' });
    expect(await cluster.events()).toContain('FailedScheduling p: node "a" is gone');
  });

  it('the watch never tells of it: the API server is asked, and what counts is true in the end', async () => {
    await using cluster = await startCluster({
      nodes: [makeNode('a')],
      faults: (client) => ({
        watch: (kind, options) => hidingUpdates(client.watch(kind, options), 'p') as never,
      }),
    });
    await cluster.addPod(cores('p', '3'));
    await cluster.settle();
    await cluster.client.delete(Pod, 'default/p', { gracePeriodSeconds: 0 });
    await cluster.addPod(cores('q', '3'));
    await cluster.settle();
    expect(await cluster.placement()).toEqual({ q: undefined });
    await cluster.clock.advance(90_000);
    expect(await cluster.placement()).toEqual({ q: 'a' });
  });
});
