import { items, type DefaultsByKind } from './access.ts';

/** @see kubernetes v1.36 pkg/apis/discovery/v1/defaults.go */
export const defaults: DefaultsByKind = {
  EndpointSlice(slice) {
    for (const port of items(slice.ports)) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
};
