import { ApiError, notFound, type Kind } from '@kybern/core';

/** 400: the request itself makes no sense. Retrying does not help. */
export function badRequest(message: string): ApiError {
  return new ApiError('BadRequest', message);
}

/** 405: the resource does not have this verb. */
export function methodNotAllowed(verb: string): ApiError {
  return new ApiError('MethodNotAllowed', `the server does not allow this method on the requested resource: ${verb}`);
}

/** 415: no such patch format for this kind. */
export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  return new ApiError('UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`);
}

/** 410: the revision is no longer retained. List again. @param continueToken with which the list may go on all the same, from what is there now */
export function expired(message: string, continueToken?: string): ApiError {
  return new ApiError('Expired', message, continueToken === undefined ? {} : { continueToken });
}

/** 404: there is no such resource or subresource. */
export function noSuchResource(): ApiError {
  return new ApiError('NotFound', 'the server could not find the requested resource');
}

/**
 * 504: the caller has seen a newer revision than this server. Retrying later helps.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/storage/errors.go (NewTooLargeResourceVersionError)
 */
export function tooLargeResourceVersion(requested: number, latest: number): ApiError {
  return new ApiError('Timeout', `Too large resource version: ${requested}, current: ${latest}`, {
    details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
  });
}

/** 500: a fault of the server, never of the request. */
export function internalError(message: string, cause?: unknown): ApiError {
  return new ApiError('InternalError', `Internal error occurred: ${message}`, cause === undefined ? {} : { cause });
}

/** 404 for an object of `kind`. */
export function objectNotFound(kind: Kind, name: string): ApiError {
  return notFound(kind, name);
}
