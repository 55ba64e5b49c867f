import type { Labels } from '@kybern/core';
import type { Namespace, Secret, Service } from '@kybern/core/kinds';
import type { CompiledRoutes, HostPattern, Route } from '../ingress/route.ts';
import { NAMESPACE_NAME_LABEL } from '../policy/ends.ts';
import { condition, type GatewayCondition } from './conditions.ts';
import { gatewayHost, intersectHosts } from './hostnames.ts';
import { compileRules, withHosts, type CompiledRules } from './http-rules.ts';
import { GATEWAY_GROUP, type Gateway, type GatewayClass, type HTTPRoute, type ParentRef, type ReferenceGrant } from './kinds.ts';
import { allowsNamespace, judgeListeners, type JudgedListener } from './listeners.ts';

/** The objects that Gateways are made of. */
export interface GatewayObjects {
  readonly classes: readonly GatewayClass[];
  readonly gateways: readonly Gateway[];
  readonly routes: readonly HTTPRoute[];
  readonly grants: readonly ReferenceGrant[];
  readonly services: readonly Service[];
  readonly secrets: readonly Secret[];
  readonly namespaces: readonly Namespace[];
}

/** What there is to say in the status of a Gateway. */
export interface GatewayVerdict {
  readonly gateway: Gateway;
  readonly conditions: readonly GatewayCondition[];
  readonly listeners: readonly {
    readonly name: string;
    readonly attachedRoutes: number;
    readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
    readonly conditions: readonly GatewayCondition[];
  }[];
}

/** What there is to say in the status of an HTTPRoute, for each parent that is ours. */
export interface HttpRouteVerdict {
  readonly route: HTTPRoute;
  readonly parents: readonly { readonly parentRef: ParentRef; readonly conditions: readonly GatewayCondition[] }[];
}

/** Routes, certificates and verdicts. */
export interface CompiledGateways extends CompiledRoutes {
  readonly classes: readonly { readonly gatewayClass: GatewayClass; readonly conditions: readonly GatewayCondition[] }[];
  readonly gateways: readonly GatewayVerdict[];
  readonly httpRoutes: readonly HttpRouteVerdict[];
}

/**
 * Compiles the Gateways of a controller's classes and the HTTPRoutes that attach to them. Objects of other classes are not looked at.
 *
 * @param controller the `spec.controllerName` that is served
 * @see Gateway API v1; its conformance tests of Gateway, HTTPRoute and ReferenceGrant
 */
export function compileGateways(objects: GatewayObjects, controller: string): CompiledGateways {
  const classes = objects.classes.filter(({ spec }) => spec.controllerName === controller);
  const names = new Set(classes.map(({ metadata }) => metadata.name));
  const gateways = objects.gateways.filter(({ spec }) => names.has(spec.gatewayClassName));
  const judged = new Map(gateways.map((gateway) => [keyOf(gateway), judgeListeners(gateway, objects)]));
  const attached = new Map<JudgedListener, Set<HTTPRoute>>();
  const routes: Route[] = [];
  const problems: CompiledRoutes['problems'][number][] = [];
  const services = new Map(objects.services.map((service) => [keyOf(service), service]));
  const labels = namespaceLabels(objects.namespaces);

  const httpRoutes = objects.routes.flatMap((route): readonly HttpRouteVerdict[] => {
    const rules = compileRules(route, { services, grants: objects.grants });
    const parents = (route.spec.parentRefs ?? []).flatMap((parentRef) => {
      const listeners = isGatewayRef(parentRef) ? judged.get(`${parentRef.namespace ?? namespaceOf(route)}/${parentRef.name}`) : undefined;
      if (listeners === undefined) return [];
      const found = attach(route, parentRef, listeners, { rules, labels });
      for (const { hosts, listener } of found.attachments) {
        attached.set(listener, (attached.get(listener) ?? new Set()).add(route));
        if (listener.conditions.some(({ type, status }) => type === 'Programmed' && status === 'True'))
          routes.push(...withHosts(rules.matches, hosts, listener.listener.port));
      }
      return [{ parentRef, conditions: [found.accepted, rules.resolved] }];
    });
    if (parents.length === 0) return [];
    if (rules.resolved.status === 'False')
      problems.push({
        source: { kind: 'HTTPRoute', namespace: namespaceOf(route), name: route.metadata.name, path: 'rules', createdAt: '' },
        message: rules.resolved.message,
      });
    return [{ route, parents }];
  });

  return {
    routes,
    problems,
    certificates: [...judged.values()].flat().flatMap(({ certificates }) => certificates),
    classes: classes.map((gatewayClass) => ({ gatewayClass, conditions: [classCondition(gatewayClass)] })),
    gateways: gateways.map((gateway) => gatewayVerdict(gateway, judged.get(keyOf(gateway)) ?? [], attached)),
    httpRoutes,
  };
}

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const namespaceOf = ({ metadata }: Named): string => metadata.namespace ?? 'default';
const keyOf = (object: Named): string => `${namespaceOf(object)}/${object.metadata.name}`;
const isGatewayRef = ({ group, kind }: ParentRef): boolean => (group ?? GATEWAY_GROUP) === GATEWAY_GROUP && (kind ?? 'Gateway') === 'Gateway';

function namespaceLabels(namespaces: readonly Namespace[]): (name: string) => Labels {
  const known = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  return (name) => ({ ...known.get(name), [NAMESPACE_NAME_LABEL]: name });
}

function classCondition({ spec }: GatewayClass): GatewayCondition {
  return spec.parametersRef === undefined
    ? condition('Accepted', true, 'Accepted', 'the class is served')
    : condition('Accepted', false, 'InvalidParameters', 'this controller takes no parameters');
}

interface Attachment {
  readonly listener: JudgedListener;
  readonly hosts: readonly HostPattern[];
}

/** The listeners that a route attaches to by one parent reference, and whether that is accepted. */
function attach(
  route: HTTPRoute,
  { port, sectionName }: ParentRef,
  listeners: readonly JudgedListener[],
  { labels, rules }: { readonly labels: (name: string) => Labels; readonly rules: CompiledRules },
): { readonly attachments: readonly Attachment[]; readonly accepted: GatewayCondition } {
  const refuse = (reason: string, message: string) => ({ attachments: [], accepted: condition('Accepted', false, reason, message) });
  if (rules.unsupported !== undefined) return refuse('UnsupportedValue', rules.unsupported);
  const named = listeners.filter(
    ({ listener }) => (sectionName === undefined || listener.name === sectionName) && (port === undefined || listener.port === port),
  );
  if (named.length === 0) return refuse('NoMatchingParent', 'the Gateway has no such listener');
  const allowing = named.filter((each) => each.accepted && each.takesHttpRoutes && allowsNamespace(each, namespaceOf(route), labels));
  if (allowing.length === 0) return refuse('NotAllowedByListeners', 'no listener lets HTTPRoutes of this namespace attach');
  const attachments = allowing.map((listener): Attachment => ({ listener, hosts: hostsOf(route, listener) })).filter(({ hosts }) => hosts.length > 0);
  if (attachments.length === 0) return refuse('NoMatchingListenerHostname', 'no listener has a hostname in common with the route');
  return { attachments, accepted: condition('Accepted', true, 'Accepted', 'the route is attached') };
}

function hostsOf({ spec }: HTTPRoute, { listener }: JudgedListener): readonly HostPattern[] {
  const own = gatewayHost(listener.hostname);
  const wanted = spec.hostnames === undefined || spec.hostnames.length === 0 ? [gatewayHost(undefined)] : spec.hostnames.map(gatewayHost);
  return wanted.flatMap((host) => intersectHosts(own, host) ?? []);
}

function gatewayVerdict(gateway: Gateway, listeners: readonly JudgedListener[], attached: ReadonlyMap<JudgedListener, ReadonlySet<HTTPRoute>>): GatewayVerdict {
  const good = listeners.filter(({ conditions }) => conditions.some(({ type, status }) => type === 'Programmed' && status === 'True'));
  const all = good.length === listeners.length;
  const any = listeners.some(({ accepted }) => accepted);
  return {
    gateway,
    conditions: [
      condition('Accepted', any, all ? 'Accepted' : 'ListenersNotValid', all ? 'the Gateway is served' : 'not every listener is valid'),
      condition('Programmed', good.length > 0, good.length > 0 ? 'Programmed' : 'Invalid', good.length > 0 ? 'requests are served' : 'no listener is served'),
    ],
    listeners: listeners.map((each) => ({
      name: each.listener.name,
      attachedRoutes: attached.get(each)?.size ?? 0,
      supportedKinds: each.takesHttpRoutes ? [{ group: GATEWAY_GROUP, kind: 'HTTPRoute' }] : [],
      conditions: each.conditions,
    })),
  };
}
