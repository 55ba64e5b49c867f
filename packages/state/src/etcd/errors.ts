/** Status codes of gRPC that etcd answers with and that decide what happens next. */
export const GRPC = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** Options of an {@link EtcdError}. */
export interface EtcdErrorOptions {
  /** Status code of gRPC. */
  readonly code: number;
  /** Whether etcd may have done what it was asked to do. */
  readonly outcome: 'not done' | 'unknown';
  readonly cause?: unknown;
}

/** A call to etcd failed. Whether retrying helps depends on the code: it does when etcd was unavailable, and is safe when the outcome is `not done`. */
export class EtcdError extends Error {
  readonly code: number;
  readonly outcome: 'not done' | 'unknown';

  constructor(message: string, { code, outcome, cause }: EtcdErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'EtcdError';
    this.code = code;
    this.outcome = outcome;
  }
}

/**
 * What etcd holds is not what it held before: it was restored from an older backup, or it is another cluster. Retrying does not help; what to do is in
 * the message.
 */
export class EtcdDivergedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EtcdDivergedError';
  }
}

/** Whether `error` is an {@link EtcdError}, of any installation of this package. */
export const isEtcdError = (error: unknown): error is EtcdError => error instanceof Error && error.name === 'EtcdError';
/** Whether `error` is an {@link EtcdDivergedError}, of any installation of this package. */
export const isEtcdDiverged = (error: unknown): error is EtcdDivergedError => error instanceof Error && error.name === 'EtcdDivergedError';
