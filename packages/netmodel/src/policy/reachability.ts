import type { Labels } from '@kybern/core';
import type { NetworkPolicy, Pod } from '@kybern/core/kinds';
import { bits, clear, count, has, put, select, unite, type Bits } from '../internal/bits.ts';
import type { CompiledPolicy, CompiledRule, Direction } from './compile.ts';
import { resolveEnd, servingContainers, type ConnectionPort, type Protocol, type ResolvedEnd } from './ends.ts';
import { createPolicySet, exemption } from './verdict.ts';

/** What {@link reachability} looks at. */
export interface ReachabilityInput {
  readonly pods: readonly Pod[];
  readonly policies: readonly NetworkPolicy[];
  /** Labels of the Namespaces, by name. Default: each has its name label only. */
  readonly namespaceLabels?: (name: string) => Labels | undefined;
  /** Ports to ask for. Default: every port that some container declares. */
  readonly ports?: readonly ConnectionPort[];
}

/** Who reaches whom on one port. */
export interface ReachabilityMatrix {
  readonly port: number | string;
  readonly protocol: Protocol;
  /** The Pods as `namespace/name`; rows (sources) and columns (targets) follow this order. */
  readonly pods: readonly string[];
  /** Whether the Pod at index `from` may connect to the one at index `to`. */
  readonly allowed: (from: number, to: number) => boolean;
  /** How many of all pairs of different Pods are allowed. */
  readonly allowedPairs: number;
}

/**
 * Which Pods the policies let connect to which, for each port: {@link verdict} for all pairs at once. Each selector is asked once a Pod, and a
 * row of the matrix is a union of such sets, so it costs far less than asking pair by pair.
 *
 * Pods that have ended (Succeeded, Failed) are left out. A target without a port of the asked name is reached by nobody.
 *
 * @throws {ApiError} `BadRequest` on a malformed selector
 */
export function reachability(input: ReachabilityInput): readonly ReachabilityMatrix[] {
  const live = input.pods.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
  const ends = live.map((pod) => {
    const namespaceLabels = input.namespaceLabels?.(pod.metadata.namespace ?? 'default');
    return resolveEnd({ pod, ...(namespaceLabels === undefined ? {} : { namespaceLabels }) });
  });
  const sides = guardedSides(ends, input.policies);
  const pods = live.map(({ metadata }) => `${metadata.namespace ?? 'default'}/${metadata.name}`);
  return (input.ports ?? declaredPorts(live)).map((port) => matrix(pods, ends, sides, port));
}

/** The policies that guard each Pod, and for each rule the Pods that are its peers. */
interface Sides {
  readonly egress: readonly (readonly CompiledPolicy[])[];
  readonly ingress: readonly (readonly CompiledPolicy[])[];
  readonly peersOf: (rule: CompiledRule) => Bits | undefined;
}

function guardedSides(ends: readonly ResolvedEnd[], policies: readonly NetworkPolicy[]): Sides {
  const set = createPolicySet(policies);
  const peers = new Map<CompiledRule, Bits>();
  return {
    egress: ends.map((end) => set.guarding(end, 'Egress')),
    ingress: ends.map((end) => set.guarding(end, 'Ingress')),
    peersOf: (rule) => {
      const all = rule.peers;
      if (all === undefined) return undefined;
      const known = peers.get(rule) ?? select(ends, (end) => all.some((peer) => peer(end)));
      peers.set(rule, known);
      return known;
    },
  };
}

function matrix(pods: readonly string[], ends: readonly ResolvedEnd[], sides: Sides, { port, protocol = 'TCP' }: ConnectionPort): ReachabilityMatrix {
  const numbers = ends.map((end) => (typeof port === 'number' ? port : end.namedPort(port, protocol)));
  const open = select(ends, (_end, index) => numbers[index] !== undefined);
  const targetsOf = egressRows(ends, sides, { numbers, protocol, open });
  const sourcesOf = ingressColumns(ends, sides, { numbers, protocol });
  const rows = ends.map((from, source) => {
    const row = targetsOf[source]?.slice() ?? open.slice();
    for (const [target, sources] of sourcesOf.entries()) if (sources !== undefined && !has(sources, source)) clear(row, target);
    for (const [target, to] of ends.entries()) if (mayBeExempt(from, to, source === target) && exemption(from, to) !== undefined) put(row, target);
    return row;
  });
  const pairs = rows.reduce((sum, row, index) => sum + count(row) - (has(row, index) ? 1 : 0), 0);
  return { port, protocol, pods, allowedPairs: pairs, allowed: (from, to) => rows[from] !== undefined && has(rows[from], to) };
}

const mayBeExempt = (from: ResolvedEnd, to: ResolvedEnd, same: boolean): boolean => same || from.onNode || to.onNode;

interface AskedPort {
  /** The port's number on each Pod; undefined where a named port is not there. */
  readonly numbers: readonly (number | undefined)[];
  readonly protocol: Protocol;
}

/** For each source the targets that its egress policies allow; undefined where nothing guards it. Sources with the same guards share a row. */
function egressRows(ends: readonly ResolvedEnd[], sides: Sides, asked: AskedPort & { readonly open: Bits }): readonly (Bits | undefined)[] {
  const remember = createMemo<Bits>();
  return sides.egress.map((guards) => {
    if (guards.length === 0) return undefined;
    return remember(guards, () => {
      const row = bits(ends.length);
      for (const rule of rulesOf(guards, 'Egress')) {
        const targets = rule.ports === undefined ? asked.open : select(ends, (end, index) => portMatches(rule, end, asked.numbers[index], asked.protocol));
        unite(row, targets, sides.peersOf(rule));
      }
      return row;
    });
  });
}

/** For each target the sources that its ingress policies allow; undefined where nothing guards it. */
function ingressColumns(ends: readonly ResolvedEnd[], sides: Sides, { numbers, protocol }: AskedPort): readonly (Bits | undefined)[] {
  const remember = createMemo<Bits>();
  const everyone = select(ends, () => true);
  return sides.ingress.map((guards, target) => {
    const end = ends[target];
    if (guards.length === 0 || end === undefined) return undefined;
    const rules = rulesOf(guards, 'Ingress').filter((rule) => portMatches(rule, end, numbers[target], protocol));
    return remember(rules, () => {
      const sources = bits(ends.length);
      for (const rule of rules) unite(sources, everyone, sides.peersOf(rule));
      return sources;
    });
  });
}

const rulesOf = (guards: readonly CompiledPolicy[], direction: Direction): readonly CompiledRule[] => guards.flatMap((policy) => policy.rules[direction] ?? []);

function portMatches(rule: CompiledRule, target: ResolvedEnd, port: number | undefined, protocol: Protocol): boolean {
  return port !== undefined && (rule.ports === undefined || rule.ports.some((each) => each(target, port, protocol)));
}

/** Remembers one value for each list of the same parts, however often the list is made anew. */
function createMemo<T>(): (parts: readonly object[], make: () => T) => T {
  const identities = new Map<object, number>();
  const values = new Map<string, T>();
  return (parts, make) => {
    const key = parts.map((part) => identities.get(part) ?? (identities.set(part, identities.size), identities.size - 1)).join();
    const value = values.get(key) ?? make();
    values.set(key, value);
    return value;
  };
}

/** Every port that some container declares, once, in the order of the Pods. */
function declaredPorts(pods: readonly Pod[]): readonly ConnectionPort[] {
  const found = new Map<string, ConnectionPort>();
  for (const pod of pods) {
    for (const container of servingContainers(pod)) {
      for (const { containerPort, protocol = 'TCP' } of container.ports ?? [])
        found.set(`${protocol} ${String(containerPort)}`, { port: containerPort, protocol });
    }
  }
  return [...found.values()];
}
