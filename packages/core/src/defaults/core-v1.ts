import type { MutableJson } from '../kind-model.ts';
import { isEmpty, items, pointer, struct, type DefaultsByKind } from './access.ts';
import { setPodDefaults, setPodTemplateDefaults } from './pod.ts';
import { setResourceListDefaults } from './resource-list.ts';
import { setServiceDefaults } from './service.ts';
import { setClaimSpecDefaults, setPersistentSourceDefaults } from './volume.ts';

/** @see kubernetes v1.36 pkg/apis/core/v1/defaults.go */
export const defaults: DefaultsByKind = {
  Endpoints: setEndpointsDefaults,
  LimitRange: setLimitRangeDefaults,
  Namespace: setNamespaceDefaults,
  Node: setNodeDefaults,
  PersistentVolume: setPersistentVolumeDefaults,
  PersistentVolumeClaim: setClaimDefaults,
  Pod: setPodDefaults,
  PodTemplate: (object) => setPodTemplateDefaults(struct(object, 'template')),
  ReplicationController: setReplicationControllerDefaults,
  ResourceQuota: setQuotaDefaults,
  Secret(secret) {
    secret.type ||= 'Opaque';
  },
  Service: setServiceDefaults,
};

function setEndpointsDefaults(endpoints: MutableJson): void {
  for (const subset of items(endpoints.subsets)) for (const port of items(subset.ports)) port.protocol ||= 'TCP';
}

function setLimitRangeDefaults(range: MutableJson): void {
  for (const item of items(struct(range, 'spec').limits)) {
    if (item.type === 'Container') completeContainerLimits(item);
    for (const list of ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio']) setResourceListDefaults(item[list]);
  }
}

/** The limit is the maximum where it is not given; the request is the limit, or else the minimum. */
function completeContainerLimits(item: MutableJson): void {
  completeList(item, 'default', 'max');
  completeList(item, 'defaultRequest', 'default');
  completeList(item, 'defaultRequest', 'min');
}

function completeList(item: MutableJson, to: string, from: string): void {
  const source = pointer(item[from]);
  if (source === undefined) return;
  for (const name in source) struct(item, to)[name] ??= source[name];
}

function setNamespaceDefaults(namespace: MutableJson): void {
  struct(namespace, 'spec');
  const metadata = struct(namespace, 'metadata');
  if (metadata.name && metadata.labels?.['kubernetes.io/metadata.name'] !== metadata.name)
    struct(metadata, 'labels')['kubernetes.io/metadata.name'] = metadata.name;
  struct(namespace, 'status').phase ||= 'Active';
}

function setNodeDefaults(node: MutableJson): void {
  struct(node, 'spec');
  const status = pointer(node.status);
  if (status === undefined) return;
  const capacity = pointer(status.capacity);
  if (capacity !== undefined) status.allocatable ??= { ...capacity };
  setResourceListDefaults(status.capacity);
  setResourceListDefaults(status.allocatable);
}

function setPersistentVolumeDefaults(volume: MutableJson): void {
  const spec = struct(volume, 'spec');
  struct(volume, 'status').phase ||= 'Pending';
  spec.persistentVolumeReclaimPolicy ||= 'Retain';
  spec.volumeMode ??= 'Filesystem';
  setResourceListDefaults(spec.capacity);
  setPersistentSourceDefaults(spec);
}

/** Defaults of a claim, also of one that is a template of a StatefulSet. */
export function setClaimDefaults(claim: MutableJson): void {
  setClaimSpecDefaults(struct(claim, 'spec'));
  const status = struct(claim, 'status');
  status.phase ||= 'Pending';
  setResourceListDefaults(status.capacity);
  setResourceListDefaults(status.allocatedResources);
}

function setReplicationControllerDefaults(controller: MutableJson): void {
  const spec = struct(controller, 'spec');
  const template = pointer(spec.template);
  const labels = template === undefined ? undefined : pointer(pointer(template.metadata)?.labels);
  if (labels !== undefined && isEmpty(spec.selector)) spec.selector = { ...labels };
  const metadata = struct(controller, 'metadata');
  if (labels !== undefined && isEmpty(metadata.labels)) metadata.labels = { ...labels };
  spec.replicas ??= 1;
  if (template !== undefined) setPodTemplateDefaults(template);
}

function setQuotaDefaults(quota: MutableJson): void {
  setResourceListDefaults(struct(quota, 'spec').hard);
  const status = pointer(quota.status);
  if (status === undefined) return;
  setResourceListDefaults(status.hard);
  setResourceListDefaults(status.used);
}
