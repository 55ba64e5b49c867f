import { isApiError, randomInt, sleep, type Clock, type KubernetesObject, type Random } from '@kybern/core';
import { isCompareFailed, isExpiredRevision, type Change, type StateEvent, type StateStore } from '@kybern/state';
import type { Operation, Told } from '../model.ts';

/** The keys that everybody writes. */
const KEYS = Array.from({ length: 6 }, (_, at) => `/registry/core/configmaps/torture/key-${at}`);

type Thing = KubernetesObject & { readonly data: string };

const thing = (data: string): Thing => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: data, namespace: 'torture' }, data });
const dataOf = (value: KubernetesObject): string => (value as Thing).data;

/** What an actor works with. */
export interface ActorDeps {
  readonly name: string;
  readonly stores: readonly StateStore[];
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Reads and writes until told to stop, and notes what came of it. */
export async function act({ name, stores, clock, random, signal }: ActorDeps, note: (operation: Operation) => void): Promise<void> {
  const known = new Map<string, number>();
  for (let count = 0; !signal.aborted; count += 1) {
    const store = stores[randomInt(random, stores.length)] as StateStore;
    const key = KEYS[randomInt(random, KEYS.length)] as string;
    const expect = random.next() < 0.6 ? known.get(key) : undefined;
    const action = actionOf(random.next(), { value: `${name}-${count}`, expect });
    const startMs = clock.monotonicMs();
    const outcome = await perform(store, key, action);
    note({ startMs, endMs: outcome.type === 'unknown' ? Infinity : clock.monotonicMs(), key, action, outcome });
    remember(known, key, outcome);
    await sleep(clock, randomInt(random, 8));
  }
}

function actionOf(chance: number, { value, expect }: { value: string; expect: number | undefined }): Operation['action'] {
  if (chance < 0.4) return { type: 'get' };
  if (chance < 0.9) return { type: 'put', value, expect };
  return { type: 'delete', expect: expect === 0 ? undefined : expect };
}

function remember(known: Map<string, number>, key: string, outcome: Operation['outcome']): void {
  if (outcome.type === 'read') known.set(key, outcome.found?.revision ?? 0);
  else if (outcome.type === 'written' && outcome.revision !== undefined) known.set(key, outcome.revision);
  else known.delete(key);
}

async function perform(store: StateStore, key: string, action: Operation['action']): Promise<Operation['outcome']> {
  try {
    if (action.type === 'get') {
      const record = await store.get(key);
      return { type: 'read', found: record && { value: dataOf(record.value), revision: record.modRevision } };
    }
    const change: Change = {
      key,
      value: action.type === 'put' ? thing(action.value) : undefined,
      ...(action.expect === undefined ? {} : { expect: action.expect }),
    };
    const { revision, events } = await store.commit([change]);
    return { type: 'written', revision: events.length > 0 ? revision : undefined };
  } catch (error) {
    // A write that etcd did not do is refused with 503; of 504 nobody knows.
    if (isCompareFailed(error) || (isApiError(error) && error.reason === 'ServiceUnavailable')) return { type: 'refused' };
    if (isApiError(error) && error.reason === 'Timeout') return { type: 'unknown' };
    throw error;
  }
}

/** An event as the model has it. */
export const toldOf = ({ revision, type, key, value }: StateEvent): Told => ({ revision, type, key, value: type === 'put' ? dataOf(value) : '' });

/** A watcher that goes over to another store now and then, and goes on where it was. */
export interface Wanderer {
  readonly told: readonly Told[];
  /** How often it had to give up because the history was gone, which must not happen. */
  readonly expired: number;
  /** How often it went over. */
  readonly moves: number;
  stop(): void;
}

/** Starts a {@link Wanderer}. */
export function wander({ stores, clock, random }: Pick<ActorDeps, 'stores' | 'clock' | 'random'>, from: number): Wanderer {
  const told: Told[] = [];
  let state = { moves: 0, expired: 0, last: from };
  let leave: () => void = () => undefined;
  const go = (): void => {
    const store = stores[state.moves % stores.length] as StateStore;
    const subscription = store.watch('/', state.last).subscribe({
      next(event) {
        told.push(toldOf(event));
        state = { ...state, last: event.revision };
      },
      error(error: unknown) {
        if (isExpiredRevision(error)) state = { ...state, expired: state.expired + 1 };
      },
    });
    const cancel = clock.after(200 + randomInt(random, 800), () => {
      // Between two commits, so that nothing of one is left behind.
      subscription.unsubscribe();
      state = { ...state, moves: state.moves + 1 };
      go();
    });
    leave = () => {
      cancel();
      subscription.unsubscribe();
    };
  };
  go();
  return {
    told,
    get expired() {
      return state.expired;
    },
    get moves() {
      return state.moves;
    },
    stop: () => leave(),
  };
}
