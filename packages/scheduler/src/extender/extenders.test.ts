import type { Pod } from '@kybern/core/kinds';
import { Pod as PodKind } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../../test/cluster.ts';
import { makeNode, makePod } from '../../test/objects.ts';
import type { SchedulerExtender } from './extender.ts';
import { createHttpExtender, type ExtenderTransport } from './http-extender.ts';

const NODES = ['a', 'b', 'c'].map((name) => makeNode(name));
const web = makePod('web');
const withExtender = (extender: Partial<SchedulerExtender>, pods: readonly Pod[] = [web]): Promise<TestCluster> =>
  startCluster({ extenders: [{ name: 'http://extender', isInterested: () => true, ...extender }], nodes: NODES, pods });
const allow =
  (...names: string[]): NonNullable<SchedulerExtender['filter']> =>
  () =>
    Promise.resolve({ feasible: new Set(names), failed: new Map([['a', 'no licence']]), unresolvable: new Map() });

describe('an extender', () => {
  it('turns nodes down', async () => {
    await using cluster = await withExtender({ filter: allow('c') });
    expect(await cluster.placement()).toEqual({ web: 'c' });
  });

  it('turns all nodes down, and its reasons are in the event', async () => {
    await using cluster = await withExtender({ filter: allow() });
    expect(await cluster.placement()).toEqual({ web: undefined });
    expect((await cluster.events())[0]).toMatch(
      /^FailedScheduling web: 0\/3 nodes are available: 1 no licence, 2 node\(s\) were turned down by extender http:\/\/extender\./,
    );
  });

  it('prefers nodes', async () => {
    await using cluster = await withExtender({ weight: 3, prioritize: () => Promise.resolve(new Map([['b', 10]])) });
    expect(await cluster.placement()).toEqual({ web: 'b' });
  });

  it('is not asked about Pods that are none of its business', async () => {
    await using cluster = await withExtender({ isInterested: () => false, filter: () => Promise.reject(new Error('asked')) });
    expect((await cluster.placement())['web']).toBeDefined();
  });

  it('that fails fails the attempt, with its name in the event', async () => {
    await using cluster = await withExtender({ filter: () => Promise.reject(new Error('down')) });
    expect(await cluster.placement()).toEqual({ web: undefined });
    expect((await cluster.events())[0]).toBe('FailedScheduling web: extender http://extender: down');
  });

  it('that fails and can be ignored is', async () => {
    await using cluster = await withExtender({ ignorable: true, filter: () => Promise.reject(new Error('down')) });
    expect((await cluster.placement())['web']).toBeDefined();
  });

  it('that gives no priorities is no reason to fail', async () => {
    await using cluster = await withExtender({ prioritize: () => Promise.reject(new Error('down')) });
    expect((await cluster.placement())['web']).toBeDefined();
  });

  it('binds', async () => {
    const bound: string[] = [];
    let cluster: TestCluster | undefined;
    const bind: SchedulerExtender['bind'] = async (pod, nodeName) => {
      bound.push(nodeName);
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: pod.metadata.name }, target: { kind: 'Node', name: nodeName } };
      await cluster?.client.createSubresource(PodKind, pod, 'binding', binding);
    };
    await using started = (cluster = await withExtender({ bind }, []));
    await started.addPod(web);
    await started.settle();
    expect(bound).toHaveLength(1);
    expect(await started.placement()).toEqual({ web: bound[0] });
  });

  it('decides where Pods may be evicted, and which', async () => {
    const low = NODES.map(({ metadata: { name } }) =>
      makePod(`low-${name}`, { node: name, requests: { cpu: '3' }, spec: { terminationGracePeriodSeconds: 0 } }),
    );
    const asked: string[] = [];
    const preempt: SchedulerExtender['preempt'] = (_pod, victims) => {
      const [[node = '', pods = []] = []] = [...victims];
      asked.push(node);
      return Promise.resolve(node === 'b' ? new Map([[node, pods.map(({ metadata }) => metadata.uid ?? '')]]) : new Map());
    };
    await using cluster = await withExtender({ preempt }, [...low, makePod('high', { requests: { cpu: '3' }, spec: { priority: 10 } })]);
    await cluster.clock.advance(30_000);
    expect(asked.at(-1)).toBe('b');
    expect(await cluster.placement()).toEqual({ 'low-a': 'a', 'low-c': 'c', high: 'b' });
  });

  it('that answers about a cluster that is gone chooses among what is there', async () => {
    let answer: (() => void) | undefined;
    await using cluster = await withExtender({
      async filter(_pod, nodes) {
        await new Promise<void>((resolve) => (answer = resolve));
        return { feasible: new Set(nodes.map(({ metadata }) => metadata.name)), failed: new Map(), unresolvable: new Map() };
      },
    });
    await cluster.addPod(makePod('full', { node: 'a', requests: { cpu: '4' } }));
    await cluster.addNode(makeNode('d'));
    await cluster.settle();
    answer?.();
    await cluster.settle();
    answer?.();
    await cluster.settle();
    expect((await cluster.placement())['web']).toMatch(/^[bc]$/);
  }, 10_000);
});

describe('an extender over HTTP', () => {
  const calls: { url: string; body: unknown }[] = [];
  const answering =
    (answer: unknown): ExtenderTransport =>
    (url, body) => {
      calls.push({ url, body });
      return Promise.resolve(answer);
    };
  const signal = new AbortController().signal;
  const nodes = NODES;

  it('is asked as kube-scheduler asks it', async () => {
    calls.length = 0;
    const extender = createHttpExtender(
      { urlPrefix: 'http://x/api/', filterVerb: 'filter', nodeCacheCapable: true },
      { transport: answering({ NodeNames: ['a'], FailedNodes: { b: 'no' } }) },
    );
    const answer = await extender.filter?.(web, nodes, { signal });
    expect(calls).toEqual([{ url: 'http://x/api/filter', body: { Pod: web, Nodes: null, NodeNames: ['a', 'b', 'c'] } }]);
    expect(answer).toEqual({ feasible: new Set(['a']), failed: new Map([['b', 'no']]), unresolvable: new Map() });
  });

  it.each([
    { name: 'its error', answer: { error: 'full' }, message: /^full$/ },
    { name: 'a node that was not asked about', answer: { nodenames: ['z'] }, message: /names a node "z"/ },
  ])('fails with $name', async ({ answer, message }) => {
    const extender = createHttpExtender({ urlPrefix: 'http://x', filterVerb: 'f' }, { transport: answering(answer) });
    await expect(extender.filter?.(web, nodes, { signal })).rejects.toThrow(message);
  });

  it('gets whole nodes, and gives priorities and victims', async () => {
    const list = createHttpExtender({ urlPrefix: 'http://x', filterVerb: 'f' }, { transport: answering({ nodes: { items: nodes.slice(1) } }) });
    expect((await list.filter?.(web, nodes, { signal }))?.feasible).toEqual(new Set(['b', 'c']));
    const priorities = createHttpExtender({ urlPrefix: 'http://x', prioritizeVerb: 'p', weight: 2 }, { transport: answering([{ Host: 'a', Score: 7 }]) });
    expect(await priorities.prioritize?.(web, nodes, { signal })).toEqual(new Map([['a', 7]]));
    const preempting = createHttpExtender(
      { urlPrefix: 'http://x', preemptVerb: 'e' },
      { transport: answering({ NodeNameToMetaVictims: { a: { Pods: [{ UID: 'u' }] } } }) },
    );
    expect(await preempting.preempt?.(web, new Map([['a', [web]]]), { signal })).toEqual(new Map([['a', ['u']]]));
  });

  it('is interested in Pods that ask for what it manages', () => {
    const extender = createHttpExtender({ urlPrefix: 'http://x', managedResources: [{ name: 'example.com/foo' }] });
    expect(extender.isInterested(web)).toBe(false);
    expect(extender.isInterested(makePod('p', { requests: { 'example.com/foo': '1' } }))).toBe(true);
  });

  it('is given up when it does not answer in time', async () => {
    const { createFakeClock } = await import('@kybern/core/testing');
    const clock = createFakeClock();
    const silent: ExtenderTransport = (_url, _body, call) =>
      new Promise((_resolve, reject) => call.signal.addEventListener('abort', () => reject(new Error('aborted'))));
    const extender = createHttpExtender({ urlPrefix: 'http://x', filterVerb: 'f', httpTimeout: '2s' }, { transport: silent, clock });
    const failed = expect(extender.filter?.(web, nodes, { signal })).rejects.toThrow('extender http://x/f did not answer within 2000 ms');
    await clock.advance(2000);
    await failed;
  });

  it.each([
    { name: 'its URL', config: { urlPrefix: 'nowhere' }, field: 'extenders.urlPrefix' },
    { name: 'TLS that nobody applies', config: { urlPrefix: 'https://x', tlsConfig: { insecure: true } }, field: 'extenders.tlsConfig' },
  ])('is checked at the start: $name', ({ config, field }) => {
    expect(() => createHttpExtender(config)).toThrow(expect.objectContaining({ field }) as Error);
  });
});
