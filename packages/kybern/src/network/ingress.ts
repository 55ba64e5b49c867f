import { isAlreadyExists, isNotFound, type Client, type Clock, type Logger } from '@kybern/core';
import { Ingress, IngressClass, type Secret } from '@kybern/core/kinds';
import { createIngressProxy, feedGateways, feedIngress, type GatewayInformers } from '@kybern/dataplane';
import { compileIngresses, GatewayClass } from '@kybern/netmodel';
import type { Informer } from '@kybern/reconcile';

/** The name of the IngressClass, and of who serves it. */
const CLASS = 'kybern';
const CONTROLLER = 'kybern.dev/ingress';

/** Where Ingresses are served. */
export interface IngressPlace {
  readonly host: string;
  readonly port: number;
  readonly tlsPort: number;
}

/** What {@link runIngress} works with. */
export interface IngressParts {
  readonly client: Client;
  readonly informers: Parameters<typeof feedIngress>[1] & GatewayInformers;
  readonly place: IngressPlace;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Serves Ingresses of the class `kybern`, which is the default where there was none, and Gateways of its GatewayClass, and says in their status where. */
export interface RunningIngress {
  /** Resolves once requests are taken; rejects when the place cannot be had. */
  readonly ready: Promise<IngressPlace>;
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** Makes the way in; it does nothing before `run`, which needs caches that are synced. */
export function createIngress({ client, informers, place, clock, logger }: IngressParts): RunningIngress {
  const { host, port, tlsPort } = place;
  const listeners = [
    { host, port, listenerPort: 80 },
    { host, port: tlsPort, tls: true, listenerPort: 443 },
  ];
  const proxy = createIngressProxy({ listeners, clock, logger });
  const failed = Promise.withResolvers<never>();
  const listening = proxy.addresses.then(([plain, secure]) => ({ host, port: plain?.port ?? port, tlsPort: secure?.port ?? tlsPort }));
  const ready = Promise.race([listening, failed.promise]);
  ready.catch(() => undefined);
  return {
    ready,
    async run(signal) {
      await ensureClass(client, informers.classes).catch((error: unknown) => {
        failed.reject(error);
        throw error;
      });
      const gateways = feedGateways(informers, { client, controller: CONTROLLER, address: host, clock, logger });
      const end = feedIngress(proxy, informers, { controller: CONTROLLER, more: gateways, clock, logger });
      const off = tellWhere({ client, ...informers, host, logger });
      try {
        await proxy.run(signal);
      } finally {
        off();
        end();
        gateways.end();
      }
    },
  };
}

async function ensureClass(client: Client, classes: Informer<IngressClass>): Promise<void> {
  const isDefault = (annotations: Readonly<Record<string, string>> = {}): boolean => annotations['ingressclass.kubernetes.io/is-default-class'] === 'true';
  const annotations: Record<string, string> = classes.list().some(({ metadata }) => isDefault(metadata.annotations))
    ? {}
    : { 'ingressclass.kubernetes.io/is-default-class': 'true' };
  try {
    await client.create(IngressClass, { metadata: { name: CLASS, annotations }, spec: { controller: CONTROLLER } });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  try {
    // The kind is typed by hand, so that what is left open in a new object is not known of it.
    await client.create(GatewayClass, { metadata: { name: CLASS }, spec: { controllerName: CONTROLLER } } as never);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

interface Told {
  readonly client: Client;
  readonly ingresses: Informer<Ingress>;
  readonly classes: Informer<IngressClass>;
  readonly secrets: Informer<Secret>;
  readonly host: string;
  readonly logger: Logger;
}

/** Writes the address into the status of every Ingress that is served. @returns ends it */
function tellWhere({ client, ingresses, classes, host, logger }: Told): () => void {
  const tell = (ingress: Ingress): void => {
    const isServed = compileIngresses([ingress], classes.list(), { controller: CONTROLLER }).routes.length > 0;
    if (!isServed || ingress.status?.loadBalancer?.ingress?.some(({ ip }) => ip === host) === true) return;
    const status = { loadBalancer: { ingress: [{ ip: host }] } };
    client
      .patch(Ingress, ingress, { type: 'merge', patch: { status } }, { subresource: 'status' })
      .catch((error: unknown) => isNotFound(error) || logger.error('the address of an Ingress could not be written', { error }));
  };
  const all = (): void => ingresses.list().forEach(tell);
  const offs = [
    ingresses.addHandler({ added: tell, updated: (_old, ingress) => tell(ingress), deleted: () => undefined }),
    classes.addHandler({ added: all, updated: all, deleted: () => undefined }),
  ];
  return () => offs.forEach((off) => off());
}
