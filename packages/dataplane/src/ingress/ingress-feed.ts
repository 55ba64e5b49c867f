import { createSecureContext, type SecureContext } from 'node:tls';
import { noopLogger, type Clock, type Logger } from '@kybern/core';
import type { Ingress, IngressClass, Secret } from '@kybern/core/kinds';
import { compileIngresses, createRoutingTable, type RouteCertificate } from '@kybern/netmodel';
import type { Informer } from '@kybern/reconcile';
import { feedServices, type ServiceInformers } from '../cluster/service-feed.ts';
import type { RouteSource } from './gateway-feed.ts';
import type { IngressProxy } from './ingress-proxy.ts';

/** The caches that a proxy's routes are made from. */
export interface IngressInformers extends ServiceInformers {
  readonly ingresses: Informer<Ingress>;
  readonly classes: Informer<IngressClass>;
  /** Those of type `kubernetes.io/tls` are enough. */
  readonly secrets: Informer<Secret>;
}

/** Options of {@link feedIngress}. */
export interface IngressFeedOptions {
  /** The `spec.controller` of the IngressClasses that are served. */
  readonly controller: string;
  /** Routes from elsewhere: those of Gateways, by `feedGateways`. */
  readonly more?: Pick<RouteSource, 'current' | 'onChange'>;
  readonly clock: Clock;
  readonly logger?: Logger;
}

/**
 * Keeps a proxy's routes, endpoints and certificates as the caches are. Endpoints change at once; routes are put together anew in the next turn of the event
 * loop, once for all that changed.
 *
 * @returns ends it
 */
export function feedIngress(proxy: IngressProxy, informers: IngressInformers, options: IngressFeedOptions): () => void {
  const { logger = noopLogger } = options;
  const contexts = new Map<string, { readonly version: string | undefined; readonly context: SecureContext | undefined }>();
  const contextOf = ({ secret: { namespace, name } }: RouteCertificate): SecureContext | undefined => {
    const key = `${namespace}/${name}`;
    const secret = informers.secrets.get(key);
    const version = secret?.metadata.resourceVersion;
    const known = contexts.get(key);
    if (known !== undefined && known.version === version) return known.context;
    const context = secret && readContext(secret, logger);
    contexts.set(key, { version, context });
    return context;
  };
  proxy.setCertificates(contextOf);

  let isDue = false;
  let ended = false;
  const rebuild = (): void => {
    isDue = false;
    if (ended) return;
    const compiled = compileIngresses(informers.ingresses.list(), informers.classes.list(), { controller: options.controller });
    for (const { source, message } of compiled.problems)
      logger.warn('an Ingress cannot be served whole', { ingress: `${source.namespace}/${source.name}`, message });
    proxy.setRoutes(createRoutingTable(compiled, ...(options.more === undefined ? [] : [options.more.current()])));
  };
  const changed = (): void => {
    if (isDue) return;
    isDue = true;
    options.clock.after(0, rebuild);
  };
  rebuild();
  const handler = { added: changed, updated: changed, deleted: changed };
  const offs = [
    ...(options.more === undefined ? [] : [options.more.onChange(changed)]),
    feedServices(informers, { set: proxy.endpoints.set, remove: proxy.endpoints.remove }),
    informers.ingresses.addHandler(handler),
    informers.classes.addHandler(handler),
    // What is gone is no longer kept.
    informers.secrets.addHandler({ added: () => undefined, updated: () => undefined, deleted: (_secret, _unknown, key) => void contexts.delete(key) }),
  ];
  return () => {
    ended = true;
    for (const off of offs) off();
  };
}

/** Undefined, and told, when the Secret holds no certificate with its key. */
function readContext({ metadata, data = {} }: Secret, logger: Logger): SecureContext | undefined {
  const part = (name: string): Buffer => Buffer.from(data[name] ?? '', 'base64');
  try {
    return createSecureContext({ cert: part('tls.crt'), key: part('tls.key') });
  } catch (error) {
    logger.error('a Secret holds no certificate with its key', { secret: `${metadata.namespace ?? ''}/${metadata.name}`, error });
    return undefined;
  }
}
