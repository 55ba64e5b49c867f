import { noopLogger, type Logger } from '@kybern/core';
import { toError } from './errors.ts';

/** Where an error came from. */
export type ErrorContext =
  /** A reconcile failed. `retryInMs` is undefined when it is not retried. */
  | {
      readonly source: 'reconcile';
      readonly controller: string;
      readonly kind: string;
      readonly key: string;
      /** How often in a row this key failed, this time included. */
      readonly attempt: number;
      readonly retryInMs: number | undefined;
    }
  /** A function that the user gave threw: a subscriber, an index, a predicate, a map. Nothing else is affected. */
  | { readonly source: 'callback'; readonly what: string; readonly kind: string; readonly key?: string }
  /** Something that goes on by itself: recording events, renewing the lease. */
  | { readonly source: 'background'; readonly what: string };

/** Is told of every error that nobody awaits. It must not throw; when it does, the host process is warned. */
export type ErrorSink = (error: Error, context: ErrorContext) => void;

/** The host, where it can show a warning without ending: Node, Deno and Bun. */
declare const process: { emitWarning?: (warning: Error) => void } | undefined;

/**
 * The sink that tells the logger and `onError`. With neither, errors become process warnings, so that they are never silent.
 *
 * @param onError the user's own sink
 */
export function createErrorSink(logger: Logger, onError?: ErrorSink): ErrorSink {
  const silent = logger === noopLogger && onError === undefined;
  return (error, context) => {
    if (silent) warnHost(error, context);
    logger.error(MESSAGES[context.source], { ...context, error });
    try {
      onError?.(error, context);
    } catch (thrown) {
      warnHost(toError(thrown), { source: 'callback', what: 'onError', kind: '' });
    }
  };
}

const MESSAGES: Readonly<Record<ErrorContext['source'], string>> = {
  reconcile: 'reconcile failed',
  callback: 'a callback threw',
  background: 'background work failed',
};

function warnHost(error: Error, context: ErrorContext): void {
  if (typeof process === 'undefined' || process.emitWarning === undefined) return;
  const warning = new Error(`${describe(context)}: ${error.message}`, { cause: error });
  warning.name = 'KybernWarning';
  process.emitWarning(warning);
}

function describe(context: ErrorContext): string {
  switch (context.source) {
    case 'reconcile':
      return `controller "${context.controller}": reconcile of ${context.kind} "${context.key}" failed (attempt ${context.attempt})`;
    case 'callback':
      return [context.what, ...(context.kind === '' ? [] : ['of', context.kind]), ...(context.key === undefined ? [] : [`"${context.key}"`]), 'threw'].join(
        ' ',
      );
    case 'background':
      return context.what;
  }
}
