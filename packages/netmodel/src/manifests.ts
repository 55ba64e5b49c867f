import type { Pod, Service } from '@kybern/core/kinds';
import { createIpAllocator } from './ip-allocator.ts';
import { podIps } from './policy/ends.ts';

/** Where the model's own addresses come from; they mean nothing outside of it. */
const SERVICE_CIDR = '10.96.0.0/12';
const POD_CIDR = '10.244.0.0/16';

/** Objects of manifests as a cluster would complete them: an address each, and Pods that run. What an API server has seen stays as it is. */
export function completeManifests(objects: { readonly pods: readonly Pod[]; readonly services: readonly Service[] }): {
  pods: readonly Pod[];
  services: readonly Service[];
} {
  const allocators = { pod: createIpAllocator(POD_CIDR), service: createIpAllocator(SERVICE_CIDR) };
  for (const service of objects.services) for (const ip of service.spec.clusterIPs ?? [service.spec.clusterIP ?? '']) take(allocators.service, ip);
  for (const pod of objects.pods) for (const ip of podIps(pod)) take(allocators.pod, ip);
  return {
    services: objects.services.map((service) => (lacksClusterIp(service) ? withClusterIp(service, allocators.service.allocate()) : service)),
    pods: objects.pods.map((pod) =>
      pod.metadata.uid === undefined && podIps(pod).length === 0 && pod.status?.phase === undefined ? running(pod, allocators.pod.allocate()) : pod,
    ),
  };
}

function lacksClusterIp({ metadata, spec }: Service): boolean {
  return metadata.uid === undefined && spec.type !== 'ExternalName' && (spec.clusterIP ?? '') === '' && (spec.clusterIPs ?? []).length === 0;
}

const withClusterIp = (service: Service, ip: string): Service => ({ ...service, spec: { ...service.spec, clusterIP: ip, clusterIPs: [ip] } });

const running = (pod: Pod, ip: string): Pod => ({
  ...pod,
  status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: 'True' }] },
});

/** An address outside of the range, or one that is taken twice, needs no reservation. */
function take(allocator: ReturnType<typeof createIpAllocator>, ip: string): void {
  if (allocator.contains(ip) && !allocator.has(ip)) allocator.allocateSpecific(ip);
}
