import { isDns1123Label, isQualifiedName, type FieldError } from '@kybern/core';
import type { Container, PodDNSConfig, PodResourceClaim, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext, Sysctl } from '@kybern/core/kinds';
import { parseIp } from '@kybern/netmodel/addresses';
import { duplicate, fieldNotFound, forbiddenField, invalidValue, notSupported, required } from './field-errors.ts';
import { relativePathProblem } from './formats.ts';
import { DNS1123_LABEL_MESSAGE, dns1123Subdomain, QUALIFIED_NAME_MESSAGE } from './names.ts';
import { nothingSeen, see } from './seen.ts';

/** The sentence for what is no address. */
export const IP_MESSAGE = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_TEXT = 2048;

/** Checks the rarer parts of a Pod's spec; nothing is looked at that is not there. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidatePodSpec) */
export function validatePodExtras(spec: PodSpec, field: string, errors: FieldError[]): void {
  if (spec.dnsConfig !== undefined || spec.dnsPolicy === 'None') validateDnsConfig(spec, `${field}.dnsConfig`, errors);
  if (spec.resourceClaims !== undefined) validateResourceClaims(spec.resourceClaims, `${field}.resourceClaims`, errors);
  if (spec.os !== undefined) validateOs(spec, field, errors);
  if (spec.shareProcessNamespace === true && spec.hostPID === true)
    errors.push(invalidValue(`${field}.securityContext.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled.'));
  if (spec.hostUsers === false) {
    for (const name of ['hostNetwork', 'hostPID', 'hostIPC'] as const)
      if (spec[name] === true) errors.push(forbiddenField(`${field}.${name}`, 'when `hostUsers` is false'));
  }
  if (spec.schedulingGates !== undefined && spec.schedulingGates.length > 0 && (spec.nodeName ?? '') !== '')
    errors.push(forbiddenField(`${field}.nodeName`, 'cannot be set until all schedulingGates have been cleared'));
  if (spec.securityContext !== undefined) validatePodSecurity(spec, `${field}.securityContext`, errors);
  validateClaimUse(spec, field, errors);
}

function validateDnsConfig({ dnsConfig, dnsPolicy }: PodSpec, field: string, errors: FieldError[]): void {
  if (dnsPolicy === 'None') {
    if (dnsConfig === undefined) errors.push(required(field, 'must provide `dnsConfig` when `dnsPolicy` is None'));
    else if ((dnsConfig.nameservers ?? []).length === 0)
      errors.push(required(`${field}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'));
  }
  if (dnsConfig !== undefined) validateDnsParts(dnsConfig, field, errors);
}

function validateDnsParts({ nameservers = [], searches = [], options = [] }: PodDNSConfig, field: string, errors: FieldError[]): void {
  if (nameservers.length > MAX_NAMESERVERS)
    errors.push(invalidValue(`${field}.nameservers`, nameservers, `must not have more than ${String(MAX_NAMESERVERS)} nameservers`));
  nameservers.forEach((ip, i) => {
    if (parseIp(ip) === undefined) errors.push(invalidValue(`${field}.nameservers[${String(i)}]`, ip, IP_MESSAGE));
  });
  if (searches.length > MAX_SEARCHES) errors.push(invalidValue(`${field}.searches`, searches, `must not have more than ${String(MAX_SEARCHES)} search paths`));
  if (searches.join(' ').length > MAX_SEARCH_TEXT)
    errors.push(
      invalidValue(`${field}.searches`, searches, `must not have more than ${String(MAX_SEARCH_TEXT)} characters (including spaces) in the search list`),
    );
  searches.forEach((search, i) => {
    if (search === '.') return;
    const name = search.endsWith('.') ? search.slice(0, -1) : search;
    // Underscores are what SRV records and their like have.
    for (const problem of dns1123Subdomain(name.replaceAll('_', 'a'), false)) errors.push(invalidValue(`${field}.searches[${String(i)}]`, search, problem));
  });
  options.forEach(({ name = '' }, i) => {
    if (name === '') errors.push(required(`${field}.options[${String(i)}]`, 'must not be empty'));
  });
}

function validateResourceClaims(claims: readonly PodResourceClaim[], field: string, errors: FieldError[]): void {
  const names = nothingSeen();
  claims.forEach((claim, i) => {
    const at = `${field}[${String(i)}]`;
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    if (name === '') errors.push(required(`${at}.name`));
    else if (see(names, name)) errors.push(duplicate(`${at}.name`, name));
    else if (!isDns1123Label(name)) errors.push(invalidValue(`${at}.name`, name, DNS1123_LABEL_MESSAGE));
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      errors.push(invalidValue(at, claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'));
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      errors.push(invalidValue(at, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'));
    for (const [key, value] of Object.entries({ resourceClaimName, resourceClaimTemplateName }))
      if (value !== undefined) for (const problem of dns1123Subdomain(value, false)) errors.push(invalidValue(`${at}.${key}`, value, problem));
  });
}

/** Containers use the claims of their Pod only. */
function validateClaimUse(spec: PodSpec, field: string, errors: FieldError[]): void {
  let known: ReadonlySet<string> | undefined;
  const check = (containers: readonly Container[], path: string): void => {
    for (let i = 0; i < containers.length; i++) {
      const claims = containers[i]?.resources?.claims;
      if (claims === undefined) continue;
      known ??= new Set(spec.resourceClaims?.map(({ name }) => name));
      const seen = nothingSeen();
      for (let j = 0; j < claims.length; j++) {
        const { name = '', request } = claims[j] ?? {};
        const at = `${path}[${String(i)}].resources.claims[${String(j)}]`;
        if (name === '') errors.push(required(`${at}.name`));
        else if (see(seen, request === undefined ? name : `${name}/${request}`))
          errors.push(duplicate(at, request === undefined ? name : `${name}/${request}`));
        else if (!known.has(name))
          errors.push({
            ...fieldNotFound(at, name),
            message: `Not found: ${JSON.stringify(name)}: must be one of the names in pod.spec.resourceClaims${known.size === 0 ? ' which is empty' : ''}`,
          });
      }
    }
  };
  check(spec.containers, `${field}.containers`);
  if (spec.initContainers !== undefined) check(spec.initContainers, `${field}.initContainers`);
}

const SYSTEMS: readonly string[] = ['linux', 'windows'];
/** What a Pod for Windows cannot say. */
const NOT_ON_WINDOWS = ['hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers'] as const;
const NOT_IN_WINDOWS_POD = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
] as const;
const NOT_IN_WINDOWS_CONTAINER = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const;

function validateOs(spec: PodSpec, field: string, errors: FieldError[]): void {
  const name: string = spec.os?.name ?? '';
  if (name === '') errors.push(required(`${field}.os.name`));
  else if (!SYSTEMS.includes(name)) errors.push(notSupported(`${field}.os.name`, name, SYSTEMS));
  const all = [
    ...spec.containers.map((container, i) => ({ context: container.securityContext, at: `${field}.containers[${String(i)}].securityContext` })),
    ...(spec.initContainers ?? []).map((container, i) => ({ context: container.securityContext, at: `${field}.initContainers[${String(i)}].securityContext` })),
  ];
  if (name === 'linux') {
    if (spec.securityContext?.windowsOptions !== undefined)
      errors.push(forbiddenField(`${field}.securityContext.windowsOptions`, 'windows options cannot be set for a linux pod'));
    for (const { context, at } of all)
      if (context?.windowsOptions !== undefined) errors.push(forbiddenField(`${at}.windowsOptions`, 'windows options cannot be set for a linux pod'));
  }
  if (name !== 'windows') return;
  for (const key of NOT_ON_WINDOWS) {
    if (spec[key] === undefined || (key !== 'hostUsers' && spec[key] === false)) continue;
    errors.push(forbiddenField(`${field}.${key === 'hostUsers' ? key : `securityContext.${key}`}`, 'cannot be set for a windows pod'));
  }
  forbid(spec.securityContext, NOT_IN_WINDOWS_POD, `${field}.securityContext`, errors);
  for (const { context, at } of all) forbid(context, NOT_IN_WINDOWS_CONTAINER, at, errors);
}

function forbid(context: SecurityContext | PodSecurityContext | undefined, names: readonly string[], field: string, errors: FieldError[]): void {
  if (context === undefined) return;
  for (const name of names)
    if ((context as Record<string, unknown>)[name] !== undefined) errors.push(forbiddenField(`${field}.${name}`, 'cannot be set for a windows pod'));
}

const SYSCTL = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const SYSCTL_MESSAGE = 'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';

function validatePodSecurity(spec: PodSpec, field: string, errors: FieldError[]): void {
  const { sysctls, windowsOptions, seccompProfile, appArmorProfile } = spec.securityContext as PodSecurityContext;
  if (sysctls !== undefined) validateSysctls(sysctls, { field: `${field}.sysctls`, spec }, errors);
  if (seccompProfile !== undefined) validateProfile(seccompProfile, { field: `${field}.seccompProfile`, what: 'seccomp' }, errors);
  if (appArmorProfile !== undefined) validateProfile(appArmorProfile, { field: `${field}.appArmorProfile`, what: 'AppArmor' }, errors);
  if (windowsOptions?.hostProcess !== true) return;
  if (spec.hostNetwork !== true)
    errors.push(invalidValue(`${field}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers'));
}

function validateSysctls(sysctls: readonly Sysctl[], { field, spec }: { readonly field: string; readonly spec: PodSpec }, errors: FieldError[]): void {
  const seen = nothingSeen();
  sysctls.forEach(({ name }, i) => {
    const at = `${field}[${String(i)}].name`;
    const dotted = name.replaceAll('/', '.');
    if (name === '') errors.push(required(at));
    else if (name.length > 253 || !SYSCTL.test(name)) errors.push(invalidValue(at, name, SYSCTL_MESSAGE));
    else if (see(seen, dotted)) errors.push(duplicate(at, name));
    const group =
      spec.hostNetwork === true && dotted.startsWith('net.')
        ? 'hostNetwork'
        : spec.hostIPC === true && /^(kernel\.(shm|msg|sem)|fs\.mqueue\.)/.test(dotted)
          ? 'hostIPC'
          : undefined;
    if (group !== undefined) errors.push(invalidValue(at, name, `may not be specified when '${group}' is true`));
  });
}

/** Checks a profile for seccomp or AppArmor: a local one has a name, others have none. */
export function validateProfile(
  { type, localhostProfile }: Pick<SeccompProfile, 'type' | 'localhostProfile'>,
  { field, what }: { readonly field: string; readonly what: 'seccomp' | 'AppArmor' },
  errors: FieldError[],
): void {
  const at = `${field}.localhostProfile`;
  if (type !== 'Localhost') {
    if (localhostProfile !== undefined) errors.push(invalidValue(at, localhostProfile, `can only be set when ${what} type is Localhost`));
  } else if (localhostProfile === undefined || localhostProfile.trim() === '') errors.push(required(at, `must be set when ${what} type is Localhost`));
  else if (what === 'seccomp') {
    const problem = relativePathProblem(localhostProfile);
    if (problem !== undefined) errors.push(invalidValue(at, localhostProfile, problem));
  }
}

/** Checks keys that tell Pods apart for spreading and affinity. */
export function validateLabelKeys(
  keys: readonly string[],
  { field, hasSelector }: { readonly field: string; readonly hasSelector: boolean },
  errors: FieldError[],
): void {
  if (keys.length > 0 && !hasSelector) errors.push(forbiddenField(field, 'must not be specified when labelSelector is not set'));
  const seen = nothingSeen();
  keys.forEach((key, i) => {
    if (!isQualifiedName(key)) errors.push(invalidValue(`${field}[${String(i)}]`, key, QUALIFIED_NAME_MESSAGE));
    else if (see(seen, key)) errors.push(duplicate(`${field}[${String(i)}]`, key));
  });
}
