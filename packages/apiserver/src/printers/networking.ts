import type { Endpoints, EndpointSlice, Ingress, IngressClass, IPAddress, NetworkPolicy, Service, ServiceCIDR } from '@kybern/core/kinds';
import { ageColumn, nameColumn, pairs, selectorCell, someOf } from './cells.ts';
import { NONE, UNKNOWN, type Column } from './table.ts';

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printService) */
export const serviceColumns: readonly Column<Service>[] = [
  nameColumn,
  { name: 'Type', cell: ({ spec }) => spec.type ?? 'ClusterIP' },
  { name: 'Cluster-IP', cell: ({ spec }) => spec.clusterIPs?.[0] ?? spec.clusterIP ?? NONE },
  { name: 'External-IP', cell: externalIp },
  { name: 'Port(s)', cell: portsCell },
  ageColumn,
  { name: 'Selector', wide: true, cell: ({ spec }) => pairs(spec.selector) },
];

function externalIp({ spec, status }: Service): string {
  const own = spec.externalIPs ?? [];
  switch (spec.type ?? 'ClusterIP') {
    case 'ClusterIP':
    case 'NodePort':
      return own.length === 0 ? NONE : own.join(',');
    case 'ExternalName':
      return spec.externalName ?? '';
    case 'LoadBalancer': {
      const given = addressesOf(status?.loadBalancer?.ingress);
      return given.length + own.length === 0 ? '<pending>' : [...given, ...own].join(',');
    }
    default:
      return UNKNOWN;
  }
}

function addressesOf(ingress: readonly { readonly ip?: string; readonly hostname?: string }[] | undefined): string[] {
  return [...new Set((ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((address) => address !== ''))].sort();
}

function portsCell({ spec }: Service): string {
  const ports = (spec.ports ?? []).map((port) => {
    const node = port.nodePort === undefined || port.nodePort === 0 ? '' : `:${String(port.nodePort)}`;
    return `${String(port.port)}${node}/${port.protocol ?? 'TCP'}`;
  });
  return ports.length === 0 ? NONE : ports.join(',');
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printIngress) */
export const ingressColumns: readonly Column<Ingress>[] = [
  nameColumn,
  { name: 'Class', cell: ({ spec }) => spec.ingressClassName ?? NONE },
  { name: 'Hosts', cell: ({ spec }) => hostsCell((spec.rules ?? []).map(({ host }) => host ?? '')) },
  { name: 'Address', cell: ({ status }) => addressesOf(status?.loadBalancer?.ingress).join(',') },
  { name: 'Ports', cell: ({ spec }) => ((spec.tls ?? []).length === 0 ? '80' : '80, 443') },
  ageColumn,
];

function hostsCell(hosts: readonly string[]): string {
  const shown: string[] = [];
  let more = false;
  for (const host of hosts) {
    more ||= shown.length === 3;
    if (!more && host !== '') shown.push(host);
  }
  if (shown.length === 0) return '*';
  return `${shown.join(',')}${more ? ` + ${String(hosts.length - 3)} more...` : ''}`;
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printIngressClass) */
export const ingressClassColumns: readonly Column<IngressClass>[] = [
  nameColumn,
  { name: 'Controller', cell: ({ spec }) => spec.controller ?? '' },
  { name: 'Parameters', cell: parametersCell },
  ageColumn,
];

function parametersCell({ spec: { parameters } }: IngressClass): string {
  if (parameters === undefined) return NONE;
  return `${parameters.kind}${parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`}/${parameters.name}`;
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printNetworkPolicy) */
export const networkPolicyColumns: readonly Column<NetworkPolicy>[] = [
  nameColumn,
  { name: 'Pod-Selector', cell: ({ spec }) => selectorCell(spec.podSelector) },
  ageColumn,
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printEndpoints) */
export const endpointsColumns: readonly Column<Endpoints>[] = [nameColumn, { name: 'Endpoints', cell: endpointsCell }, ageColumn];

function endpointsCell({ subsets }: Endpoints): string {
  const addresses = (subsets ?? []).flatMap((subset) => {
    const ips = (subset.addresses ?? []).map(({ ip }) => ip);
    if ((subset.ports ?? []).length === 0) return ips;
    return (subset.ports ?? []).flatMap(({ port }) => ips.map((ip) => `${ip.includes(':') ? `[${ip}]` : ip}:${String(port)}`));
  });
  return someOf(addresses, { empty: (subsets ?? []).length === 0 ? NONE : '' });
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printEndpointSlice) */
export const endpointSliceColumns: readonly Column<EndpointSlice>[] = [
  nameColumn,
  { name: 'AddressType', cell: ({ addressType }) => addressType },
  { name: 'Ports', cell: ({ ports }) => someOf((ports ?? []).map(({ port, name }) => (port === undefined ? (name ?? '*') : String(port)))) },
  { name: 'Endpoints', cell: ({ endpoints }) => someOf((endpoints ?? []).flatMap((endpoint) => endpoint.addresses)) },
  ageColumn,
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printServiceCIDR) */
export const serviceCidrColumns: readonly Column<ServiceCIDR>[] = [nameColumn, { name: 'CIDRs', cell: ({ spec }) => (spec.cidrs ?? []).join(',') }, ageColumn];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printIPAddress) */
export const ipAddressColumns: readonly Column<IPAddress>[] = [nameColumn, { name: 'ParentRef', cell: parentCell }, ageColumn];

function parentCell({ spec: { parentRef } }: IPAddress): string {
  if (parentRef === undefined) return NONE;
  const { group, resource, namespace, name } = parentRef;
  const type = (group === undefined || group === '' ? resource : `${resource}.${group}`).toLowerCase();
  return [type, ...(namespace === undefined || namespace === '' ? [] : [namespace]), name].join('/');
}
