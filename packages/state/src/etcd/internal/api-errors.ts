import { ApiError } from '@kybern/core';
import { GRPC, isEtcdDiverged, isEtcdError, type EtcdError } from '../errors.ts';

const RETRY_AFTER_SECONDS = 1;

/** What the callers of a store are told of an error of etcd. Other errors are left as they are. */
export function toApiError(error: unknown, what: 'read' | 'write' = 'write'): unknown {
  if (isEtcdDiverged(error)) return new ApiError('ServiceUnavailable', error.message, { cause: error });
  if (!isEtcdError(error)) return error;
  const { message } = error;
  if (/is too large|larger than max|too many operations/.test(message))
    return new ApiError('RequestEntityTooLarge', `etcd refuses: ${message}`, { cause: error });
  if (/space exceeded/.test(message)) return unavailable('the database of etcd is full: compact and defragment it, then disarm its alarm NOSPACE', error);
  if (/password|permission denied|user name is empty|auth token/.test(message))
    return unavailable(`etcd refuses: ${message}; check the user, the password and the role`, error);
  if (what === 'write' && error.outcome === 'unknown' && isSilent(error))
    return new ApiError('Timeout', `etcd did not answer (${message}): the write may have been made, or may still be`, {
      cause: error,
      details: { retryAfterSeconds: RETRY_AFTER_SECONDS },
    });
  return unavailable(message.startsWith('etcd') ? message : `etcd: ${message}`, error);
}

const isSilent = ({ code }: EtcdError): boolean =>
  code === GRPC.deadlineExceeded || code === GRPC.unavailable || code === GRPC.unknown || code === GRPC.cancelled || code === GRPC.internal;

function unavailable(message: string, cause: EtcdError): ApiError {
  return new ApiError('ServiceUnavailable', message, { cause, details: { retryAfterSeconds: RETRY_AFTER_SECONDS } });
}
