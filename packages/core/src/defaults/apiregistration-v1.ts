import { pointer, struct, type DefaultsByKind } from './access.ts';

const HTTPS_PORT = 443;

/** @see kubernetes v1.36 staging/src/k8s.io/kube-aggregator/pkg/apis/apiregistration/v1/defaults.go */
export const defaults: DefaultsByKind = {
  APIService(apiService) {
    const service = pointer(struct(apiService, 'spec').service);
    if (service !== undefined) service.port ??= HTTPS_PORT;
  },
};
