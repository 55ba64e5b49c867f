import { ClusterState } from '../cluster/cluster-state.ts';

/**
 * A cluster of its own that is the same as `cluster` is now. The objects in it are shared: they never change. Pods on nodes that are not there are left out.
 */
export function copyCluster(cluster: ClusterState): ClusterState {
  const copy = new ClusterState();
  for (const [kind, object] of cluster.objects.all()) copy.setObject(kind, object);
  for (const { node } of cluster.nodes) copy.setNode(node);
  for (const { pods } of cluster.nodes) for (const pod of pods) copy.setPod(pod);
  for (const [pod, nodeName] of cluster.nominations.all()) copy.nominations.set(pod, nodeName);
  return copy;
}
