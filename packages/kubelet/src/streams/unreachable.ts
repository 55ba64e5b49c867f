import { ApiError } from '@kybern/core';

/** The agent of a node does not answer. @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/proxy/upgradeaware.go (DialForUpgrade) */
export function unreachable(node: string): ApiError {
  return new ApiError(
    'InternalError',
    `error dialing backend: dial tcp: the kubelet of node ${JSON.stringify(node)} does not answer: connect: connection refused`,
  );
}
