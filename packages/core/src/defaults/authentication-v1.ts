import { struct, type DefaultsByKind } from './access.ts';

const HOUR_SECONDS = 3600;

/** @see kubernetes v1.36 pkg/apis/authentication/v1/defaults.go */
export const defaults: DefaultsByKind = {
  TokenRequest(request) {
    struct(request, 'spec').expirationSeconds ??= HOUR_SECONDS;
  },
};
