import { isApiError } from '@kybern/core';

/** What went wrong for a person at a terminal: one or a few clear lines, never a stack trace. Ends the command with exit code 1. */
export class CliError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CliError';
  }
}

/** The lines to print for any error that ended a command. */
export function messageFor(error: unknown): string {
  if (isApiError(error)) return `Error from server (${error.reason}): ${error.message}`;
  if (error instanceof Error && (error.name === 'CliError' || error.name === 'KubeconfigError' || error.name === 'ManifestError')) return error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return code === undefined ? `internal error: ${message} (please report it; KYBERN_DEBUG=1 shows where)` : message;
}
