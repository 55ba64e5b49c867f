import type { EndpointSlice, Service } from '@kybern/core/kinds';
import { parseIp, type IpAddress } from '../ip.ts';
import { isHeadless } from '../endpoints.ts';
import { clusterIps } from '../services/service-rules.ts';

/** The types of records that the cluster's zone has. */
export type DnsRecordType = 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'SRV' | 'TXT';

/** One record. Names are lower case, absolute, without the last dot. */
export type DnsRecord =
  | { readonly name: string; readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly name: string; readonly type: 'CNAME' | 'PTR'; readonly target: string }
  | { readonly name: string; readonly type: 'SRV'; readonly target: string; readonly port: number; readonly priority: number; readonly weight: number }
  | { readonly name: string; readonly type: 'TXT'; readonly text: string };

/** The domain of a cluster, as most have it. */
export const CLUSTER_DOMAIN = 'cluster.local';

/**
 * The records of a Service: addresses, an SRV for each named port, and the names that its addresses belong to. A headless Service has those of
 * its ready endpoints; one without any has no records at all, so its name does not exist.
 *
 * @param slices the EndpointSlices of the Service; only a headless Service is asked about them
 * @param domain the cluster's domain
 * @see kubernetes/dns docs/specification.md (schema 1.1.0), sections 2.3 to 2.5; coredns plugin/kubernetes (endpointHostname)
 */
export function serviceRecords(service: Service, slices: readonly EndpointSlice[], domain: string = CLUSTER_DOMAIN): readonly DnsRecord[] {
  const name = `${service.metadata.name}.${service.metadata.namespace ?? 'default'}.svc.${domain}`.toLowerCase();
  const { type, externalName } = service.spec;
  if (type === 'ExternalName') return externalName === undefined || externalName === '' ? [] : [externalRecord(name, externalName)];
  return isHeadless(service) ? headlessRecords(name, slices) : clusterIpRecords(name, service);
}

/** An ExternalName that is written as an address is answered as one. */
function externalRecord(name: string, externalName: string): DnsRecord {
  return addressRecord(name, externalName) ?? { name, type: 'CNAME', target: externalName.toLowerCase().replace(/\.$/, '') };
}

function clusterIpRecords(name: string, service: Service): readonly DnsRecord[] {
  const ips = clusterIps(service);
  const named = (service.spec.ports ?? []).filter((port) => (port.name ?? '') !== '');
  return [
    ...ips.flatMap((ip) => addressRecord(name, ip) ?? []),
    ...named.map((port) => srvRecord(name, { name: port.name, protocol: port.protocol, port: port.port }, name)),
    ...ips.flatMap((ip) => pointer(ip, name)),
  ];
}

function headlessRecords(name: string, slices: readonly EndpointSlice[]): readonly DnsRecord[] {
  const records = new Map<string, DnsRecord>();
  const add = (record: DnsRecord | undefined): void => {
    if (record !== undefined) records.set(JSON.stringify(record), record);
  };
  for (const slice of slices.filter(({ addressType }) => addressType !== 'FQDN')) {
    const named = (slice.ports ?? []).flatMap(({ name: portName = '', port, protocol }) =>
      portName === '' || port === undefined ? [] : [{ name: portName, port, protocol }],
    );
    for (const { addresses, hostname } of (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false)) {
      for (const ip of addresses) {
        const host = `${endpointHostname(hostname, ip)}.${name}`;
        for (const record of [addressRecord(name, ip), addressRecord(host, ip), ...named.map((port) => srvRecord(name, port, host)), ...pointer(ip, host)])
          add(record);
      }
    }
  }
  return [...records.values()];
}

/** An endpoint's own name: its hostname, else its address with dashes, as CoreDNS writes it. */
const endpointHostname = (hostname: string | undefined, ip: string): string =>
  hostname !== undefined && hostname !== '' ? hostname.toLowerCase() : ip.replaceAll(/[.:]/g, '-').toLowerCase();

interface SrvPort {
  readonly name?: string | undefined;
  readonly protocol?: string | undefined;
  readonly port: number;
}

function srvRecord(service: string, { name = '', protocol = 'TCP', port }: SrvPort, target: string): DnsRecord {
  return { name: `_${name}._${protocol}.${service}`.toLowerCase(), type: 'SRV', target, port, priority: 0, weight: 100 };
}

function addressRecord(name: string, ip: string): DnsRecord | undefined {
  const address = parseIp(ip);
  return address === undefined ? undefined : { name, type: address.family === 'IPv4' ? 'A' : 'AAAA', address: ip };
}

function pointer(ip: string, target: string): readonly DnsRecord[] {
  const address = parseIp(ip);
  return address === undefined ? [] : [{ name: reverseName(address), type: 'PTR', target }];
}

/** The name under which the DNS holds what an address belongs to: `4.3.2.1.in-addr.arpa`, or 32 hex digits under `ip6.arpa`. */
export function reverseName({ family, value }: IpAddress): string {
  if (family === 'IPv4') return `${[0n, 8n, 16n, 24n].map((shift) => String((value >> shift) & 255n)).join('.')}.in-addr.arpa`;
  return `${[...value.toString(16).padStart(32, '0')].reverse().join('.')}.ip6.arpa`;
}

/** The address that a reverse name asks for; undefined when it is not one. */
export function parseReverseName(name: string): string | undefined {
  const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  if (v4 !== null) return `${v4[4] ?? ''}.${v4[3] ?? ''}.${v4[2] ?? ''}.${v4[1] ?? ''}`;
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name);
  if (v6 === null) return undefined;
  const digits = (v6[1] ?? '').split('.').reverse().join('');
  return (digits.match(/.{4}/g) ?? []).join(':');
}
