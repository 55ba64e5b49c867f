import type { MutableJson } from '../kind-model.ts';
import { items, pointer, struct, type DefaultsByKind } from './access.ts';
import { setQuantityForm } from './resource-list.ts';

/**
 * Differs from Kubernetes: `timeAdded` of a device taint is not filled in, because defaults know no clock; who adds a taint says when.
 *
 * @see kubernetes v1.36 pkg/apis/resource/v1/defaults.go
 */
export const defaults: DefaultsByKind = {
  ResourceClaim: (claim) => setClaimDefaults(struct(claim, 'spec')),
  ResourceClaimTemplate: (template) => setClaimDefaults(struct(struct(template, 'spec'), 'spec')),
  ResourceSlice: setSliceDefaults,
};

function setClaimDefaults(spec: MutableJson): void {
  for (const request of items(pointer(spec.devices)?.requests)) {
    const exact = pointer(request.exactly);
    if (exact !== undefined) setDeviceRequestDefaults(exact);
    for (const sub of items(request.firstAvailable)) setDeviceRequestDefaults(sub);
  }
}

/** How many devices, and the operators of tolerations. */
export function setDeviceRequestDefaults(request: MutableJson): void {
  request.allocationMode ||= 'ExactCount';
  if (request.allocationMode === 'ExactCount') request.count ||= 1;
  for (const toleration of items(request.tolerations)) toleration.operator ||= 'Equal';
}

function setSliceDefaults(slice: MutableJson): void {
  const spec = struct(slice, 'spec');
  for (const device of items(spec.devices)) setDeviceDefaults(device);
  for (const set of items(spec.sharedCounters)) setValueForms(set.counters);
}

/** Name → `{ value: quantity }`. */
function setValueForms(map: MutableJson): void {
  for (const entry of Object.values(pointer(map) ?? {})) if (pointer(entry) !== undefined) setQuantityForm(entry, 'value');
}

/** A device counts once in each resource of its node that it stands for. */
export function setDeviceDefaults(device: MutableJson): void {
  setValueForms(device.capacity);
  for (const consumption of items(device.consumesCounters)) setValueForms(consumption.counters);
  const mappings = pointer(device.nodeAllocatableResourceMappings);
  for (const name in mappings) {
    const mapping = pointer(mappings[name]);
    if (mapping !== undefined) mapping.allocationMultiplier ??= '1';
  }
}
