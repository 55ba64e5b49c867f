import type { IpFamily } from '@kybern/netmodel';

/** The elements of one set or map of a table, as nft writes them: what is looked up, and for maps what is found (for sets the empty text). */
export type Elements = ReadonlyMap<string, string>;

/** Elements by the names of their sets and maps. */
export type ElementsByObject = ReadonlyMap<string, Elements>;

/** nft's word for a family. */
export type NftFamily = 'ip' | 'ip6';

/** The families, in nft's and in Kubernetes' words. */
export const NFT_FAMILY: Readonly<Record<IpFamily, NftFamily>> = { IPv4: 'ip', IPv6: 'ip6' };

/** Collects elements. */
export interface ElementCollector {
  readonly add: (object: string, key: string, value?: string) => void;
  readonly elements: ElementsByObject;
}

/** An empty collector. */
export function createElementCollector(): ElementCollector {
  const elements = new Map<string, Map<string, string>>();
  return {
    elements,
    add: (object, key, value = '') => {
      const known = elements.get(object);
      if (known === undefined) elements.set(object, new Map([[key, value]]));
      else known.set(key, value);
    },
  };
}

/** One element that is to be there, to be gone, or to lead elsewhere. */
export interface ElementChange {
  readonly object: string;
  readonly key: string;
  /** undefined: it was not there. */
  readonly before: string | undefined;
  /** undefined: it is to go. */
  readonly after: string | undefined;
}

/** What is to be done so that a set or map has the wanted elements. */
export function changesBetween(object: string, before: Elements, after: Elements): readonly ElementChange[] {
  const changes: ElementChange[] = [];
  for (const [key, value] of before) {
    const wanted = after.get(key);
    if (wanted !== value) changes.push({ object, key, before: value, after: wanted });
  }
  for (const [key, value] of after) if (!before.has(key)) changes.push({ object, key, before: undefined, after: value });
  return changes;
}
