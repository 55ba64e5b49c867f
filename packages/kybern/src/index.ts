export { createCluster, type Cluster, type ClusterNode, type ClusterOptions, type ElectionTiming } from './cluster.ts';
