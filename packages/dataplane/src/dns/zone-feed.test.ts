import { EndpointSlice, Namespace, Pod, Service } from '@kybern/core/kinds';
import { createDnsZone } from '@kybern/netmodel';
import { createInformer } from '@kybern/reconcile';
import { expect, it } from 'vitest';
import { createApi } from '../../test/api.ts';
import { feedDnsZone } from './zone-feed.ts';

it('keeps the zone as the cluster is', async () => {
  await using api = await createApi();
  const { client } = api;
  await client.create(Namespace, { metadata: { name: 'web' } });
  const service = await client.create(Service, { metadata: { name: 'front', namespace: 'web' }, spec: { clusterIP: 'None', ports: [{ port: 80 }] } });
  const zone = createDnsZone({ pods: 'verified' });
  const informers = {
    services: createInformer({ client, kind: Service }),
    endpointSlices: createInformer({ client, kind: EndpointSlice }),
    namespaces: createInformer({ client, kind: Namespace }),
    pods: createInformer({ client, kind: Pod }),
  };
  const end = feedDnsZone(zone, informers);
  for (const informer of Object.values(informers)) api.run(informer);
  const addresses = (name: string): readonly string[] =>
    zone.answer({ name, type: 'A' })?.answers.flatMap((each) => ('address' in each ? [each.address] : [])) ?? [];
  const eventually = (read: () => unknown) => expect.poll(read, { timeout: 10_000 });

  await eventually(() => zone.answer({ name: 'web.svc.cluster.local', type: 'A' })?.code).toBe('NOERROR');
  expect(zone.answer({ name: 'front.web.svc.cluster.local', type: 'A' })?.code).toBe('NXDOMAIN');
  const slice = await client.create(EndpointSlice, {
    metadata: { name: 'front-1', namespace: 'web', labels: { 'kubernetes.io/service-name': 'front' } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: [{ addresses: ['10.1.0.1'] }],
  });
  await eventually(() => addresses('front.web.svc.cluster.local')).toEqual(['10.1.0.1']);
  await client.update(EndpointSlice, { ...slice, endpoints: [{ addresses: ['10.1.0.2'] }] });
  await eventually(() => addresses('front.web.svc.cluster.local')).toEqual(['10.1.0.2']);

  await client.create(Pod, { metadata: { name: 'p', namespace: 'web' }, spec: { containers: [{ name: 'main', image: 'x' }] } });
  await client.mutateStatus(Pod, 'web/p', (draft) => {
    draft.status = { phase: 'Running', podIP: '10.1.0.3', podIPs: [{ ip: '10.1.0.3' }] };
  });
  await eventually(() => addresses('10-1-0-3.web.pod.cluster.local')).toEqual(['10.1.0.3']);

  await client.delete(Service, service.metadata);
  await eventually(() => zone.answer({ name: 'front.web.svc.cluster.local', type: 'A' })?.code).toBe('NXDOMAIN');
  end();
});
