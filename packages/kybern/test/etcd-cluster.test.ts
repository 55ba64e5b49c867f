import { isConflict, noopLogger, sleep, systemClock, type Client, type KubernetesObject, type WatchEvent } from '@kybern/core';
import { ConfigMap, Deployment, Lease, Node, Pod } from '@kybern/core/kinds';
import type { StateStore } from '@kybern/state';
import { openEtcd } from '@kybern/state/etcd';
import { describeEtcd, startEtcd, type EtcdServer } from '@kybern/state/etcd/testing';
import { beforeEach, expect, it } from 'vitest';
import { createCluster, type Cluster, type ClusterOptions } from '../src/index.ts';

const clock = systemClock();
const TIMING = { leaseDurationMs: 4_000, renewDeadlineMs: 3_000, retryPeriodMs: 500 };

async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await sleep(clock, 25);
  }
}

const deployment = (name: string, replicas: number): Parameters<Client['create']>[1] =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'nginx' }] } },
    },
  }) as never;

/** Gathers events of a watch until it is left. */
function gather<T extends KubernetesObject>(watch: {
  subscribe(next: (event: WatchEvent<T>) => void): { unsubscribe(): void };
}): { events: string[]; stop(): void } {
  const events: string[] = [];
  const subscription = watch.subscribe(({ type, object }) => events.push(`${type} ${object.metadata.name ?? ''} ${object.metadata.resourceVersion ?? ''}`));
  return { events, stop: () => subscription.unsubscribe() };
}

/** A server with a store of its own over the etcd that all share. */
interface Server {
  readonly cluster: Cluster;
  readonly state: StateStore;
}

describeEtcd('several servers over one etcd', () => {
  let etcd: EtcdServer;
  const stack: AsyncDisposableStack[] = [];
  beforeEach(async () => {
    etcd = await startEtcd();
    return async () => {
      await stack.pop()?.disposeAsync();
      await etcd[Symbol.asyncDispose]();
    };
  }, 120_000);

  const start = async (nodePrefix: string, options: ClusterOptions = {}): Promise<Server> => {
    if (stack.length === 0) stack.push(new AsyncDisposableStack());
    const own = stack[0] as AsyncDisposableStack;
    const state = own.use(await openEtcd({ endpoints: [etcd.endpoint], logger: noopLogger, requestTimeoutMs: 60_000 }));
    const cluster = own.use(await createCluster({ state, nodes: 1, nodePrefix, leaderElection: TIMING, ...options }));
    return { cluster, state };
  };
  const holder = async (client: Client, name: string): Promise<string | undefined> => {
    const { items } = await client.list(Lease, { namespace: 'kube-system' });
    return items.find(({ metadata }) => metadata.name === name)?.spec?.holderIdentity ?? undefined;
  };
  /** Waits until somebody holds a lease, besides one who held it before. */
  const held = (client: Client, name: string, notBy?: string): Promise<string> =>
    until(async () => {
      const identity = await holder(client, name);
      return identity !== undefined && identity !== '' && identity !== notBy && identity;
    });
  const nodesReady = (client: Client, count: number): Promise<unknown> =>
    until(async () => {
      const { items } = await client.list(Node);
      return items.filter(({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')).length === count;
    });
  const running = async (client: Client, app: string, count: number): Promise<readonly Pod[] | false> => {
    const { items } = await client.list(Pod, { namespace: 'default', labelSelector: `app=${app}` });
    return items.length === count && items.every(({ status }) => status?.phase === 'Running') && items;
  };

  it('start at the same moment, and are one cluster: what one writes the other reads, at once', async () => {
    const [a, b] = await Promise.all([start('a'), start('b')]);
    for (let round = 0; round < 30; round += 1) {
      const [writer, reader] = round % 2 === 0 ? [a.cluster.client, b.cluster.client] : [b.cluster.client, a.cluster.client];
      const name = `settings-${String(round)}`;
      const created = await writer.create(ConfigMap, { metadata: { name, namespace: 'default' } });
      expect(await reader.get(ConfigMap, { name, namespace: 'default' })).toEqual(created);
      expect((await reader.list(ConfigMap, { namespace: 'default', labelSelector: '!app' })).items.map(({ metadata }) => metadata.name)).toContain(name);
    }
  });

  it('agree who was first', async () => {
    const [a, b] = await Promise.all([start('a'), start('b')]);
    const key = { name: 'counter', namespace: 'default' };
    const created = await a.cluster.client.create(ConfigMap, { metadata: key, data: { count: '0' } });
    const outcomes = await Promise.allSettled([a, b].map(({ cluster }) => cluster.client.update(ConfigMap, { ...created, data: { count: '1' } })));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(outcomes.some((outcome) => outcome.status === 'rejected' && isConflict(outcome.reason))).toBe(true);
    const add = ({ cluster }: Server): Promise<unknown> =>
      cluster.client.mutate(ConfigMap, key, (draft) => void ((draft.data ??= {}).count = String(Number(draft.data.count) + 1)));
    await Promise.all(Array.from({ length: 20 }, (_, at) => add(at % 2 === 0 ? a : b)));
    expect((await b.cluster.client.get(ConfigMap, key)).data?.count).toBe('21');
  });

  it('let watches go on at another of them, also at one that starts later', async () => {
    const a = await start('a');
    const create = (server: Server, name: string): Promise<ConfigMap> =>
      server.cluster.client.create(ConfigMap, { metadata: { name, namespace: 'default', labels: { watched: 'yes' } } });
    const scope = { namespace: 'default', labelSelector: 'watched=yes' };
    const from = (await a.cluster.client.list(ConfigMap, scope)).metadata.resourceVersion ?? '';
    const first = gather(a.cluster.client.watch(ConfigMap, { ...scope, resourceVersion: from }));
    const one = await create(a, 'one');
    await until(async () => first.events.length === 1);
    first.stop();
    const two = await create(a, 'two');
    const b = await start('b');
    const resumed = gather(b.cluster.client.watch(ConfigMap, { ...scope, resourceVersion: one.metadata.resourceVersion ?? '' }));
    const three = await create(a, 'three');
    await until(async () => resumed.events.length === 2);
    expect(resumed.events).toEqual([two, three].map(({ metadata }) => `ADDED ${metadata.name} ${metadata.resourceVersion ?? ''}`));
    resumed.stop();
  });

  it('run controllers and scheduler once, and another takes over when one goes', async () => {
    const a = await start('a');
    await held(a.cluster.client, 'kube-scheduler');
    const first = await held(a.cluster.client, 'kube-controller-manager');
    const b = await start('b');
    await nodesReady(b.cluster.client, 2);
    await b.cluster.client.create(Deployment, deployment('web', 4) as never);
    const pods = await until(() => running(a.cluster.client, 'web', 4));
    expect(new Set(pods.map(({ spec }) => spec.nodeName?.slice(0, 1)))).toEqual(new Set(['a', 'b']));
    // It is gone without a word: its leases have to run out.
    await a.state[Symbol.asyncDispose]();
    await b.cluster.client.create(Deployment, deployment('next', 2) as never);
    const scheduled = await until(async () => {
      const { items } = await b.cluster.client.list(Pod, { namespace: 'default', labelSelector: 'app=next' });
      return items.length === 2 && items.every(({ spec }) => spec.nodeName !== undefined) && items;
    });
    expect(scheduled).toHaveLength(2);
    // The server that is gone cannot hold it, whoever held it in between.
    expect(await held(b.cluster.client, 'kube-controller-manager', first)).not.toBe(first);
  });

  it('elect one of them where the state says that it is shared, and only there', async () => {
    const { state } = await start('a');
    await using cluster = await createCluster({ state, nodes: 0 });
    expect(await held(cluster.client, 'kube-scheduler')).not.toBe('');
    await using alone = await createCluster({ nodes: 1 });
    await alone.client.create(Deployment, deployment('web', 1) as never);
    await until(() => running(alone.client, 'web', 1));
    expect(await holder(alone.client, 'kube-scheduler')).toBeUndefined();
  });
});
