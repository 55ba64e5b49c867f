import type { ElementChange, Elements, ElementsByObject } from './elements.ts';

/** What every owner (a Service, the policies) wants to be in the table. */
export interface ElementLedger {
  /** Replaces what an owner wants; costs what the owner has. @returns what changes in the table by it */
  readonly set: (owner: string, wanted: ElementsByObject) => readonly ElementChange[];
  /** Everything that is wanted of a set or map. */
  readonly elements: (object: string) => Elements;
  readonly objects: () => Iterable<string>;
}

interface Claim {
  readonly owner: string;
  readonly value: string;
}

/** An empty ledger. What several owners want stays until the last of them lets go; if they want it otherwise, the first has its way. */
export function createElementLedger(): ElementLedger {
  const owners = new Map<string, ElementsByObject>();
  const objects = new Map<string, Map<string, string>>();
  /** Only of elements that have more than one claim; the first is in force. */
  const shared = new Map<string, Claim[]>();
  const ownerOf = new Map<string, Map<string, string>>();

  const table = <V>(of: Map<string, Map<string, V>>, object: string): Map<string, V> => {
    let found = of.get(object);
    if (found === undefined) of.set(object, (found = new Map<string, V>()));
    return found;
  };
  const release = (owner: string, object: string, key: string): void => {
    const claims = shared.get(`${object}\n${key}`);
    if (claims === undefined) {
      table(objects, object).delete(key);
      table(ownerOf, object).delete(key);
      return;
    }
    const left = claims.filter((claim) => claim.owner !== owner);
    if (left.length > 1) shared.set(`${object}\n${key}`, left);
    else shared.delete(`${object}\n${key}`);
    table(objects, object).set(key, left[0]?.value ?? '');
    table(ownerOf, object).set(key, left[0]?.owner ?? '');
  };
  const claim = (owner: string, object: string, [key, value]: readonly [string, string]): void => {
    const first = table(ownerOf, object).get(key);
    if (first === undefined || first === owner) {
      table(objects, object).set(key, value);
      table(ownerOf, object).set(key, owner);
      if (first === undefined) return;
    }
    const name = `${object}\n${key}`;
    const claims = shared.get(name);
    if (claims === undefined) {
      if (first !== owner)
        shared.set(name, [
          { owner: first ?? '', value: table(objects, object).get(key) ?? '' },
          { owner, value },
        ]);
    } else {
      const at = claims.findIndex((each) => each.owner === owner);
      if (at < 0) claims.push({ owner, value });
      else claims[at] = { owner, value };
    }
  };
  const set: ElementLedger['set'] = (owner, wanted) => {
    const before = owners.get(owner) ?? new Map<string, Elements>();
    const changes: ElementChange[] = [];
    const touch = (object: string, key: string, change: () => void): void => {
      const was = objects.get(object)?.get(key);
      change();
      const is = objects.get(object)?.get(key);
      if (was !== is) changes.push({ object, key, before: was, after: is });
    };
    for (const [object, elements] of before) {
      for (const key of elements.keys()) if (wanted.get(object)?.has(key) !== true) touch(object, key, () => release(owner, object, key));
    }
    for (const [object, elements] of wanted) {
      const known = before.get(object);
      for (const element of elements) if (known?.get(element[0]) !== element[1]) touch(object, element[0], () => claim(owner, object, element));
    }
    if (wanted.size === 0) owners.delete(owner);
    else owners.set(owner, wanted);
    return changes;
  };
  return { set, elements: (object) => objects.get(object) ?? new Map<string, string>(), objects: () => objects.keys() };
}
