import { parseDuration } from '@kybern/core';
import type { Service } from '@kybern/core/kinds';
import type { HeaderChanges, HostPattern, PathRewrite, Route, RouteBackend, RouteFilter, RouteSource } from '../ingress/route.ts';
import { condition, type GatewayCondition } from './conditions.ts';
import {
  GATEWAY_GROUP,
  type BackendRef,
  type HeaderModifier,
  type HttpRouteFilter,
  type HttpRouteMatch,
  type HttpRouteRule,
  type HTTPRoute,
  type PathModifier,
  type ReferenceGrant,
} from './kinds.ts';
import { mayRefer } from './references.ts';

/** What the rules of a route are compiled with. */
export interface RuleFacts {
  readonly services: ReadonlyMap<string, Service>;
  readonly grants: readonly ReferenceGrant[];
}

/** A rule's part of a {@link Route}, for every match of it; hosts and listeners come later. */
export type CompiledMatch = Omit<Route, 'host' | 'listenerPort'>;

/** The rules of an HTTPRoute. */
export interface CompiledRules {
  readonly matches: readonly CompiledMatch[];
  /** Whether all references lead somewhere. */
  readonly resolved: GatewayCondition;
  /** What in the rules is not served; a route with such a part is not accepted. */
  readonly unsupported: string | undefined;
}

/**
 * Compiles the rules of an HTTPRoute. A backend that does not exist, or that may not be referred to, answers 500 for its share of the requests; a
 * rule without backends does for all.
 *
 * @see Gateway API v1 HTTPRouteRule, RouteConditionReason
 */
export function compileRules(route: HTTPRoute, facts: RuleFacts): CompiledRules {
  const matches: CompiledMatch[] = [];
  const problems: GatewayCondition[] = [];
  let unsupported: string | undefined;
  for (const [index, rule] of (route.spec.rules ?? [{}]).entries()) {
    unsupported ??= unsupportedPart(rule);
    const backends = (rule.backendRefs ?? []).map((ref) => toBackend(route, ref, facts, problems));
    const filters = (rule.filters ?? []).flatMap((filter) => toFilter(route, filter, facts, problems));
    const redirects = filters.some(({ type }) => type === 'Redirect');
    const lost = !redirects && backends.every(({ weight }) => weight === 0);
    for (const [each, match] of (rule.matches === undefined || rule.matches.length === 0 ? [{}] : rule.matches).entries()) {
      matches.push({
        ...toMatch(match),
        source: sourceOf(route, `rules[${String(index)}].matches[${String(each)}]`),
        filters,
        backends,
        ...(lost ? { status: 500 } : {}),
        ...timeouts(rule),
      });
    }
  }
  return { matches, unsupported, resolved: problems[0] ?? condition('ResolvedRefs', true, 'ResolvedRefs', 'all references lead somewhere') };
}

function sourceOf({ metadata }: HTTPRoute, path: string): RouteSource {
  return { kind: 'HTTPRoute', namespace: metadata.namespace ?? 'default', name: metadata.name, path, createdAt: metadata.creationTimestamp ?? '' };
}

function unsupportedPart({ filters = [], matches = [] }: HttpRouteRule): string | undefined {
  for (const { path, headers = [], queryParams = [] } of matches) {
    if ([path, ...headers, ...queryParams].some((part) => part?.type === 'RegularExpression')) return 'regular expressions are not served';
  }
  return filters.some(({ type }) => type === 'ExtensionRef') ? 'there are no filters by ExtensionRef' : undefined;
}

/** Of several headers or parameters with one name only the first counts. */
function toMatch({ headers = [], method, path, queryParams = [] }: HttpRouteMatch): Pick<Route, 'headers' | 'method' | 'path' | 'query'> {
  const firsts = (parts: HttpRouteMatch['headers'], key: (name: string) => string): Route['headers'] =>
    (parts ?? []).filter(({ name }, index) => parts?.findIndex((other) => key(other.name) === key(name)) === index).map(({ name, value }) => ({ name, value }));
  return {
    path: { type: path?.type === 'Exact' ? 'Exact' : 'Prefix', value: path?.value ?? '/' },
    headers: firsts(headers, (name) => name.toLowerCase()),
    query: firsts(queryParams, (name) => name),
    ...(method === undefined ? {} : { method }),
  };
}

function toBackend(route: HTTPRoute, ref: BackendRef, { grants, services }: RuleFacts, problems: GatewayCondition[]): RouteBackend {
  const namespace = route.metadata.namespace ?? 'default';
  const to = { group: ref.group ?? '', kind: ref.kind ?? 'Service', namespace: ref.namespace ?? namespace, name: ref.name };
  const backend: RouteBackend = { namespace: to.namespace, service: to.name, port: ref.port ?? 0, weight: ref.weight ?? 1 };
  const broken = (reason: string, message: string): RouteBackend => {
    problems.push(condition('ResolvedRefs', false, reason, message));
    return { ...backend, broken: message };
  };
  if (to.group !== '' || to.kind !== 'Service') return broken('InvalidKind', `a backend is a Service, not a ${to.kind}`);
  if (!mayRefer({ from: { group: GATEWAY_GROUP, kind: 'HTTPRoute', namespace }, to }, grants))
    return broken('RefNotPermitted', `no ReferenceGrant lets it refer to Service ${to.namespace}/${to.name}`);
  const service = services.get(`${to.namespace}/${to.name}`);
  if (service === undefined) return broken('BackendNotFound', `there is no Service ${to.namespace}/${to.name}`);
  if (!(service.spec.ports ?? []).some(({ port }) => port === ref.port))
    return broken('BackendNotFound', `Service ${to.namespace}/${to.name} has no port ${String(ref.port ?? '')}`);
  return backend;
}

function toFilter(route: HTTPRoute, filter: HttpRouteFilter, facts: RuleFacts, problems: GatewayCondition[]): readonly RouteFilter[] {
  const { requestHeaderModifier, requestMirror, requestRedirect, responseHeaderModifier, urlRewrite } = filter;
  if (filter.type === 'RequestHeaderModifier') return [{ type: 'RequestHeaders', headers: headerChanges(requestHeaderModifier) }];
  if (filter.type === 'ResponseHeaderModifier') return [{ type: 'ResponseHeaders', headers: headerChanges(responseHeaderModifier) }];
  if (filter.type === 'RequestMirror' && requestMirror !== undefined) {
    const backend = toBackend(route, requestMirror.backendRef, facts, problems);
    return backend.broken === undefined ? [{ type: 'Mirror', backend }] : [];
  }
  if (filter.type === 'URLRewrite') return [{ type: 'Rewrite', ...place(urlRewrite?.hostname, urlRewrite?.path) }];
  if (filter.type !== 'RequestRedirect') return [];
  const { hostname, path, port, scheme, statusCode = 302 } = requestRedirect ?? {};
  return [
    { type: 'Redirect', ...place(hostname, path), ...(scheme === undefined ? {} : { scheme }), ...(port === undefined ? {} : { port }), status: statusCode },
  ];
}

const headerChanges = ({ add = [], remove = [], set = [] }: HeaderModifier = {}): HeaderChanges => ({ add, remove, set });

function place(host: string | undefined, path: PathModifier | undefined): { readonly host?: string; readonly path?: PathRewrite } {
  return { ...(host === undefined ? {} : { host }), ...(path === undefined ? {} : { path: toRewrite(path) }) };
}

function toRewrite({ replaceFullPath, replacePrefixMatch, type }: PathModifier): PathRewrite {
  return type === 'ReplaceFullPath' ? { type, value: replaceFullPath ?? '/' } : { type: 'ReplacePrefixMatch', value: replacePrefixMatch ?? '/' };
}

function timeouts({ timeouts: given }: HttpRouteRule): Pick<Route, 'timeouts'> {
  if (given === undefined) return {};
  const ms = (text: string | undefined): number | undefined => (text === undefined || parseDuration(text) === 0 ? undefined : parseDuration(text));
  const [requestMs, backendMs] = [ms(given.request), ms(given.backendRequest)];
  return { timeouts: { ...(requestMs === undefined ? {} : { requestMs }), ...(backendMs === undefined ? {} : { backendMs }) } };
}

/** A route for each host of a match. */
export const withHosts = (matches: readonly CompiledMatch[], hosts: readonly HostPattern[], listenerPort: number): readonly Route[] =>
  hosts.flatMap((host) => matches.map((match): Route => ({ ...match, host, listenerPort })));
