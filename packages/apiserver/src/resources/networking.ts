import { deepEqual, isDns1123Label, isDns1123Subdomain, type FieldError } from '@kybern/core';
import type {
  Endpoint,
  EndpointSlice,
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressClass,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '@kybern/core/kinds';
import { cidrContains, parseCidr, parseIp } from '@kybern/netmodel/addresses';
import type { Strategy } from '../strategy.ts';
import { duplicate, forbiddenField, IMMUTABLE, invalidValue, notSupported, required, tooLong, tooMany } from '../validation/field-errors.ts';
import { between, portNameProblems, portProblem } from '../validation/formats.ts';
import { validateLabelSelector } from '../validation/label-selectors.ts';
import { dns1035Label, dns1123Label, dns1123Subdomain, pathSegment } from '../validation/names.ts';
import { validateLabels } from '../validation/object-meta.ts';
import { nothingSeen, see } from '../validation/seen.ts';
import { specialProblems } from './addresses.ts';

/** Ingresses. @see kubernetes v1.36 pkg/apis/networking/validation/validation.go (ValidateIngressSpec) */
export const ingressStrategy: Strategy = {
  generation: true,
  validate({ spec }: Ingress, errors) {
    const { rules = [], defaultBackend, ingressClassName, tls = [] } = spec;
    if (rules.length === 0 && defaultBackend === undefined) errors.push(invalidValue('spec', rules, 'either `defaultBackend` or `rules` must be specified'));
    if (defaultBackend !== undefined) validateBackend(defaultBackend, 'spec.defaultBackend', errors);
    rules.forEach(({ host = '', http }, i) => {
      if (host !== '') validateHost(host, `spec.rules[${i}].host`, errors);
      if (http === undefined) return;
      if (http.paths.length === 0) errors.push(required(`spec.rules[${i}].http.paths`));
      http.paths.forEach((path, j) => validatePath(path, `spec.rules[${i}].http.paths[${j}]`, errors));
    });
    tls.forEach(({ hosts = [], secretName = '' }, i) => {
      hosts.forEach((host, j) => validateHost(host, `spec.tls[${i}].hosts[${j}]`, errors));
      if (secretName !== '')
        for (const problem of dns1123Subdomain(secretName, false)) errors.push(invalidValue(`spec.tls[${i}].secretName`, secretName, problem));
    });
    if (ingressClassName !== undefined)
      for (const problem of dns1123Subdomain(ingressClassName, false)) errors.push(invalidValue('spec.ingressClassName', ingressClassName, problem));
  },
};

function validateHost(host: string, field: string, errors: FieldError[]): void {
  if (parseIp(host) !== undefined) errors.push(invalidValue(field, host, 'must be a DNS name, not an IP address'));
  const name = host.startsWith('*.') ? host.slice(2) : host;
  if (!isDns1123Subdomain(name)) {
    errors.push(
      host.startsWith('*')
        ? invalidValue(
            field,
            host,
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
          )
        : invalidValue(field, host, dns1123Subdomain(host, false)[0] ?? ''),
    );
  }
}

function validatePath({ path = '', pathType, backend }: HTTPIngressPath, field: string, errors: FieldError[]): void {
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!path.startsWith('/')) errors.push(invalidValue(`${field}.path`, path, 'must be an absolute path'));
    for (const text of ['//', '/./', '/../', '%2f', '%2F'])
      if (path.includes(text)) errors.push(invalidValue(`${field}.path`, path, `must not contain '${text}'`));
    for (const text of ['/..', '/.']) if (path.endsWith(text)) errors.push(invalidValue(`${field}.path`, path, `cannot end with '${text}'`));
  } else if (path !== '' && !path.startsWith('/')) errors.push(invalidValue(`${field}.path`, path, 'must be an absolute path'));
  validateBackend(backend, `${field}.backend`, errors);
}

function validateBackend(backend: IngressBackend | undefined, field: string, errors: FieldError[]): void {
  const { service, resource } = backend ?? {};
  if (service !== undefined && resource !== undefined) errors.push(invalidValue(field, '', 'cannot set both resource and service backends'));
  if (service === undefined) {
    if (resource === undefined) errors.push(required(field, 'service or resource backend is required'));
    return;
  }
  const { name, port } = service;
  if (name === '') errors.push(required(`${field}.service.name`));
  else for (const problem of dns1035Label(name, false)) errors.push(invalidValue(`${field}.service.name`, name, problem));
  const { name: portName = '', number = 0 } = port ?? {};
  if (portName !== '' && number !== 0) errors.push(invalidValue(field, '', 'cannot set both port name & port number'));
  else if (portName !== '') for (const problem of portNameProblems(portName)) errors.push(invalidValue(`${field}.service.port.name`, portName, problem));
  else if (number === 0) errors.push(required(field, 'port name or number is required'));
  else if (portProblem(number) !== undefined) errors.push(invalidValue(`${field}.service.port.number`, number, between(1, 65_535)));
}

/** NetworkPolicies. @see kubernetes v1.36 pkg/apis/networking/validation/validation.go (ValidateNetworkPolicySpec) */
export const networkPolicyStrategy: Strategy = {
  generation: true,
  validate({ spec }: NetworkPolicy, errors) {
    if (spec.podSelector !== undefined) validateLabelSelector(spec.podSelector, 'spec.podSelector', errors);
    spec.ingress?.forEach(({ from = [], ports = [] }, i) => validateRule({ peers: from, ports, field: `spec.ingress[${i}]`, peerField: 'from' }, errors));
    spec.egress?.forEach(({ to = [], ports = [] }, i) => validateRule({ peers: to, ports, field: `spec.egress[${i}]`, peerField: 'to' }, errors));
    const { policyTypes = [] } = spec;
    if (policyTypes.length > 2) errors.push(invalidValue('spec.policyTypes', policyTypes, 'may not specify more than two policyTypes'));
  },
};

interface PolicyRule {
  readonly peers: readonly NetworkPolicyPeer[];
  readonly ports: readonly NetworkPolicyPort[];
  readonly field: string;
  readonly peerField: string;
}

function validateRule({ peers, ports, field, peerField }: PolicyRule, errors: FieldError[]): void {
  ports.forEach((port, i) => validatePolicyPort(port, `${field}.ports[${i}]`, errors));
  peers.forEach(({ podSelector, namespaceSelector, ipBlock }, i) => {
    const at = `${field}.${peerField}[${i}]`;
    if (podSelector !== undefined) validateLabelSelector(podSelector, `${at}.podSelector`, errors);
    if (namespaceSelector !== undefined) validateLabelSelector(namespaceSelector, `${at}.namespaceSelector`, errors);
    if (ipBlock !== undefined) validateIpBlock(ipBlock, `${at}.ipBlock`, errors);
    const selectors = podSelector !== undefined || namespaceSelector !== undefined;
    if (!selectors && ipBlock === undefined) errors.push(required(at, 'must specify a peer'));
    else if (selectors && ipBlock !== undefined) errors.push(forbiddenField(at, 'may not specify both ipBlock and another peer'));
  });
}

function validatePolicyPort({ port, endPort }: NetworkPolicyPort, field: string, errors: FieldError[]): void {
  if (typeof port === 'number') {
    if (portProblem(port) !== undefined) errors.push(invalidValue(`${field}.port`, port, between(1, 65_535)));
    if (endPort !== undefined && endPort < port) errors.push(invalidValue(`${field}.endPort`, endPort, 'must be greater than or equal to `port`'));
    if (endPort !== undefined && portProblem(endPort) !== undefined) errors.push(invalidValue(`${field}.endPort`, endPort, between(1, 65_535)));
    return;
  }
  if (port !== undefined) for (const problem of portNameProblems(port)) errors.push(invalidValue(`${field}.port`, port, problem));
  if (endPort !== undefined)
    errors.push(
      port === undefined
        ? required(`${field}.port`, 'must be specified when `endPort` is specified')
        : invalidValue(`${field}.endPort`, endPort, 'may not be specified when `port` is non-numeric'),
    );
}

function validateIpBlock({ cidr, except = [] }: { cidr: string; except?: readonly string[] }, field: string, errors: FieldError[]): void {
  const range = parseCidr(cidr);
  if (cidr === '') errors.push(required(`${field}.cidr`));
  else if (range === undefined) errors.push(invalidValue(`${field}.cidr`, cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'));
  except.forEach((text, i) => {
    const hole = parseCidr(text);
    if (hole === undefined) errors.push(invalidValue(`${field}.except[${i}]`, text, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'));
    else if (range !== undefined && (hole.prefixBits <= range.prefixBits || !cidrContains(range, { family: hole.family, value: hole.base }))) {
      errors.push(invalidValue(`${field}.except[${i}]`, text, `must be a strict subset of \`cidr\``));
    }
  });
}

const MAX_CONTROLLER_NAME = 250;
const CONTROLLER = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

/** IngressClasses: the controller is fixed. @see kubernetes v1.36 pkg/apis/networking/validation/validation.go (ValidateIngressClass) */
export const ingressClassStrategy: Strategy = {
  generation: true,
  validate({ spec }: IngressClass, errors) {
    const { controller = '', parameters } = spec ?? {};
    if (controller.length > MAX_CONTROLLER_NAME) errors.push(tooLong('spec.controller', MAX_CONTROLLER_NAME));
    if (!CONTROLLER.test(controller)) errors.push(invalidValue('spec.controller', controller, 'must be a domain-prefixed path (such as "acme.io/foo")'));
    if (parameters === undefined) return;
    const { apiGroup = '', kind, name, namespace, scope } = parameters;
    const at = 'spec.parameters';
    if (apiGroup !== '') for (const problem of dns1123Subdomain(apiGroup, false)) errors.push(invalidValue(`${at}.apiGroup`, apiGroup, problem));
    for (const [key, value] of Object.entries({ kind, name })) {
      if (value === '') errors.push(required(`${at}.${key}`, `${key} is required`));
      else for (const problem of pathSegment(value, false)) errors.push(invalidValue(`${at}.${key}`, value, problem));
    }
    if (scope === 'Cluster') {
      if (namespace !== undefined) errors.push(forbiddenField(`${at}.namespace`, "`parameters.scope` is set to 'Cluster'"));
    } else if (scope === 'Namespace') {
      if (namespace === undefined) errors.push(required(`${at}.namespace`, "`parameters.scope` is set to 'Namespace'"));
    } else if (scope === undefined) errors.push(required(`${at}.scope`));
    else errors.push(notSupported(`${at}.scope`, scope, ['Cluster', 'Namespace']));
  },
  validateUpdate({ spec }, { spec: old }, errors) {
    if (spec?.controller !== old?.controller) errors.push(invalidValue('spec.controller', spec?.controller, IMMUTABLE));
  },
};

/** What an address that may be special begins with. */
const SPECIAL = /^(0\.|127\.|169\.254\.|224\.|::|f[ef])/i;
const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_ZONES = 8;

/** EndpointSlices. @see kubernetes v1.36 pkg/apis/discovery/validation/validation.go */
export const endpointSliceStrategy: Strategy = {
  generation: true,
  generationChanged: (object, old) =>
    !deepEqual(object.endpoints, old.endpoints) || !deepEqual(object.ports, old.ports) || !deepEqual(object.metadata.labels, old.metadata.labels),
  validate({ addressType, endpoints = [], ports = [] }: EndpointSlice, errors) {
    if (endpoints.length > MAX_ENDPOINTS) errors.push(tooMany('endpoints', endpoints.length, MAX_ENDPOINTS));
    for (let i = 0; i < endpoints.length; i++) validateEndpoint(endpoints[i] as Endpoint, { addressType, field: `endpoints[${i}]` }, errors);
    const names = nothingSeen();
    ports.forEach(({ name = '' }, i) => {
      if (name !== '') for (const problem of dns1123Label(name, false)) errors.push(invalidValue(`ports[${i}].name`, name, problem));
      if (see(names, name)) errors.push(duplicate(`ports[${i}].name`, name));
    });
  },
  validateUpdate(object, old, errors) {
    if (object.addressType !== old.addressType) errors.push(invalidValue('addressType', object.addressType, IMMUTABLE));
  },
};

function validateEndpoint(
  { addresses, nodeName, hostname, hints, deprecatedTopology }: Endpoint,
  { addressType, field }: { addressType: string; field: string },
  errors: FieldError[],
): void {
  if (addresses.length === 0) errors.push(required(`${field}.addresses`, 'must contain at least 1 address'));
  else if (addresses.length > MAX_ADDRESSES) errors.push(tooMany(`${field}.addresses`, addresses.length, MAX_ADDRESSES));
  addresses.forEach((address, i) => {
    const at = `${field}.addresses[${i}]`;
    if (addressType === 'FQDN') {
      if (!isDns1123Subdomain(address)) errors.push(invalidValue(at, address, dns1123Subdomain(address, false)[0] ?? ''));
    } else if (parseIp(address)?.family !== addressType) errors.push(invalidValue(at, address, `must be an ${addressType} address`));
    else if (SPECIAL.test(address)) for (const problem of specialProblems(address)) errors.push(invalidValue(at, address, problem));
  });
  if (hostname !== undefined && !isDns1123Label(hostname)) errors.push(invalidValue(`${field}.hostname`, hostname, dns1123Label(hostname, false)[0] ?? ''));
  if (hints?.forZones !== undefined && hints.forZones.length > MAX_ZONES) errors.push(tooMany(`${field}.hints.forZones`, hints.forZones.length, MAX_ZONES));
  if (deprecatedTopology !== undefined) validateLabels(deprecatedTopology, `${field}.deprecatedTopology`, errors);
  if (nodeName !== undefined && !isDns1123Subdomain(nodeName))
    errors.push(invalidValue(`${field}.nodeName`, nodeName, dns1123Subdomain(nodeName, false)[0] ?? ''));
}
