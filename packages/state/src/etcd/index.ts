export { openEtcd } from './etcd-store.ts';
export type { EtcdStoreOptions } from './etcd-store.ts';
export type { EtcdUser } from './internal/etcd-client.ts';
export type { EtcdTls } from './internal/grpc-connection.ts';
export type { Annex } from '../internal/byte-record.ts';
