import type { DnsAnswer, DnsQuestion } from './dns/zone.ts';
import { resolveName, type Resolution } from './dns/resolve.ts';
import { explainConnection, type ConnectionExplanation } from './explain-connection.ts';
import { createFacts, type EndName } from './facts.ts';
import { compileIngresses, type IngressSelection } from './ingress/ingress-routes.ts';
import { createRoutingTable, type RoutingTable } from './ingress/routing-table.ts';
import { completeManifests } from './manifests.ts';
import { sortNetworkObjects, type NetworkInput, type NetworkObjects } from './objects.ts';
import type { Protocol } from './policy/ends.ts';
import { reachability, type ReachabilityMatrix } from './policy/reachability.ts';
import { createPolicySet, verdict, type PolicyVerdict } from './policy/verdict.ts';
import { serviceRules, type ServiceRule } from './services/service-rules.ts';
import type { Place } from './services/service-endpoints.ts';

/** Options of {@link createNetworkModel}. */
export interface NetworkModelOptions {
  /** The cluster's domain. Default: `cluster.local`. */
  readonly domain?: string;
  /** Addresses of the cluster's DNS service, for the Pods' resolver configuration. Default: none. */
  readonly clusterDns?: readonly string[];
  /** Which Ingresses are served. Default: all. */
  readonly ingress?: IngressSelection;
}

/** A question of a {@link NetworkModel}. */
export interface ConnectionQuestion {
  readonly from: EndName;
  readonly to: EndName;
  /** A number, or a port's name on the target. */
  readonly port: number | string;
  /** Default: TCP. */
  readonly protocol?: Protocol;
}

/** Answers questions about the network that a set of objects describes. It holds no connection to anything. */
export interface NetworkModel {
  /** Whether policies let `from` connect to `to`, and which decided. @throws {UnknownEndError} when a Pod or node is not among the objects */
  readonly verdict: (question: ConnectionQuestion) => PolicyVerdict;
  /** Which Pods may connect to which. Default ports: those that containers declare. */
  readonly reachability: (ports?: readonly { readonly port: number | string; readonly protocol?: Protocol }[]) => readonly ReachabilityMatrix[];
  /** Looks a name up as a Pod of a namespace, or a certain Pod (`namespace/name`), does. */
  readonly resolve: (name: string, from: { readonly namespace: string } | { readonly pod: string }) => Resolution;
  /** What the cluster's DNS answers; undefined for names that are not its own. */
  readonly answer: (question: DnsQuestion) => DnsAnswer | undefined;
  /** What a node's dataplane does for the Services. Without a node no endpoint counts as local. */
  readonly serviceRules: (place?: Place) => readonly ServiceRule[];
  /** The routes of the Ingresses. */
  readonly routes: RoutingTable;
  /** Follows a connection from a Pod to a name, a Service or an address, step by step. */
  readonly explainConnection: (question: {
    readonly from: EndName;
    readonly to: string;
    readonly port: number | string;
    readonly protocol?: Protocol;
  }) => ConnectionExplanation;
  readonly objects: NetworkObjects;
}

/**
 * A model of the network of a cluster, a test or a folder of manifests. Services whose EndpointSlices are not among the objects get those that
 * their selector makes of the Pods. Objects that no API server has seen yet (they have no uid) and that have no address get one of the model's
 * own, and such Pods count as ready: the answers are what a cluster with these manifests would come to.
 *
 * @param objects of any kind; those without a part in the network are passed over
 * @throws {ApiError} `BadRequest` on a malformed selector
 */
export function createNetworkModel(objects: Iterable<NetworkInput>, options: NetworkModelOptions = {}): NetworkModel {
  const given = sortNetworkObjects(objects);
  const sorted = { ...given, ...completeManifests(given) };
  const facts = createFacts(sorted, options);
  const policies = createPolicySet(sorted.networkPolicies);
  return {
    objects: sorted,
    verdict: ({ from, to, port, protocol = 'TCP' }) => verdict(policies, facts.end(from), facts.end(to), { port, protocol }),
    reachability: (ports) =>
      reachability({ pods: sorted.pods, policies: sorted.networkPolicies, namespaceLabels: facts.namespaceLabels, ...(ports === undefined ? {} : { ports }) }),
    resolve: (name, from) => resolveName(facts.zone, name, facts.resolver(from)),
    answer: facts.zone.answer,
    serviceRules: (place) => sorted.services.flatMap((service) => serviceRules(service, facts.slices(service), place)),
    routes: createRoutingTable(compileIngresses(sorted.ingresses, sorted.ingressClasses, options.ingress)),
    explainConnection: ({ protocol = 'TCP', ...question }) => explainConnection({ ...question, protocol }, facts, policies),
  };
}
