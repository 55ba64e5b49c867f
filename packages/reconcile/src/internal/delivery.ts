import type { KubernetesObject } from '@kybern/core';
import type { InformerHandler } from '../informer-event.ts';

/** One change on its way to the handlers: added without `old`, deleted without `object`. */
export interface ObjectChange<T> {
  readonly key: string;
  readonly old: T | undefined;
  readonly object: T | undefined;
  /** Of an addition: it is in the initial list. Of a deletion: the final state is unknown. */
  readonly flag: boolean;
}

/** Tells handlers of changes, strictly one after the other, also when a handler causes the next change. */
export class Delivery<T extends KubernetesObject> {
  readonly #onThrow: (error: unknown, key: string) => void;
  #handlers: readonly InformerHandler<T>[] = [];
  /** Invariant: empty unless `#busy`. */
  readonly #backlog: ObjectChange<T>[] = [];
  #busy = false;

  constructor(onThrow: (error: unknown, key: string) => void) {
    this.#onThrow = onThrow;
  }

  add(handler: InformerHandler<T>): () => void {
    this.#handlers = [...this.#handlers, handler];
    return () => {
      this.#handlers = this.#handlers.filter((each) => each !== handler);
    };
  }

  send(changes: readonly ObjectChange<T>[]): void {
    if (this.#busy) {
      for (const change of changes) this.#backlog.push(change);
      return;
    }
    this.#busy = true;
    for (const change of changes) this.#tellAll(change);
    while (this.#backlog.length > 0) for (const change of this.#backlog.splice(0)) this.#tellAll(change);
    this.#busy = false;
  }

  /** Tells one handler of objects as additions of an initial list. */
  replay(handler: InformerHandler<T>, entries: Iterable<[string, T]>): void {
    for (const [key, object] of entries) this.#tell(handler, { key, old: undefined, object, flag: true });
  }

  #tellAll(change: ObjectChange<T>): void {
    for (const handler of this.#handlers) this.#tell(handler, change);
  }

  #tell(handler: InformerHandler<T>, { key, old, object, flag }: ObjectChange<T>): void {
    try {
      if (object === undefined) handler.deleted(old as T, flag, key);
      else if (old === undefined) handler.added(object, flag, key);
      else handler.updated(old, object, key);
    } catch (error) {
      this.#onThrow(error, key);
    }
  }
}
