import type { KubernetesObject } from '@kybern/core';
import type { Manager, OwnershipChange } from '@kybern/core/server-side-apply';
import type { Resource } from '../resource.ts';

/** A create that is yet to be entered into the books. */
export interface UnenteredCreate {
  readonly object: KubernetesObject;
  readonly resource: Resource;
  readonly manager: string;
  /** ms since the Unix epoch. */
  readonly nowMs: number;
  /** How many fields the spec had before the system filled in its own, which come after them. */
  readonly specFields: number;
}

/**
 * Who owns which fields of one version of an object, or what it takes to find out.
 *
 * Invariant: it is one of open (`managers`), closed (`text`), or deferred: what `base` says, with `create` or else `changes` entered.
 */
export interface Ledger {
  managers: readonly Manager[] | undefined;
  /** The JSON of `metadata.managedFields`: a tenth of the memory. */
  text: string | undefined;
  /** Never one with changes of its own; undefined: nobody owned anything. */
  base: Ledger | undefined;
  create: UnenteredCreate | undefined;
  changes: readonly OwnershipChange[];
  /** How many writes `changes` stand for. */
  writes: number;
  /** The last version of the object, as watchers see it go. */
  deleted: KubernetesObject | undefined;
}

/** Lets a private field be added to any object: the constructor of a derived class adds its fields to whatever the base's returns. */
class Any {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: see above
    return object;
  }
}

/**
 * A private field on stored objects. Nobody else can see it: not JSON, not a loop over keys, not `Reflect.ownKeys`, not a copy. Objects remain plain data,
 * and unlike an entry of a WeakMap it costs the garbage collector nothing.
 */
// eslint-disable-next-line no-restricted-syntax -- nothing is inherited: it is the only way to add a private field to an object of somebody else's
class Stamp extends Any {
  #ledger: Ledger;

  constructor(object: object, ledger: Ledger) {
    super(object);
    this.#ledger = ledger;
  }

  static read(object: object): Ledger | undefined {
    return #ledger in object ? object.#ledger : undefined;
  }

  static write(object: object, ledger: Ledger): void {
    if (#ledger in object) object.#ledger = ledger;
    else new Stamp(object, ledger);
  }
}

/** The ledger of an object that came from the store; undefined when nobody kept one. */
export function ledgerOf(object: object): Ledger | undefined {
  return Stamp.read(object);
}

/** Puts a ledger beside an object that is not frozen yet. */
export function putLedger(object: object, ledger: Ledger): void {
  Stamp.write(object, ledger);
}

/** Puts the ledger of one object beside another that stands for it: a view in another API version, a version that differs in nothing that is owned. */
export function carryLedger<T extends object>(to: T, from: object): T {
  const ledger = Stamp.read(from);
  if (ledger !== undefined) Stamp.write(to, ledger);
  return to;
}

/** What a deleted object looked like at last: the event's object, which the store made, with the ledger of the object that was there. The same reference each time. */
export function withLastLedger(gone: KubernetesObject, last: KubernetesObject | undefined): KubernetesObject {
  const ledger = last === undefined ? undefined : Stamp.read(last);
  if (ledger === undefined || Stamp.read(gone) !== undefined) return gone;
  if (ledger.deleted?.metadata !== gone.metadata) {
    const copy = { ...gone };
    Stamp.write(copy, ledger);
    ledger.deleted = Object.freeze(copy);
  }
  return ledger.deleted as KubernetesObject;
}
