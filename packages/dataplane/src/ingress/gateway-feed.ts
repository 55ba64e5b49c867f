import { deepEqual, formatTime, isNotFound, noopLogger, type Client, type Clock, type Kind, type KubernetesObject, type Logger } from '@kybern/core';
import type { Namespace, Secret, Service } from '@kybern/core/kinds';
import {
  compileGateways,
  Gateway,
  GatewayClass,
  HTTPRoute,
  type CompiledGateways,
  type CompiledRoutes,
  type GatewayCondition,
  type ReferenceGrant,
} from '@kybern/netmodel';
import type { Informer } from '@kybern/reconcile';

/** The caches that Gateways are read from. */
export interface GatewayInformers {
  readonly gatewayClasses: Informer<GatewayClass>;
  readonly gateways: Informer<Gateway>;
  readonly httpRoutes: Informer<HTTPRoute>;
  readonly referenceGrants: Informer<ReferenceGrant>;
  readonly services: Informer<Service>;
  readonly secrets: Informer<Secret>;
  readonly namespaces: Informer<Namespace>;
}

/** Options of {@link feedGateways}. */
export interface GatewayFeedOptions {
  /** For the status of what is served. */
  readonly client: Client;
  /** The `spec.controllerName` of the GatewayClasses that are served. */
  readonly controller: string;
  /** Where the proxy is reached: it stands in the status of Gateways. */
  readonly address: string;
  readonly clock: Clock;
  readonly logger?: Logger;
}

/** Routes that change. */
export interface RouteSource {
  readonly current: () => CompiledRoutes;
  /** Tells of every change of them. @returns ends it */
  readonly onChange: (changed: () => void) => () => void;
  readonly end: () => void;
}

/**
 * Compiles Gateways and HTTPRoutes as they change, and writes what came of them into their status: Accepted, Programmed, ResolvedRefs, attached routes and
 * addresses. What others wrote there stays.
 */
export function feedGateways(informers: GatewayInformers, options: GatewayFeedOptions): RouteSource {
  const listeners = new Set<() => void>();
  let ended = false;
  let isDue = false;
  const compile = (): CompiledGateways =>
    compileGateways(
      {
        classes: informers.gatewayClasses.list(),
        gateways: informers.gateways.list(),
        routes: informers.httpRoutes.list(),
        grants: informers.referenceGrants.list(),
        services: informers.services.list(),
        secrets: informers.secrets.list(),
        namespaces: informers.namespaces.list(),
      },
      options.controller,
    );
  let compiled = compile();
  writeVerdicts(compiled, options);
  const rebuild = (): void => {
    isDue = false;
    if (ended) return;
    compiled = compile();
    for (const tell of listeners) tell();
    writeVerdicts(compiled, options);
  };
  const changed = (): void => {
    if (isDue || ended) return;
    isDue = true;
    options.clock.after(0, rebuild);
  };
  /** Services and Namespaces are of account only where there are Gateways. */
  const besides = (): void => (informers.gateways.list().length === 0 ? undefined : changed());
  const offs = [
    ...[informers.gatewayClasses, informers.gateways, informers.httpRoutes, informers.referenceGrants].map((each) =>
      each.addHandler({ added: changed, updated: changed, deleted: changed }),
    ),
    ...[informers.services, informers.secrets, informers.namespaces].map((each) => each.addHandler({ added: besides, updated: besides, deleted: besides })),
  ];
  return {
    current: () => compiled,
    onChange(tell) {
      listeners.add(tell);
      return () => void listeners.delete(tell);
    },
    end() {
      ended = true;
      for (const off of offs) off();
    },
  };
}

/** A status, as it is read and written here. */
interface Status {
  readonly conditions?: readonly WrittenCondition[];
  readonly addresses?: readonly object[];
  readonly listeners?: readonly { readonly name: string; readonly conditions?: readonly WrittenCondition[] }[];
  readonly parents?: readonly { readonly parentRef: object; readonly controllerName: string; readonly conditions?: readonly WrittenCondition[] }[];
}
interface WrittenCondition extends GatewayCondition {
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

const statusOf = (object: KubernetesObject): Status => (object as { readonly status?: Status }).status ?? {};

function writeVerdicts({ classes, gateways, httpRoutes }: CompiledGateways, options: GatewayFeedOptions): void {
  const { controller, address } = options;
  for (const { gatewayClass, conditions } of classes) {
    write(GatewayClass, gatewayClass, { conditions: merged(gatewayClass, statusOf(gatewayClass).conditions, conditions, options.clock) }, options);
  }
  for (const { gateway, conditions, listeners } of gateways) {
    const old = statusOf(gateway);
    const status = {
      addresses: [{ type: 'IPAddress', value: address }],
      conditions: merged(gateway, old.conditions, conditions, options.clock),
      listeners: listeners.map((listener) => ({
        ...listener,
        conditions: merged(gateway, old.listeners?.find(({ name }) => name === listener.name)?.conditions, listener.conditions, options.clock),
      })),
    };
    write(Gateway, gateway, status, options);
  }
  for (const { route, parents } of httpRoutes) {
    const old = statusOf(route).parents ?? [];
    const others = old.filter(({ controllerName }) => controllerName !== controller);
    const own = parents.map(({ parentRef, conditions }) => {
      const before = old.find((each) => each.controllerName === controller && deepEqual(each.parentRef, parentRef));
      return { parentRef, controllerName: controller, conditions: merged(route, before?.conditions, conditions, options.clock) };
    });
    write(HTTPRoute, route, { parents: [...others, ...own] }, options);
  }
}

/** The conditions with the times at which they changed; those of other types stay. */
function merged(
  { metadata: { generation } }: KubernetesObject,
  old: readonly WrittenCondition[] = [],
  conditions: readonly GatewayCondition[],
  clock: Clock,
): readonly WrittenCondition[] {
  const types = new Set(conditions.map(({ type }) => type));
  const written = conditions.map((condition): WrittenCondition => {
    const before = old.find(({ type }) => type === condition.type);
    const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : formatTime(clock.now());
    return { ...condition, lastTransitionTime, ...(generation === undefined ? {} : { observedGeneration: generation }) };
  });
  return [...old.filter(({ type }) => !types.has(type)), ...written];
}

/** Writes a status where it differs. Who is not in time is told of the next change, and writes then. */
function write<T extends KubernetesObject>(kind: Kind<T>, object: T, status: Status, { client, logger = noopLogger }: GatewayFeedOptions): void {
  const before = statusOf(object);
  if (deepEqual({ ...before, ...status }, before)) return;
  client
    // The status of these kinds is not typed.
    .patch(kind, object, { type: 'merge', patch: { status } as never }, { subresource: 'status' })
    .catch((error: unknown) => isNotFound(error) || logger.error('the status of a Gateway object could not be written', { kind: kind.kind, error }));
}
