import type { Strategy } from '../strategy.ts';

/** Pods. @see kubernetes v1.36 pkg/registry/core/pod/strategy.go */
export const podStrategy: Strategy = {
  generation: true,
  selectableFields: {
    'spec.nodeName': (object) => object.spec?.nodeName ?? '',
    'status.phase': (object) => object.status?.phase ?? '',
  },
  indexedFields: ['spec.nodeName'],
  prepareForCreate(object) {
    object.status = { phase: 'Pending' };
  },
  gracePeriodSeconds(object, requested) {
    const { spec, status } = object as { spec?: { nodeName?: string; terminationGracePeriodSeconds?: number }; status?: { phase?: string } };
    const ended = status?.phase === 'Failed' || status?.phase === 'Succeeded';
    if ((spec?.nodeName ?? '') === '' || ended) return 0;
    const period = requested ?? spec?.terminationGracePeriodSeconds ?? 0;
    return period < 0 ? 1 : period;
  },
};
