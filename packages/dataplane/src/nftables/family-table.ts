import type { IpFamily, ServiceRule } from '@kybern/netmodel';
import { createElementLedger } from './element-ledger.ts';
import { changesBetween, createElementCollector, NFT_FAMILY, type ElementChange, type ElementsByObject } from './elements.ts';
import { createPendingChanges, inOrder } from './pending.ts';
import { policyGroups, type PolicyGroup, type PolicyInput } from './policy-groups.ts';
import type { KernelTable } from './read-back.ts';
import { dropGroupStatements, elementScripts, groupStatements, MAX_ELEMENTS } from './script.ts';
import { serviceElements } from './service-elements.ts';
import { SHAPE_CHAIN, tableObjects, tableScript, type TableOptions } from './table.ts';

/** The wanted state of the table of one family, and the way to it. Pure but for what it remembers. */
export interface FamilyTable {
  readonly setService: (key: string, rules: readonly ServiceRule[]) => void;
  readonly setPolicies: (input: PolicyInput) => void;
  readonly hasPending: () => boolean;
  /** The transactions that bring the table from what was taken last to what is wanted now. */
  readonly takeChanges: () => readonly string[];
  /** The transactions that bring the table from what the kernel holds to what is wanted now; undefined: there is no table. */
  readonly reconcile: (kernel: KernelTable | undefined) => readonly string[];
}

const NO_GROUPS: ReadonlyMap<string, PolicyGroup> = new Map();
const GROUP_NAME = /^p[ei]_/;

/** @param podCidrs the cluster's Pod addresses: connections from elsewhere are masqueraded */
export function createFamilyTable(
  family: IpFamily,
  options: TableOptions & { readonly podCidrs: readonly string[]; readonly nodeName?: string | undefined },
): FamilyTable {
  const nft = NFT_FAMILY[family];
  const { table } = options;
  const ledger = createElementLedger();
  const pending = createPendingChanges();
  let groups = NO_GROUPS;
  let applied = NO_GROUPS;
  const want = (owner: string, elements: ElementsByObject): void => pending.add(ledger.set(owner, elements));

  const cluster = createElementCollector();
  for (const cidr of options.podCidrs) if (cidr.includes(':') === (family === 'IPv6')) cluster.add('cluster', cidr);
  want('#cluster', cluster.elements);

  /** New groups before the elements, and those that nobody wants any more after them. */
  const transactions = (before: readonly string[], changes: readonly ElementChange[], after: readonly string[]): readonly string[] => {
    const pieces = elementScripts(nft, table, changes);
    if (changes.length <= MAX_ELEMENTS) return joined([[...before, ...pieces.flat(), ...after]]);
    return joined([before, ...pieces, after]);
  };
  return {
    setService: (key, rules) => want(`service ${key}`, serviceElements(rules, family, { nodeName: options.nodeName })),
    setPolicies: (input) => {
      const found = policyGroups(input, family);
      groups = found.groups;
      const out = createElementCollector();
      for (const { name, allowed } of groups.values()) for (const key of allowed.keys()) out.add(name, key);
      for (const direction of ['Egress', 'Ingress'] as const) {
        for (const [ip, group] of found.isolated[direction]) {
          out.add(`${direction.toLowerCase()}_isolated`, ip, `jump ${group}`);
          out.add('self', `${ip} . ${ip}`);
        }
      }
      want('#policies', out.elements);
    },
    hasPending: () => pending.size > 0 || groups !== applied,
    takeChanges: () => {
      const added = [...groups.values()].filter(({ name }) => !applied.has(name));
      const dropped = new Set([...applied.keys()].filter((name) => !groups.has(name)));
      const changes = pending.take().filter(({ object }) => !dropped.has(object));
      applied = groups;
      return transactions(
        added.flatMap((group) => groupStatements(nft, table, group)),
        changes,
        [...dropped].flatMap((name) => dropGroupStatements(nft, table, name)),
      );
    },
    reconcile: (kernel) => {
      pending.take();
      applied = groups;
      const known = kernel?.chains.has(SHAPE_CHAIN) === true ? kernel : undefined;
      const foreign = kernel !== undefined && known === undefined ? [`delete table ${nft} ${table}`] : [];
      const names = [...tableObjects(nft).keys(), ...groups.keys()];
      const changes = names.flatMap((name) => changesBetween(name, known?.objects.get(name) ?? new Map<string, string>(), ledger.elements(name)));
      const dropped = [...(known?.chains ?? [])].filter((name) => GROUP_NAME.test(name) && !groups.has(name));
      return transactions(
        [...foreign, ...(known === undefined ? tableScript(nft, options) : []), ...[...groups.values()].flatMap((group) => groupStatements(nft, table, group))],
        inOrder(changes),
        dropped.flatMap((name) => dropGroupStatements(nft, table, name)),
      );
    },
  };
}

const joined = (transactions: readonly (readonly string[])[]): readonly string[] =>
  transactions.filter((statements) => statements.length > 0).map((statements) => `${statements.join('\n')}\n`);
