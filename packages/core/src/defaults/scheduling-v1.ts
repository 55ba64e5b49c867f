import type { DefaultsByKind } from './access.ts';

/** @see kubernetes v1.36 pkg/apis/scheduling/v1/defaults.go */
export const defaults: DefaultsByKind = {
  PriorityClass(priorityClass) {
    priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
  },
};
