import type { EndpointSlice, Service } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { createEndpointBook } from './endpoint-book.ts';

const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
};
const slice = (...endpoints: NonNullable<EndpointSlice['endpoints']>): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'web-1' },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints,
});
const ready = (ip: string): { addresses: string[] } => ({ addresses: [ip] });
const ending = (ip: string): { addresses: string[]; conditions: object } => ({
  addresses: [ip],
  conditions: { ready: false, serving: true, terminating: true },
});
const backend = (port: number | string): { namespace: string; service: string; port: number | string; weight: number } => ({
  namespace: 'default',
  service: 'web',
  port,
  weight: 1,
});

describe('an endpoint book', () => {
  it('goes round, by number and by name of the port', () => {
    const book = createEndpointBook();
    book.set('default/web', service, [slice(ready('10.0.0.1'), ready('10.0.0.2'))]);
    const first = [80, 'http', 80].map((port) => book.pick(backend(port))[0]?.ip);
    expect(first).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.1']);
    expect(book.pick(backend(80))).toEqual([
      { ip: '10.0.0.2', port: 8080 },
      { ip: '10.0.0.1', port: 8080 },
    ]);
  });

  it('knows nobody for another port or Service', () => {
    const book = createEndpointBook();
    book.set('default/web', service, [slice(ready('10.0.0.1'))]);
    expect([book.pick(backend(81)), book.pick(backend('https')), book.pick({ ...backend(80), service: 'db' })]).toEqual([[], [], []]);
    book.remove('default/web');
    expect(book.pick(backend(80))).toEqual([]);
  });

  it('leaves out those that end, unless nobody else answers', () => {
    const book = createEndpointBook();
    book.set('default/web', service, [slice(ready('10.0.0.1'), ending('10.0.0.2'))]);
    expect(book.pick(backend(80)).map(({ ip }) => ip)).toEqual(['10.0.0.1']);
    book.set('default/web', service, [slice(ending('10.0.0.2'))]);
    expect(book.pick(backend(80)).map(({ ip }) => ip)).toEqual(['10.0.0.2']);
  });

  it('tells once of each that gets no more requests', () => {
    const gone: string[] = [];
    const book = createEndpointBook(({ ip }) => gone.push(ip));
    book.set('default/web', service, [slice(ready('10.0.0.1'), ready('10.0.0.2'))]);
    book.set('default/web', service, [slice(ready('10.0.0.2'))]);
    expect(gone).toEqual(['10.0.0.1']);
    book.remove('default/web');
    expect(gone).toEqual(['10.0.0.1', '10.0.0.2']);
  });
});
