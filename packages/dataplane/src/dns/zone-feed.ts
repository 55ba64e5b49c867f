import type { Namespace, Pod } from '@kybern/core/kinds';
import type { DnsZone } from '@kybern/netmodel';
import type { Informer } from '@kybern/reconcile';
import { feedServices, type ServiceInformers } from '../cluster/service-feed.ts';

/** The caches that a zone is filled from. */
export interface ZoneInformers extends ServiceInformers {
  readonly namespaces: Informer<Namespace>;
  /** Only for a zone whose `pods` are `verified`. */
  readonly pods?: Informer<Pod>;
}

/**
 * Keeps a zone as the caches are. The server should be started when they are synced: before, names that exist would be denied.
 *
 * @returns ends it
 */
export function feedDnsZone(zone: DnsZone, informers: ZoneInformers): () => void {
  const offs = [
    feedServices(informers, { set: (_key, service, slices) => zone.setService(service, slices), remove: zone.removeService }),
    informers.namespaces.addHandler({
      added: ({ metadata }) => zone.setNamespace(metadata.name),
      updated: () => undefined,
      deleted: ({ metadata }) => zone.removeNamespace(metadata.name),
    }),
    ...(informers.pods === undefined ? [] : [feedPods(zone, informers.pods)]),
  ];
  return () => offs.forEach((off) => off());
}

const ipsOf = ({ status }: Pod): readonly string[] => status?.podIPs?.map(({ ip }) => ip) ?? (status?.podIP === undefined ? [] : [status.podIP]);

/** An address may be named twice while a new Pod has taken it from one that is ending: it is counted. */
function feedPods(zone: DnsZone, pods: Informer<Pod>): () => void {
  const byNamespace = new Map<string, Map<string, number>>();
  const count = (pod: Pod, by: 1 | -1): void => {
    const namespace = pod.metadata.namespace ?? 'default';
    const ips = byNamespace.get(namespace) ?? new Map<string, number>();
    for (const ip of ipsOf(pod)) {
      const uses = (ips.get(ip) ?? 0) + by;
      if (uses > 0) ips.set(ip, uses);
      else ips.delete(ip);
    }
    if (ips.size > 0) byNamespace.set(namespace, ips);
    else byNamespace.delete(namespace);
    zone.setPodIps(namespace, new Set(ips.keys()));
  };
  return pods.addHandler({
    added: (pod) => count(pod, 1),
    updated: (old, pod) => {
      if (ipsOf(old).join() === ipsOf(pod).join()) return;
      count(old, -1);
      count(pod, 1);
    },
    deleted: (pod) => count(pod, -1),
  });
}
