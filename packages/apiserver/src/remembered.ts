import type { EventDispatcher, Watcher } from './watch/event-dispatcher.ts';

/**
 * Answers that are remembered for as long as nothing of a resource changes: for what nearly every write asks. Read through the function: it answers at
 * once when it remembers.
 */
export type Remembered<V> = (key: string) => V | Promise<V>;

/** Makes {@link Remembered} functions, and is told what this server writes. */
export interface Memory {
  /**
   * @param prefix of the resource whose changes make the answers void
   * @param load finds an answer that is not remembered
   */
  remember<V>(prefix: string, load: (key: string) => Promise<V>): Remembered<V>;
  /** This server wrote an object of the resource. Others' writes are heard of as events. */
  forget(prefix: string): void;
}

/** More answers than this are not kept. */
const MAX_ANSWERS = 10_000;

/** Makes a {@link Memory}. It listens to a resource from the first question on. */
export function createMemory(dispatcher: EventDispatcher, revision: () => number): Memory {
  const forgetting = new Map<string, () => void>();
  return {
    remember<V>(prefix: string, load: (key: string) => Promise<V>) {
      const answers = new Map<string, { readonly value: V }>();
      let epoch = 0;
      let listening = false;
      const forget = (): void => {
        epoch += 1;
        answers.clear();
      };
      const watcher = (): Watcher => ({
        after: revision(),
        onEvent: forget,
        onEnd() {
          listening = false;
          forget();
        },
      });
      forgetting.set(prefix, forget);
      return (key) => {
        const known = answers.get(key);
        if (known !== undefined) return known.value;
        if (!listening) {
          listening = true;
          dispatcher.add(watcher(), { prefix });
        }
        const asked = epoch;
        return load(key).then((value) => {
          if (listening && epoch === asked && answers.size < MAX_ANSWERS) answers.set(key, { value });
          return value;
        });
      };
    },
    forget: (prefix) => forgetting.get(prefix)?.(),
  };
}
