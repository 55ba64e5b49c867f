import type { MutableJson } from '@kybern/core';
import type { AdmissionPlugin } from './admission.ts';
import { newestDefault } from './default-storage-class.ts';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const DEFAULT_ANNOTATIONS: readonly string[] = ['ingressclass.kubernetes.io/is-default-class'];

/** Gives Ingresses that name no IngressClass the default one. @see kubernetes v1.36 plugin/pkg/admission/network/defaultingressclass/admission.go */
export const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  handles: ({ kind }, operation, subresource) =>
    kind.plural === 'ingresses' && kind.group === 'networking.k8s.io' && subresource === undefined && operation === 'CREATE',
  mutate({ env, object }) {
    const { spec, metadata } = object as MutableJson;
    if (typeof spec !== 'object' || spec === null || spec.ingressClassName !== undefined || metadata.annotations?.[CLASS_ANNOTATION] !== undefined) return;
    const found = newestDefault(env.tables.ingressClasses.list(''), DEFAULT_ANNOTATIONS);
    if (found !== undefined) spec.ingressClassName = found.metadata.name;
  },
};
