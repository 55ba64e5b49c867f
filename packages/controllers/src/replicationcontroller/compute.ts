import type { ReplicaSet, ReplicationController } from '@kybern/core/kinds';

/**
 * A ReplicationController as the ReplicaSet that does the same.
 *
 * @param terminating what its status would have as `terminatingReplicas`, which a ReplicationController's does not tell
 * @see kubernetes v1.36 pkg/controller/replication/conversion.go (convertRCtoRS)
 */
export function computeReplicaSetOf({ metadata, spec, status }: ReplicationController, terminating: number): ReplicaSet {
  const { replicas, minReadySeconds, template, selector = template?.metadata?.labels ?? {} } = spec;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata,
    spec: {
      selector: { matchLabels: selector },
      ...(replicas === undefined ? {} : { replicas }),
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      ...(template === undefined ? {} : { template }),
    },
    ...(status === undefined ? {} : { status: { ...status, terminatingReplicas: terminating } }),
  };
}
