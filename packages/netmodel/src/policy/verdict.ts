import type { NetworkPolicy } from '@kybern/core/kinds';
import { compilePolicy, type CompiledPolicy, type Direction } from './compile.ts';
import { resolveEnd, type ConnectionEnd, type ConnectionPort, type Protocol, type ResolvedEnd } from './ends.ts';

/** The NetworkPolicy that decided, and where in it. */
export interface PolicyCause {
  readonly kind: 'NetworkPolicy';
  readonly namespace: string;
  readonly name: string;
  readonly direction: Direction;
  /** The rule that allowed, such as `ingress[1].from[0]` (without the peer when the rule allows every peer); absent when none did. */
  readonly rule?: string;
}

/** What the policies say of one direction. */
export interface DirectionVerdict {
  readonly direction: Direction;
  readonly allowed: boolean;
  /** Whether some policy guards the Pod in this direction; what is not isolated is allowed. */
  readonly isolated: boolean;
  /** Whose rule allowed; when it is denied, the policies that guard the Pod; empty when nothing guards it. */
  readonly because: readonly PolicyCause[];
}

/** Whether a connection may be opened, and what decided. Answers to an open connection always pass. */
export interface PolicyVerdict {
  readonly allowed: boolean;
  /** The policy that decided: the first whose rule allowed at the stricter end, or the first that denied. Absent when no policy has a say. */
  readonly because?: PolicyCause;
  /** One sentence for people. */
  readonly reason: string;
  /** The source's side. Absent when policies have no say about it: it is no Pod of the Pod network, or the ends are exempt. */
  readonly egress?: DirectionVerdict;
  /** The target's side; absent as above. */
  readonly ingress?: DirectionVerdict;
}

/** Policies made ready for many questions. */
export interface PolicySet {
  /** Those that guard a Pod in a direction, in the order they were given. */
  readonly guarding: (end: ResolvedEnd, direction: Direction) => readonly CompiledPolicy[];
}

/** Compiles policies and sorts them by namespace. @throws {ApiError} `BadRequest` on a malformed selector */
export function createPolicySet(policies: readonly NetworkPolicy[]): PolicySet {
  const byNamespace = new Map<string, CompiledPolicy[]>();
  for (const policy of policies.map(compilePolicy)) {
    const list = byNamespace.get(policy.namespace);
    if (list === undefined) byNamespace.set(policy.namespace, [policy]);
    else list.push(policy);
  }
  return {
    guarding: ({ pod }, direction) => {
      if (pod === undefined) return [];
      return (byNamespace.get(pod.namespace) ?? []).filter((policy) => policy.rules[direction] !== undefined && policy.selects(pod.labels));
    },
  };
}

/**
 * Whether `from` may connect to `port` of `to`: egress must be allowed at the source and ingress at the target, each by one rule of any of the
 * policies that guard it; an end that no policy guards allows everything.
 *
 * Policies have no say about a Pod and itself, about a Pod and the node that it runs on, and about ends that share a node's network, as
 * Kubernetes leaves it to implementations to say what holds for those; here they are allowed.
 *
 * @param port a port's name is looked up on the target Pod; one that it has not is denied with that reason
 * @throws {ApiError} `BadRequest` on a malformed selector
 * @see kubernetes v1.36 staging/src/k8s.io/api/networking/v1/types.go (NetworkPolicySpec); website docs/concepts/services-networking/network-policies
 */
export function verdict(policies: readonly NetworkPolicy[] | PolicySet, from: ConnectionEnd, to: ConnectionEnd, port: ConnectionPort): PolicyVerdict {
  const set = 'guarding' in policies ? policies : createPolicySet(policies);
  return judge(set, resolveEnd(from), resolveEnd(to), port);
}

/** {@link verdict} for ends that are resolved already. */
export function judge(set: PolicySet, from: ResolvedEnd, to: ResolvedEnd, { port, protocol = 'TCP' }: ConnectionPort): PolicyVerdict {
  const exempt = exemption(from, to);
  if (exempt !== undefined) return { allowed: true, reason: exempt };
  const number = typeof port === 'number' ? port : to.namedPort(port, protocol);
  if (number === undefined) return { allowed: false, reason: `${to.title} has no ${protocol} port named ${String(port)}` };
  const asked = { to, port: number, protocol };
  const egress = from.pod === undefined ? undefined : direction(set.guarding(from, 'Egress'), 'Egress', to, asked);
  const ingress = to.pod === undefined ? undefined : direction(set.guarding(to, 'Ingress'), 'Ingress', from, asked);
  return summarize(from, to, egress, ingress);
}

/** Why policies have no say about two ends at all; undefined when they have. */
export function exemption(from: ResolvedEnd, to: ResolvedEnd): string | undefined {
  if (from.pod !== undefined && to.pod !== undefined && from.pod.name === to.pod.name && from.pod.namespace === to.pod.namespace) {
    return `${to.title} always reaches itself`;
  }
  if ((from.onNode || to.onNode) && from.node !== undefined && from.node === to.node) return `a node and the Pods on it always reach each other (${from.node})`;
  return undefined;
}

interface Asked {
  readonly to: ResolvedEnd;
  readonly port: number;
  readonly protocol: Protocol;
}

function direction(guards: readonly CompiledPolicy[], way: Direction, other: ResolvedEnd, asked: Asked): DirectionVerdict {
  if (guards.length === 0) return { direction: way, allowed: true, isolated: false, because: [] };
  for (const policy of guards) {
    const rule = allowingRule(policy, way, other, asked);
    if (rule !== undefined) return { direction: way, allowed: true, isolated: true, because: [{ ...cause(policy, way), rule }] };
  }
  return { direction: way, allowed: false, isolated: true, because: guards.map((policy) => cause(policy, way)) };
}

const cause = ({ namespace, name }: CompiledPolicy, way: Direction): PolicyCause => ({ kind: 'NetworkPolicy', namespace, name, direction: way });

/** The path of the first rule and peer that allow. */
function allowingRule(policy: CompiledPolicy, way: Direction, other: ResolvedEnd, { to, port, protocol }: Asked): string | undefined {
  for (const [index, { peers, ports }] of (policy.rules[way] ?? []).entries()) {
    if (ports !== undefined && !ports.some((each) => each(to, port, protocol))) continue;
    const path = `${way.toLowerCase()}[${String(index)}]`;
    if (peers === undefined) return path;
    const peer = peers.findIndex((each) => each(other));
    if (peer >= 0) return `${path}.${way === 'Ingress' ? 'from' : 'to'}[${String(peer)}]`;
  }
  return undefined;
}

function summarize(from: ResolvedEnd, to: ResolvedEnd, egress: DirectionVerdict | undefined, ingress: DirectionVerdict | undefined): PolicyVerdict {
  const sides = { ...(egress === undefined ? {} : { egress }), ...(ingress === undefined ? {} : { ingress }) };
  const denied = egress?.allowed === false ? egress : ingress?.allowed === false ? ingress : undefined;
  if (denied !== undefined) {
    const guarded = denied === egress ? from : to;
    const because = denied.because[0];
    const names = denied.because.map(({ namespace, name }) => `${namespace}/${name}`).join(', ');
    const reason = `${denied.direction} ${denied === egress ? 'from' : 'to'} ${guarded.title} is isolated by NetworkPolicy ${names}, and no rule allows this`;
    return { allowed: false, ...(because === undefined ? {} : { because }), reason, ...sides };
  }
  const because = ingress?.because[0] ?? egress?.because[0];
  if (because === undefined) return { allowed: true, reason: `no NetworkPolicy guards ${from.title} or ${to.title} here`, ...sides };
  return { allowed: true, because, reason: `NetworkPolicy ${because.namespace}/${because.name} allows it by ${because.rule ?? because.direction}`, ...sides };
}
