import { struct, type DefaultsByKind } from './access.ts';

/** @see kubernetes v1.36 pkg/apis/autoscaling/v1/defaults.go */
export const defaults: DefaultsByKind = {
  HorizontalPodAutoscaler(autoscaler) {
    struct(autoscaler, 'spec').minReplicas ??= 1;
  },
};
