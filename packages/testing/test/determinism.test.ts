// The same seed is the same run, to the byte, with everything going wrong that can: fifty times, with forty actors.
import { DaemonSet, Deployment, Job, Service, StatefulSet } from '@kybern/core/kinds';
import { chaos, createTestCluster } from '@kybern/testing';
import { expect, it } from 'vitest';

const RUNS = 50;
const NODES = 36; // and the controllers, the scheduler, the API server, and the watch of the nodes' Pods

const meta = (name: string): { readonly name: string; readonly namespace: string } => ({ name, namespace: 'default' });
const of = (
  app: string,
): {
  selector: { matchLabels: { app: string } };
  template: { metadata: { labels: { app: string } }; spec: { containers: { name: string; image: string }[] } };
} => ({
  selector: { matchLabels: { app } },
  template: { metadata: { labels: { app } }, spec: { containers: [{ name: 'c', image: app }] } },
});

async function run(seed: number): Promise<string> {
  await using cluster = await createTestCluster({ nodes: NODES, seed, faults: chaos('everything') });
  const { client } = cluster;
  await client.create(Deployment, { metadata: meta('web'), spec: { replicas: 5, ...of('web') } });
  await client.create(Service, { metadata: meta('web'), spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
  await client.create(StatefulSet, { metadata: meta('db'), spec: { replicas: 2, serviceName: 'db', ...of('db') } });
  await client.create(DaemonSet, { metadata: meta('agent'), spec: of('agent') });
  await client.create(Job, {
    metadata: meta('task'),
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'task' }] } } },
  });
  await cluster.advance('20s');
  return `${cluster.faults.log.join('\n')}\n${cluster.eventLog()}`;
}

/** Short, so that a difference does not print megabytes. */
const firstDifference = (a: string, b: string): string | undefined => {
  if (a === b) return undefined;
  const [one, two] = [a.split('\n'), b.split('\n')];
  const at = one.findIndex((line, index) => line !== two[index]);
  return `line ${String(at)}: ${String(one[at])} | ${String(two[at])}`;
};

it('fifty runs of a cluster of forty actors under chaos have byte-identical logs', { timeout: 300_000 }, async () => {
  const first = await run(40);
  expect(first.length).toBeGreaterThan(50_000);
  for (let again = 1; again < RUNS; again++) expect(firstDifference(first, await run(40))).toBeUndefined();
  expect(firstDifference(first, await run(41))).toBeDefined();
});
