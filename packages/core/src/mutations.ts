import { Immer } from 'immer';
import { isConflict } from './api-error.ts';
import { sleep, type Clock } from './clock.ts';
import { stampConditions, type Conditioned } from './conditions.ts';
import type { Client, JsonPatchOperation, WriteOptions } from './client.ts';
import { createJsonPatch } from './json-patch-diff.ts';
import type { Kind } from './kind.ts';
import type { KubernetesObject, ObjectKey } from './object.ts';

/** Of those who write at the same time one succeeds in each round: enough for a crowd. */
const MAX_ATTEMPTS = 100;
const FIRST_BACKOFF_MS = 10;
const MAX_BACKOFF_MS = 100;

/** The two methods of `Client` that {@link createMutations} makes. */
export type Mutations = Pick<Client, 'mutate' | 'mutateStatus'>;

/** What {@link createMutations} needs: reads, JSON patches, and time for `lastTransitionTime` and back-off. */
type Base = Pick<Client, 'get' | 'patch'>;

/**
 * `mutate` and `mutateStatus` for an implementation of `Client`, over its `get` and `patch`: read, change an immer draft, send what changed as a JSON
 * patch that carries the resourceVersion read, and begin again when that conflicts: at once, then after pauses of 10 to 100 ms, a hundred times at most.
 *
 * Recipes are synchronous and may run several times. One that changes nothing writes nothing. Conditions whose status changed get their
 * `lastTransitionTime` from `clock`.
 */
export function createMutations(base: Base, clock: Clock): Mutations {
  return {
    mutate: (kind, key, recipe, options = {}) => retried(clock, options, () => attempt({ base, clock, kind, key, recipe: recipe as Recipe, options })),
    mutateStatus: (kind, key, recipe, options = {}) => {
      const withStatus: Recipe = (draft) => {
        draft.status ??= {};
        return (recipe as Recipe)(draft);
      };
      return retried(clock, options, () => attempt({ base, clock, kind, key, recipe: withStatus, options: { ...options, subresource: 'status' } }));
    },
  };
}

type Draft = KubernetesObject & { status?: object };
type Recipe = (draft: Draft) => unknown;

interface Attempt<T extends KubernetesObject> {
  readonly base: Base;
  readonly clock: Clock;
  readonly kind: Kind<T>;
  readonly key: ObjectKey;
  readonly recipe: Recipe;
  readonly options: WriteOptions;
}

async function attempt<T extends KubernetesObject>({ base, clock, kind, key, recipe, options }: Attempt<T>): Promise<T> {
  const { signal, subresource } = options;
  const readOptions = { ...(signal === undefined ? {} : { signal }), ...(subresource === undefined || subresource === 'status' ? {} : { subresource }) };
  const before = await base.get(kind, key, readOptions);
  const after = new Immer({ autoFreeze: false }).produce(before as Draft, (draft) => {
    if (recipe(draft) instanceof Promise) throw new TypeError('a mutation recipe must be synchronous: what it does after its first await would be lost');
    stampConditions(draft as Conditioned, before as Conditioned, clock.now());
  });
  const changes = createJsonPatch(before, dropEmptyStatus(before, after));
  if (changes.length === 0) return before;
  return base.patch(kind, key, { type: 'json', patch: [...guard(before), ...changes] }, options);
}

/** A status that was only put there to be written, and was not. */
function dropEmptyStatus(before: Draft, after: Draft): Draft {
  if (before.status !== undefined || after.status === undefined || Object.keys(after.status).length > 0) return after;
  const { status: _, ...rest } = after;
  return rest;
}

/** Kubernetes answers 409 to a patch that sets another resourceVersion than the stored one, but 422 to a `test` that fails. */
function guard({ metadata: { resourceVersion } }: KubernetesObject): readonly JsonPatchOperation[] {
  return resourceVersion === undefined ? [] : [{ op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion }];
}

async function retried<T>(clock: Clock, { signal }: WriteOptions, run: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    signal?.throwIfAborted();
    try {
      return await run();
    } catch (error) {
      if (!isConflict(error) || attempts >= MAX_ATTEMPTS) throw error;
    }
    if (attempts > 1) await sleep(clock, Math.min(FIRST_BACKOFF_MS * 2 ** (attempts - 2), MAX_BACKOFF_MS), signal === undefined ? {} : { signal });
  }
}
