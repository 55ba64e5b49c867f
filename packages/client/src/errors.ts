/** A kubeconfig that cannot be used: missing, unreadable, or not what it should be. Retrying does not help; the message says what to change. */
export class KubeconfigError extends Error {
  /** The file, when one was read. */
  readonly file: string | undefined;

  constructor(message: string, options: { readonly file?: string; readonly cause?: unknown } = {}) {
    super(options.file === undefined ? message : `kubeconfig ${options.file}: ${message}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'KubeconfigError';
    this.file = options.file;
  }
}
