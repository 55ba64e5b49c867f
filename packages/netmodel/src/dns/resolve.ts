import type { Pod } from '@kybern/core/kinds';
import type { DnsRecord } from './records.ts';
import { CLUSTER_DOMAIN } from './records.ts';
import type { DnsZone } from './zone.ts';

/** What a resolver in a Pod is told: the content of its `/etc/resolv.conf`. */
export interface ResolverConfig {
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly { readonly name: string; readonly value?: string }[];
}

/** What {@link podResolverConfig} needs besides the Pod. */
export interface ResolverFacts {
  /** Addresses of the cluster's DNS service. */
  readonly clusterDns: readonly string[];
  /** Default: `cluster.local`. */
  readonly domain?: string;
  /** The node's own configuration, for the policy `Default`. */
  readonly host?: ResolverConfig;
}

const NONE: ResolverConfig = { nameservers: [], searches: [], options: [] };
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;

/**
 * The resolver configuration of a Pod by its `dnsPolicy` and `dnsConfig`: at most three name servers and 32 search domains.
 *
 * @see kubernetes v1.36 pkg/kubelet/network/dns/dns.go (GetPodDNS)
 */
export function podResolverConfig(pod: Pod, facts: ResolverFacts): ResolverConfig {
  const { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork } = pod.spec;
  const host = facts.host ?? NONE;
  const domain = facts.domain ?? CLUSTER_DOMAIN;
  const namespace = pod.metadata.namespace ?? 'default';
  const cluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && hostNetwork !== true);
  const base: ResolverConfig = cluster
    ? {
        nameservers: facts.clusterDns,
        searches: [`${namespace}.svc.${domain}`, `svc.${domain}`, domain, ...host.searches],
        options: [{ name: 'ndots', value: '5' }],
      }
    : dnsPolicy === 'None'
      ? NONE
      : host;
  const own = (dnsConfig?.options ?? []).flatMap(({ name, value }) => (name === undefined ? [] : [value === undefined ? { name } : { name, value }]));
  return {
    nameservers: [...new Set([...base.nameservers, ...(dnsConfig?.nameservers ?? [])])].slice(0, MAX_NAMESERVERS),
    searches: [...new Set([...base.searches, ...(dnsConfig?.searches ?? [])])].slice(0, MAX_SEARCHES),
    options: [...base.options.filter(({ name }) => own.every((each) => each.name !== name)), ...own],
  };
}

/** How a name was looked up. */
export interface Resolution {
  /** The full name that answered; absent when none did. */
  readonly name?: string;
  readonly records: readonly DnsRecord[];
  /** The addresses that the records lead to, also over a CNAME inside of the cluster. */
  readonly addresses: readonly string[];
  /** Every full name that was asked, in order, and what came of it. `elsewhere` is not for the cluster's DNS to answer. */
  readonly tried: readonly { readonly name: string; readonly result: 'NODATA' | 'NXDOMAIN' | 'elsewhere' | 'found' }[];
}

/**
 * Looks a name up as the resolver of a Pod does: with fewer than `ndots` dots the search domains come first, else the name as it is; a name
 * that ends in a dot is taken as it is alone. Both address families are asked for.
 *
 * @param config what the Pod's resolver is told
 */
export function resolveName(zone: DnsZone, name: string, config: ResolverConfig): Resolution {
  const tried: Resolution['tried'][number][] = [];
  for (const candidate of candidates(name, config)) {
    const answers = ['A', 'AAAA'].map((type) => zone.answer({ name: candidate, type }));
    const records = unique(answers.flatMap((answer) => answer?.answers ?? []));
    if (records.length > 0) {
      tried.push({ name: candidate, result: 'found' });
      return { name: candidate, records, addresses: addressesOf(zone, records), tried };
    }
    tried.push({ name: candidate, result: answers[0] === undefined ? 'elsewhere' : answers[0].code === 'NXDOMAIN' ? 'NXDOMAIN' : 'NODATA' });
  }
  return { records: [], addresses: [], tried };
}

/** The full names that a resolver asks for, in its order. */
export function candidates(name: string, { searches, options }: ResolverConfig): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const ndots = Number(options.find((option) => option.name === 'ndots')?.value ?? 1);
  const searched = searches.map((search) => `${name}.${search}`);
  return name.split('.').length - 1 >= ndots ? [name, ...searched] : [...searched, name];
}

const MAX_CNAMES = 8;

function addressesOf(zone: DnsZone, records: readonly DnsRecord[], depth = 0): readonly string[] {
  return unique(
    records.flatMap((record) => {
      if (record.type === 'A' || record.type === 'AAAA') return [record.address];
      if (record.type !== 'CNAME' || depth === MAX_CNAMES) return [];
      const next = ['A', 'AAAA'].flatMap((type) => zone.answer({ name: record.target, type })?.answers ?? []);
      return addressesOf(zone, next, depth + 1);
    }),
  );
}

const unique = <T>(items: readonly T[]): readonly T[] => [...new Set(items)];
