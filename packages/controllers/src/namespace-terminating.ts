import { isApiError } from '@kybern/core';

/** Whether a create was refused because its namespace is being deleted: then all of them will be, and there is nothing to report. */
export function isNamespaceTerminating(error: unknown): boolean {
  return isApiError(error) && error.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating') === true;
}
