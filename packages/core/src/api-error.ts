import type { FieldError } from './kind-model.ts';

/**
 * Kubernetes' `StatusReason` values.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go (StatusReason)
 */
export type StatusReason =
  | 'Unknown'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Invalid'
  | 'ServerTimeout'
  | 'StoreReadError'
  | 'Timeout'
  | 'TooManyRequests'
  | 'BadRequest'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'InternalError'
  | 'Expired'
  | 'ServiceUnavailable';

/** HTTP status code of each reason. */
const CODES: Readonly<Record<StatusReason, number>> = {
  Unknown: 500,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Invalid: 422,
  ServerTimeout: 500,
  StoreReadError: 500,
  Timeout: 504,
  TooManyRequests: 429,
  BadRequest: 400,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  InternalError: 500,
  Expired: 410,
  ServiceUnavailable: 503,
};

/** What the error is about. */
export interface StatusDetails {
  readonly group?: string;
  /** The resource (plural) or kind, as Kubernetes fills it in. */
  readonly kind?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** One of several reasons why a request was refused. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** The body of an error answer. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  /** `continue`: with which a list can go on that expired in the middle, from what is there now. */
  readonly metadata: { readonly continue?: string };
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: StatusReason;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** Options of {@link ApiError}. */
export interface ApiErrorOptions {
  readonly details?: StatusDetails;
  readonly cause?: unknown;
  /** HTTP status code; default: the reason's own. */
  readonly code?: number;
  /** See {@link ApiError.continueToken}. */
  readonly continueToken?: string;
}

/**
 * The one error of the API, in process and over the wire: Kubernetes' reason, an HTTP code, and what it is about. Tell errors apart with the `isX`
 * predicates, which also work across duplicate installations of this package.
 */
export class ApiError extends Error {
  readonly reason: StatusReason;
  readonly code: number;
  readonly details: StatusDetails | undefined;
  /** Of an expired list: the rest of it can be had with this token, from what is there now, so that the whole is no longer one consistent picture. */
  readonly continueToken: string | undefined;

  constructor(reason: StatusReason, message: string, options: ApiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ApiError';
    this.reason = reason;
    this.code = options.code ?? CODES[reason];
    this.details = options.details;
    this.continueToken = options.continueToken;
  }

  /** The body that Kubernetes answers with. */
  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continueToken === undefined ? {} : { continue: this.continueToken },
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }

  /** The error that a `Status` body describes. */
  static fromStatus(status: Omit<Partial<Status>, 'reason'> & { readonly reason?: string }, cause?: unknown): ApiError {
    const reason = status.reason !== undefined && Object.hasOwn(CODES, status.reason) ? (status.reason as StatusReason) : 'Unknown';
    return new ApiError(reason, status.message ?? 'unknown error', {
      ...(status.details === undefined ? {} : { details: status.details }),
      ...(status.code === undefined ? {} : { code: status.code }),
      ...(typeof status.metadata?.continue === 'string' && status.metadata.continue !== '' ? { continueToken: status.metadata.continue } : {}),
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

/** What an error's resource is called: its plural and group. */
export interface ResourceName {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

const about = (resource: ResourceName, name: string): StatusDetails => ({
  name,
  ...(resource.group === '' ? {} : { group: resource.group }),
  kind: resource.plural,
});
const title = (resource: ResourceName): string => (resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`);

/** 404: there is no such object. */
export function notFound(resource: ResourceName, name: string): ApiError {
  return new ApiError('NotFound', `${title(resource)} "${name}" not found`, { details: about(resource, name) });
}

/** 409: an object of that name exists. */
export function alreadyExists(resource: ResourceName, name: string): ApiError {
  return new ApiError('AlreadyExists', `${title(resource)} "${name}" already exists`, { details: about(resource, name) });
}

/** 409: the object changed since it was read. Read it again and retry. */
export function conflict(resource: ResourceName, name: string, why: string): ApiError {
  return new ApiError('Conflict', `Operation cannot be fulfilled on ${title(resource)} "${name}": ${why}`, { details: about(resource, name) });
}

/** 422: the object is not valid; one cause per field. */
export function invalid(resource: ResourceName, name: string, errors: readonly FieldError[]): ApiError {
  const texts = errors.map((error) => `${error.field}: ${error.message}`);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const group = resource.group === '' ? '' : `.${resource.group}`;
  return new ApiError('Invalid', `${resource.kind}${group} "${name}" is invalid: ${list}`, {
    details: {
      name,
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.kind,
      causes: errors.map((error) => ({ reason: error.reason, message: error.message, field: error.field })),
    },
  });
}

/** Whether `error` is an {@link ApiError}, of any installation of this package. */
export function isApiError(error: unknown): error is ApiError {
  return error instanceof Error && error.name === 'ApiError' && 'reason' in error && 'code' in error;
}

const hasReason = (error: unknown, reason: StatusReason): boolean => isApiError(error) && error.reason === reason;

/** There is no such object. Retrying does not help. */
export const isNotFound = (error: unknown): boolean => hasReason(error, 'NotFound');
/** Somebody else wrote first. Read again, then retry. */
export const isConflict = (error: unknown): boolean => hasReason(error, 'Conflict');
/** An object of that name exists. */
export const isAlreadyExists = (error: unknown): boolean => hasReason(error, 'AlreadyExists');
/** The revision is no longer retained (reason `Expired` or the older `Gone`). List again. */
export const isExpired = (error: unknown): boolean => hasReason(error, 'Expired') || hasReason(error, 'Gone');
/** The object is not valid. Retrying the same object does not help. */
export const isInvalid = (error: unknown): boolean => hasReason(error, 'Invalid');
