/**
 * Sets of names out of one list of plugins, each made once, so that what depends on the set can be remembered by it.
 * Invariant: two sets of the same names are the same object.
 */
export class NameSets {
  readonly #names: readonly string[];
  readonly #sets = new Map<string, ReadonlySet<string>>();

  constructor(plugins: readonly { readonly name: string }[]) {
    this.#names = plugins.map(({ name }) => name);
  }

  /** The set of the plugins at the places that `key` has: {@link placeKey} of each, in rising order. */
  of(key: string): ReadonlySet<string> {
    let set = this.#sets.get(key);
    if (set === undefined) this.#sets.set(key, (set = new Set(Array.from(key, (place) => this.#names[place.charCodeAt(0)] as string))));
    return set;
  }
}

/** One place in the key of a set. */
export function placeKey(place: number): string {
  return String.fromCharCode(place);
}
