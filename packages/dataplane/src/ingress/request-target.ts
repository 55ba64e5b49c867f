import type { HeaderChanges, PathRewrite, Route } from '@kybern/netmodel';

/** A request's path and query, told apart. */
export interface Target {
  readonly path: string;
  /** With its `?`; empty when there is none. */
  readonly search: string;
}

/** Reads a request's target in origin or absolute form; undefined for one that no route may see: `.` and `..` would be read differently behind the proxy. */
export function readTarget(url: string): Target | undefined {
  const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(url)?.[0] ?? '';
  const rest = url.slice(origin.length);
  const end = rest.search(/[?#]/);
  const path = end < 0 ? rest : rest.slice(0, end);
  const search = end < 0 || rest[end] === '#' ? '' : (rest.slice(end).split('#')[0] ?? '');
  if (origin !== '' && path === '') return { path: '/', search };
  if (!path.startsWith('/') || /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i.test(path) || path.includes('\\')) return undefined;
  return { path, search };
}

/** The path after a rewrite: all of it, or the part that the route's prefix matched. */
export function rewritePath(path: string, { type, value }: PathRewrite, route: Pick<Route, 'path'>): string {
  if (type === 'ReplaceFullPath') return value;
  const prefix = route.path.value.replace(/\/$/, '');
  const rest = path.slice(prefix.length);
  const joined = `${value.replace(/\/$/, '')}${rest}`;
  return joined === '' ? '/' : joined.startsWith('/') ? joined : `/${joined}`;
}

/** Names and values one after the other, as they go over the wire. */
export type FlatHeaders = readonly string[];

/** Headers that are for one connection alone, and those that a `Connection` header names. @see RFC 9110 section 7.6.1 */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** What goes on to the other side: no pseudo headers of HTTP/2, none that are for one connection. @param also more to leave out, in lower case */
export function endToEnd(headers: FlatHeaders, also: ReadonlySet<string> = new Set()): string[] {
  const named = new Set<string>();
  each(headers, (name, value) => {
    if (name.toLowerCase() === 'connection') for (const word of value.split(',')) named.add(word.trim().toLowerCase());
  });
  const kept: string[] = [];
  each(headers, (name, value) => {
    const lower = name.toLowerCase();
    if (!lower.startsWith(':') && !HOP_BY_HOP.has(lower) && !named.has(lower) && !also.has(lower)) kept.push(name, value);
  });
  return kept;
}

/** Applies the changes of a route's filters. */
export function changeHeaders(headers: FlatHeaders, { set, add, remove }: HeaderChanges): string[] {
  const gone = new Set([...remove, ...set.map(({ name }) => name)].map((name) => name.toLowerCase()));
  const changed: string[] = [];
  each(headers, (name, value) => {
    if (!gone.has(name.toLowerCase())) changed.push(name, value);
  });
  for (const { name, value } of [...set, ...add]) changed.push(name, value);
  return changed;
}

function each(headers: FlatHeaders, tell: (name: string, value: string) => void): void {
  for (let i = 0; i + 1 < headers.length; i += 2) tell(headers[i] ?? '', headers[i + 1] ?? '');
}
