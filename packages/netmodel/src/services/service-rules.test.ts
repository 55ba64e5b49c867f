import { describe, expect, it } from 'vitest';
import type { Endpoint, EndpointSlice, Service, ServiceSpec } from '@kybern/core/kinds';
import { serviceRules, type Frontend } from './service-rules.ts';

const service = (spec: Partial<ServiceSpec>, status: Service['status'] = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'web' },
  spec: { clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10'], ports: [{ name: 'http', port: 80 }], ...spec },
  status,
});

const slice = (endpoints: readonly Endpoint[], addressType: EndpointSlice['addressType'] = 'IPv4'): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'shop', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType,
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints,
});

const at = (ip: string, nodeName: string, rest: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [ip],
  nodeName,
  conditions: { ready: true, serving: true, terminating: false },
  ...rest,
});
const TERMINATING = { conditions: { ready: false, serving: true, terminating: true } };
const GONE = { conditions: { ready: false, serving: false, terminating: true } };
const here = { nodeName: 'n1', zone: 'z1' };

function frontend(
  spec: Partial<ServiceSpec>,
  endpoints: readonly Endpoint[],
  kind: Frontend['kind'] = 'ClusterIP',
  status: Service['status'] = {},
): Frontend | undefined {
  return serviceRules(service(spec, status), [slice(endpoints)], here)[0]?.frontends.find((each) => each.kind === kind);
}
const ips = (found: Frontend | undefined, way: 'external' | 'internal' = 'internal'): readonly string[] | undefined =>
  found?.[way].backends.map(({ ip, port }) => `${ip}:${String(port)}`);

describe('serviceRules', () => {
  it('leads a port to the ready endpoints, in order', () => {
    expect(ips(frontend({}, [at('10.0.0.2', 'n2'), at('10.0.0.1', 'n1'), at('10.0.0.3', 'n1', GONE)]))).toEqual(['10.0.0.1:8080', '10.0.0.2:8080']);
  });

  it('falls back to endpoints that terminate but serve, only when none is ready', () => {
    expect(ips(frontend({}, [at('10.0.0.1', 'n1', TERMINATING), at('10.0.0.2', 'n1', GONE)]))).toEqual(['10.0.0.1:8080']);
    expect(ips(frontend({}, [at('10.0.0.1', 'n1', TERMINATING), at('10.0.0.2', 'n2')]))).toEqual(['10.0.0.2:8080']);
  });

  it('refuses connections when nothing answers', () => {
    expect(frontend({}, [])?.internal).toEqual({ backends: [], keepsSource: false, none: 'reject' });
  });

  it('keeps internal traffic on the node under internalTrafficPolicy Local, and drops it when only others could answer', () => {
    expect(ips(frontend({ internalTrafficPolicy: 'Local' }, [at('10.0.0.1', 'n1'), at('10.0.0.2', 'n2')]))).toEqual(['10.0.0.1:8080']);
    expect(frontend({ internalTrafficPolicy: 'Local' }, [at('10.0.0.2', 'n2')])?.internal.none).toBe('drop');
  });

  it('keeps outside traffic on the node under externalTrafficPolicy Local, while the inside reaches all', () => {
    const found = frontend(
      { type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ name: 'http', port: 80, nodePort: 30080 }] },
      [at('10.0.0.1', 'n1'), at('10.0.0.2', 'n2')],
      'NodePort',
    );
    expect(found).toMatchObject({ kind: 'NodePort', port: 30080, external: { keepsSource: true } });
    expect(ips(found, 'external')).toEqual(['10.0.0.1:8080']);
    expect(ips(found, 'internal')).toEqual(['10.0.0.1:8080', '10.0.0.2:8080']);
  });

  it('prefers endpoints hinted for the node, then for the zone, if all have hints', () => {
    const hint = (zone: string, node: string): Partial<Endpoint> => ({ hints: { forZones: [{ name: zone }], forNodes: [{ name: node }] } });
    expect(ips(frontend({}, [at('10.0.0.1', 'n1', hint('z1', 'n1')), at('10.0.0.2', 'n2', hint('z1', 'n2'))]))).toEqual(['10.0.0.1:8080']);
    expect(ips(frontend({}, [at('10.0.0.3', 'n3', hint('z1', 'n3')), at('10.0.0.2', 'n2', hint('z2', 'n2'))]))).toEqual(['10.0.0.3:8080']);
    expect(ips(frontend({}, [at('10.0.0.1', 'n1', hint('z1', 'n1')), at('10.0.0.2', 'n2')]))).toEqual(['10.0.0.1:8080', '10.0.0.2:8080']);
    expect(ips(frontend({}, [at('10.0.0.2', 'n2', hint('z2', 'n2'))]))).toEqual(['10.0.0.2:8080']);
  });

  it('has a rule for each family of a dual-stack Service', () => {
    const both = service({ clusterIPs: ['10.96.0.10', 'fd00::10'] });
    const rules = serviceRules(both, [slice([at('10.0.0.1', 'n1')]), slice([at('fd01::1', 'n1')], 'IPv6')], here);
    expect(rules.map(({ family, frontends }) => [family, frontends[0]?.ip, ips(frontends[0])])).toEqual([
      ['IPv4', '10.96.0.10', ['10.0.0.1:8080']],
      ['IPv6', 'fd00::10', ['fd01::1:8080']],
    ]);
  });

  it('takes load balancer addresses in packet mode, with their source ranges, and external addresses', () => {
    const status = { loadBalancer: { ingress: [{ ip: '198.51.100.1' }, { ip: '198.51.100.2', ipMode: 'Proxy' }] } };
    const rule = serviceRules(
      service({ type: 'LoadBalancer', loadBalancerSourceRanges: ['203.0.113.0/24', '2001:db8::/32'], externalIPs: ['192.0.2.1'] }, status),
      [slice([at('10.0.0.1', 'n1')])],
      here,
    )[0];
    expect(rule?.frontends.map(({ kind, ip, sourceRanges }) => [kind, ip, sourceRanges])).toEqual([
      ['ClusterIP', '10.96.0.10', undefined],
      ['ExternalIP', '192.0.2.1', undefined],
      ['LoadBalancer', '198.51.100.1', ['203.0.113.0/24']],
    ]);
  });

  it('keeps clients with their endpoint for the seconds of the Service, three hours by default', () => {
    const seconds = (spec: Partial<ServiceSpec>): number | undefined => serviceRules(service(spec), [], here)[0]?.affinitySeconds;
    expect(seconds({})).toBeUndefined();
    expect(seconds({ sessionAffinity: 'ClientIP' })).toBe(10_800);
    expect(seconds({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } })).toBe(60);
  });

  it.each([
    { name: 'headless', spec: { clusterIP: 'None', clusterIPs: ['None'] } },
    { name: 'ExternalName', spec: { type: 'ExternalName' as const, externalName: 'example.com' } },
    { name: 'without an address yet', spec: { clusterIP: '', clusterIPs: [] } },
  ])('has no rules for a Service that is $name', ({ spec }) => {
    expect(serviceRules(service(spec), [slice([at('10.0.0.1', 'n1')])], here)).toEqual([]);
  });
});
