import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Service, ServiceSpec } from '@kybern/core/kinds';
import { podResolverConfig, resolveName } from './resolve.ts';
import { createDnsZone, type DnsZone, type DnsZoneOptions } from './zone.ts';

const service = (name: string, spec: Partial<ServiceSpec>): Service => ({ apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'shop', name }, spec });
const slice = (endpoints: EndpointSlice['endpoints'], addressType: EndpointSlice['addressType'] = 'IPv4'): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'shop', name: 'db-1', labels: { 'kubernetes.io/service-name': 'db' } },
  addressType,
  ports: [{ name: 'pg', port: 5432, protocol: 'TCP' }],
  endpoints: endpoints ?? [],
});

function zone(options: DnsZoneOptions = {}): DnsZone {
  const made = createDnsZone(options);
  made.setNamespace('shop');
  made.setService(
    service('web', {
      clusterIPs: ['10.96.0.10', 'fd00::10'],
      ports: [
        { name: 'http', port: 80 },
        { port: 81, protocol: 'UDP' },
      ],
    }),
    [],
  );
  made.setService(service('db', { clusterIP: 'None' }), [
    slice([
      { addresses: ['10.0.0.1'], hostname: 'db-0', conditions: { ready: true } },
      { addresses: ['10.0.0.2'], conditions: { ready: true } },
      { addresses: ['10.0.0.3'], hostname: 'db-2', conditions: { ready: false } },
    ]),
  ]);
  made.setService(service('empty', { clusterIP: 'None' }), []);
  made.setService(service('out', { type: 'ExternalName', externalName: 'API.example.com.' }), []);
  made.setService(service('alias', { type: 'ExternalName', externalName: 'web.shop.svc.cluster.local' }), []);
  return made;
}

describe('createDnsZone', () => {
  it.each([
    { name: 'a ClusterIP', ask: ['web.shop.svc.cluster.local', 'A'], answers: ['10.96.0.10'] },
    { name: 'its other family', ask: ['web.shop.svc.cluster.local', 'AAAA'], answers: ['fd00::10'] },
    { name: 'a name in capitals with a last dot', ask: ['WEB.shop.SVC.cluster.local.', 'A'], answers: ['10.96.0.10'] },
    { name: 'NODATA for another type', ask: ['web.shop.svc.cluster.local', 'TXT'], answers: [] },
    { name: 'SRV of a named port', ask: ['_http._tcp.web.shop.svc.cluster.local', 'SRV'], answers: ['web.shop.svc.cluster.local:80'] },
    { name: 'NODATA above SRV names', ask: ['_tcp.web.shop.svc.cluster.local', 'A'], answers: [] },
    { name: 'all ready endpoints of a headless Service', ask: ['db.shop.svc.cluster.local', 'A'], answers: ['10.0.0.1', '10.0.0.2'] },
    { name: 'an endpoint by its hostname', ask: ['db-0.db.shop.svc.cluster.local', 'A'], answers: ['10.0.0.1'] },
    { name: 'an endpoint by its address', ask: ['10-0-0-2.db.shop.svc.cluster.local', 'A'], answers: ['10.0.0.2'] },
    {
      name: 'SRV of a headless Service',
      ask: ['_pg._tcp.db.shop.svc.cluster.local', 'SRV'],
      answers: ['db-0.db.shop.svc.cluster.local:5432', '10-0-0-2.db.shop.svc.cluster.local:5432'],
    },
    { name: 'CNAME of an ExternalName, whatever the type', ask: ['out.shop.svc.cluster.local', 'AAAA'], answers: ['api.example.com'] },
    { name: 'PTR of a ClusterIP', ask: ['10.0.96.10.in-addr.arpa', 'PTR'], answers: ['web.shop.svc.cluster.local'] },
    { name: 'PTR of an endpoint', ask: ['1.0.0.10.in-addr.arpa', 'PTR'], answers: ['db-0.db.shop.svc.cluster.local'] },
    { name: 'the schema version', ask: ['dns-version.cluster.local', 'TXT'], answers: ['1.1.0'] },
    { name: 'NODATA for a namespace', ask: ['shop.svc.cluster.local', 'A'], answers: [] },
    { name: 'a Pod by its address', ask: ['10-0-0-9.shop.pod.cluster.local', 'A'], answers: ['10.0.0.9'] },
    { name: 'a Pod by its IPv6 address', ask: ['fd00--1.shop.pod.cluster.local', 'AAAA'], answers: ['fd00::1'] },
  ])('answers $name', ({ ask, answers }) => {
    const [name = '', type = ''] = ask;
    const found = zone().answer({ name, type });
    expect(found?.code).toBe('NOERROR');
    expect(
      found?.answers.map((record) =>
        'address' in record ? record.address : 'text' in record ? record.text : 'port' in record ? `${record.target}:${String(record.port)}` : record.target,
      ),
    ).toEqual(answers);
  });

  it('adds the addresses of SRV targets', () => {
    expect(zone().answer({ name: '_http._tcp.web.shop.svc.cluster.local', type: 'SRV' })?.additionals).toMatchObject([
      { address: '10.96.0.10' },
      { address: 'fd00::10' },
    ]);
  });

  it.each([
    'none.shop.svc.cluster.local',
    'empty.shop.svc.cluster.local',
    'db-2.db.shop.svc.cluster.local',
    '_81._udp.web.shop.svc.cluster.local',
    'x.other.svc.cluster.local',
    '10-0-0-9.other.pod.cluster.local',
    'cluster.cluster.local',
  ])('does not know %s', (name) => {
    expect(zone().answer({ name, type: 'A' })).toMatchObject({ code: 'NXDOMAIN', answers: [] });
  });

  it.each(['example.com', 'xcluster.local', '9.9.9.9.in-addr.arpa', '10.in-addr.arpa'])('leaves %s to others', (name) => {
    expect(zone().answer({ name, type: 'PTR' })).toBeUndefined();
  });

  it('verifies Pods, or knows none, if told so', () => {
    const verified = zone({ pods: 'verified' });
    expect(verified.answer({ name: '10-0-0-9.shop.pod.cluster.local', type: 'A' })?.code).toBe('NXDOMAIN');
    verified.setPodIps('shop', new Set(['10.0.0.9']));
    expect(verified.answer({ name: '10-0-0-9.shop.pod.cluster.local', type: 'A' })?.answers).toHaveLength(1);
    expect(zone({ pods: 'disabled' }).answer({ name: '10-0-0-9.shop.pod.cluster.local', type: 'A' })?.code).toBe('NXDOMAIN');
  });

  it('forgets a Service and a namespace wholly', () => {
    const made = zone();
    made.removeService('shop/web');
    expect(made.answer({ name: 'web.shop.svc.cluster.local', type: 'A' })?.code).toBe('NXDOMAIN');
    expect(made.answer({ name: '_tcp.web.shop.svc.cluster.local', type: 'A' })?.code).toBe('NXDOMAIN');
    expect(made.answer({ name: '10.0.96.10.in-addr.arpa', type: 'PTR' })).toBeUndefined();
    for (const key of ['shop/db', 'shop/out', 'shop/alias']) made.removeService(key);
    made.removeNamespace('shop');
    expect(made.answer({ name: 'shop.svc.cluster.local', type: 'A' })?.code).toBe('NXDOMAIN');
  });
});

describe('resolveName', () => {
  const config = podResolverConfig(
    { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'shop', name: 'p' }, spec: { containers: [] } },
    { clusterDns: ['10.96.0.10'] },
  );

  it.each([
    { name: 'web', found: 'web.shop.svc.cluster.local' },
    { name: 'web.shop', found: 'web.shop.svc.cluster.local' },
    { name: 'web.shop.svc', found: 'web.shop.svc.cluster.local' },
    { name: 'web.shop.svc.cluster.local.', found: 'web.shop.svc.cluster.local' },
    { name: 'alias', found: 'alias.shop.svc.cluster.local' },
  ])('finds $name over the search domains', ({ name, found }) => {
    const resolution = resolveName(zone(), name, config);
    expect(resolution).toMatchObject({ name: found, addresses: ['10.96.0.10', 'fd00::10'] });
  });

  it('tells what was tried when nothing answers', () => {
    expect(resolveName(zone(), 'web.other', config).tried).toEqual([
      { name: 'web.other.shop.svc.cluster.local', result: 'NXDOMAIN' },
      { name: 'web.other.svc.cluster.local', result: 'NXDOMAIN' },
      { name: 'web.other.cluster.local', result: 'NXDOMAIN' },
      { name: 'web.other', result: 'elsewhere' },
    ]);
  });
});

describe('podResolverConfig', () => {
  const facts = { clusterDns: ['10.96.0.10'], host: { nameservers: ['192.0.2.53'], searches: ['corp.example'], options: [] } };
  const searches = ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp.example'];
  it.each([
    { name: 'ClusterFirst', spec: {}, nameservers: ['10.96.0.10'], searches },
    { name: 'ClusterFirst on the host network', spec: { hostNetwork: true }, nameservers: ['192.0.2.53'], searches: ['corp.example'] },
    { name: 'ClusterFirstWithHostNet', spec: { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' as const }, nameservers: ['10.96.0.10'], searches },
    { name: 'Default', spec: { dnsPolicy: 'Default' as const }, nameservers: ['192.0.2.53'], searches: ['corp.example'] },
    {
      name: 'None',
      spec: { dnsPolicy: 'None' as const, dnsConfig: { nameservers: ['1.2.3.4'], searches: ['a.b'] } },
      nameservers: ['1.2.3.4'],
      searches: ['a.b'],
    },
  ])('follows the policy $name', ({ spec, nameservers, searches: expected }) => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'shop', name: 'p' }, spec: { containers: [], ...spec } } as const;
    expect(podResolverConfig(pod, facts)).toMatchObject({ nameservers, searches: expected });
  });

  it('lets the Pod change options and add servers, up to three', () => {
    const dnsConfig = { nameservers: ['1.1.1.1', '2.2.2.2', '3.3.3.3'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'shop', name: 'p' }, spec: { containers: [], dnsConfig } } as const;
    expect(podResolverConfig(pod, facts)).toMatchObject({
      nameservers: ['10.96.0.10', '1.1.1.1', '2.2.2.2'],
      options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
    });
  });
});
