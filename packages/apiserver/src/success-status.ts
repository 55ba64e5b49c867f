import type { KubernetesObject, StatusDetails } from '@kybern/core';

/** The body of an answer that has no object: a `Status` with `status: Success`. */
export function successStatus(code: number, details?: StatusDetails): KubernetesObject {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: Object.freeze({}),
    status: 'Success',
    ...(details === undefined ? {} : { details: Object.freeze(details) }),
    code,
  };
  return Object.freeze(status) as unknown as KubernetesObject;
}
