import type { Ingress, IngressBackend, IngressClass } from '@kybern/core/kinds';
import type { CompiledRoutes, HostPattern, PathPattern, Route, RouteBackend, RouteCertificate, RouteSource } from './route.ts';

/** The annotation by which Ingresses named their class before `spec.ingressClassName`. */
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const DEFAULT_CLASS_ANNOTATION = 'ingressclass.kubernetes.io/is-default-class';

/** Which Ingresses are ours. */
export interface IngressSelection {
  /** The `spec.controller` of the IngressClasses that are served, such as `kybern.dev/ingress`. Default: every Ingress is served. */
  readonly controller?: string;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer U)[] ? U[] : T[K] };

/**
 * Compiles Ingresses to routes and certificates.
 *
 * A request is matched by its most specific host first (exact, then wildcard, then rules without a host) and then by its longest path, an exact
 * one before a prefix of the same length. A host whose paths do not match goes to the Ingress's default backend, else to nobody's: 404.
 * `ImplementationSpecific` paths are taken as prefixes.
 *
 * @param ingresses those of the cluster; each is kept if its class is served, or if it has none and a served class is the default
 * @see kubernetes v1.36 staging/src/k8s.io/api/networking/v1/types.go (IngressRule, HTTPIngressPath); website docs/concepts/services-networking/ingress
 */
export function compileIngresses(ingresses: readonly Ingress[], classes: readonly IngressClass[] = [], selection: IngressSelection = {}): CompiledRoutes {
  const compiled: Writable<CompiledRoutes> = { routes: [], certificates: [], problems: [] };
  const isOurs = selectIngresses(classes, selection);
  for (const ingress of ingresses) if (isOurs(ingress)) compileIngress(ingress, compiled);
  return compiled;
}

function selectIngresses(classes: readonly IngressClass[], { controller }: IngressSelection): (ingress: Ingress) => boolean {
  if (controller === undefined) return () => true;
  const served = classes.filter(({ spec }) => spec?.controller === controller);
  const names = new Set(served.map(({ metadata }) => metadata.name));
  const hasDefault = served.some(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS_ANNOTATION] === 'true');
  return ({ spec, metadata }) => {
    const className = spec?.ingressClassName ?? metadata.annotations?.[CLASS_ANNOTATION];
    return className === undefined ? hasDefault : names.has(className);
  };
}

function compileIngress(ingress: Ingress, compiled: Writable<CompiledRoutes>): void {
  const { rules = [], defaultBackend, tls = [] } = ingress.spec ?? {};
  const add = (host: HostPattern, path: PathPattern, backend: IngressBackend, at: string): void => {
    compiled.routes.push(toRoute(host, path, backend, sourceOf(ingress, at), compiled));
  };
  if (defaultBackend !== undefined) add({ type: 'Any' }, ROOT, defaultBackend, 'defaultBackend');
  const closed = new Set<string>();
  for (const [index, { host = '', http }] of rules.entries()) {
    const pattern = hostPattern(host);
    for (const [each, { path = '/', pathType, backend }] of (http?.paths ?? []).entries()) {
      add(
        pattern,
        { type: pathType === 'Exact' ? 'Exact' : 'Prefix', value: path === '' ? '/' : path },
        backend,
        `rules[${String(index)}].http.paths[${String(each)}]`,
      );
    }
    if (host === '' || closed.has(host)) continue;
    closed.add(host);
    if (http === undefined && defaultBackend !== undefined) add(pattern, ROOT, defaultBackend, 'defaultBackend');
    else compiled.routes.push(closing(pattern, defaultBackend, sourceOf(ingress, `rules[${String(index)}]`), compiled));
  }
  for (const [index, { hosts = [], secretName }] of tls.entries()) {
    if (secretName === undefined || secretName === '') continue;
    const source = sourceOf(ingress, `tls[${String(index)}]`);
    const secret = { namespace: source.namespace, name: secretName };
    const patterns: readonly HostPattern[] = hosts.length === 0 ? [{ type: 'Any' }] : hosts.map(hostPattern);
    for (const host of patterns) compiled.certificates.push({ host, secret, source } satisfies RouteCertificate);
  }
}

const ROOT: PathPattern = { type: 'Prefix', value: '/' };

/** What is left of a host goes to the default backend or nowhere, never to a less specific host's rules. */
function closing(host: HostPattern, fallback: IngressBackend | undefined, source: RouteSource, compiled: Writable<CompiledRoutes>): Route {
  const last = { ...source, path: `${source.path} (no path matches)` };
  if (fallback !== undefined) return { ...toRoute(host, ROOT, fallback, last, compiled), fallback: true };
  return { source: last, host, path: ROOT, headers: [], query: [], filters: [], backends: [], status: 404, fallback: true };
}

function toRoute(host: HostPattern, path: PathPattern, backend: IngressBackend, source: RouteSource, compiled: Writable<CompiledRoutes>): Route {
  const target = toBackend(backend, source.namespace);
  const base = { source, host, path, headers: [], query: [], filters: [] };
  if (target !== undefined) return { ...base, backends: [target] };
  compiled.problems.push({ source, message: 'only a Service with a port can be a backend' });
  return { ...base, backends: [], status: 500 };
}

function toBackend({ service }: IngressBackend, namespace: string): RouteBackend | undefined {
  const port = service?.port?.number ?? service?.port?.name;
  return service === undefined || port === undefined ? undefined : { namespace, service: service.name, port, weight: 1 };
}

/** Under Ingress a wildcard stands for exactly one label. */
function hostPattern(host: string): HostPattern {
  if (host === '') return { type: 'Any' };
  const lower = host.toLowerCase();
  return lower.startsWith('*.') ? { type: 'Wildcard', suffix: lower.slice(1), labels: 'one' } : { type: 'Exact', host: lower };
}

function sourceOf({ metadata }: Ingress, path: string): RouteSource {
  return { kind: 'Ingress', namespace: metadata.namespace ?? 'default', name: metadata.name, path, createdAt: metadata.creationTimestamp ?? '' };
}
