import type { CompiledRoutes, HostPattern, PathPattern, Route, RouteCertificate } from './route.ts';

/** A request, as far as routes look at it. */
export interface RoutedRequest {
  /** Host header or `:authority`, with or without a port. */
  readonly host: string;
  /** The path, decoded or not, without the query. */
  readonly path: string;
  readonly method?: string;
  /** By lower-case name. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly query?: URLSearchParams;
  /** The port of the listener that took the request. */
  readonly listenerPort?: number;
}

/** The routes of a proxy, ready to be asked. */
export interface RoutingTable {
  /** The route of a request: the first that matches, in the order of precedence. Undefined: there is none, which is a 404. */
  readonly match: (request: RoutedRequest) => Route | undefined;
  /** The certificate for the name that a TLS client asks for; without a name, or one that nobody has, the one for every host. */
  readonly certificate: (serverName: string | undefined, listenerPort?: number) => RouteCertificate | undefined;
  /** Every route in the order of precedence. */
  readonly routes: readonly Route[];
}

/**
 * Puts routes in order and indexes them by host and path.
 *
 * The order is total: host (exact, longer wildcard, shorter wildcard, any), what is left of a host last, path (exact, longer before shorter
 * prefix), a method, more headers, more query parameters, the older object, its namespace and name, its place in it.
 *
 * @see Gateway API v1 HTTPRouteRule.matches (precedence); kubernetes website docs/concepts/services-networking/ingress (multiple matches)
 */
export function createRoutingTable(...compiled: readonly CompiledRoutes[]): RoutingTable {
  const routes = compiled.flatMap((each) => each.routes).sort(compareRoutes);
  const certificates = compiled.flatMap((each) => each.certificates).sort((a, b) => compareHosts(a.host, b.host) || compareSources(a, b));
  const hosts = indexHosts(routes);
  return {
    routes,
    match: (request) => {
      const host = normalizeHost(request.host);
      for (const index of hosts(host)) {
        const found = index(request);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    certificate: (serverName, listenerPort) => {
      const host = normalizeHost(serverName ?? '');
      const usable = certificates.filter((each) => each.listenerPort === undefined || listenerPort === undefined || each.listenerPort === listenerPort);
      return usable.find((each) => hostMatches(each.host, host)) ?? usable.find((each) => each.host.type === 'Any');
    },
  };
}

/** Lower case, without port and last dot; the brackets of an IPv6 address stay. */
export function normalizeHost(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':');
  const bare = end > 0 ? host.slice(0, end) : host;
  return bare.toLowerCase().replace(/\.$/, '');
}

/** Whether a host is one of a pattern's. */
export function hostMatches(pattern: HostPattern, host: string): boolean {
  if (pattern.type === 'Any') return true;
  if (pattern.type === 'Exact') return pattern.host === host;
  if (!host.endsWith(pattern.suffix)) return false;
  const rest = host.slice(0, -pattern.suffix.length);
  return rest !== '' && (pattern.labels === 'many' || !rest.includes('.'));
}

type PathIndex = (request: RoutedRequest) => Route | undefined;

/** For a host the indexes of the patterns that match it, the most specific first. */
function indexHosts(routes: readonly Route[]): (host: string) => readonly PathIndex[] {
  const groups = new Map<string, Route[]>();
  for (const route of routes) {
    const key = JSON.stringify(route.host);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [route]);
    else group.push(route);
  }
  const exact = new Map<string, PathIndex>();
  const others: { readonly pattern: HostPattern; readonly index: PathIndex }[] = [];
  for (const group of groups.values()) {
    const pattern = group[0]?.host ?? { type: 'Any' };
    if (pattern.type === 'Exact') exact.set(pattern.host, indexPaths(group));
    else others.push({ pattern, index: indexPaths(group) });
  }
  return (host) => {
    const first = exact.get(host);
    const rest = others.filter(({ pattern }) => hostMatches(pattern, host)).map(({ index }) => index);
    return first === undefined ? rest : [first, ...rest];
  };
}

/** Looks exact paths up at once, and prefixes from the longest that the request has to `/`. */
function indexPaths(routes: readonly Route[]): PathIndex {
  const exact = new Map<string, Route[]>();
  const prefixes = new Map<string, Route[]>();
  const fallbacks: Route[] = [];
  for (const route of routes) {
    if (route.fallback === true) fallbacks.push(route);
    else if (route.path.type === 'Exact') append(exact, route.path.value, route);
    else append(prefixes, trimSlash(route.path.value), route);
  }
  return (request) => {
    const found = exact.get(request.path)?.find((route) => restMatches(route, request));
    if (found !== undefined) return found;
    for (let prefix = trimSlash(request.path); ; prefix = prefix.slice(0, prefix.lastIndexOf('/'))) {
      const route = prefixes.get(prefix)?.find((each) => restMatches(each, request));
      if (route !== undefined) return route;
      if (prefix === '') break;
    }
    return fallbacks.find((route) => restMatches(route, request));
  };
}

function append(map: Map<string, Route[]>, key: string, route: Route): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [route]);
  else list.push(route);
}

/** Elements do not care for one slash at the end. */
const trimSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);

function restMatches(route: Route, { method, headers = {}, query, listenerPort }: RoutedRequest): boolean {
  if (route.listenerPort !== undefined && listenerPort !== undefined && route.listenerPort !== listenerPort) return false;
  if (route.method !== undefined && route.method !== method) return false;
  return (
    route.headers.every(({ name, value }) => joined(headers[name.toLowerCase()]) === value) &&
    route.query.every(({ name, value }) => query?.get(name) === value)
  );
}

const joined = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' || value === undefined ? value : value.join(',');

function compareRoutes(a: Route, b: Route): number {
  return (
    compareHosts(a.host, b.host) ||
    Number(a.fallback === true) - Number(b.fallback === true) ||
    comparePaths(a.path, b.path) ||
    Number(b.method !== undefined) - Number(a.method !== undefined) ||
    b.headers.length - a.headers.length ||
    b.query.length - a.query.length ||
    compareSources(a, b)
  );
}

const HOST_ORDER = { Exact: 0, Wildcard: 1, Any: 2 };
const PATH_ORDER = { Exact: 0, Prefix: 1 };

function compareHosts(a: HostPattern, b: HostPattern): number {
  const text = (host: HostPattern): string => (host.type === 'Exact' ? host.host : host.type === 'Wildcard' ? host.suffix : '');
  return HOST_ORDER[a.type] - HOST_ORDER[b.type] || text(b).length - text(a).length || compareText(text(a), text(b));
}

function comparePaths(a: PathPattern, b: PathPattern): number {
  return PATH_ORDER[a.type] - PATH_ORDER[b.type] || trimSlash(b.value).length - trimSlash(a.value).length || compareText(a.value, b.value);
}

type Sourced = Pick<Route, 'source'>;

function compareSources({ source: a }: Sourced, { source: b }: Sourced): number {
  return compareText(a.createdAt, b.createdAt) || compareText(a.namespace, b.namespace) || compareText(a.name, b.name) || comparePlaces(a.path, b.path);
}

/** `rules[2]` comes before `rules[10]`. */
function comparePlaces(a: string, b: string): number {
  const pad = (path: string): string => path.replaceAll(/\d+/g, (digits) => digits.padStart(8, '0'));
  return compareText(pad(a), pad(b));
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
