import { isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName, type FieldError } from '@kybern/core';
import type { Container, HostAlias, PodSecurityContext, PodSpec } from '@kybern/core/kinds';
import { parseIp } from '@kybern/netmodel/addresses';
import { validateContainers, validateEphemeralContainers, validateInitContainers, type ContainerScope } from './containers.ts';
import { duplicate, invalidValue, required } from './field-errors.ts';
import { between, idProblem, NOT_NEGATIVE } from './formats.ts';
import { DNS1123_LABEL_MESSAGE, dns1123Subdomain, LABEL_VALUE_MESSAGE, QUALIFIED_NAME_MESSAGE } from './names.ts';
import { IP_MESSAGE, validatePodExtras } from './pod-extras.ts';
import { validatePodResources } from './pod-resources.ts';
import { nothingSeen, see } from './seen.ts';
import { validateAffinity, validateTolerations, validateTopologySpread } from './scheduling.ts';
import { validateVolumes } from './volumes.ts';

const MAX_SECONDS = 2_147_483_647;

/** Checks the spec of a Pod or of a Pod template. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidatePodSpec) */
export function validatePodSpec(spec: PodSpec, field: string, errors: FieldError[]): void {
  const scope: ContainerScope = {
    volumes: spec.volumes === undefined ? nothingSeen() : validateVolumes(spec.volumes, `${field}.volumes`, errors),
    names: nothingSeen(),
    hostPorts: nothingSeen(),
    hostNetwork: spec.hostNetwork === true,
  };
  validateContainers(spec.containers, { field: `${field}.containers`, scope }, errors);
  if (spec.initContainers !== undefined) validateInitContainers(spec.initContainers, { field: `${field}.initContainers`, scope }, errors);
  if (spec.ephemeralContainers !== undefined) {
    const targets = new Set([...spec.containers, ...(spec.initContainers ?? [])].map((container: Container) => container.name));
    validateEphemeralContainers(spec.ephemeralContainers, { field: `${field}.ephemeralContainers`, scope, targets }, errors);
  }
  validatePlacement(spec, field, errors);
  validateIdentity(spec, field, errors);
  validateTimes(spec, field, errors);
  if (spec.securityContext !== undefined) validateSecurityContext(spec.securityContext, `${field}.securityContext`, errors);
  if (spec.hostAliases !== undefined) validateHostAliases(spec.hostAliases, `${field}.hostAliases`, errors);
  if (spec.resources !== undefined) validatePodResources(spec, `${field}.resources`, errors);
  validatePodExtras(spec, field, errors);
}

function validatePlacement(spec: PodSpec, field: string, errors: FieldError[]): void {
  const { nodeSelector, tolerations, affinity, topologySpreadConstraints, schedulingGates, nodeName } = spec;
  if (nodeSelector !== undefined) {
    for (const key in nodeSelector) {
      if (!isQualifiedName(key)) errors.push(invalidValue(`${field}.nodeSelector`, key, QUALIFIED_NAME_MESSAGE));
      if (!isLabelValue(nodeSelector[key] as string)) errors.push(invalidValue(`${field}.nodeSelector`, nodeSelector[key], LABEL_VALUE_MESSAGE));
    }
  }
  if (tolerations !== undefined) validateTolerations(tolerations, `${field}.tolerations`, errors);
  if (affinity !== undefined) validateAffinity(affinity, `${field}.affinity`, errors);
  if (topologySpreadConstraints !== undefined) validateTopologySpread(topologySpreadConstraints, `${field}.topologySpreadConstraints`, errors);
  if (nodeName !== undefined && nodeName !== '') pushProblems(dns1123Subdomain(nodeName, false), { field: `${field}.nodeName`, value: nodeName }, errors);
  if (schedulingGates === undefined) return;
  const gates = nothingSeen();
  schedulingGates.forEach(({ name }, i) => {
    if (!isQualifiedName(name)) errors.push(invalidValue(`${field}.schedulingGates[${i}]`, name, QUALIFIED_NAME_MESSAGE));
    if (see(gates, name)) errors.push(duplicate(`${field}.schedulingGates[${i}]`, name));
  });
}

function validateIdentity(spec: PodSpec, field: string, errors: FieldError[]): void {
  const { hostname, subdomain, serviceAccountName, priorityClassName, imagePullSecrets, readinessGates, runtimeClassName } = spec;
  if (hostname !== undefined && hostname !== '' && !isDns1123Label(hostname)) errors.push(invalidValue(`${field}.hostname`, hostname, DNS1123_LABEL_MESSAGE));
  if (subdomain !== undefined && subdomain !== '' && !isDns1123Label(subdomain))
    errors.push(invalidValue(`${field}.subdomain`, subdomain, DNS1123_LABEL_MESSAGE));
  if (!isNameOrUnset(serviceAccountName))
    pushProblems(dns1123Subdomain(serviceAccountName, false), { field: `${field}.serviceAccountName`, value: serviceAccountName }, errors);
  if (!isNameOrUnset(priorityClassName))
    pushProblems(dns1123Subdomain(priorityClassName, false), { field: `${field}.priorityClassName`, value: priorityClassName }, errors);
  if (!isNameOrUnset(runtimeClassName))
    pushProblems(dns1123Subdomain(runtimeClassName, false), { field: `${field}.runtimeClassName`, value: runtimeClassName }, errors);
  imagePullSecrets?.forEach(({ name }, i) => {
    if (name === undefined || name === '') errors.push(required(`${field}.imagePullSecrets[${i}].name`));
  });
  readinessGates?.forEach(({ conditionType }, i) => {
    if (!isQualifiedName(conditionType)) errors.push(invalidValue(`${field}.readinessGates[${i}].conditionType`, conditionType, QUALIFIED_NAME_MESSAGE));
  });
}

function isNameOrUnset(name: string | undefined): name is undefined {
  return name === undefined || name === '' || isDns1123Subdomain(name);
}

function validateTimes({ activeDeadlineSeconds, terminationGracePeriodSeconds }: PodSpec, field: string, errors: FieldError[]): void {
  if (activeDeadlineSeconds !== undefined && (activeDeadlineSeconds < 1 || activeDeadlineSeconds > MAX_SECONDS)) {
    errors.push(invalidValue(`${field}.activeDeadlineSeconds`, activeDeadlineSeconds, between(1, MAX_SECONDS)));
  }
  if (terminationGracePeriodSeconds !== undefined && terminationGracePeriodSeconds < 0) {
    errors.push(invalidValue(`${field}.terminationGracePeriodSeconds`, terminationGracePeriodSeconds, NOT_NEGATIVE));
  }
}

function validateSecurityContext({ fsGroup, runAsUser, runAsGroup, supplementalGroups }: PodSecurityContext, field: string, errors: FieldError[]): void {
  validateId(fsGroup, `${field}.fsGroup`, errors);
  validateId(runAsUser, `${field}.runAsUser`, errors);
  validateId(runAsGroup, `${field}.runAsGroup`, errors);
  supplementalGroups?.forEach((id, i) => validateId(id, `${field}.supplementalGroups[${i}]`, errors));
}

function validateId(id: number | undefined, field: string, errors: FieldError[]): void {
  const problem = id === undefined ? undefined : idProblem(id);
  if (problem !== undefined) errors.push(invalidValue(field, id, problem));
}

function validateHostAliases(aliases: readonly HostAlias[], field: string, errors: FieldError[]): void {
  aliases.forEach(({ ip, hostnames = [] }, i) => {
    if (parseIp(ip) === undefined) errors.push(invalidValue(`${field}[${i}].ip`, ip, IP_MESSAGE));
    hostnames.forEach((hostname, j) => pushProblems(dns1123Subdomain(hostname, false), { field: `${field}[${i}].hostnames[${j}]`, value: hostname }, errors));
  });
}

function pushProblems(problems: readonly string[], { field, value }: { field: string; value: string }, errors: FieldError[]): void {
  for (const problem of problems) errors.push(invalidValue(field, value, problem));
}
