import type { MutableJson } from '../kind-model.ts';
import { isEmpty, items, pointer, struct, type DefaultsByKind } from './access.ts';

/** @see kubernetes v1.36 pkg/apis/networking/v1/defaults.go */
export const defaults: DefaultsByKind = {
  Ingress(ingress) {
    struct(ingress, 'spec');
    struct(struct(ingress, 'status'), 'loadBalancer');
  },
  IngressClass(ingressClass) {
    const parameters = pointer(struct(ingressClass, 'spec').parameters);
    if (parameters !== undefined) parameters.scope ??= 'Cluster';
  },
  NetworkPolicy: setNetworkPolicyDefaults,
};

function setNetworkPolicyDefaults(policy: MutableJson): void {
  const spec = struct(policy, 'spec');
  struct(spec, 'podSelector');
  if (isEmpty(spec.policyTypes)) spec.policyTypes = isEmpty(spec.egress) ? ['Ingress'] : ['Ingress', 'Egress'];
  for (const rule of [...items(spec.ingress), ...items(spec.egress)]) for (const port of items(rule.ports)) port.protocol ??= 'TCP';
}
