import { ApiError, isApiError, type Logger, type Status } from '@kybern/core';

/** An error as Kubernetes' Status. Anything but an {@link ApiError} is a bug here: it is logged and becomes an InternalError. */
export function toStatus(error: unknown, logger: Logger): Status {
  if (isApiError(error)) return error.toStatus();
  logger.error('a request failed in the server', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  return new ApiError('InternalError', `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`, { cause: error }).toStatus();
}
