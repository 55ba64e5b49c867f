/**
 * Thrown by a reconcile that must not be retried: what is wrong only a change of the object can mend. It is reported, and the key is reconciled
 * again when something changes.
 */
export class TerminalError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TerminalError';
  }
}

/** Whether `error` is a {@link TerminalError}, of any installation of this package. */
export function isTerminalError(error: unknown): error is TerminalError {
  return error instanceof Error && error.name === 'TerminalError';
}

/** A reconcile took longer than the controller's `timeoutMs`. Its signal is aborted with this error, its client refuses further calls, and the key is retried. */
export class ReconcileTimeoutError extends Error {
  readonly timeoutMs: number;

  constructor(timeoutMs: number) {
    super(`reconcile did not end within ${timeoutMs} ms`);
    this.name = 'ReconcileTimeoutError';
    this.timeoutMs = timeoutMs;
  }
}

/** What a reconcile threw was no Error; it is the `cause`. */
export class NonErrorThrown extends Error {
  constructor(cause: unknown) {
    super(`a value that is no Error was thrown: ${describe(cause)}`, { cause });
    this.name = 'NonErrorThrown';
  }
}

/** A cache was asked for a kind that it does not hold. Name the kind in the controller's `for`, `owns`, `watches` or `reads`. Retrying does not help. */
export class UncachedKindError extends Error {
  constructor(kind: string) {
    super(`kind "${kind}" is not in this cache: name it in for, owns, watches or reads of a controller`);
    this.name = 'UncachedKindError';
  }
}

/** A queue was asked for work after it was shut down and emptied. */
export class QueueShutDownError extends Error {
  constructor(name: string) {
    super(`work queue "${name}" is shut down`);
    this.name = 'QueueShutDownError';
  }
}

/** `value` itself when it is an Error, else a {@link NonErrorThrown} around it. */
export function toError(value: unknown): Error {
  return value instanceof Error ? value : new NonErrorThrown(value);
}

function describe(value: unknown): string {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}
