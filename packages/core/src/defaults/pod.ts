import type { MutableJson } from '../kind-model.ts';
import { items, pointer, struct } from './access.ts';
import { setContainerDefaults } from './container.ts';
import { setPodResources, setRequestsFromLimits } from './pod-resources.ts';
import { setRequirementsDefaults, setResourceListDefaults } from './resource-list.ts';
import { setVolumeDefaults } from './volume.ts';

const GRACE_PERIOD_SECONDS = 30;

/**
 * Defaults of a Pod. Some of them a template does not get, so that new ones never change what a workload rolls out.
 *
 * @see kubernetes v1.36 pkg/apis/core/v1/defaults.go (SetDefaults_Pod)
 */
export function setPodDefaults(pod: MutableJson): void {
  const spec = struct(pod, 'spec');
  setPodSpecDefaults(spec);
  for (const container of items(spec.containers)) setRequestsFromLimits(container);
  for (const container of items(spec.initContainers)) setRequestsFromLimits(container);
  setPodResources(spec);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork === true) setHostPorts(spec);
}

/**
 * Defaults of a Pod's spec, in a Pod or in a template.
 *
 * @see kubernetes v1.36 pkg/apis/core/v1/defaults.go (SetDefaults_PodSpec)
 */
export function setPodSpecDefaults(spec: MutableJson): void {
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.restartPolicy ||= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= GRACE_PERIOD_SECONDS;
  spec.schedulerName ||= 'default-scheduler';
  if (spec.serviceAccountName || spec.serviceAccount) setServiceAccount(spec);
  for (const volume of items(spec.volumes)) setVolumeDefaults(volume);
  for (const container of items(spec.initContainers)) setContainerDefaults(container);
  for (const container of items(spec.containers)) setContainerDefaults(container);
  for (const container of items(spec.ephemeralContainers)) setContainerDefaults(container);
  setResourceListDefaults(spec.overhead);
  setRequirementsDefaults(pointer(spec.resources));
}

/**
 * The deprecated name of the field says what the field says.
 *
 * @see kubernetes v1.36 pkg/apis/core/v1/conversion.go (Convert_v1_PodSpec_To_core_PodSpec)
 */
function setServiceAccount(spec: MutableJson): void {
  const name: unknown = spec.serviceAccountName || spec.serviceAccount;
  // What is right already is not written: it may be a part of a stored object, which is frozen.
  if (spec.serviceAccountName !== name) spec.serviceAccountName = name;
  if (spec.serviceAccount !== name) spec.serviceAccount = name;
}

/** Defaults of a template for Pods. */
export function setPodTemplateDefaults(template: MutableJson): void {
  setPodSpecDefaults(struct(template, 'spec'));
}

function setHostPorts(spec: MutableJson): void {
  for (const container of [...items(spec.containers), ...items(spec.initContainers)]) {
    for (const port of items(container.ports)) if (!port.hostPort && port.containerPort) port.hostPort = port.containerPort;
  }
}
