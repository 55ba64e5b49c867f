import { isStoreClosed } from '@kybern/state';
import type { Environment } from '../environment.ts';
import type { DefinitionController } from './definition-controller.ts';
import { DEFINITIONS_PREFIX } from './definitions.ts';

/** What follows the definitions while a server runs. */
export interface FollowedDefinitions {
  close(): Promise<void>;
}

const RETRY_MS = 1000;

/**
 * Takes in definitions as they are written, by whomever: kinds come and go without anybody asking for them, and watches of those that went end. The
 * controller that looks after definitions is loaded with the first one.
 */
export function followDefinitions(env: Environment): FollowedDefinitions {
  let loading: Promise<DefinitionController> | undefined;
  let closed = false;
  const look = (): void => {
    env.definitions.catchUp();
    loading ??= env.pending(import('./definition-controller.ts').then(({ createDefinitionController }) => createDefinitionController(env)));
    void loading.then((controller) => {
      if (!closed) controller.wake();
    });
  };
  let subscription: { unsubscribe(): void } | undefined;
  /** A watch that fell behind begins anew; what it missed is taken in from the store itself. */
  const follow = (): void => {
    if (closed) return;
    subscription = env.state.watch(DEFINITIONS_PREFIX, env.state.revision).subscribe({
      next: look,
      error: (error: unknown) => {
        if (!closed && !isStoreClosed(error)) env.clock.after(RETRY_MS, follow, { background: true });
      },
    });
    if (env.definitions.list().length > 0) look();
  };
  follow();
  return {
    async close() {
      closed = true;
      subscription?.unsubscribe();
      (await loading)?.close();
      env.definitions.close();
    },
  };
}
