import { Deployment, type PodTemplateSpec } from '@kybern/core/kinds';
import { createTestCluster } from '@kybern/testing';

const labels = { app: 'web' };

/** Rolls a Deployment out and on, with a node that loses its power. @returns the event log */
export async function runScenario(): Promise<string> {
  await using cluster = await createTestCluster({ seed: 5, nodes: 3 });
  const template = (image: string): PodTemplateSpec => ({ metadata: { labels }, spec: { containers: [{ name: 'c', image }] } });
  const spec = { replicas: 3, selector: { matchLabels: labels }, template: template('nginx:1') };
  await cluster.client.create(Deployment, { metadata: { name: 'web', namespace: 'default' }, spec });
  await cluster.advance('30s');
  cluster.node('node-1').kill();
  await cluster.client.patch(Deployment, 'default/web', {
    type: 'merge',
    patch: { spec: { template: { spec: { containers: [{ name: 'c', image: 'nginx:2' }] } } } },
  });
  await cluster.advance('10m');
  return cluster.eventLog();
}
