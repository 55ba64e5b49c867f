import type { MutableJson } from '../kind-model.ts';
import { items, pointer, struct, type DefaultsByKind } from './access.ts';

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
  for (const device of items(struct(slice, 'spec').devices)) setDeviceDefaults(device);
}

/** A device counts once in each resource of its node that it stands for. */
export function setDeviceDefaults(device: MutableJson): void {
  const mappings = pointer(device.nodeAllocatableResourceMappings);
  for (const name in mappings) {
    const mapping = pointer(mappings[name]);
    if (mapping !== undefined) mapping.allocationMultiplier ??= '1';
  }
}
