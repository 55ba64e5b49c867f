import { AFFINITY_SLOTS, SLOTS } from './service-elements.ts';
import type { NftFamily } from './elements.ts';

/** How a table is made. */
export interface TableOptions {
  /** Its name; nothing outside of it is touched. */
  readonly table: string;
  /** The bit of a packet's mark that says: do not masquerade. */
  readonly keepSourceMark: number;
}

/** Present in a table of this shape. One without it was made by another version, and is made anew. */
export const SHAPE_CHAIN = 'shape_1';

const MAPS = [...SLOTS.map((slots) => ({ name: String(slots), slots })), ...AFFINITY_SLOTS.map((slots) => ({ name: `_aff${String(slots)}`, slots }))];
const KINDS = ['', 'np_'] as const;

/** What the table holds for everybody: sets and maps without their elements, and the chains with their few rules. Names, in the order of making. */
export function tableObjects(family: NftFamily): ReadonlyMap<string, string> {
  const address = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
  const frontend = { '': `${family} daddr . meta l4proto . th dport`, np_: 'meta l4proto . th dport' };
  const frontendType = { '': `${address} . inet_proto . inet_service`, np_: 'inet_proto . inet_service' };
  const objects = new Map<string, string>();
  for (const kind of KINDS) {
    for (const side of ['int', 'ext']) {
      for (const { name, slots } of MAPS) {
        objects.set(`${kind}${side}${name}`, `map { typeof ${frontend[kind]} . numgen random mod ${String(slots)} : ${family} daddr . th dport; }`);
      }
      objects.set(`${kind}none_${side}`, `map { type ${frontendType[kind]} : verdict; }`);
    }
    objects.set(`${kind}keeps`, `set { type ${frontendType[kind]}; }`);
  }
  objects.set('hairpin', `set { type ${address} . ${address}; }`);
  objects.set('cluster', `set { type ${address}; flags interval; }`);
  objects.set('cluster_ips', `set { type ${address}; }`);
  objects.set('limited', `set { type ${frontendType['']}; }`);
  objects.set('limited_from', `set { type ${frontendType['']} . ${address}; flags interval; }`);
  objects.set('self', `set { type ${address} . ${address}; }`);
  for (const direction of ['egress', 'ingress']) objects.set(`${direction}_isolated`, `map { type ${address} : verdict; }`);
  return objects;
}

/** The statements that make a table. One of this shape that is there already is left as it is: nft 1.0.6 cannot add rules on some of its own maps. */
export function tableScript(family: NftFamily, { table, keepSourceMark }: TableOptions): readonly string[] {
  const at = `${family} ${table}`;
  const objects = [...tableObjects(family)].map(([name, body]) => `add ${body.startsWith('map') ? 'map' : 'set'} ${at} ${name} ${body.slice(4)}`);
  const chains = chainRules(family, keepSourceMark);
  return [
    `add table ${at}`,
    ...objects,
    ...chains.map(({ name, hook }) => `add chain ${at} ${name}${hook === undefined ? '' : ` { type ${hook}; policy accept; }`}`),
    ...chains.map(({ name }) => `flush chain ${at} ${name}`),
    ...chains.flatMap(({ name, rules }) => rules.map((rule) => `add rule ${at} ${name} ${rule}`)),
  ];
}

interface Chain {
  readonly name: string;
  readonly hook?: string;
  readonly rules: readonly string[];
}

function chainRules(family: NftFamily, mark: number): readonly Chain[] {
  const dnat = (side: 'ext' | 'int'): readonly string[] =>
    KINDS.flatMap((kind) => MAPS.map(({ name, slots }) => dnatRule(family, kind, { map: `${kind}${side}${name}`, slots })));
  const bit = `0x${mark.toString(16)}`;
  const frontend = `${family} daddr . meta l4proto . th dport`;
  const local = localMatch(family);
  const inside = `${family} saddr @cluster`;
  const outside = `${family} saddr != @cluster`;
  const none = (side: 'ext' | 'int', from: string): readonly string[] => [
    `ct state new ${from}${frontend} vmap @none_${side}`,
    `ct state new ${from}${local} meta l4proto . th dport vmap @np_none_${side}`,
  ];
  return [
    { name: SHAPE_CHAIN, rules: [] },
    { name: 'refuse', rules: ['meta l4proto tcp reject with tcp reset', 'reject'] },
    { name: 'dnat_int', rules: dnat('int') },
    { name: 'dnat_ext', rules: dnat('ext') },
    {
      name: 'early',
      hook: 'filter hook prerouting priority -110',
      rules: [
        `ct state new ${frontend} @limited ${frontend} . ${family} saddr != @limited_from drop`,
        ...none('int', `${inside} `),
        ...none('ext', `${outside} `),
      ],
    },
    { name: 'early_out', hook: 'filter hook output priority -110', rules: none('int', '') },
    {
      name: 'pre',
      hook: 'nat hook prerouting priority -100',
      rules: [
        `${inside} jump dnat_int`,
        `${outside} ${frontend} @keeps meta mark set meta mark or ${bit}`,
        `${outside} ${local} meta l4proto . th dport @np_keeps meta mark set meta mark or ${bit}`,
        'jump dnat_ext',
      ],
    },
    { name: 'out', hook: 'nat hook output priority -100', rules: ['jump dnat_int', 'jump dnat_ext'] },
    {
      name: 'post',
      hook: 'nat hook postrouting priority 100',
      rules: [`ct status dnat ${family} saddr . ${family} daddr @hairpin masquerade`, `ct status dnat meta mark and ${bit} == 0 ${outside} masquerade`],
    },
    {
      name: 'forward',
      hook: 'filter hook forward priority 0',
      rules: [
        'ct state established,related accept',
        `${family} daddr @cluster_ips goto refuse`,
        `${family} saddr . ${family} daddr @self accept`,
        `${family} saddr vmap @egress_isolated`,
        `${family} daddr vmap @ingress_isolated`,
      ],
    },
    { name: 'output', hook: 'filter hook output priority 0', rules: [`ct state new ${family} daddr @cluster_ips goto refuse`] },
  ];
}

/** NodePorts are answered at every address of the node but the loopback ones, whose packets may not leave it. */
const localMatch = (family: NftFamily): string => `fib daddr type local ${family} daddr != ${family === 'ip' ? '127.0.0.0/8' : '::1'}`;

function dnatRule(family: NftFamily, kind: '' | 'np_', { map, slots }: { readonly map: string; readonly slots: number }): string {
  const choice = map.includes('_aff') ? `jhash ${family} saddr mod ${String(slots)}` : `numgen random mod ${String(slots)}`;
  const match = kind === 'np_' ? `${localMatch(family)} ` : '';
  const key = kind === 'np_' ? 'meta l4proto . th dport' : `${family} daddr . meta l4proto . th dport`;
  return `${match}dnat ${family} to ${key} . ${choice} map @${map}`;
}
