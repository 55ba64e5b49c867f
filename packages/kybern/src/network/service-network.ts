import type { Client, Clock, Kind, KubernetesObject, Logger, Random } from '@kybern/core';
import { EndpointSlice, Ingress, IngressClass, Namespace, NetworkPolicy, Pod, Secret, Service } from '@kybern/core/kinds';
import {
  atOwnAddress,
  createDnsServer,
  createNftables,
  createUserspaceProxy,
  feedDnsZone,
  feedServices,
  onLoopback,
  type ServiceSink,
} from '@kybern/dataplane';
import { createDnsZone, Gateway, GatewayClass, HTTPRoute, ReferenceGrant, serviceRules, type ServiceRule } from '@kybern/netmodel';
import { createInformer, type Informer } from '@kybern/reconcile';
import { createIngress, type IngressPlace } from './ingress.ts';

/** What carries the traffic of Services. */
export type Carrier =
  /** The kernel, which enforces NetworkPolicies too. */
  | { readonly type: 'nftables'; readonly podCidrs: readonly string[]; readonly table: string }
  /** This process: at the Services' own addresses, or at ports of 127.0.0.1. */
  | { readonly type: 'userspace'; readonly at: 'own' | 'loopback' };

/** What {@link runServiceNetwork} works with. */
export interface ServiceNetworkOptions {
  readonly client: Client;
  readonly nodeName: string;
  readonly carrier: Carrier;
  /** Where to answer DNS; undefined: nowhere. */
  readonly dns: string | undefined;
  /** Where Ingresses are served. */
  readonly ingress: IngressPlace;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Carries the traffic of Services. */
interface Services {
  readonly sink: { readonly set: (key: string, rules: readonly ServiceRule[]) => void; readonly remove: (key: string) => void };
  /** What has been told so far is in force. */
  readonly settled: () => Promise<void>;
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Takes what is left behind away. */
  readonly remove: () => Promise<void>;
}

/** A network that runs. */
export interface ServiceNetwork {
  /** Resolves once what existed at the start is in force. */
  readonly ready: Promise<void>;
  /** Where Ingresses are served; rejects when they cannot be. */
  readonly ingress: Promise<IngressPlace>;
  /** Resolves when it has ended, after the signal aborted, and nothing of it is left. Rejects with why it could not go on. */
  readonly ended: Promise<void>;
}

/** Answered at their own addresses by this machine itself: there is nothing to carry. */
const OWN: ReadonlySet<string> = new Set(['default/kubernetes', 'kube-system/kube-dns']);
const POLICY_DELAY_MS = 20;

/** Runs what a node does for Services: their addresses and names, and NetworkPolicies as far as the carrier can. Ends with the signal. */
export function runServiceNetwork(options: ServiceNetworkOptions, signal: AbortSignal): ServiceNetwork {
  const { client, clock, random, logger, nodeName } = options;
  const running: Promise<void>[] = [];
  const keep = (part: Promise<void>): void => {
    running.push(part);
    part.catch(() => undefined); // told by `ended`, also when something else fails before
  };
  const informerOf = <T extends KubernetesObject>(kind: Kind<T>, fields?: string): Informer<T> => {
    const informer = createInformer<T>({ client, kind, ...(fields === undefined ? {} : { fields }), clock, random: random.fork(kind.plural), logger });
    keep(informer.run(signal));
    return informer;
  };
  const informers = { services: informerOf(Service), endpointSlices: informerOf(EndpointSlice), namespaces: informerOf(Namespace) };
  const { carrier } = options;
  const kernel = carrier.type === 'nftables' ? createNftables({ nodeName, podCidrs: carrier.podCidrs, table: carrier.table, clock, logger }) : undefined;
  const services = kernel === undefined ? inUserspace(options) : inKernel(kernel);
  const policies = { policies: informerOf(NetworkPolicy), pods: informerOf(Pod), namespaces: informers.namespaces };
  const routed = { ingresses: informerOf(Ingress), classes: informerOf(IngressClass), secrets: informerOf(Secret, 'type=kubernetes.io/tls') };
  const gateways = {
    gatewayClasses: informerOf(GatewayClass),
    gateways: informerOf(Gateway),
    httpRoutes: informerOf(HTTPRoute),
    referenceGrants: informerOf(ReferenceGrant),
  };
  const ingress = createIngress({ client, informers: { ...informers, ...routed, ...gateways }, place: options.ingress, clock, logger });
  const synced = Promise.all(
    [...Object.values(informers), ...Object.values(policies), ...Object.values(routed), ...Object.values(gateways)].map((informer) => informer.synced),
  );
  const ready = synced.then(async () => {
    const sink: ServiceSink = {
      set: (key, service, slices) => (OWN.has(key) ? undefined : services.sink.set(key, serviceRules(service, slices, { nodeName }))),
      remove: (key) => services.sink.remove(key),
    };
    feedServices(informers, sink);
    if (kernel !== undefined) feedPolicies(kernel, policies, { clock, logger, signal });
    keep(services.run(signal).then(services.remove));
    const zone = createDnsZone();
    feedDnsZone(zone, informers);
    if (options.dns !== undefined) {
      const server = createDnsServer({ zone, host: options.dns, port: 53, clock, random: random.fork('dns'), logger });
      keep(server.run(signal));
      await server.address;
    }
    // Without a way in from outside the rest is still of use: who asks for it is told.
    running.push(ingress.run(signal).catch(() => undefined));
    await services.settled();
  });
  const ended = ready
    .catch((error: unknown) => (signal.aborted ? undefined : Promise.reject(error as Error)))
    .then(async () => void (await Promise.all(running)));
  ended.catch(() => undefined);
  return { ready, ended, ingress: ready.then(() => ingress.ready) };
}

function inKernel(kernel: ReturnType<typeof createNftables>): Services {
  const { setService: set, removeService: remove } = kernel;
  return { sink: { set, remove }, settled: kernel.applied, run: kernel.run, remove: kernel.remove };
}

function inUserspace({ carrier, clock, logger }: ServiceNetworkOptions): Services {
  const listenAt = carrier.type === 'userspace' && carrier.at === 'own' ? atOwnAddress : onLoopback;
  const proxy = createUserspaceProxy({ listenAt, isInternal: (address) => address.startsWith('127.'), clock, logger });
  return { sink: proxy, settled: proxy.settled, run: proxy.run, remove: () => Promise.resolve() };
}

interface PolicyInformers {
  readonly policies: Informer<NetworkPolicy>;
  readonly pods: Informer<Pod>;
  readonly namespaces: Informer<Namespace>;
}

/** Tells the kernel's tables of policies and Pods, soon after a change of either; of Pods only while there are policies. */
function feedPolicies(
  kernel: Pick<ReturnType<typeof createNftables>, 'setPolicies'>,
  { policies, pods, namespaces }: PolicyInformers,
  { clock, logger, signal }: { readonly clock: Clock; readonly logger: Logger; readonly signal: AbortSignal },
): void {
  let isDue = false;
  const tell = (): void => {
    isDue = false;
    const wanted = policies.list();
    const ends = pods.list().map((pod) => ({ pod, namespaceLabels: namespaces.get(pod.metadata.namespace ?? 'default')?.metadata.labels ?? {} }));
    try {
      kernel.setPolicies({ policies: wanted, pods: wanted.length === 0 ? [] : ends });
    } catch (error) {
      logger.error('a NetworkPolicy cannot be understood; those of before stay in force', { error });
    }
  };
  const changed = (): void => {
    if (isDue || signal.aborted) return;
    isDue = true;
    clock.after(POLICY_DELAY_MS, tell, { background: true });
  };
  const ofOthers = (): void => (policies.list().length === 0 ? undefined : changed());
  tell();
  policies.addHandler({ added: changed, updated: changed, deleted: changed });
  pods.addHandler({ added: ofOthers, updated: ofOthers, deleted: ofOthers });
  namespaces.addHandler({ added: ofOthers, updated: ofOthers, deleted: ofOthers });
}
