import type { Route } from '../request-url.ts';

/** Names of subresources that are connections, of the core group. */
const NAMES: ReadonlySet<string> = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);
const PLURALS: ReadonlySet<string> = new Set(['pods', 'services', 'nodes']);

/** Whether a route leads to a connection, not to an object. */
export function isConnectRoute(route: Route): route is Extract<Route, { type: 'resource' }> & { readonly name: string; readonly subresource: string } {
  if (route.type !== 'resource' || route.subresource === undefined || route.group !== '' || route.name === undefined) return false;
  return PLURALS.has(route.plural) && NAMES.has(route.subresource.split('/', 1)[0] ?? '');
}
