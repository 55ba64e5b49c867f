import { struct, type DefaultsByKind } from './access.ts';

const DAY_SECONDS = 86_400;

/** @see kubernetes v1.36 staging/src/k8s.io/api/certificates/v1beta1/types.go (PodCertificateRequestSpec) */
export const defaults: DefaultsByKind = {
  PodCertificateRequest(request) {
    struct(request, 'spec').maxExpirationSeconds ??= DAY_SECONDS;
  },
};
