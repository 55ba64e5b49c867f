export { createCluster, type Cluster, type ClusterNode, type ClusterOptions } from './cluster.ts';
