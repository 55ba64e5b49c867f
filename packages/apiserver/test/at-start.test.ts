import { ConfigMap, Endpoints, EndpointSlice, IPAddress, Namespace, PriorityClass, Service, ServiceAccount, ServiceCIDR } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { startServer } from './fixtures.ts';

it('a cluster has from the start what clients expect', async () => {
  await using server = await startServer({ authorization: 'rbac' });
  const { client } = server;
  const names = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];
  expect((await client.list(Namespace)).items.map(({ metadata }) => metadata.name)).toEqual(names);
  for (const namespace of names) expect((await client.get(ServiceAccount, { namespace, name: 'default' })).metadata.uid).toBeDefined();
  expect((await client.list(PriorityClass)).items.map(({ metadata, value }) => [metadata.name, value])).toEqual([
    ['system-cluster-critical', 2_000_000_000],
    ['system-node-critical', 2_000_001_000],
  ]);
  expect(await client.get(Service, 'default/kubernetes')).toMatchObject({ spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443 }] } });
  expect(await client.get(IPAddress, '10.96.0.1')).toMatchObject({ spec: { parentRef: { resource: 'services', namespace: 'default', name: 'kubernetes' } } });
  expect(await client.get(ServiceCIDR, 'kubernetes')).toMatchObject({
    spec: { cidrs: ['10.96.0.0/12'] },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  expect(await client.get(EndpointSlice, 'default/kubernetes')).toMatchObject({
    addressType: 'IPv4',
    metadata: { labels: { 'kubernetes.io/service-name': 'kubernetes' } },
  });
  expect((await client.get(ConfigMap, 'kube-system/extension-apiserver-authentication')).metadata.uid).toBeDefined();
});

it('a server that listens says where, and whose certificates it takes', async () => {
  await using server = await startServer();
  const { client, api } = server;
  const { url, certificateAuthority } = await api.listen();
  const port = Number(new URL(url).port);
  const ports = [{ name: 'https', port, protocol: 'TCP' }];
  expect(await client.get(EndpointSlice, 'default/kubernetes')).toMatchObject({
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    ports,
  });
  expect(await client.get(Endpoints, 'default/kubernetes')).toMatchObject({
    metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports }],
  });
  expect((await client.get(ConfigMap, 'kube-system/extension-apiserver-authentication')).data).toEqual({ 'client-ca-file': certificateAuthority });
});
