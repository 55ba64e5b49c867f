/**
 * gRPC's status codes by name, with their numbers.
 *
 * @see https://grpc.io/docs/guides/status-codes/
 */
export const GRPC_CODES: Readonly<Record<RuntimeErrorCode, number>> = Object.freeze({
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
});

/** The code of a {@link RuntimeError}: gRPC's name for it. */
export type RuntimeErrorCode =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED';

/**
 * What every call of a `ContainerRuntime` rejects with (or with its signal's reason). `UNAVAILABLE` and `DEADLINE_EXCEEDED` may pass when retried; `NOT_FOUND`,
 * `INVALID_ARGUMENT` and `UNIMPLEMENTED` do not.
 */
export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RuntimeError';
    this.code = code;
  }
}

/** Whether `error` is a {@link RuntimeError} (of any installation of this package), and, when `code` is given, of that code. */
export function isRuntimeError(error: unknown, code?: RuntimeErrorCode): error is RuntimeError {
  return error instanceof Error && error.name === 'RuntimeError' && 'code' in error && (code === undefined || error.code === code);
}
