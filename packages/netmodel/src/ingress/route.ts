/** The hosts that a route is for. `*.example.com` stands for one label under Ingress, for one or more under the Gateway API. */
export type HostPattern =
  | { readonly type: 'Any' }
  | { readonly type: 'Exact'; readonly host: string }
  | { readonly type: 'Wildcard'; readonly suffix: string; readonly labels: 'many' | 'one' };

/** The paths that a route is for. A prefix is matched element by element: `/a` matches `/a` and `/a/b`, not `/ab`. */
export interface PathPattern {
  readonly type: 'Exact' | 'Prefix';
  readonly value: string;
}

/** A header or query parameter that a request must have. Header names are compared without case. */
export interface ValueMatch {
  readonly name: string;
  readonly value: string;
}

/** A Service's port that answers; `port` is a number or the name of a Service port. */
export interface RouteBackend {
  readonly namespace: string;
  readonly service: string;
  readonly port: number | string;
  /** The share of requests among the route's backends. */
  readonly weight: number;
  /** Why it cannot be used: its share of the requests is answered with 500. */
  readonly broken?: string;
}

/** Headers to set, add and remove. */
export interface HeaderChanges {
  readonly set: readonly { readonly name: string; readonly value: string }[];
  readonly add: readonly { readonly name: string; readonly value: string }[];
  readonly remove: readonly string[];
}

/** What is done to a request that takes a route. */
export type RouteFilter =
  | { readonly type: 'RequestHeaders'; readonly headers: HeaderChanges }
  | { readonly type: 'ResponseHeaders'; readonly headers: HeaderChanges }
  | {
      readonly type: 'Redirect';
      readonly scheme?: string;
      readonly host?: string;
      readonly port?: number;
      readonly path?: PathRewrite;
      readonly status: number;
    }
  | { readonly type: 'Rewrite'; readonly host?: string; readonly path?: PathRewrite }
  | { readonly type: 'Mirror'; readonly backend: RouteBackend };

/** A new path: the whole of it, or only of the prefix that matched. */
export interface PathRewrite {
  readonly type: 'ReplaceFullPath' | 'ReplacePrefixMatch';
  readonly value: string;
}

/** The object and the place in it that a route comes from. */
export interface RouteSource {
  readonly kind: 'Gateway' | 'HTTPRoute' | 'Ingress';
  readonly namespace: string;
  readonly name: string;
  /** Such as `rules[0].http.paths[1]` or `defaultBackend`. */
  readonly path: string;
  /** RFC 3339; the older object wins between equal routes. */
  readonly createdAt: string;
}

/** One way through the proxy. */
export interface Route {
  readonly source: RouteSource;
  readonly host: HostPattern;
  readonly path: PathPattern;
  readonly method?: string;
  readonly headers: readonly ValueMatch[];
  readonly query: readonly ValueMatch[];
  readonly filters: readonly RouteFilter[];
  /** Where requests go. Without backends `status` is the answer. */
  readonly backends: readonly RouteBackend[];
  /** The answer when there is nowhere to go: 404 for a host without a matching path, 500 for a reference that leads nowhere. */
  readonly status?: number;
  /** Set on what is left of a host: it comes after every other route of that host. */
  readonly fallback?: boolean;
  /** Listener port of a Gateway; absent for every port. */
  readonly listenerPort?: number;
  /** Milliseconds for the whole request and for one try at a backend. */
  readonly timeouts?: { readonly requestMs?: number; readonly backendMs?: number };
}

/** A certificate for the hosts it is for. */
export interface RouteCertificate {
  readonly host: HostPattern;
  /** The Secret of type kubernetes.io/tls. */
  readonly secret: { readonly namespace: string; readonly name: string };
  readonly source: RouteSource;
  readonly listenerPort?: number;
}

/** What objects compile to: the routes, the certificates, and what in the objects could not be used. */
export interface CompiledRoutes {
  readonly routes: readonly Route[];
  readonly certificates: readonly RouteCertificate[];
  readonly problems: readonly { readonly source: RouteSource; readonly message: string }[];
}
