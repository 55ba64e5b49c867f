export { findEtcd, freePorts, startEtcd, startEtcdCluster } from './etcd-server.ts';
export type { EtcdMemberPlan, EtcdServer, EtcdServerOptions } from './etcd-server.ts';
export { startRelay } from './relay.ts';
export type { Relay } from './relay.ts';
export { describeEtcd } from './describe-etcd.ts';
