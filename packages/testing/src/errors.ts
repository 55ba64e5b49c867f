/** The cluster did not come to rest: something goes on for ever without time passing, or within the window that `settle()` waits for. */
export class NotSettledError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotSettledError';
  }
}

/** Objects are written again and again and never come to rest. The message names them, and who writes what. */
export class HotLoopError extends NotSettledError {
  /** The keys of the objects, such as `/registry/core/configmaps/default/a`. */
  readonly keys: readonly string[];
  /** Who feeds the loop, such as `operator`: one that feeds itself, or two that feed each other. */
  readonly writers: readonly string[];

  constructor(message: string, details: { readonly keys: readonly string[]; readonly writers: readonly string[] }) {
    super(message);
    this.name = 'HotLoopError';
    this.keys = details.keys;
    this.writers = details.writers;
  }
}

/** What was to hold at every moment did not. */
export class InvariantError extends Error {
  /** The revision after which it did not hold. */
  readonly revision: number;

  constructor(message: string, options: { readonly revision: number; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'InvariantError';
    this.revision = options.revision;
  }
}
