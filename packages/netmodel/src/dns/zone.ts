import type { EndpointSlice, Service } from '@kybern/core/kinds';
import { parseIp } from '../ip.ts';
import { CLUSTER_DOMAIN, serviceRecords, type DnsRecord, type DnsRecordType } from './records.ts';

/** What a client asks. `name` in any case, with or without its last dot. */
export interface DnsQuestion {
  readonly name: string;
  /** Types other than those of the zone exist, and have no records here. */
  readonly type: DnsRecordType | 'ANY' | (string & {});
}

/** An answer of the cluster's zone. NOERROR without answers is "NODATA": the name exists, but has no such records. */
export interface DnsAnswer {
  readonly code: 'NOERROR' | 'NXDOMAIN';
  readonly answers: readonly DnsRecord[];
  /** Addresses of the targets of SRV answers. */
  readonly additionals: readonly DnsRecord[];
  /** Seconds for which the answer, also a negative one, may be kept. */
  readonly ttlSeconds: number;
}

/** Options of {@link createDnsZone}. */
export interface DnsZoneOptions {
  /** The cluster's domain. Default: `cluster.local`. */
  readonly domain?: string;
  /**
   * What `1-2-3-4.namespace.pod.<domain>` answers: nothing (`disabled`), the address in the name (`insecure`, the default, as kubeadm sets
   * CoreDNS up), or the address if a Pod of the namespace has it (`verified`).
   */
  readonly pods?: 'disabled' | 'insecure' | 'verified';
  /** Default: 5, as CoreDNS. */
  readonly ttlSeconds?: number;
}

/** The records of a cluster, kept up to date Service by Service. */
export interface DnsZone {
  readonly domain: string;
  /** Replaces the records of a Service; costs what that Service has. */
  readonly setService: (service: Service, slices: readonly EndpointSlice[]) => void;
  /** Takes out the records of a Service, `namespace/name`. */
  readonly removeService: (key: string) => void;
  /** A Namespace exists: names in it that have no records are unknown, its own name is not. */
  readonly setNamespace: (name: string) => void;
  readonly removeNamespace: (name: string) => void;
  /** The addresses of a namespace's Pods, for `verified` pod records. */
  readonly setPodIps: (namespace: string, ips: ReadonlySet<string>) => void;
  /** The zone's answer; undefined when the name is not in the cluster's domain and no address of the cluster: ask somebody else. */
  readonly answer: (question: DnsQuestion) => DnsAnswer | undefined;
}

/**
 * An empty zone.
 *
 * @see kubernetes/dns docs/specification.md (schema 1.1.0); coredns plugin/kubernetes for what the specification leaves open
 */
export function createDnsZone(options: DnsZoneOptions = {}): DnsZone {
  const domain = (options.domain ?? CLUSTER_DOMAIN).toLowerCase();
  const ttlSeconds = options.ttlSeconds ?? 5;
  const names = createNameIndex();
  const services = new Map<string, readonly DnsRecord[]>();
  const namespaces = new Set<string>();
  const podIps = new Map<string, ReadonlySet<string>>();
  for (const name of [domain, `svc.${domain}`, `pod.${domain}`]) names.enter(name);
  names.add({ name: `dns-version.${domain}`, type: 'TXT', text: '1.1.0' });

  const replace = (key: string, records: readonly DnsRecord[]): void => {
    for (const record of services.get(key) ?? []) names.remove(record);
    if (records.length === 0) services.delete(key);
    else services.set(key, records);
    for (const record of records) names.add(record);
  };
  const found = (answers: readonly DnsRecord[]): DnsAnswer => ({ code: 'NOERROR', answers, additionals: names.targets(answers), ttlSeconds });

  return {
    domain,
    setService: (service, slices) => replace(`${service.metadata.namespace ?? 'default'}/${service.metadata.name}`, serviceRecords(service, slices, domain)),
    removeService: (key) => replace(key, []),
    setNamespace: (name) => {
      if (namespaces.has(name)) return;
      namespaces.add(name);
      for (const parent of ['svc', 'pod']) names.enter(`${name}.${parent}.${domain}`);
    },
    removeNamespace: (name) => {
      if (!namespaces.delete(name)) return;
      for (const parent of ['svc', 'pod']) names.leave(`${name}.${parent}.${domain}`);
    },
    setPodIps: (namespace, ips) => void podIps.set(namespace, ips),
    answer: ({ name: asked, type }) => {
      const name = asked.toLowerCase().replace(/\.$/, '');
      if (name !== domain && !name.endsWith(`.${domain}`)) {
        const pointers = names.records(name) ?? [];
        return pointers.length === 0 ? undefined : found(type === 'PTR' || type === 'ANY' ? pointers : []);
      }
      const records = names.records(name);
      if (records !== undefined) return found(records.filter((record) => type === 'ANY' || record.type === type || record.type === 'CNAME'));
      const pod = podRecord(name, { domain, mode: options.pods ?? 'insecure', namespaces, podIps });
      if (pod !== undefined) return found(type === 'ANY' || pod.type === type ? [pod] : []);
      return { code: 'NXDOMAIN', answers: [], additionals: [], ttlSeconds };
    },
  };
}

interface PodRecordFacts {
  readonly domain: string;
  readonly mode: 'disabled' | 'insecure' | 'verified';
  readonly namespaces: ReadonlySet<string>;
  readonly podIps: ReadonlyMap<string, ReadonlySet<string>>;
}

function podRecord(name: string, { domain, mode, namespaces, podIps }: PodRecordFacts): DnsRecord | undefined {
  if (mode === 'disabled' || !name.endsWith(`.pod.${domain}`)) return undefined;
  const [dashed, namespace, ...rest] = name.slice(0, -`.pod.${domain}`.length).split('.');
  if (dashed === undefined || namespace === undefined || rest.length > 0 || !namespaces.has(namespace)) return undefined;
  const address = [dashed.replaceAll('-', '.'), dashed.replaceAll('-', ':')].find((text) => parseIp(text) !== undefined);
  if (address === undefined || (mode === 'verified' && podIps.get(namespace)?.has(address) !== true)) return undefined;
  return { name, type: parseIp(address)?.family === 'IPv6' ? 'AAAA' : 'A', address };
}

/** Records by name; a name also exists while a longer one below it does. */
interface NameIndex {
  readonly add: (record: DnsRecord) => void;
  readonly remove: (record: DnsRecord) => void;
  /** Makes a name exist without records. Counted: as often as it is entered it must be left. */
  readonly enter: (name: string) => void;
  readonly leave: (name: string) => void;
  /** undefined when the name does not exist. */
  readonly records: (name: string) => readonly DnsRecord[] | undefined;
  /** The address records of the names that SRV records lead to, each once. */
  readonly targets: (records: readonly DnsRecord[]) => readonly DnsRecord[];
}

function createNameIndex(): NameIndex {
  const byName = new Map<string, { uses: number; records: DnsRecord[] }>();
  const use = (name: string, by: number): void => {
    for (let at = name; ; ) {
      const node = byName.get(at) ?? { uses: 0, records: [] };
      node.uses += by;
      if (node.uses > 0) byName.set(at, node);
      else byName.delete(at);
      const dot = at.indexOf('.');
      if (dot < 0) return;
      at = at.slice(dot + 1);
    }
  };
  const targets = (records: readonly DnsRecord[]): readonly DnsRecord[] => {
    if (records.every(({ type }) => type !== 'SRV')) return [];
    const names = new Set(records.flatMap((record) => (record.type === 'SRV' ? [record.target] : [])));
    return [...names].flatMap((name) => byName.get(name)?.records.filter(({ type }) => type === 'A' || type === 'AAAA') ?? []);
  };
  return {
    add: (record) => {
      use(record.name, 1);
      byName.get(record.name)?.records.push(record);
    },
    remove: (record) => {
      const node = byName.get(record.name);
      if (node === undefined) return;
      node.records = node.records.filter((each) => each !== record);
      use(record.name, -1);
    },
    enter: (name) => use(name, 1),
    leave: (name) => use(name, -1),
    records: (name) => byName.get(name)?.records,
    targets,
  };
}
