import type { MutableJson } from '../kind-model.ts';
import { items, pointer, struct, type DefaultsByKind } from './access.ts';
import { setDeviceDefaults, setDeviceRequestDefaults } from './resource-v1.ts';

/** @see kubernetes v1.36 pkg/apis/resource/v1beta1/defaults.go */
export const defaults: DefaultsByKind = {
  ResourceClaim: (claim) => setClaimDefaults(struct(claim, 'spec')),
  ResourceClaimTemplate: (template) => setClaimDefaults(struct(struct(template, 'spec'), 'spec')),
  ResourceSlice(slice) {
    for (const device of items(struct(slice, 'spec').devices)) setDeviceDefaults(struct(device, 'basic'));
  },
};

/** In this version an exact request is written into the request itself; a request with alternatives has none. */
function setClaimDefaults(spec: MutableJson): void {
  for (const request of items(pointer(spec.devices)?.requests)) {
    if (request.deviceClassName) setDeviceRequestDefaults(request);
    for (const sub of items(request.firstAvailable)) setDeviceRequestDefaults(sub);
  }
}
