import { deepEqual, isDns1123Label, isDns1123Subdomain, type FieldError } from '@kybern/core';
import type { EndpointAddress, EndpointPort, EndpointSubset, Endpoints, IPAddress, ServiceCIDR } from '@kybern/core/kinds';
import { parseCidr, parseIp } from '@kybern/netmodel/addresses';
import type { Strategy } from '../strategy.ts';
import { IMMUTABLE, invalidValue, required } from '../validation/field-errors.ts';
import { between, portProblem } from '../validation/formats.ts';
import { dns1123Label, dns1123Subdomain } from '../validation/names.ts';
import { IP_MESSAGE } from '../validation/pod-extras.ts';

/** IPAddresses: the name is the address. @see kubernetes v1.36 pkg/apis/networking/validation/validation.go (ValidateIPAddress) */
export const ipAddressStrategy: Strategy = {
  nameRule: (name, isPrefix) => (!isPrefix && parseIp(name) === undefined ? ['must be a valid IP address in canonical form'] : []),
  validate({ spec }: IPAddress, errors) {
    const parent = spec?.parentRef;
    if (parent === undefined) {
      errors.push(required('spec.parentRef'));
      return;
    }
    if (parent.resource === '') errors.push(required('spec.parentRef.resource'));
    if (parent.name === '') errors.push(required('spec.parentRef.name'));
    if ((parent.group ?? '') !== '')
      for (const problem of dns1123Subdomain(parent.group as string, false)) errors.push(invalidValue('spec.parentRef.group', parent.group, problem));
  },
  validateUpdate(object, old, errors) {
    if (!deepEqual(object.spec?.parentRef, old.spec?.parentRef)) errors.push(invalidValue('spec.parentRef', object.spec?.parentRef, IMMUTABLE));
  },
};

/** ServiceCIDRs. @see kubernetes v1.36 pkg/apis/networking/validation/validation.go (ValidateServiceCIDR) */
export const serviceCidrStrategy: Strategy = {
  generation: true,
  validate({ spec = {} }: ServiceCIDR, errors) {
    const cidrs = spec.cidrs ?? [];
    if (cidrs.length === 0) errors.push(required('spec.cidrs', 'at least one CIDR required'));
    if (cidrs.length > 2) errors.push(invalidValue('spec', spec, 'may only hold up to 2 values'));
    cidrs.forEach((cidr, i) => {
      if (parseCidr(cidr) === undefined)
        errors.push(invalidValue(`spec.cidrs[${String(i)}]`, cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'));
    });
    const [first, second] = cidrs.map((cidr) => parseCidr(cidr)?.family);
    if (cidrs.length === 2 && first !== undefined && first === second)
      errors.push(invalidValue('spec', spec, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'));
  },
  validateUpdate(object, old, errors) {
    if (!deepEqual(object.spec?.cidrs, old.spec?.cidrs)) errors.push(invalidValue('spec.cidrs', object.spec?.cidrs, IMMUTABLE));
  },
};

/** Endpoints. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidateEndpoints) */
export const endpointsStrategy: Strategy = {
  createOnUpdate: true,
  validate({ subsets = [] }: Endpoints, errors) {
    subsets.forEach((subset, i) => validateSubset(subset, `subsets[${String(i)}]`, errors));
  },
};

function validateSubset({ addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset, field: string, errors: FieldError[]): void {
  if (addresses.length === 0 && notReadyAddresses.length === 0) errors.push(required(field, 'must specify `addresses` or `notReadyAddresses`'));
  addresses.forEach((address, i) => validateAddress(address, `${field}.addresses[${String(i)}]`, errors));
  notReadyAddresses.forEach((address, i) => validateAddress(address, `${field}.notReadyAddresses[${String(i)}]`, errors));
  ports.forEach((port, i) => validatePort(port, { field: `${field}.ports[${String(i)}]`, named: ports.length > 1 }, errors));
}

function validateAddress({ ip, hostname = '', nodeName }: EndpointAddress, field: string, errors: FieldError[]): void {
  const address = parseIp(ip);
  if (address === undefined) errors.push(invalidValue(`${field}.ip`, ip, IP_MESSAGE));
  else for (const problem of specialProblems(ip)) errors.push(invalidValue(`${field}.ip`, ip, problem));
  if (hostname !== '' && !isDns1123Label(hostname)) errors.push(invalidValue(`${field}.hostname`, hostname, dns1123Label(hostname, false)[0] ?? ''));
  if (nodeName !== undefined && !isDns1123Subdomain(nodeName))
    errors.push(invalidValue(`${field}.nodeName`, nodeName, dns1123Subdomain(nodeName, false)[0] ?? ''));
}

/** Addresses that would let an endpoint reach into the node itself. @see kubernetes v1.36 …/validation.go (ValidateEndpointIP) */
export function specialProblems(ip: string): readonly string[] {
  if (ip === '0.0.0.0' || ip === '::') return ['may not be unspecified (0.0.0.0 or ::)'];
  if ((ip.startsWith('127.') && !isOfProcess(ip)) || ip === '::1') return ['may not be in the loopback range (127.0.0.0/8, ::1/128)'];
  if (ip.startsWith('169.254.') || /^fe[89ab]/i.test(ip)) return ['may not be in the link-local range (169.254.0.0/16, fe80::/10)'];
  if (ip.startsWith('224.0.0.') || /^ff02:/i.test(ip)) return ['may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'];
  return [];
}

function validatePort({ name = '', port }: EndpointPort, { field, named }: { readonly field: string; readonly named: boolean }, errors: FieldError[]): void {
  if (named && name === '') errors.push(required(`${field}.name`));
  else if (name !== '') for (const problem of dns1123Label(name, false)) errors.push(invalidValue(`${field}.name`, name, problem));
  if (portProblem(port) !== undefined) errors.push(invalidValue(`${field}.port`, port, between(1, 65_535)));
}

/** Differs from Kubernetes: Pods that are processes of a machine have addresses of 127.64.0.0/10, and are what a Service leads to there. */
function isOfProcess(ip: string): boolean {
  const second = Number(ip.split('.')[1]);
  return second >= 64 && second < 128;
}
