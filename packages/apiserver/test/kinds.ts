export { ConfigMap, Event, Job, Namespace, Node, Pod, ReplicaSet, Secret } from '@kybern/core/kinds';
export { Event as EventsV1Event } from '@kybern/core/kinds/events-v1';
