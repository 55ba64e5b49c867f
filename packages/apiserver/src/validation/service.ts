import { isDns1123Subdomain, type FieldError } from '@kybern/core';
import type { Service, ServicePort, ServiceSpec } from '@kybern/core/kinds';
import { parseCidr, parseIp } from '@kybern/netmodel/addresses';
import { duplicate, forbiddenField, invalidValue, required } from './field-errors.ts';
import { between, isPortName, portNameProblems, portProblem } from './formats.ts';
import { dns1123Label, dns1123Subdomain } from './names.ts';
import { validateLabels } from './object-meta.ts';
import { nothingSeen, see } from './seen.ts';

const MAX_AFFINITY_SECONDS = 86_400;

/** Checks a Service. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidateService) */
export function validateService({ spec }: Service, errors: FieldError[]): void {
  const { type = 'ClusterIP', ports = [], clusterIP, selector } = spec;
  const headless = clusterIP === 'None';
  if (ports.length === 0 && !headless && type !== 'ExternalName') errors.push(required('spec.ports'));
  if (type === 'LoadBalancer' && headless) errors.push(invalidValue('spec.clusterIPs[0]', clusterIP, "may not be set to 'None' for LoadBalancer services"));
  if (type === 'NodePort' && headless) errors.push(invalidValue('spec.clusterIPs[0]', clusterIP, "may not be set to 'None' for NodePort services"));
  if (type === 'ExternalName') validateExternalName(spec, errors);
  validatePorts(ports, { type, headless }, errors);
  if (selector !== undefined) validateLabels(selector, 'spec.selector', errors);
  validateAffinity(spec, errors);
  validateAddresses(spec, errors);
  validateTrafficPolicies(spec, errors);
}

function validateExternalName({ clusterIPs = [], externalName = '' }: ServiceSpec, errors: FieldError[]): void {
  if (clusterIPs.some((ip) => ip !== '')) errors.push(forbiddenField('spec.clusterIPs', 'may not be set for ExternalName services'));
  const name = externalName.endsWith('.') ? externalName.slice(0, -1) : externalName;
  if (name === '') errors.push(required('spec.externalName'));
  else if (!isDns1123Subdomain(name))
    for (const problem of dns1123Subdomain(name, false)) errors.push(invalidValue('spec.externalName', externalName, problem));
}

function validatePorts(ports: readonly ServicePort[], { type, headless }: { type: string; headless: boolean }, errors: FieldError[]): void {
  const [names, own, onNodes] = [nothingSeen(), nothingSeen(), nothingSeen()];
  ports.forEach((port, i) => {
    const field = `spec.ports[${i}]`;
    const { name = '', protocol = 'TCP', nodePort = 0 } = port;
    if (name === '') {
      if (ports.length > 1) errors.push(required(`${field}.name`));
    } else {
      for (const problem of dns1123Label(name, false)) errors.push(invalidValue(`${field}.name`, name, problem));
      if (see(names, name)) errors.push(duplicate(`${field}.name`, name));
    }
    if (portProblem(port.port) !== undefined) errors.push(invalidValue(`${field}.port`, port.port, between(1, 65_535)));
    validateTargetPort(port, { field, headless }, errors);
    if (nodePort !== 0 && (type === 'ClusterIP' || type === 'ExternalName'))
      errors.push(forbiddenField(`${field}.nodePort`, `may not be used when \`type\` is '${type}'`));
    else if (nodePort !== 0 && portProblem(nodePort) !== undefined) errors.push(invalidValue(`${field}.nodePort`, nodePort, between(1, 65_535)));
    if (see(own, `${protocol} ${port.port}`)) errors.push(duplicate(field, { port: port.port, protocol }));
    if (nodePort !== 0 && see(onNodes, `${protocol} ${nodePort}`)) errors.push(duplicate(`${field}.nodePort`, nodePort));
  });
}

function validateTargetPort({ port, targetPort }: ServicePort, { field, headless }: { field: string; headless: boolean }, errors: FieldError[]): void {
  if (targetPort === undefined) return;
  if (typeof targetPort === 'number') {
    if (portProblem(targetPort) !== undefined) errors.push(invalidValue(`${field}.targetPort`, targetPort, between(1, 65_535)));
  } else if (!isPortName(targetPort)) for (const problem of portNameProblems(targetPort)) errors.push(invalidValue(`${field}.targetPort`, targetPort, problem));
  if (headless && typeof targetPort === 'number' && targetPort !== port) {
    errors.push(invalidValue(`${field}.targetPort`, targetPort, "must be equal to the value of 'port' when clusterIP = None"));
  }
}

function validateAffinity({ sessionAffinity, sessionAffinityConfig }: ServiceSpec, errors: FieldError[]): void {
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (sessionAffinity === 'ClientIP') {
    const path = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
    if (seconds !== undefined && (seconds <= 0 || seconds > MAX_AFFINITY_SECONDS))
      errors.push(invalidValue(path, seconds, `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`));
  } else if (sessionAffinityConfig !== undefined) {
    errors.push(forbiddenField('spec.sessionAffinityConfig', 'must not be set when session affinity is None'));
  }
}

/** @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidateServiceClusterIPsRelatedFields) */
function validateFamilies({ clusterIPs = [], ipFamilies = [], ipFamilyPolicy }: ServiceSpec, errors: FieldError[]): void {
  ipFamilies.forEach((family, i) => {
    if (ipFamilies.indexOf(family) < i) errors.push(duplicate(`spec.ipFamilies[${i}]`, family));
  });
  if ((ipFamilies.length > 1 || clusterIPs.length > 1) && ipFamilyPolicy === 'SingleStack')
    errors.push(invalidValue('spec.ipFamilyPolicy', ipFamilyPolicy, 'must be RequireDualStack or PreferDualStack when multiple IP families are specified'));
  const found = clusterIPs.map((ip) => parseIp(ip)?.family);
  found.forEach((family, i) => {
    const expected = ipFamilies[i];
    if (family !== undefined && expected !== undefined && family !== expected)
      errors.push(invalidValue(`spec.clusterIPs[${i}]`, clusterIPs, `expected an ${expected} value as indicated by \`ipFamilies[${i}]\``));
  });
  if (found.length === 2 && found[0] !== undefined && found[0] === found[1])
    errors.push(invalidValue('spec.clusterIPs', clusterIPs, 'may specify no more than one IP for each IP family'));
}

function validateAddresses(spec: ServiceSpec, errors: FieldError[]): void {
  const { type, clusterIPs = [], externalIPs = [], loadBalancerSourceRanges = [] } = spec;
  if (clusterIPs.length > 2)
    errors.push({ field: 'spec.clusterIPs', reason: 'FieldValueTooMany', message: `Too many: ${clusterIPs.length}: must have at most 2 items` });
  clusterIPs.forEach((ip, i) => {
    if (ip !== '' && ip !== 'None' && parseIp(ip) === undefined)
      errors.push(invalidValue(`spec.clusterIPs[${i}]`, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'));
    if (ip === 'None' && clusterIPs.length > 1) errors.push(invalidValue('spec.clusterIPs', clusterIPs, "'None' must be the first and only value"));
  });
  validateFamilies(spec, errors);
  externalIPs.forEach((ip, i) => {
    if (parseIp(ip) === undefined) errors.push(invalidValue(`spec.externalIPs[${i}]`, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'));
  });
  if (loadBalancerSourceRanges.length > 0 && type !== 'LoadBalancer')
    errors.push(forbiddenField('spec.loadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'"));
  loadBalancerSourceRanges.forEach((range, i) => {
    if (parseCidr(range.trim()) === undefined)
      errors.push(invalidValue(`spec.loadBalancerSourceRanges[${i}]`, range, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'));
  });
}

function validateTrafficPolicies(spec: ServiceSpec, errors: FieldError[]): void {
  const { type, externalTrafficPolicy, healthCheckNodePort = 0, loadBalancerClass, allocateLoadBalancerNodePorts, externalIPs = [] } = spec;
  const external = type === 'NodePort' || type === 'LoadBalancer';
  if (externalTrafficPolicy !== undefined && !external && externalIPs.length === 0) {
    errors.push(invalidValue('spec.externalTrafficPolicy', externalTrafficPolicy, 'may only be set for externally-accessible services'));
  }
  if (healthCheckNodePort !== 0 && (type !== 'LoadBalancer' || externalTrafficPolicy !== 'Local')) {
    errors.push(
      invalidValue('spec.healthCheckNodePort', healthCheckNodePort, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"),
    );
  }
  if (loadBalancerClass !== undefined && type !== 'LoadBalancer')
    errors.push(forbiddenField('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'"));
  if (allocateLoadBalancerNodePorts !== undefined && type !== 'LoadBalancer') {
    errors.push(forbiddenField('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'"));
  }
}

/** The address of a Service never changes while it needs one. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (validateUpgradeDowngradeClusterIPs) */
export function validateServiceUpdate({ spec }: Service, { spec: old }: Service, errors: FieldError[]): void {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return;
  const before = old.clusterIPs?.[0] ?? old.clusterIP;
  const now = spec.clusterIPs?.[0] ?? spec.clusterIP;
  if (before !== undefined && now !== before) errors.push(invalidValue('spec.clusterIPs[0]', spec.clusterIPs, 'may not change once set'));
  validateSecondary(spec, old, errors);
  if (old.type === 'LoadBalancer' && spec.type === 'LoadBalancer' && spec.loadBalancerClass !== old.loadBalancerClass) {
    errors.push(invalidValue('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set'));
  }
}

/** The default family stays, and so does an address of the second one until the Service takes a single family. @see kubernetes v1.36 …/validation.go (validateUpgradeDowngradeIPFamilies) */
function validateSecondary(spec: ServiceSpec, old: ServiceSpec, errors: FieldError[]): void {
  const [first, second] = old.ipFamilies ?? [];
  const [now, nowSecond] = spec.ipFamilies ?? [];
  if (first !== undefined && now !== first) errors.push(invalidValue('spec.ipFamilies[0]', spec.ipFamilies, 'may not change once set'));
  const released = spec.ipFamilyPolicy === 'SingleStack';
  if (second !== undefined && nowSecond !== second && !released)
    errors.push(invalidValue('spec.ipFamilyPolicy', spec.ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary ipFamily"));
  const before = old.clusterIPs?.[1];
  if (before !== undefined && spec.clusterIPs?.[1] !== before && !released)
    errors.push(invalidValue('spec.clusterIPs[1]', spec.clusterIPs, 'may not change once set'));
}
