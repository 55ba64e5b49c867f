import type { Revision } from '../../store.ts';

/**
 * Asks how far the cluster is, for reads that must see all that was acknowledged before they began. Reads that come while a question is on its way share
 * the next one: its answer may be older than they are.
 */
export function createReadIndex(ask: () => Promise<Revision>): () => Promise<Revision> {
  let waiting: Promise<Revision> | undefined;
  let asking: Promise<unknown> = Promise.resolve();
  let busy = false;
  const start = (): Promise<Revision> => {
    busy = true;
    const asked = ask();
    asking = asked.then(
      () => (busy = false),
      () => (busy = false),
    );
    return asked;
  };
  return () => {
    if (!busy) return start();
    return (waiting ??= asking.then(() => {
      waiting = undefined;
      return start();
    }));
  };
}
