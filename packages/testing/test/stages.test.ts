// Nodes and containers on scripts, and autoscalers that follow what the scripts say is used.
import type { ObjectInput } from '@kybern/core';
import { Deployment, Event, HorizontalPodAutoscaler, Node, Pod } from '@kybern/core/kinds';
import { createTestCluster, type TestCluster } from '@kybern/testing';
import { describe, expect, it } from 'vitest';

const labels = { app: 'web' };
const named = { name: 'web', namespace: 'default' };

function deployment(replicas: number, container: object = {}): ObjectInput<Deployment> {
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx:1.25', resources: { requests: { cpu: '100m' } }, ...container }] } };
  return { metadata: named, spec: { replicas, selector: { matchLabels: labels }, template } };
}

const replicas = async ({ client }: TestCluster): Promise<number | undefined> => (await client.get(Deployment, named)).spec.replicas;

async function containerOf({ client }: TestCluster): Promise<{ readonly restarts: number; readonly ready: boolean; readonly reason: string | undefined }> {
  const [pod] = (await client.list(Pod, { labels })).items;
  const status = pod?.status?.containerStatuses?.[0];
  return { restarts: status?.restartCount ?? -1, ready: status?.ready ?? false, reason: status?.lastState?.terminated?.reason };
}

const stage = (name: string, spec: string): string =>
  `apiVersion: simulation.kybern/v1\nkind: ContainerStage\nmetadata: { name: ${name} }\nspec:\n  selector: { matchLabels: { app: web } }\n${spec}\n---\n`;

describe('stages of containers', () => {
  it('a container warms up, serves, and is killed for its memory; after its restart it is another’s turn', async () => {
    const stages = [
      stage('cold', '  next: { ready: false, log: warming up }'),
      stage('warm', '  from: cold\n  delay: 20s\n  next: { ready: true }'),
      stage('leak', '  from: warm\n  delay: { duration: 60s, jitter: 90s }\n  next: { oomKill: true }'),
    ].join('');
    await using cluster = await createTestCluster({ nodes: 1, stages });
    await cluster.client.create(Deployment, deployment(1, { readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1 } }));
    await cluster.advance('10s');
    expect(await containerOf(cluster)).toMatchObject({ restarts: 0, ready: false });
    const { runtime } = cluster.node('node-1');
    expect(runtime.logs(runtime.containers()[0]?.id ?? '').map(({ line }) => line)).toEqual(['warming up']);
    await cluster.advance('15s');
    expect(await containerOf(cluster)).toMatchObject({ restarts: 0, ready: true });
    await cluster.advance('90s');
    expect(await containerOf(cluster)).toMatchObject({ restarts: 1, reason: 'OOMKilled' });
  });

  it('of several stages one is drawn by weight, by the seed', async () => {
    const stages =
      stage('well', '  weight: 3\n  delay: 5s\n  next: { exit: { code: 0 } }') + stage('ill', '  weight: 1\n  delay: 5s\n  next: { exit: { code: 1 } }');
    const outcome = async (seed: number): Promise<string> => {
      await using cluster = await createTestCluster({ nodes: 1, seed, stages, controllers: 'none' });
      for (let at = 0; at < 40; at++)
        await cluster.client.create(Pod, {
          metadata: { name: `p-${String(at)}`, namespace: 'default', labels },
          spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'task' }] },
        });
      await cluster.settle();
      await cluster.advance('30s');
      return (await cluster.client.list(Pod)).items.map(({ status }) => status?.phase?.slice(0, 1)).join('');
    };
    const [one, again, two] = [await outcome(1), await outcome(1), await outcome(2)];
    expect(again).toBe(one);
    expect(two).not.toBe(one);
    const well = one.split('S').length - 1;
    expect(well).toBeGreaterThan(20);
    expect(well).toBeLessThan(40);
    expect(one).toMatch(/^[SF]{40}$/);
  });

  it('stages that go round are nothing that settle waits for', async () => {
    const stages =
      stage('slow', '  from: [start, fast]\n  delay: 1s\n  next: { live: true, log: slow }') +
      stage('fast', '  from: slow\n  delay: 1s\n  next: { log: fast }');
    await using cluster = await createTestCluster({ nodes: 1, stages });
    await cluster.client.create(Deployment, deployment(1));
    await cluster.settle();
    await cluster.advance('10s');
    const { runtime } = cluster.node('node-1');
    const lines = runtime.logs(runtime.containers()[0]?.id ?? '').map(({ line }) => line);
    expect(lines.length).toBeGreaterThanOrEqual(9);
    expect(lines.slice(0, 4)).toEqual(['slow', 'fast', 'slow', 'fast']);
  });

  it('a hung container is restarted by its liveness probe', async () => {
    const stages = stage('hung', '  delay: 30s\n  next: { hang: true }');
    await using cluster = await createTestCluster({ nodes: 1, stages });
    const livenessProbe = { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 2 };
    await cluster.client.create(Deployment, deployment(1, { livenessProbe }));
    await cluster.advance('20s');
    expect(await containerOf(cluster)).toMatchObject({ restarts: 0 });
    await cluster.advance('70s');
    expect((await containerOf(cluster)).restarts).toBeGreaterThanOrEqual(1);
    expect((await cluster.client.list(Event)).items.some(({ reason }) => reason === 'Unhealthy')).toBe(true);
  });
});

describe('stages of nodes', () => {
  it('a node dies and comes back, again and again', async () => {
    const node = (name: string, spec: string): string =>
      `apiVersion: simulation.kybern/v1\nkind: NodeStage\nmetadata: { name: ${name} }\nspec:\n${spec}\n---\n`;
    const stages =
      node('dies', '  selector: { node: "*-2" }\n  from: [start, comes back]\n  delay: 2m\n  next: { kill: true }') +
      node('comes back', '  selector: { node: node-2 }\n  from: dies\n  delay: 3m\n  next: { restart: true }');
    await using cluster = await createTestCluster({ nodes: 2, stages });
    const ready = async (): Promise<readonly (string | undefined)[]> =>
      (await cluster.client.list(Node)).items.map(({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.status);
    expect(await ready()).toEqual(['True', 'True']);
    await cluster.advance('4m');
    expect(cluster.node('node-2').alive).toBe(false);
    expect(await ready()).toEqual(['True', 'Unknown']);
    await cluster.advance('2m');
    expect(await ready()).toEqual(['True', 'True']);
    await cluster.advance('3m');
    expect(await ready()).toEqual(['True', 'Unknown']);
    expect(cluster.faults.log).toEqual(['node-2: kill (stage dies)', 'node-2: restart (stage comes back)', 'node-2: kill (stage dies)']);
  });
});

const usage = (spec: string): string =>
  `apiVersion: simulation.kybern/v1\nkind: ContainerUsage\nmetadata: { name: load }\nspec:\n  selector: { matchLabels: { app: web } }\n${spec}\n`;
const autoscaler = {
  metadata: named,
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    minReplicas: 1,
    maxReplicas: 10,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
  },
};

describe('curves of what containers use', () => {
  it('an autoscaler follows a load that all replicas share, up and down', async () => {
    const stages = usage(
      '  cpu: { shared: true, steps: { from: midnight, points: [{ at: 0s, value: 50m }, { at: 10m, value: 200m }, { at: 40m, value: 50m }] } }\n  memory: 64Mi',
    );
    await using cluster = await createTestCluster({ nodes: 2, stages });
    await cluster.client.create(Deployment, deployment(1));
    await cluster.client.create(HorizontalPodAutoscaler, autoscaler);
    await cluster.advance('9m');
    expect(await replicas(cluster)).toBe(1);
    await cluster.advance('5m');
    expect(await replicas(cluster)).toBe(4);
    await cluster.advance('20m');
    expect(await replicas(cluster)).toBe(4);
    await cluster.advance('25m');
    expect(await replicas(cluster)).toBe(1);
    const { items } = await cluster.client.list(Pod, { labels });
    const used = await cluster.client.get(cluster.api.kinds.find('metrics.k8s.io/v1beta1', 'PodMetrics') as never, {
      namespace: 'default',
      name: items[0]?.metadata.name ?? '',
    });
    expect(used).toMatchObject({ containers: [{ usage: { cpu: '50000000n', memory: '65536Ki' } }] });
  });

  it('and one that comes and goes, by a sine, a table and an expression', async () => {
    for (const cpu of [
      '{ shared: true, sine: { from: midnight, min: 100m, max: 400m, period: 1h, peakAt: 30m } }',
      '{ shared: true, table: [{ when: time < 15 * minute || time > 45 * minute, value: 100m }, { value: 400m }] }',
      '{ shared: true, expression: "100m + (time > 15 * minute && time < 45 * minute ? 300m : 0)" }',
    ]) {
      await using cluster = await createTestCluster({ nodes: 2, stages: usage(`  cpu: ${cpu}`) });
      await cluster.client.create(Deployment, deployment(2));
      await cluster.client.create(HorizontalPodAutoscaler, autoscaler);
      await cluster.advance('10m');
      expect(await replicas(cluster)).toBeLessThanOrEqual(4);
      await cluster.advance('21m');
      expect(await replicas(cluster)).toBe(8);
      await cluster.advance('32m');
      expect(await replicas(cluster)).toBeLessThanOrEqual(4);
    }
  });
});

it('a script that is wrong is refused, with where', async () => {
  const wrong = async (text: string): Promise<string> =>
    createTestCluster({ stages: text }).then(
      () => 'accepted',
      (error: unknown) => String(error),
    );
  expect(await wrong(stage('a', '  delay: 5x\n  next: {}'))).toBe(
    'ScriptError: stages, document 1: spec.delay: expected a duration such as 30s or 5m, not "5x"',
  );
  expect(await wrong(stage('a', '  next: {}') + stage('b', '  from: c\n  next: {}'))).toBe('ScriptError: stages, document 2: spec.from: there is no stage "c"');
  expect(await wrong(stage('a', '  next: { exit: { code: one } }'))).toContain('document 1: spec.next.exit.code: expected a whole number');
  expect(await wrong(stage('a', '  next: { explode: true }'))).toContain('spec.next.explode: unknown field; there are ready, live');
  expect(await wrong(stage('a', '  from: a\n  next: {}'))).toContain('spec.delay: the stage comes again and again without time passing');
  expect(await wrong(stage('a', '  next: {}') + stage('a', '  next: {}'))).toContain('document 2: metadata.name: there is a stage of this name already');
  expect(await wrong(stage('a', '  delay: { duration: 5s, jitter: 2s }\n  next: {}'))).toContain('spec.delay.jitter: expected at least the duration');
  expect(await wrong(usage('  cpu: { expression: time +* 2 }'))).toBe(
    'ScriptError: stages, document 1: spec.cpu.expression: unexpected "*", at character 7 of "time +* 2"',
  );
  expect(await wrong(usage('  cpu: { table: [{ when: load > 3, value: 1 }] }'))).toContain('spec.cpu.table[0].when: there is no "load"; there are age, time');
  expect(await wrong(usage('  cpu: { steps: { points: [] }, sine: {} }'))).toContain(
    'spec.cpu: expected a quantity or exactly one of steps, sine, table, expression',
  );
  expect(await wrong('apiVersion: v1\nkind: Pod\nspec: {}')).toContain('apiVersion: expected simulation.kybern/v1');
  expect(await wrong('apiVersion: simulation.kybern/v1\nkind: Stage\nspec: {}')).toContain('kind: expected one of ContainerStage');
});
