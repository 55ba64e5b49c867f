import type { ElementChange, NftFamily } from './elements.ts';

/** So many elements are changed by one transaction: more take nft memory and hold others up for longer than a piece of it. */
export const MAX_ELEMENTS = 20_000;

/** Statements that change elements, in pieces of at most {@link MAX_ELEMENTS}; an element that changes is never gone between two pieces. */
export function elementScripts(
  family: NftFamily,
  table: string,
  changes: readonly ElementChange[],
  max: number = MAX_ELEMENTS,
): readonly (readonly string[])[] {
  const scripts: (readonly string[])[] = [];
  for (let start = 0; start < changes.length; start += max) {
    const piece = changes.slice(start, start + max);
    scripts.push([...statements('delete', piece), ...statements('add', piece)]);
  }
  return scripts;

  function statements(verb: 'add' | 'delete', piece: readonly ElementChange[]): readonly string[] {
    const byObject = new Map<string, string[]>();
    for (const { object, key, before, after } of piece) {
      if ((verb === 'delete' ? before : after) === undefined) continue;
      const text = verb === 'add' && after !== undefined && after !== '' ? `${key} : ${after}` : key;
      const list = byObject.get(object);
      if (list === undefined) byObject.set(object, [text]);
      else list.push(text);
    }
    return [...byObject].map(([object, texts]) => `${verb} element ${family} ${table} ${object} { ${texts.join(', ')} }`);
  }
}

/** Makes a group of policies: its set, and the chain that lets pass what is in it. */
export function groupStatements(
  family: NftFamily,
  table: string,
  { name, direction }: { readonly name: string; readonly direction: 'Egress' | 'Ingress' },
): readonly string[] {
  const at = `${family} ${table} ${name}`;
  const address = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
  const peer = `${family} ${direction === 'Egress' ? 'daddr' : 'saddr'}`;
  return [
    `add set ${at} { type ${address} . inet_proto . inet_service; flags interval; }`,
    `add chain ${at}`,
    `flush chain ${at}`,
    `add rule ${at} ${peer} . meta l4proto . th dport @${name} return`,
    `add rule ${at} drop`,
  ];
}

/** Takes a group of policies away, when nothing leads to it any more. */
export const dropGroupStatements = (family: NftFamily, table: string, name: string): readonly string[] => {
  const at = `${family} ${table} ${name}`;
  return [`flush chain ${at}`, `delete chain ${at}`, `delete set ${at}`];
};
