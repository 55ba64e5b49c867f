import { isAlreadyExists, type Client } from '@kybern/core';
import { EndpointSlice, Service } from '@kybern/core/kinds';
import { formatCidr, formatIp, parseCidr } from '@kybern/netmodel';

/** Where Services have their addresses unless it is said otherwise. */
export const DEFAULT_SERVICE_CIDR = '10.96.0.0/12';

/** The addresses of Services that this machine answers itself. */
export interface OwnAddresses {
  /** Where all Services have theirs. */
  readonly range: string;
  /** That of the Service `kubernetes`: the first. */
  readonly api: string;
  /** Where Pods find DNS: the tenth. @see kubernetes v1.36 cmd/kubeadm/app/constants/constants.go (GetDNSIP) */
  readonly dns: string;
}

/** @throws {RangeError} it is no range of IPv4 addresses with room for these */
export function ownAddresses(range: string): OwnAddresses {
  const cidr = parseCidr(range);
  if (cidr?.family !== 'IPv4' || cidr.prefixBits > 28)
    throw new RangeError(`"${range}" is no range of at least 16 IPv4 addresses, such as ${DEFAULT_SERVICE_CIDR}`);
  const at = (offset: bigint): string => formatIp({ family: cidr.family, value: cidr.base + offset });
  return { range: formatCidr(cidr), api: at(1n), dns: at(10n) };
}

const name = 'kube-dns';
const namespace = 'kube-system';
const labels = { 'k8s-app': name, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' };
const PORTS = [
  { name: 'dns', port: 53, protocol: 'UDP' },
  { name: 'dns-tcp', port: 53, protocol: 'TCP' },
] as const;

/** Makes the Service by which DNS is known, unless it is there. Differs from Kubernetes: the server is part of the node, so what stands behind the Service is its own address. */
export async function ensureDnsService(client: Client, address: string): Promise<void> {
  await ensure(() =>
    client.create(Service, {
      metadata: { name, namespace, labels },
      spec: { clusterIP: address, ports: PORTS.map((port) => ({ ...port, targetPort: 53 })) },
    }),
  );
  await ensure(() =>
    client.create(EndpointSlice, {
      metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name, 'endpointslice.kubernetes.io/managed-by': 'kybern' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: PORTS,
    }),
  );
}

async function ensure(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
