import type { FakeClock } from '@kybern/core/testing';

/** One event of a watch, as far as faults look at it. */
export interface WatchItem {
  readonly type: string;
  readonly object: { readonly metadata: { readonly name?: string } };
}

interface Observer {
  next(event: WatchItem): void;
  error(error: unknown): void;
  complete(): void;
}

interface Stream {
  subscribe(observer: Observer): { unsubscribe(): void };
}

type StreamClass = new (subscribe: (observer: Observer) => unknown) => unknown;

/** A stream whose events pass through `handle`, which may let them go later or never. Made with the source's own class. */
function through(source: unknown, handle: (event: WatchItem, pass: () => void) => void): unknown {
  const { constructor } = source as { constructor: StreamClass };
  return new constructor((observer) =>
    (source as Stream).subscribe({
      next: (event) => handle(event, () => observer.next(event)),
      error: (error) => observer.error(error),
      complete: () => observer.complete(),
    }),
  );
}

/** The watch without what happens to the object of this name after it was added. */
export function hidingUpdates(source: unknown, name: string): unknown {
  return through(source, (event, pass) => {
    if (event.object.metadata.name !== name || event.type === 'ADDED') pass();
  });
}

/** The watch with each event so many ms late, in order. */
export function lagging(source: unknown, clock: FakeClock, lagMs: () => number): unknown {
  let lastMs = 0;
  return through(source, (_event, pass) => {
    lastMs = Math.max(lastMs, clock.monotonicMs() + lagMs());
    const waitMs = lastMs - clock.monotonicMs();
    if (waitMs === 0) pass();
    else clock.after(waitMs, pass);
  });
}
