import { formatIp, parseCidr, parseIp, type Backend, type Destination, type Frontend, type IpFamily, type ServiceRule } from '@kybern/netmodel';
import { cidrRange, disjoint, rangeText } from './address-ranges.ts';
import { createElementCollector, type ElementCollector, type ElementsByObject } from './elements.ts';

/** Sizes of the slot maps: a Service takes the smallest in which its endpoints get shares that differ by little. */
export const SLOTS = [16, 256, 4096] as const;
/** Sizes of the slot maps for session affinity, whose slots are chosen by the client's address: larger, since chance deals them out. */
export const AFFINITY_SLOTS = [256, 4096] as const;

/** The node that elements are for. */
export interface ElementPlace {
  /** Without it every endpoint counts as local. */
  readonly nodeName?: string | undefined;
}

/**
 * The elements of some rules in the table of one family.
 *
 * Each port of a frontend has as many slots in a map as its size class says, which its endpoints share; a packet finds one at random, or by its
 * client's address. So a Service is elements alone, without chains or rules of its own.
 */
export function serviceElements(rules: readonly ServiceRule[], family: IpFamily, { nodeName }: ElementPlace = {}): ElementsByObject {
  const out = createElementCollector();
  for (const rule of rules) {
    if (rule.family !== family) continue;
    for (const frontend of rule.frontends) addFrontend(out, rule, frontend);
    for (const { internal, external } of rule.frontends) {
      for (const { ip, nodeName: on } of [...internal.backends, ...external.backends]) {
        if (nodeName === undefined || on === nodeName) out.add('hairpin', `${canonical(ip)} . ${canonical(ip)}`);
      }
    }
  }
  return out.elements;
}

function addFrontend(out: ElementCollector, { protocol, family, affinitySeconds }: ServiceRule, frontend: Frontend): void {
  const { internal, external, port, sourceRanges } = frontend;
  const ip = frontend.ip === undefined ? undefined : canonical(frontend.ip);
  const prefix = ip === undefined ? 'np_' : '';
  const key = `${ip === undefined ? '' : `${ip} . `}${protocol.toLowerCase()} . ${String(port)}`;
  const add = (name: string, element: string, value?: string): void => out.add(`${prefix}${name}`, element, value);
  const affinity = affinitySeconds !== undefined;
  addSlots(add, 'ext', key, { backends: external.backends, affinity });
  if (!sameBackends(internal, external)) addSlots(add, 'int', key, { backends: internal.backends, affinity });
  if (external.none !== undefined) add('none_ext', key, noneVerdict(external));
  if (internal.none !== undefined) add('none_int', key, noneVerdict(internal));
  if (external.keepsSource && frontend.kind !== 'ClusterIP') add('keeps', key);
  if (frontend.kind === 'ClusterIP' && ip !== undefined) out.add('cluster_ips', ip);
  if (sourceRanges === undefined || ip === undefined) return;
  out.add('limited', key);
  for (const range of sourceRangeTexts(sourceRanges, family)) out.add('limited_from', `${key} . ${range}`);
}

const noneVerdict = ({ none }: Destination): string => (none === 'drop' ? 'drop' : 'goto refuse');

function sourceRangeTexts(ranges: readonly string[], family: IpFamily): readonly string[] {
  const cidrs = ranges.flatMap((range) => parseCidr(range) ?? []).filter((cidr) => cidr.family === family);
  return disjoint(
    cidrs.map((cidr) => ({ range: cidrRange(cidr), item: true })),
    () => '',
  ).map(({ range }) => rangeText(range, family));
}

function sameBackends(a: Destination, b: Destination): boolean {
  if (a.backends === b.backends) return true;
  return a.backends.length === b.backends.length && a.backends.every((each, i) => backendText(each) === backendText(b.backends[i]));
}

const backendText = (backend: Backend | undefined): string => (backend === undefined ? '' : `${canonical(backend.ip)} . ${String(backend.port)}`);

/** An address as the kernel gives it back; only IPv6 can be written in several ways. */
function canonical(ip: string): string {
  const address = ip.includes(':') ? parseIp(ip) : undefined;
  return address === undefined ? ip : formatIp(address);
}

function addSlots(
  add: (name: string, key: string, value: string) => void,
  name: string,
  key: string,
  { backends, affinity }: { readonly backends: readonly Backend[]; readonly affinity: boolean },
): void {
  if (backends.length === 0) return;
  const texts = backends.map(backendText);
  const slots = affinity ? sizeFor(texts.length * 16, AFFINITY_SLOTS) : sizeFor(texts.length, SLOTS);
  const map = affinity ? `${name}_aff${String(slots)}` : `${name}${String(slots)}`;
  const choose = affinity ? (slot: number) => highest(texts, slot) : (slot: number) => texts[slot % texts.length];
  for (let slot = 0; slot < slots; slot++) add(map, `${key} . ${String(slot)}`, choose(slot) ?? '');
}

const sizeFor = (wanted: number, sizes: readonly number[]): number => sizes.find((size) => size >= wanted) ?? sizes.at(-1) ?? 16;

/** The endpoint with the highest weight for a slot: when one goes, only its own slots change, so all other clients stay where they are. */
function highest(backends: readonly string[], slot: number): string | undefined {
  let best: string | undefined;
  let most = -1;
  for (const backend of backends) {
    const weight = mix(backend, slot);
    if (weight > most) [best, most] = [backend, weight];
  }
  return best;
}

/** FNV-1a over the text and the slot, with the bits stirred at the end. */
function mix(text: string, slot: number): number {
  let hash = 0x811c9dc5 ^ slot;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
