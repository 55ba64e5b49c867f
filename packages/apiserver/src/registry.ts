import { apiVersionOf, type Kind } from '@kybern/core';

/** The kinds that a server serves. Lookups never fail by throwing: an unknown name is undefined. */
export interface KindRegistry {
  /** All kinds, built-in ones first, in the order in which they came. */
  list(): readonly Kind[];
  /** By `apiVersion` and `kind`, as an object names them. */
  find(apiVersion: string, kind: string): Kind | undefined;
  /** By group, version and plural, as a URL names them. */
  byResource(group: string, version: string, plural: string): Kind | undefined;
  /**
   * By any name that a person may use: kind, plural, singular, short name, each also followed by `.group` or `.version.group`. Ignores case.
   * When several kinds have the name, the one that came first wins.
   *
   * @example registry.resolve('deploy')
   * @example registry.resolve('deployments.v1.apps')
   */
  resolve(name: string): Kind | undefined;
  /** All kinds of a category, such as `all`. */
  byCategory(category: string): readonly Kind[];
  /** Adds a kind. @throws {RangeError} when another kind has its group, version and kind or plural */
  add(kind: Kind): void;
  /** Removes a kind; no effect when it is not there. */
  remove(kind: Kind): void;
}

/**
 * Makes a {@link KindRegistry}.
 *
 * @param refresh called before every look-up: may add and remove kinds
 * @throws {RangeError} when two of `kinds` have the same group, version and kind or plural
 */
export function createKindRegistry(kinds: Iterable<Kind>, refresh: () => void = () => undefined): KindRegistry {
  let all: readonly Kind[] = [];
  const byKind = new Map<string, Kind>();
  const byPlural = new Map<string, Kind>();
  let byName: Map<string, Kind> | undefined;
  const registry: KindRegistry = {
    list() {
      refresh();
      return all;
    },
    find(apiVersion, kind) {
      refresh();
      return byKind.get(`${apiVersion}/${kind}`);
    },
    byResource(group, version, plural) {
      refresh();
      return byPlural.get(`${group}/${version}/${plural}`);
    },
    resolve(name) {
      refresh();
      return (byName ??= indexNames(all)).get(name.toLowerCase());
    },
    byCategory: (category) => registry.list().filter((kind) => kind.categories.includes(category)),
    add(kind) {
      const [kindKey, pluralKey] = keysOf(kind);
      if (byKind.has(kindKey) || byPlural.has(pluralKey)) throw new RangeError(`kind ${kind.kind} (${apiVersionOf(kind)}, ${kind.plural}) is there already`);
      // Who reads a list goes on with the one that was given out.
      all = [...all, kind];
      byKind.set(kindKey, kind);
      byPlural.set(pluralKey, kind);
      byName = undefined;
    },
    remove(kind) {
      if (!all.includes(kind)) return;
      all = all.filter((each) => each !== kind);
      const [kindKey, pluralKey] = keysOf(kind);
      byKind.delete(kindKey);
      byPlural.delete(pluralKey);
      byName = undefined;
    },
  };
  for (const kind of kinds) registry.add(kind);
  return registry;
}

function keysOf(kind: Kind): [string, string] {
  return [`${apiVersionOf(kind)}/${kind.kind}`, `${kind.group}/${kind.version}/${kind.plural}`];
}

/** Full names come before short ones, so that a short name of one kind never hides the plural of another. */
function indexNames(kinds: readonly Kind[]): Map<string, Kind> {
  const index = new Map<string, Kind>();
  const put = (name: string, kind: Kind): void => {
    const lower = name.toLowerCase();
    if (!index.has(lower)) index.set(lower, kind);
    const versioned = kind.group === '' ? `${lower}.${kind.version}.` : `${lower}.${kind.version}.${kind.group}`;
    for (const full of [`${lower}.${kind.group}`, versioned]) if (!index.has(full)) index.set(full, kind);
  };
  for (const kind of kinds) for (const name of [kind.plural, kind.singular, kind.kind]) put(name, kind);
  for (const kind of kinds) for (const name of kind.shortNames) put(name, kind);
  return index;
}
