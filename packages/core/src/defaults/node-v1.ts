import { pointer, type DefaultsByKind } from './access.ts';
import { setResourceListDefaults } from './resource-list.ts';

/** @see kubernetes v1.36 pkg/apis/node/v1/zz_generated.defaults.go */
export const defaults: DefaultsByKind = {
  RuntimeClass(runtimeClass) {
    const overhead = pointer(runtimeClass.overhead);
    if (overhead !== undefined) setResourceListDefaults(overhead.podFixed);
  },
};
