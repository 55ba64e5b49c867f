import { describe, expect, it } from 'vitest';
import { customResourceDefinition } from '@kybern/core';
import type { Namespace, Secret, Service } from '@kybern/core/kinds';
import { createRoutingTable, type RoutedRequest } from '../ingress/routing-table.ts';
import { compileGateways, type CompiledGateways, type GatewayObjects } from './compile.ts';
import { Gateway, GatewayClass, HTTPRoute, ReferenceGrant, type GatewayListener, type HttpRouteRule, type ParentRef } from './kinds.ts';

const OURS = 'kybern.dev/gateway';
const meta = (name: string, namespace = 'infra') => ({ name, namespace, creationTimestamp: '2026-01-01T00:00:00Z' });
const http = (name: string, rest: Partial<GatewayListener> = {}): GatewayListener => ({
  name,
  port: 80,
  protocol: 'HTTP',
  allowedRoutes: { namespaces: { from: 'All' } },
  ...rest,
});
const gatewayClass = (controllerName = OURS): GatewayClass => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: 'ours' },
  spec: { controllerName },
});
const gateway = (listeners: readonly GatewayListener[], name = 'gw'): Gateway => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: meta(name),
  spec: { gatewayClassName: 'ours', listeners },
});
interface RouteParts {
  readonly name?: string;
  readonly namespace?: string;
  readonly hostnames?: readonly string[];
  readonly parent?: Partial<ParentRef>;
}
const route = (rules: readonly HttpRouteRule[], { hostnames, name = 'r', namespace = 'infra', parent = {} }: RouteParts = {}): HTTPRoute => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: meta(name, namespace),
  spec: { parentRefs: [{ name: 'gw', namespace: 'infra', ...parent }], ...(hostnames === undefined ? {} : { hostnames }), rules },
});
const grant = (kind: string, from: string, to: string, name?: string): ReferenceGrant => ({
  apiVersion: 'gateway.networking.k8s.io/v1beta1',
  kind: 'ReferenceGrant',
  metadata: meta('grant', 'back'),
  spec: { from: [{ group: 'gateway.networking.k8s.io', kind, namespace: from }], to: [{ group: '', kind: to, ...(name === undefined ? {} : { name }) }] },
});
const service = (name: string, namespace = 'infra'): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { ports: [{ port: 8080 }] },
});
const secret = (name: string, namespace = 'infra', pem = '-----BEGIN CERTIFICATE-----'): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  type: 'kubernetes.io/tls',
  data: { 'tls.crt': btoa(pem), 'tls.key': btoa(pem) },
});
const namespace = (name: string, labels: Record<string, string> = {}): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
  spec: {},
});
const to = (name: string, rest: object = {}) => ({ name, port: 8080, ...rest });

function compile(objects: Partial<GatewayObjects>): CompiledGateways {
  const services = ['v1', 'v2', 'v3'].flatMap((name) => [service(name), service(name, 'back')]);
  return compileGateways(
    {
      classes: [gatewayClass()],
      gateways: [gateway([http('http')])],
      routes: [],
      grants: [],
      services,
      secrets: [],
      namespaces: [namespace('infra'), namespace('back', { team: 'b' })],
      ...objects,
    },
    OURS,
  );
}

function answer(compiled: CompiledGateways, request: Partial<RoutedRequest>): number | string | undefined {
  const found = createRoutingTable(compiled).match({ host: 'any', path: '/', method: 'GET', listenerPort: 80, ...request });
  return found?.status ?? (found?.backends[0]?.broken === undefined ? found?.backends[0]?.service : 500);
}

const conditionsOf = (compiled: CompiledGateways): readonly string[] | undefined =>
  compiled.httpRoutes[0]?.parents[0]?.conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`);
const listenerOf = (compiled: CompiledGateways, index = 0): readonly string[] | undefined =>
  compiled.gateways[0]?.listeners[index]?.conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`);

describe('HTTPRoutes', () => {
  const matching = compile({
    routes: [
      route([
        { matches: [{ path: { type: 'Exact', value: '/one' } }, { headers: [{ name: 'Version', value: 'one' }] }], backendRefs: [to('v1')] },
        { matches: [{ path: { type: 'PathPrefix', value: '/v2' } }, { headers: [{ name: 'version', value: 'two' }] }], backendRefs: [to('v2')] },
        {
          matches: [
            { path: { type: 'PathPrefix', value: '/v2/deep/' } },
            { path: { value: '/v2' }, method: 'POST' },
            { path: { value: '/v2' }, queryParams: [{ name: 'q', value: '3' }] },
          ],
          backendRefs: [to('v3')],
        },
      ]),
    ],
  });

  it.each([
    { name: 'an exact path', request: { path: '/one' }, is: 'v1' },
    { name: 'no longer path under an exact one', request: { path: '/one/two' }, is: undefined },
    { name: 'a prefix', request: { path: '/v2/x' }, is: 'v2' },
    { name: 'a prefix by elements only', request: { path: '/v2x' }, is: undefined },
    { name: 'the longer prefix', request: { path: '/v2/deep' }, is: 'v3' },
    { name: 'a header', request: { path: '/x', headers: { version: 'one' } }, is: 'v1' },
    { name: 'a prefix before a header', request: { path: '/v2', headers: { version: 'one' } }, is: 'v2' },
    { name: 'a method before none', request: { path: '/v2/x', method: 'POST' }, is: 'v3' },
    { name: 'a query parameter', request: { path: '/v2', query: new URLSearchParams('q=3') }, is: 'v3' },
    { name: 'nothing on another listener port', request: { path: '/one', listenerPort: 81 }, is: undefined },
  ])('match $name', ({ request, is }) => {
    expect(answer(matching, request)).toBe(is);
  });

  it('meet the listeners in the hostnames that both have', () => {
    const compiled = compile({
      gateways: [
        gateway([
          http('exact', { hostname: 'very.specific.com' }),
          http('wild', { hostname: '*.wildcard.io' }),
          http('more', { hostname: '*.anotherwildcard.io' }),
        ]),
      ],
      routes: [
        route([{ backendRefs: [to('v1')] }], { name: 'a', hostnames: ['non.matching.com', '*.nonmatchingwildcard.io', 'very.specific.com'] }),
        route([{ backendRefs: [to('v2')] }], { name: 'b', hostnames: ['foo.wildcard.io', '*.wildcard.io'] }),
        route([{ backendRefs: [to('v3')] }], { name: 'c', hostnames: ['four.wildcard.io', '*.x.anotherwildcard.io'] }),
      ],
    });
    const at = (host: string) => answer(compiled, { host });
    expect([
      at('very.specific.com'),
      at('non.matching.com'),
      at('foo.wildcard.io'),
      at('a.b.wildcard.io'),
      at('four.wildcard.io'),
      at('y.x.anotherwildcard.io'),
      at('anotherwildcard.io'),
      at('wildcard.io'),
    ]).toEqual(['v1', undefined, 'v2', 'v2', 'v3', 'v3', undefined, undefined]);
    expect(compiled.gateways[0]?.listeners.map(({ attachedRoutes }) => attachedRoutes)).toEqual([1, 2, 1]);
  });

  it.each([
    { name: 'accepted', parts: {}, is: 'Accepted=True Accepted' },
    { name: 'of a listener that is not there', parts: { parent: { sectionName: 'none' } }, is: 'Accepted=False NoMatchingParent' },
    { name: 'of a port that is not there', parts: { parent: { port: 81 } }, is: 'Accepted=False NoMatchingParent' },
    { name: 'of a namespace that is not let in', parts: { namespace: 'back' }, listener: { allowedRoutes: {} }, is: 'Accepted=False NotAllowedByListeners' },
    {
      name: 'of a namespace that a selector lets in',
      parts: { namespace: 'back' },
      listener: { allowedRoutes: { namespaces: { from: 'Selector', selector: { matchLabels: { team: 'b' } } } } },
      is: 'Accepted=True Accepted',
    },
    { name: 'without a common hostname', parts: { hostnames: ['a.com'] }, listener: { hostname: 'b.com' }, is: 'Accepted=False NoMatchingListenerHostname' },
    {
      name: 'with a regular expression',
      parts: {},
      rule: { matches: [{ path: { type: 'RegularExpression', value: '/.*' } }] },
      is: 'Accepted=False UnsupportedValue',
    },
  ])('are told when they are $name', ({ is, listener = {}, parts, rule = {} }) => {
    const compiled = compile({ gateways: [gateway([http('http', listener)])], routes: [route([{ backendRefs: [to('v1')], ...rule }], parts)] });
    expect(conditionsOf(compiled)?.[0]).toBe(is);
  });

  it.each([
    { name: 'a Service', backend: to('v1'), is: 'v1', reason: 'ResolvedRefs=True ResolvedRefs' },
    { name: 'a Service that is not there', backend: to('none'), is: 500, reason: 'ResolvedRefs=False BackendNotFound' },
    { name: 'a port that it has not', backend: { name: 'v1', port: 1 }, is: 500, reason: 'ResolvedRefs=False BackendNotFound' },
    { name: 'another kind', backend: to('v1', { kind: 'Pod' }), is: 500, reason: 'ResolvedRefs=False InvalidKind' },
    { name: 'another namespace without a grant', backend: to('v1', { namespace: 'back' }), is: 500, reason: 'ResolvedRefs=False RefNotPermitted' },
    {
      name: 'another namespace with a grant',
      backend: to('v2', { namespace: 'back' }),
      grants: [grant('HTTPRoute', 'infra', 'Service', 'v2')],
      is: 'v2',
      reason: 'ResolvedRefs=True ResolvedRefs',
    },
    {
      name: 'another Service than the grant names',
      backend: to('v1', { namespace: 'back' }),
      grants: [grant('HTTPRoute', 'infra', 'Service', 'v2')],
      is: 500,
      reason: 'ResolvedRefs=False RefNotPermitted',
    },
    {
      name: 'a grant for another kind',
      backend: to('v1', { namespace: 'back' }),
      grants: [grant('Gateway', 'infra', 'Service')],
      is: 500,
      reason: 'ResolvedRefs=False RefNotPermitted',
    },
  ])('refer to $name', ({ backend, grants = [], is, reason }) => {
    const compiled = compile({ routes: [route([{ backendRefs: [backend] }])], grants });
    expect(answer(compiled, {})).toBe(is);
    expect(conditionsOf(compiled)?.[1]).toBe(reason);
  });

  it('answer 500 without backends, or with backends of no weight, and redirect without any', () => {
    expect(answer(compile({ routes: [route([{}])] }), {})).toBe(500);
    expect(answer(compile({ routes: [route([{ backendRefs: [to('v1', { weight: 0 })] }])] }), {})).toBe(500);
    const redirect = compile({ routes: [route([{ filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'example.org', statusCode: 301 } }] }])] });
    expect(createRoutingTable(redirect).match({ host: 'x', path: '/' })).toMatchObject({
      backends: [],
      filters: [{ type: 'Redirect', host: 'example.org', status: 301 }],
    });
    expect(createRoutingTable(redirect).match({ host: 'x', path: '/' })?.status).toBeUndefined();
  });
});

describe('Gateways', () => {
  it('of other controllers are not looked at', () => {
    const compiled = compile({ classes: [gatewayClass('example.com/other')], routes: [route([{ backendRefs: [to('v1')] }])] });
    expect(compiled).toEqual({ routes: [], problems: [], certificates: [], classes: [], gateways: [], httpRoutes: [] });
  });

  const tls = (rest: object): GatewayListener => http('https', { port: 443, protocol: 'HTTPS', ...rest });
  it.each([
    { name: 'HTTP', listener: http('a'), has: 'Programmed=True Programmed' },
    { name: 'another protocol', listener: http('a', { protocol: 'TCP' }), has: 'Accepted=False UnsupportedProtocol' },
    { name: 'another kind of routes', listener: http('a', { allowedRoutes: { kinds: [{ kind: 'TCPRoute' }] } }), has: 'ResolvedRefs=False InvalidRouteKinds' },
    { name: 'a certificate', listener: tls({ tls: { certificateRefs: [{ name: 'good' }] } }), has: 'Programmed=True Programmed' },
    { name: 'no certificate', listener: tls({}), has: 'ResolvedRefs=False InvalidCertificateRef' },
    {
      name: 'a certificate that is not there',
      listener: tls({ tls: { certificateRefs: [{ name: 'none' }] } }),
      has: 'ResolvedRefs=False InvalidCertificateRef',
    },
    {
      name: 'a Secret that is no certificate',
      listener: tls({ tls: { certificateRefs: [{ name: 'bad' }] } }),
      has: 'ResolvedRefs=False InvalidCertificateRef',
    },
    {
      name: 'a certificate of a kind that is none',
      listener: tls({ tls: { certificateRefs: [{ name: 'good', kind: 'ConfigMap' }] } }),
      has: 'ResolvedRefs=False InvalidCertificateRef',
    },
    {
      name: 'a certificate elsewhere without a grant',
      listener: tls({ tls: { certificateRefs: [{ name: 'far', namespace: 'back' }] } }),
      has: 'ResolvedRefs=False RefNotPermitted',
    },
    {
      name: 'a certificate elsewhere with a grant',
      listener: tls({ tls: { certificateRefs: [{ name: 'far', namespace: 'back' }] } }),
      grants: [grant('Gateway', 'infra', 'Secret')],
      has: 'Programmed=True Programmed',
    },
  ])('with $name', ({ grants = [], has, listener }) => {
    const compiled = compile({ gateways: [gateway([listener])], secrets: [secret('good'), secret('bad', 'infra', 'no pem'), secret('far', 'back')], grants });
    expect(listenerOf(compiled)).toContain(has);
    expect(compiled.certificates.length).toBe(listener.protocol === 'HTTPS' && has.startsWith('Programmed') ? 1 : 0);
  });

  it('with listeners in conflict serve neither of them', () => {
    const twice = compile({ gateways: [gateway([http('a', { hostname: 'x.com' }), http('b', { hostname: 'X.com' }), http('c', { port: 81 })])] });
    expect([listenerOf(twice, 0), listenerOf(twice, 1), listenerOf(twice, 2)].map((each) => each?.[1])).toEqual([
      'Conflicted=True HostnameConflict',
      'Conflicted=True HostnameConflict',
      'Conflicted=False NoConflicts',
    ]);
    expect(twice.gateways[0]?.conditions.map(({ status, reason }) => `${status} ${reason}`)).toEqual(['True ListenersNotValid', 'True Programmed']);
    const mixed = compile({ gateways: [gateway([http('a'), http('b', { protocol: 'HTTPS' })])] });
    expect(listenerOf(mixed)?.[1]).toBe('Conflicted=True ProtocolConflict');
  });
});

describe('the kinds of the Gateway API', () => {
  it.each([GatewayClass, Gateway, HTTPRoute, ReferenceGrant])('$kind has a CustomResourceDefinition', async (kind) => {
    const { metadata, spec } = await customResourceDefinition(kind);
    expect(metadata.name).toBe(`${kind.plural}.gateway.networking.k8s.io`);
    expect(spec.versions[0]?.schema.openAPIV3Schema.properties?.spec).toBeDefined();
  });
});
