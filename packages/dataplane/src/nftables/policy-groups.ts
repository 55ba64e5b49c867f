import {
  createPolicySet,
  parseCidr,
  resolveEnd,
  type CompiledPolicy,
  type Direction,
  type IpFamily,
  type PodEnd,
  type Protocol,
  type ResolvedEnd,
} from '@kybern/netmodel';
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '@kybern/core/kinds';
import { addressRange, allAddresses, cidrRange, disjoint, rangeText, withoutRanges, type AddressRange } from './address-ranges.ts';

/** What is enforced. */
export interface PolicyInput {
  readonly policies: readonly NetworkPolicy[];
  /** Every Pod of the cluster, since each may be a peer. */
  readonly pods: readonly PodEnd[];
  /** Only Pods of this node are guarded. Default: all. */
  readonly nodeName?: string | undefined;
}

/** Pods that the same policies guard in one direction: they share a chain and a set of what is let through. */
export interface PolicyGroup {
  /** Of its chain and its set. */
  readonly name: string;
  readonly direction: Direction;
  /** Elements: peer's addresses . protocol . ports. */
  readonly allowed: ReadonlyMap<string, string>;
}

/** What the policies come to in the table of one family. */
export interface PolicyGroups {
  readonly groups: ReadonlyMap<string, PolicyGroup>;
  /** The group of each guarded address. */
  readonly isolated: Readonly<Record<Direction, ReadonlyMap<string, string>>>;
}

/** Compiles policies to groups. @throws {ApiError} `BadRequest` on a malformed selector */
export function policyGroups({ policies, pods, nodeName }: PolicyInput, family: IpFamily): PolicyGroups {
  const set = createPolicySet(policies);
  const ends = pods.map((end) => resolveEnd(end));
  const raw = new Map(policies.map((policy) => [`${policy.metadata.namespace ?? 'default'}/${policy.metadata.name}`, policy]));
  const memo = new Map<string, readonly Allowed[]>();
  const groups = new Map<string, PolicyGroup>();
  const isolated: Record<Direction, Map<string, string>> = { Egress: new Map(), Ingress: new Map() };
  for (const end of ends) {
    if (end.pod === undefined || (nodeName !== undefined && end.node !== nodeName)) continue;
    for (const direction of ['Egress', 'Ingress'] as const) {
      const guards = set.guarding(end, direction);
      if (guards.length === 0) continue;
      const names = guards.map(({ namespace, name }) => `${namespace}/${name}`);
      const key = `${direction} ${names.join(' ')}${
        direction === 'Ingress'
          ? namedPorts(
              end,
              names.map((name) => raw.get(name)),
            )
          : ''
      }`;
      const name = `${direction === 'Egress' ? 'pe' : 'pi'}_${hash(key)}`;
      if (!groups.has(name)) {
        const allowed = guards.flatMap((guard) => rulesOf(guard, raw.get(`${guard.namespace}/${guard.name}`), { direction, end, ends, family, memo }));
        groups.set(name, { name, direction, allowed: allowedElements(allowed, family) });
      }
      for (const { family: of, value } of end.addresses) if (of === family) isolated[direction].set(rangeText({ from: value, to: value }, family), name);
    }
  }
  return { groups, isolated };
}

interface Allowed {
  readonly range: AddressRange;
  readonly ports: readonly PortRange[];
}

interface PortRange {
  /** `all` is every protocol, also those without ports. */
  readonly protocol: Protocol | 'all';
  readonly from: number;
  readonly to: number;
}

const EVERYTHING: readonly PortRange[] = [{ protocol: 'all', from: 0, to: 65_535 }];

interface RuleContext {
  readonly direction: Direction;
  /** The guarded Pod: named ports of its ingress rules are its own. */
  readonly end: ResolvedEnd;
  readonly ends: readonly ResolvedEnd[];
  readonly family: IpFamily;
  readonly memo: Map<string, readonly Allowed[]>;
}

function rulesOf(compiled: CompiledPolicy, policy: NetworkPolicy | undefined, context: RuleContext): readonly Allowed[] {
  const { direction } = context;
  const raw = (direction === 'Ingress' ? policy?.spec.ingress : policy?.spec.egress) ?? [];
  return raw.flatMap((rule, index) => {
    const peers: readonly NetworkPolicyPeer[] = ('from' in rule ? rule.from : 'to' in rule ? rule.to : undefined) ?? [];
    const matches = compiled.rules[direction]?.[index]?.peers;
    const whole = peers.length === 0 || matches === undefined;
    const ranges = (): readonly AddressRange[] => (whole ? [allAddresses(context.family)] : peers.flatMap((peer, i) => peerRanges(peer, matches[i], context)));
    const isPeer = (end: ResolvedEnd): boolean => whole || matches.some((match) => match(end));
    const ports = rule.ports ?? [];
    const key = `${compiled.namespace}/${compiled.name} ${direction} ${String(index)}`;
    const numbered = memoized(context.memo, key, () => {
      const fixed = ports.length === 0 ? EVERYTHING : ports.flatMap((port) => fixedPorts(port));
      return fixed.length === 0 ? [] : ranges().map((range) => ({ range, ports: fixed }));
    });
    return [...numbered, ...namedRules(ports, { ...context, isPeer, ranges })];
  });
}

function memoized<T>(memo: Map<string, T>, key: string, make: () => T): T {
  let known = memo.get(key);
  if (known === undefined) memo.set(key, (known = make()));
  return known;
}

/** A block's addresses, or those of the Pods that the selectors match. */
function peerRanges(
  { ipBlock }: NetworkPolicyPeer,
  matches: ((end: ResolvedEnd) => boolean) | undefined,
  { ends, family }: RuleContext,
): readonly AddressRange[] {
  if (ipBlock !== undefined) {
    const block = parseCidr(ipBlock.cidr);
    if (block?.family !== family) return [];
    const holes = (ipBlock.except ?? []).flatMap((text) => parseCidr(text) ?? []).filter((hole) => hole.family === family);
    return withoutRanges(cidrRange(block), holes.map(cidrRange));
  }
  return ends.filter((end) => matches?.(end) === true).flatMap(({ addresses }) => addresses.filter((each) => each.family === family).map(addressRange));
}

function fixedPorts({ port, endPort, protocol = 'TCP' }: NetworkPolicyPort): readonly PortRange[] {
  if (port === undefined) return [{ protocol, from: 0, to: 65_535 }];
  return typeof port === 'string' ? [] : [{ protocol, from: port, to: endPort ?? port }];
}

/** A named port is what the target calls so: the guarded Pod under ingress, each peer for itself under egress. */
function namedRules(
  ports: readonly NetworkPolicyPort[],
  {
    direction,
    end,
    ends,
    family,
    isPeer,
    ranges,
  }: RuleContext & { readonly isPeer: (end: ResolvedEnd) => boolean; readonly ranges: () => readonly AddressRange[] },
): readonly Allowed[] {
  return ports.flatMap(({ port, protocol = 'TCP' }): readonly Allowed[] => {
    if (typeof port !== 'string') return [];
    const at = (target: ResolvedEnd): readonly PortRange[] => {
      const number = target.namedPort(port, protocol);
      return number === undefined ? [] : [{ protocol, from: number, to: number }];
    };
    if (direction === 'Ingress') return at(end).length === 0 ? [] : ranges().map((range) => ({ range, ports: at(end) }));
    return ends
      .filter((target) => at(target).length > 0 && isPeer(target))
      .flatMap((target) => target.addresses.filter((each) => each.family === family).map((address) => ({ range: addressRange(address), ports: at(target) })));
  });
}

/** What of a Pod's named ports its policies' rules look at: Pods that differ in it share no group. */
function namedPorts(end: ResolvedEnd, policies: readonly (NetworkPolicy | undefined)[]): string {
  const asked = policies.flatMap((policy) => (policy?.spec.ingress ?? []).flatMap(({ ports = [] }) => ports)).filter(({ port }) => typeof port === 'string');
  return asked.map(({ port, protocol = 'TCP' }) => ` ${String(port)}=${String(end.namedPort(String(port), protocol) ?? '')}/${protocol}`).join('');
}

/** The elements of a group's set: pieces that do not overlap, each with its protocols and ports. */
function allowedElements(allowed: readonly Allowed[], family: IpFamily): ReadonlyMap<string, string> {
  const elements = new Map<string, string>();
  const pieces = disjoint(
    allowed.map(({ range, ports }) => ({ range, item: ports })),
    (items) => portTexts([...items].flat()).join(),
  );
  for (const { range, items } of pieces) for (const ports of portTexts([...items].flat())) elements.set(`${rangeText(range, family)} . ${ports}`, '');
  return elements;
}

/** Ports of each protocol, overlapping and neighbouring ones joined. */
function portTexts(ports: readonly PortRange[]): readonly string[] {
  if (ports.some(({ protocol }) => protocol === 'all')) return ['0-255 . 0-65535'];
  return (['TCP', 'UDP', 'SCTP'] as const).flatMap((protocol) => {
    const joined: { from: number; to: number }[] = [];
    for (const { from, to } of ports.filter((each) => each.protocol === protocol).sort((a, b) => a.from - b.from)) {
      const last = joined.at(-1);
      if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to);
      else joined.push({ from, to });
    }
    return joined.map(({ from, to }) => `${protocol.toLowerCase()} . ${from === to ? String(from) : `${String(from)}-${String(to)}`}`);
  });
}

/** 64 bits of FNV-1a over the text: names of kernel objects may not be long. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) value = ((value ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n) & 0xffffffffffffffffn;
  return value.toString(16).padStart(16, '0');
}
