import { cloneJson, isConflict, stampConditions, type Client, type Clock, type Kind, type KubernetesObject, type MutableJson } from '@kybern/core';

const MAX_ATTEMPTS = 10;

/** Read, change a copy, write guarded by the resourceVersion; begin again on conflict. */
export function createMutations(base: Pick<Client, 'get' | 'update'>, clock: Clock): Pick<Client, 'mutate' | 'mutateStatus'> {
  const run = async (kind: Kind, key: Parameters<Client['get']>[1], change: (draft: MutableJson) => void, options: Parameters<Client['mutate']>[3]): Promise<KubernetesObject> => {
    for (let attempt = 1; ; attempt++) {
      const before = await base.get(kind, key);
      const draft = cloneJson(before) as MutableJson;
      change(draft);
      stampConditions(draft, before as never, clock.now());
      try {
        return await base.update(kind, draft, options);
      } catch (error) {
        if (attempt >= MAX_ATTEMPTS || !isConflict(error)) throw error;
      }
    }
  };
  return {
    mutate: (kind, key, recipe, options) => run(kind as Kind, key, recipe as (draft: MutableJson) => void, options) as never,
    mutateStatus: (kind, key, recipe, options) =>
      run(kind as Kind, key, (draft) => { draft.status ??= {}; (recipe as (draft: MutableJson) => void)(draft); }, { ...options, subresource: 'status' }) as never,
  };
}
