export { ConfigMap, CronJob, Event, Job, Namespace, Node, Pod, ReplicaSet, ResourceSlice, Secret, Service, StorageClass } from '@kybern/core/kinds';
export { Event as EventsV1Event } from '@kybern/core/kinds/events-v1';
