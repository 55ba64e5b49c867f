import type { MutableJson } from '../kind-model.ts';
import { items, pointer } from './access.ts';
import { defaultPullPolicy } from './image-tag.ts';
import { setQuantityForm, setRequirementsDefaults } from './resource-list.ts';

/**
 * Defaults of a container, wherever it stands: in a Pod or in a template, ordinary, init or ephemeral.
 *
 * @see kubernetes v1.36 pkg/apis/core/v1/defaults.go (SetDefaults_Container, SetDefaults_Probe, SetDefaults_HTTPGetAction)
 */
export function setContainerDefaults(container: MutableJson): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image);
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  container.resources ??= {};
  setRequirementsDefaults(pointer(container.resources));
  for (const port of items(container.ports)) port.protocol ||= 'TCP';
  for (const variable of items(container.env)) if (variable.valueFrom !== undefined) setVariableSourceDefaults(pointer(variable.valueFrom));
  setProbeDefaults(pointer(container.livenessProbe));
  setProbeDefaults(pointer(container.readinessProbe));
  setProbeDefaults(pointer(container.startupProbe));
  setLifecycleDefaults(pointer(container.lifecycle));
}

function setVariableSourceDefaults(source: MutableJson | undefined): void {
  if (source === undefined) return;
  const fieldRef = pointer(source.fieldRef);
  if (fieldRef !== undefined) fieldRef.apiVersion ||= 'v1';
  const resourceRef = pointer(source.resourceFieldRef);
  if (resourceRef !== undefined) setQuantityForm(resourceRef, 'divisor');
}

function setProbeDefaults(probe: MutableJson | undefined): void {
  if (probe === undefined) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  setHandlerDefaults(probe);
}

function setLifecycleDefaults(lifecycle: MutableJson | undefined): void {
  if (lifecycle === undefined) return;
  setHandlerDefaults(pointer(lifecycle.postStart));
  setHandlerDefaults(pointer(lifecycle.preStop));
}

function setHandlerDefaults(handler: MutableJson | undefined): void {
  if (handler === undefined) return;
  const get = pointer(handler.httpGet);
  if (get !== undefined) {
    get.path ||= '/';
    get.scheme ||= 'HTTP';
  }
  const grpc = pointer(handler.grpc);
  if (grpc !== undefined) grpc.service ??= '';
}
