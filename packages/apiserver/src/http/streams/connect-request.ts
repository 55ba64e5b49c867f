import { ApiError, type Kind } from '@kybern/core';
import { identify } from '../../authentication/identify.ts';
import type { KindRegistry } from '../../registry.ts';
import type { Connection, ConnectRequest } from '../../subresources/connect.ts';
import type { HandleTarget } from '../handle.ts';
import type { WireRequest } from '../request-body.ts';
import type { Route } from '../request-url.ts';
import { isConnectRoute } from './connect-route.ts';

/** Who asks, and for what. @throws {ApiError} */
export async function openConnection(target: HandleTarget, request: WireRequest, at: { readonly url: URL; readonly route: Route }): Promise<Connection> {
  const { url, route } = at;
  const user = await identify(target, { headers: request.headers, certificate: target.certificateOf(request), path: url.pathname });
  return target.connect(connectRequest(target.kinds, route, { method: request.method ?? 'GET', url, user }));
}

function connectRequest(kinds: KindRegistry, route: Route, given: Pick<ConnectRequest, 'method' | 'user'> & { readonly url: URL }): ConnectRequest {
  if (!isConnectRoute(route)) throw notThere();
  const kind: Kind | undefined = kinds.byResource(route.group, route.version, route.plural);
  const [subresource = '', ...rest] = route.subresource.split('/');
  if (kind === undefined || (kind.scope === 'Namespaced') !== (route.namespace !== undefined)) throw notThere();
  if (subresource !== 'proxy' && (rest.length > 0 || route.plural !== 'pods')) throw notThere();
  return {
    method: given.method,
    kind,
    namespace: route.namespace,
    name: route.name,
    subresource,
    path: subresource === 'proxy' ? proxyPath(given.url.pathname) : '',
    query: given.url.searchParams,
    user: given.user,
  };
}

/** What follows `/proxy`, as it was sent. */
function proxyPath(pathname: string): string {
  return /^\/api\/[^/]+\/(?:namespaces\/[^/]+\/)?[^/]+\/[^/]+\/proxy(\/.*)?$/.exec(pathname)?.[1] ?? '';
}

function notThere(): ApiError {
  return new ApiError('NotFound', 'the server could not find the requested resource');
}
