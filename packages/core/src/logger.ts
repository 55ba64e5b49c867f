/** Structured values of a log line, such as `{ kind, namespace, name, reconcileId }`. Secrets never belong here. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where log lines go. Messages are constant texts; what varies is in the fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  with(fields: LogFields): Logger;
}

/** Discards everything: the default of every factory. */
export const noopLogger: Logger = Object.freeze({
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => noopLogger,
});
