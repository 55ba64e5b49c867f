import type { MutableJson } from '../kind-model.ts';
import { isAbsent, isEmpty, items, pointer, struct } from './access.ts';

const AFFINITY_SECONDS = 10_800;

/**
 * Defaults of a Service. Addresses, node ports and IP families are no defaults: the API server allocates them.
 *
 * @see kubernetes v1.36 pkg/apis/core/v1/defaults.go (SetDefaults_Service)
 */
export function setServiceDefaults(service: MutableJson): void {
  const spec = struct(service, 'spec');
  setAffinityDefaults(spec);
  spec.type ||= 'ClusterIP';
  for (const port of items(spec.ports)) {
    port.protocol ||= 'TCP';
    if (!port.targetPort && port.port) port.targetPort = port.port;
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  const balancer = struct(struct(service, 'status'), 'loadBalancer');
  if (spec.type !== 'LoadBalancer') return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const ingress of items(balancer.ingress)) if (ingress.ip) ingress.ipMode ??= 'VIP';
}

function setAffinityDefaults(spec: MutableJson): void {
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None' && spec.sessionAffinityConfig !== undefined) delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity !== 'ClientIP') return;
  const client = pointer(pointer(spec.sessionAffinityConfig)?.clientIP);
  if (isAbsent(client?.timeoutSeconds)) spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: AFFINITY_SECONDS } };
}

const isExternallyAccessible = (spec: MutableJson): boolean =>
  spec.type === 'LoadBalancer' || spec.type === 'NodePort' || (spec.type === 'ClusterIP' && !isEmpty(spec.externalIPs));
