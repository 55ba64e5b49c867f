import type { Service } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { pod } from '../../test/fixtures.ts';
import { computeServiceVariables } from './service-environment.ts';

const service = (namespace: string, name: string, clusterIP: string, ports: readonly object[] = [{ port: 80 }]): Service =>
  ({ metadata: { namespace, name }, spec: { clusterIP, ports } }) as unknown as Service;
const api = service('default', 'kubernetes', '10.96.0.1', [{ name: 'https', port: 443, protocol: 'TCP' }]);
const inShop = (over: object = {}) => pod({ ...over }, { metadata: { name: 'web', namespace: 'shop', uid: 'u' } });
const hostsOf = (variables: ReadonlyMap<string, string>): readonly string[] =>
  [...variables].filter(([name]) => name.endsWith('_SERVICE_HOST')).map(([name, value]) => `${name}=${value}`);

it('a Service is told of as Kubernetes and as Docker did', () => {
  const cache = service('shop', 'redis-cache', '10.0.0.11', [
    { name: 'main', port: 6379, protocol: 'TCP' },
    { name: 'gossip-2', port: 7000, protocol: 'UDP' },
  ]);
  expect(Object.fromEntries(computeServiceVariables(inShop(), [cache]))).toEqual({
    REDIS_CACHE_SERVICE_HOST: '10.0.0.11',
    REDIS_CACHE_SERVICE_PORT: '6379',
    REDIS_CACHE_SERVICE_PORT_MAIN: '6379',
    REDIS_CACHE_SERVICE_PORT_GOSSIP_2: '7000',
    REDIS_CACHE_PORT: 'tcp://10.0.0.11:6379',
    REDIS_CACHE_PORT_6379_TCP: 'tcp://10.0.0.11:6379',
    REDIS_CACHE_PORT_6379_TCP_PROTO: 'tcp',
    REDIS_CACHE_PORT_6379_TCP_PORT: '6379',
    REDIS_CACHE_PORT_6379_TCP_ADDR: '10.0.0.11',
    REDIS_CACHE_PORT_7000_UDP: 'udp://10.0.0.11:7000',
    REDIS_CACHE_PORT_7000_UDP_PROTO: 'udp',
    REDIS_CACHE_PORT_7000_UDP_PORT: '7000',
    REDIS_CACHE_PORT_7000_UDP_ADDR: '10.0.0.11',
  });
});

it.each([
  {
    name: 'those of the namespace and the API server',
    of: inShop(),
    services: [service('shop', 'a', '10.0.0.1'), service('other', 'b', '10.0.0.2'), api],
    hosts: ['A_SERVICE_HOST=10.0.0.1', 'KUBERNETES_SERVICE_HOST=10.96.0.1'],
  },
  {
    name: 'the API server alone where links are off',
    of: inShop({ enableServiceLinks: false }),
    services: [service('shop', 'a', '10.0.0.1'), api],
    hosts: ['KUBERNETES_SERVICE_HOST=10.96.0.1'],
  },
  {
    name: 'one of that name nearby, whichever comes first',
    of: inShop(),
    services: [api, service('shop', 'kubernetes', '10.0.0.9')],
    hosts: ['KUBERNETES_SERVICE_HOST=10.0.0.9'],
  },
  {
    name: 'one of that name nearby, when it comes first',
    of: inShop(),
    services: [service('shop', 'kubernetes', '10.0.0.9'), api],
    hosts: ['KUBERNETES_SERVICE_HOST=10.0.0.9'],
  },
  { name: 'none without an address', of: inShop(), services: [service('shop', 'headless', 'None'), service('shop', 'external', '')], hosts: [] },
])('$name', ({ of, services, hosts }) => {
  expect(hostsOf(computeServiceVariables(of, services))).toEqual(hosts);
});

it('addresses of IPv6 are in brackets where a port follows', () => {
  const variables = computeServiceVariables(inShop(), [service('shop', 'six', 'fd00::1')]);
  expect(variables.get('SIX_PORT')).toBe('tcp://[fd00::1]:80');
  expect(variables.get('SIX_PORT_80_TCP_ADDR')).toBe('fd00::1');
});
