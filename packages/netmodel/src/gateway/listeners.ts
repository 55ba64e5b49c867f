import type { Labels } from '@kybern/core';
import type { Secret } from '@kybern/core/kinds';
import type { RouteCertificate } from '../ingress/route.ts';
import { condition, type GatewayCondition } from './conditions.ts';
import { gatewayHost } from './hostnames.ts';
import { GATEWAY_GROUP, type Gateway, type GatewayListener, type ObjectRef, type ReferenceGrant } from './kinds.ts';
import { mayRefer } from './references.ts';

/** A listener, what is said of it, and the certificates it ends TLS with. */
export interface JudgedListener {
  readonly listener: GatewayListener;
  readonly gateway: Gateway;
  /** Whether routes may attach: its protocol is served and it conflicts with no other. */
  readonly accepted: boolean;
  /** Whether it takes HTTPRoutes at all. */
  readonly takesHttpRoutes: boolean;
  readonly conditions: readonly GatewayCondition[];
  readonly certificates: readonly RouteCertificate[];
}

/** What listeners are judged by. */
export interface ListenerFacts {
  readonly secrets: readonly Secret[];
  readonly grants: readonly ReferenceGrant[];
}

/**
 * Judges the listeners of a Gateway: protocol, kinds of routes, certificates, and conflicts among them (two protocols on one port, or one hostname
 * twice).
 *
 * @see Gateway API v1 ListenerStatus, ListenerConditionType, ListenerConditionReason
 */
export function judgeListeners(gateway: Gateway, facts: ListenerFacts): readonly JudgedListener[] {
  const { listeners } = gateway.spec;
  return listeners.map((listener): JudgedListener => {
    const conflict = conflictOf(listener, listeners);
    const served = listener.protocol === 'HTTP' || listener.protocol === 'HTTPS';
    const kinds = listener.allowedRoutes?.kinds ?? [];
    const takesHttpRoutes = kinds.length === 0 || kinds.some(isHttpRoute);
    const { certificates, problem } = certificatesOf(gateway, listener, facts);
    const badKinds = kinds.some((kind) => !isHttpRoute(kind));
    const resolved = badKinds
      ? condition('ResolvedRefs', false, 'InvalidRouteKinds', 'only HTTPRoutes of gateway.networking.k8s.io are served')
      : (problem ?? condition('ResolvedRefs', true, 'ResolvedRefs', 'all references lead somewhere'));
    const accepted = served && conflict === undefined;
    const programmed = accepted && problem === undefined && takesHttpRoutes;
    return {
      listener,
      gateway,
      accepted,
      takesHttpRoutes,
      certificates: programmed ? certificates : [],
      conditions: [
        served
          ? condition(
              'Accepted',
              conflict === undefined,
              conflict === undefined ? 'Accepted' : conflict,
              conflict === undefined ? 'the listener is served' : 'another listener has the same port',
            )
          : condition('Accepted', false, 'UnsupportedProtocol', `the protocol ${listener.protocol} is not served; HTTP and HTTPS are`),
        condition(
          'Conflicted',
          conflict !== undefined,
          conflict ?? 'NoConflicts',
          conflict === undefined ? 'no other listener is in the way' : 'another listener has the same port',
        ),
        resolved,
        condition(
          'Programmed',
          programmed,
          programmed ? 'Programmed' : 'Invalid',
          programmed ? 'requests are served' : 'the listener is not served: see its other conditions',
        ),
      ],
    };
  });
}

const isHttpRoute = ({ group, kind }: { readonly group?: string; readonly kind: string }): boolean =>
  (group ?? GATEWAY_GROUP) === GATEWAY_GROUP && kind === 'HTTPRoute';

function conflictOf(listener: GatewayListener, all: readonly GatewayListener[]): 'HostnameConflict' | 'ProtocolConflict' | undefined {
  const others = all.filter((other) => other !== listener && other.port === listener.port);
  if (others.some(({ protocol }) => protocol !== listener.protocol)) return 'ProtocolConflict';
  return others.some(({ hostname }) => (hostname ?? '').toLowerCase() === (listener.hostname ?? '').toLowerCase()) ? 'HostnameConflict' : undefined;
}

function certificatesOf(
  gateway: Gateway,
  listener: GatewayListener,
  facts: ListenerFacts,
): { certificates: readonly RouteCertificate[]; problem?: GatewayCondition } {
  if (listener.protocol !== 'HTTPS') return { certificates: [] };
  const fail = (reason: string, message: string): { certificates: []; problem: GatewayCondition } => ({
    certificates: [],
    problem: condition('ResolvedRefs', false, reason, message),
  });
  if (listener.tls?.mode === 'Passthrough') return fail('InvalidCertificateRef', 'TLS is ended here; Passthrough is for listeners of the protocol TLS');
  const refs = listener.tls?.certificateRefs ?? [];
  if (refs.length === 0) return fail('InvalidCertificateRef', 'an HTTPS listener needs a certificate');
  const namespace = gateway.metadata.namespace ?? 'default';
  for (const ref of refs) {
    const problem = certificateProblem(ref, namespace, facts);
    if (problem !== undefined) return fail(...problem);
  }
  return {
    certificates: refs.map((ref) => ({
      host: gatewayHost(listener.hostname),
      secret: { namespace: ref.namespace ?? namespace, name: ref.name },
      listenerPort: listener.port,
      source: {
        kind: 'Gateway',
        namespace,
        name: gateway.metadata.name,
        path: `listeners[${listener.name}]`,
        createdAt: gateway.metadata.creationTimestamp ?? '',
      },
    })),
  };
}

function certificateProblem(ref: ObjectRef, namespace: string, { grants, secrets }: ListenerFacts): readonly [reason: string, message: string] | undefined {
  const to = { group: ref.group ?? '', kind: ref.kind ?? 'Secret', namespace: ref.namespace ?? namespace, name: ref.name };
  if (to.group !== '' || to.kind !== 'Secret') return ['InvalidCertificateRef', `a certificate is a Secret, not a ${to.kind}`];
  if (!mayRefer({ from: { group: GATEWAY_GROUP, kind: 'Gateway', namespace }, to }, grants))
    return ['RefNotPermitted', `no ReferenceGrant lets it refer to Secret ${to.namespace}/${to.name}`];
  const secret = secrets.find(({ metadata }) => metadata.name === to.name && (metadata.namespace ?? 'default') === to.namespace);
  if (secret === undefined) return ['InvalidCertificateRef', `there is no Secret ${to.namespace}/${to.name}`];
  return isCertificate(secret) ? undefined : ['InvalidCertificateRef', `Secret ${to.namespace}/${to.name} holds no certificate and key in PEM`];
}

function isCertificate({ data = {}, type }: Secret): boolean {
  const isPem = (key: string): boolean => atobSafe(data[key] ?? '').includes('-----BEGIN ');
  return type === 'kubernetes.io/tls' && isPem('tls.crt') && isPem('tls.key');
}

function atobSafe(text: string): string {
  try {
    return atob(text);
  } catch {
    return ''; // not base64: no certificate
  }
}

/** Whether a listener lets routes of a namespace attach. */
export function allowsNamespace({ gateway, listener }: JudgedListener, namespace: string, labels: (namespace: string) => Labels): boolean {
  const { from = 'Same', selector } = listener.allowedRoutes?.namespaces ?? {};
  if (from === 'All') return true;
  if (from === 'Same') return namespace === (gateway.metadata.namespace ?? 'default');
  const wanted = Object.entries(selector?.matchLabels ?? {});
  const actual = labels(namespace);
  return from === 'Selector' && selector !== undefined && wanted.every(([key, value]) => actual[key] === value);
}
