import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ingress, IngressClass, IngressSpec } from '@kybern/core/kinds';
import { compileIngresses } from './ingress-routes.ts';
import { createRoutingTable } from './routing-table.ts';

const backend = (name: string) => ({ service: { name, port: { number: 80 } } });
const path = (value: string, pathType: 'Exact' | 'ImplementationSpecific' | 'Prefix', name: string) => ({ path: value, pathType, backend: backend(name) });
const ingress = (name: string, spec: IngressSpec, creationTimestamp = '2026-01-01T00:00:00Z'): Ingress => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { namespace: 'shop', name, creationTimestamp },
  spec,
});

const PATHS = ingress('paths', {
  rules: [
    {
      host: 'shop.example.com',
      http: {
        paths: [
          path('/', 'Prefix', 'root'),
          path('/aaa', 'Prefix', 'aaa'),
          path('/aaa/bbb', 'Prefix', 'bbb'),
          path('/aaa/bbb', 'Exact', 'exact'),
          path('/ccc/', 'Prefix', 'ccc'),
          path('/exact/', 'Exact', 'slash'),
          path('/impl', 'ImplementationSpecific', 'impl'),
        ],
      },
    },
    { host: '*.wild.com', http: { paths: [path('/', 'Prefix', 'wild')] } },
    { host: 'foo.wild.com', http: { paths: [path('/foo', 'Prefix', 'foo')] } },
    { http: { paths: [path('/any', 'Prefix', 'any')] } },
  ],
});
const DEFAULT = ingress('default', { defaultBackend: backend('fallback') });

describe('createRoutingTable of Ingresses', () => {
  it.each([
    { host: 'shop.example.com', path: '/', to: 'root' },
    { host: 'SHOP.example.com:8080', path: '/xyz', to: 'root' },
    { host: 'shop.example.com', path: '/aaa', to: 'aaa' },
    { host: 'shop.example.com', path: '/aaa/', to: 'aaa' },
    { host: 'shop.example.com', path: '/aaab', to: 'root' },
    { host: 'shop.example.com', path: '/AAA', to: 'root' },
    { host: 'shop.example.com', path: '/aaa/ccc', to: 'aaa' },
    { host: 'shop.example.com', path: '/aaa/bbb', to: 'exact' },
    { host: 'shop.example.com', path: '/aaa/bbb/', to: 'bbb' },
    { host: 'shop.example.com', path: '/aaa/bbbxyz', to: 'aaa' },
    { host: 'shop.example.com', path: '/ccc', to: 'ccc' },
    { host: 'shop.example.com', path: '/exact', to: 'root' },
    { host: 'shop.example.com', path: '/exact/', to: 'slash' },
    { host: 'shop.example.com', path: '/impl/x', to: 'impl' },
    { host: 'bar.wild.com', path: '/x', to: 'wild' },
    { host: 'a.bar.wild.com', path: '/x', to: undefined },
    { host: 'wild.com', path: '/x', to: undefined },
    { host: 'foo.wild.com', path: '/foo/1', to: 'foo' },
    { host: 'foo.wild.com', path: '/bar', to: 404 },
    { host: 'other.example.com', path: '/any/1', to: 'any' },
    { host: 'other.example.com', path: '/else', to: undefined },
  ])('leads $host$path to $to', ({ host, path: asked, to }) => {
    const route = createRoutingTable(compileIngresses([PATHS])).match({ host, path: asked });
    expect(route?.status ?? route?.backends[0]?.service).toBe(to);
  });

  it('leads what nothing matches to a default backend, also on hosts with rules of the same Ingress', () => {
    const own = ingress('own', { defaultBackend: backend('own'), rules: [{ host: 'own.example.com', http: { paths: [path('/a', 'Exact', 'a')] } }] });
    const table = createRoutingTable(compileIngresses([PATHS, DEFAULT, own]));
    const to = (host: string, asked: string) => table.match({ host, path: asked })?.backends[0]?.service;
    expect(to('nobody.example.com', '/')).toBe('fallback');
    expect(to('own.example.com', '/b')).toBe('own');
    expect(to('own.example.com', '/a')).toBe('a');
  });

  it('lets the older Ingress win between equal rules', () => {
    const rules = (name: string) => ({ rules: [{ host: 'h', http: { paths: [path('/', 'Prefix', name)] } }] });
    const table = createRoutingTable(
      compileIngresses([ingress('new', rules('new'), '2026-02-01T00:00:00Z'), ingress('old', rules('old'), '2026-01-01T00:00:00Z')]),
    );
    expect(table.match({ host: 'h', path: '/' })?.backends[0]?.service).toBe('old');
  });

  it('serves the classes of its controller, and Ingresses without a class when one of them is the default', () => {
    const klass = (name: string, controller: string, isDefault = false): IngressClass => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name, ...(isDefault ? { annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } } : {}) },
      spec: { controller },
    });
    const all = ['ours', 'theirs', undefined].map((name) =>
      ingress(name ?? 'none', { ...(name === undefined ? {} : { ingressClassName: name }), defaultBackend: backend(name ?? 'none') }),
    );
    const served = (isDefault: boolean): readonly string[] =>
      compileIngresses(all, [klass('ours', 'kybern.dev/ingress', isDefault), klass('theirs', 'example.com/other')], {
        controller: 'kybern.dev/ingress',
      }).routes.map(({ source }) => source.name);
    expect(served(false)).toEqual(['ours']);
    expect(served(true)).toEqual(['ours', 'none']);
  });

  it('answers 500 for a backend that is no Service, and says so', () => {
    const compiled = compileIngresses([ingress('odd', { defaultBackend: { resource: { kind: 'Bucket', name: 'b' } } })]);
    expect(compiled.problems).toMatchObject([{ source: { name: 'odd', path: 'defaultBackend' } }]);
    expect(createRoutingTable(compiled).match({ host: 'x', path: '/' })).toMatchObject({ status: 500 });
  });

  it('finds the certificate of a server name: exact, one wildcard label, then the one for all', () => {
    const tls = ingress('tls', { tls: [{ secretName: 'any' }, { hosts: ['*.a.com'], secretName: 'wild' }, { hosts: ['x.a.com'], secretName: 'exact' }] });
    const table = createRoutingTable(compileIngresses([tls]));
    const secret = (name?: string) => table.certificate(name)?.secret.name;
    expect([secret('x.a.com'), secret('Y.a.com'), secret('z.y.a.com'), secret()]).toEqual(['exact', 'wild', 'any', 'any']);
  });

  it('does not depend on the order in which Ingresses are given', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const anyPath = fc.record({ value: fc.constantFrom('/', '/a', '/a/b'), type: fc.constantFrom<'Exact' | 'Prefix'>('Exact', 'Prefix'), to: name });
    const rule = fc.record({ host: fc.constantFrom('x.h', '*.h', ''), paths: fc.array(anyPath, { minLength: 1, maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(fc.record({ name, rules: fc.array(rule, { maxLength: 3 }) }), { minLength: 1, maxLength: 4 }), (specs) => {
        const ingresses = specs.map((spec, index) =>
          ingress(`${spec.name}-${String(index)}`, {
            rules: spec.rules.map(({ host, paths }) => ({
              ...(host === '' ? {} : { host }),
              http: { paths: paths.map((each) => path(each.value, each.type, each.to)) },
            })),
          }),
        );
        const [forth, back] = [createRoutingTable(compileIngresses(ingresses)), createRoutingTable(compileIngresses([...ingresses].reverse()))];
        for (const host of ['x.h', 'y.h', 'z'])
          for (const asked of ['/', '/a', '/a/b', '/a/bc']) expect(back.match({ host, path: asked })).toEqual(forth.match({ host, path: asked }));
      }),
    );
  });
});
