import type { MutableJson } from '@kybern/core';
import type { AdmissionPlugin } from './admission.ts';

/**
 * Runs Pods as the `default` ServiceAccount unless they name another.
 *
 * Differs from Kubernetes: no token volume is added and the account need not exist, since nothing issues tokens yet.
 *
 * @see kubernetes v1.36 plugin/pkg/admission/serviceaccount/admission.go
 */
export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  handles: ({ kind }, operation, subresource) => kind.plural === 'pods' && kind.group === '' && subresource === undefined && operation === 'CREATE',
  mutate({ object }) {
    const { spec, metadata } = object as MutableJson;
    if (typeof spec !== 'object' || spec === null || metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return;
    const name: unknown = spec.serviceAccountName ?? spec.serviceAccount;
    spec.serviceAccountName = name === undefined || name === '' ? 'default' : name;
    // Deprecated twin that Kubernetes keeps in step.
    spec.serviceAccount = spec.serviceAccountName;
  },
};
