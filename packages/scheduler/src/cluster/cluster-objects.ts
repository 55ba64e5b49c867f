import { keyOf, type Kind, type KubernetesObject } from '@kybern/core';

/** Kinds are immutable, so their names are remembered. */
const names = new WeakMap<object, string>();

/** How events and snapshots name a kind: `Service`, `storage.k8s.io/CSINode`. */
export function kindName(named: Pick<Kind, 'group' | 'kind'>): string {
  let name = names.get(named);
  if (name === undefined) {
    const { group, kind } = named;
    name = group === '' || group === 'apps' || group === 'policy' ? kind : `${group}/${kind}`;
    names.set(named, name);
  }
  return name;
}

interface Table {
  readonly kind: Kind;
  readonly objects: Map<string, KubernetesObject>;
  readonly byNamespace: Map<string, Map<string, KubernetesObject>>;
  /** Lists that were asked for since the last change, by namespace. */
  readonly lists: Map<string, readonly KubernetesObject[]>;
  version: number;
}

const NONE: readonly never[] = Object.freeze([]);

/** The objects besides nodes and Pods that plugins go by: namespaces, Services, volumes, budgets and whatever else a plugin reads. */
export class ClusterObjects {
  readonly #tables = new Map<string, Table>();

  get<T extends KubernetesObject>(kind: Kind<T>, key: string): T | undefined {
    return this.#tables.get(kindName(kind))?.objects.get(key) as T | undefined;
  }

  /** All objects of a kind, or those in one namespace, in the order in which they came. The same list until something changes. */
  list<T extends KubernetesObject>(kind: Kind<T>, namespace?: string): readonly T[] {
    const table = this.#tables.get(kindName(kind));
    if (table === undefined) return NONE;
    const listKey = namespace ?? '';
    let list = table.lists.get(listKey);
    if (list === undefined) {
      const objects = namespace === undefined ? table.objects : table.byNamespace.get(namespace);
      list = Object.freeze([...(objects?.values() ?? [])]);
      table.lists.set(listKey, list);
    }
    return list as readonly T[];
  }

  /** A number that changes whenever an object of the kind does. */
  version(kind: Kind): number {
    return this.#tables.get(kindName(kind))?.version ?? 0;
  }

  set<T extends KubernetesObject>(kind: Kind<T>, object: T): void {
    const table = this.#tableOf(kind);
    const key = keyOf(object);
    table.objects.set(key, object);
    this.#changed(table, namespaceOf(object)).set(key, object);
  }

  delete<T extends KubernetesObject>(kind: Kind<T>, object: T): void {
    const table = this.#tables.get(kindName(kind));
    const key = keyOf(object);
    if (table?.objects.delete(key) !== true) return;
    const namespace = namespaceOf(object);
    const left = this.#changed(table, namespace);
    left.delete(key);
    if (left.size === 0) table.byNamespace.delete(namespace);
  }

  /** Every object with its kind. */
  *all(): Iterable<readonly [Kind, KubernetesObject]> {
    for (const { kind, objects } of this.#tables.values()) for (const object of objects.values()) yield [kind, object];
  }

  #tableOf(kind: Kind<never> | Kind): Table {
    const name = kindName(kind);
    let table = this.#tables.get(name);
    if (table === undefined) this.#tables.set(name, (table = { kind: kind as Kind, objects: new Map(), byNamespace: new Map(), lists: new Map(), version: 0 }));
    return table;
  }

  #changed(table: Table, namespace: string): Map<string, KubernetesObject> {
    table.version += 1;
    table.lists.delete('');
    table.lists.delete(namespace);
    let inNamespace = table.byNamespace.get(namespace);
    if (inNamespace === undefined) table.byNamespace.set(namespace, (inNamespace = new Map()));
    return inNamespace;
  }
}

function namespaceOf(object: KubernetesObject): string {
  return object.metadata?.namespace ?? '';
}
