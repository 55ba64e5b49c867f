import type { Node } from '@kybern/core/kinds';

/**
 * The order in which nodes are tried: zones take turns, each giving its nodes in the order in which they came. So a sample of the first nodes is spread
 * over all zones.
 *
 * @see kubernetes v1.36 pkg/scheduler/backend/cache/node_tree.go
 */
export class NodeOrder {
  /** Invariant: no zone is empty; every name is in exactly the zone that `#zoneOf` says. */
  readonly #zones = new Map<string, Set<string>>();
  readonly #zoneOf = new Map<string, string>();
  #order: readonly string[] | undefined = [];

  /** Adds a node, or moves it to its present zone. */
  set(node: Node): void {
    const { name } = node.metadata;
    const zone = zoneKey(node);
    if (this.#zoneOf.get(name) === zone) return;
    this.delete(name);
    this.#zoneOf.set(name, zone);
    const names = this.#zones.get(zone);
    if (names === undefined) this.#zones.set(zone, new Set([name]));
    else names.add(name);
    this.#order = undefined;
  }

  delete(name: string): void {
    const zone = this.#zoneOf.get(name);
    if (zone === undefined) return;
    this.#zoneOf.delete(name);
    const names = this.#zones.get(zone);
    names?.delete(name);
    if (names?.size === 0) this.#zones.delete(zone);
    this.#order = undefined;
  }

  /** All names in order. The same array until something changes. */
  list(): readonly string[] {
    this.#order ??= takeTurns([...this.#zones.values()]);
    return this.#order;
  }
}

function takeTurns(zones: readonly ReadonlySet<string>[]): readonly string[] {
  const order: string[] = [];
  let turns = zones.map((zone) => zone.values());
  while (turns.length > 0) {
    turns = turns.filter((turn) => {
      const next = turn.next();
      if (next.done !== true) order.push(next.value);
      return next.done !== true;
    });
  }
  return order;
}

/** Region and zone together; nodes with neither share one zone. */
function zoneKey(node: Node): string {
  const labels = node.metadata.labels ?? {};
  const region = labels['topology.kubernetes.io/region'] ?? labels['failure-domain.beta.kubernetes.io/region'] ?? '';
  const zone = labels['topology.kubernetes.io/zone'] ?? labels['failure-domain.beta.kubernetes.io/zone'] ?? '';
  return region === '' && zone === '' ? '' : `${region}:\u0000:${zone}`;
}
