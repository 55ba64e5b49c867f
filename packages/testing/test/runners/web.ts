import { Deployment } from '@kybern/core/kinds';
import type { TestCluster } from '@kybern/testing';

export const wantedError = /never a Deployment/;
const labels = { app: 'web' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx:1' }] } };

export async function deployWeb(cluster: TestCluster): Promise<void> {
  await cluster.client.create(Deployment, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas: 3, selector: { matchLabels: labels }, template },
  });
  await cluster.advance('1m');
  await cluster.settle();
}
