import { isDns1123Subdomain, isQualifiedName, type FieldError } from '@kybern/core';
import type { ContainerStatus, Pod, PodStatus } from '@kybern/core/kinds';
import { parseIp } from '@kybern/netmodel/addresses';
import { duplicate, forbiddenField, IMMUTABLE, invalidValue } from './field-errors.ts';
import { dns1123Subdomain, QUALIFIED_NAME_MESSAGE } from './names.ts';

const NO_STATUS: PodStatus = {};

/** Checks how a Pod's status changes. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidatePodStatusUpdate) */
export function validatePodStatusUpdate(pod: Pod, old: Pod, errors: FieldError[]): void {
  const [now, before] = [pod.status ?? NO_STATUS, old.status ?? NO_STATUS];
  if (now === before) return;
  if (now.conditions !== before.conditions) validateConditions(now, errors);
  const { nominatedNodeName: node = '' } = now;
  if (node !== '' && node !== before.nominatedNodeName && !isDns1123Subdomain(node))
    errors.push(invalidValue('status.nominatedNodeName', node, dns1123Subdomain(node, false)[0] ?? ''));
  if (before.qosClass !== undefined && now.qosClass !== before.qosClass) errors.push(invalidValue('status.qosClass', now.qosClass ?? '', IMMUTABLE));
  if (now.podIPs !== before.podIPs) validateIps(now, errors);
  validateContainers(pod, before, errors);
}

function validateConditions({ conditions = [] }: PodStatus, errors: FieldError[]): void {
  conditions.forEach(({ type }, i) => {
    if (!isQualifiedName(type)) errors.push(invalidValue(`status.conditions[${i}].Type`, type, QUALIFIED_NAME_MESSAGE));
  });
}

function validateIps({ podIPs = [] }: PodStatus, errors: FieldError[]): void {
  const families = podIPs.map(({ ip }) => parseIp(ip)?.family);
  families.forEach((family, i) => {
    if (family === undefined) errors.push(invalidValue(`status.podIPs[${i}]`, podIPs[i]?.ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'));
  });
  if (podIPs.length > 2 || (podIPs.length === 2 && families[0] !== undefined && families[0] === families[1]))
    errors.push(invalidValue('status.podIPs', podIPs, 'may specify no more than one IP for each IP family'));
  podIPs.forEach(({ ip }, i) => {
    if (podIPs.findIndex((other) => other.ip === ip) < i) errors.push(duplicate(`status.podIPs[${i}]`, podIPs[i]));
  });
}

/** What ended for good stays ended. @see …/validation.go (ValidateContainerStateTransition, ValidateInitContainerStateTransition) */
function validateContainers({ spec, status }: Pod, before: PodStatus, errors: FieldError[]): void {
  const policy = spec.restartPolicy ?? 'Always';
  // A container with a policy of its own, such as a sidecar, may begin again.
  const own = new Set([...spec.containers, ...(spec.initContainers ?? [])].filter(({ restartPolicy }) => restartPolicy !== undefined).map(({ name }) => name));
  for (const list of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const) {
    // A Pod that begins anew runs its init containers again; nobody restarts ephemeral containers.
    const rule = list === 'ephemeralContainerStatuses' ? 'Never' : policy;
    if (rule === 'Always') continue;
    status?.[list]?.forEach(({ name, state }, i) => {
      const ended = endOf(before[list] ?? [], name);
      const mayRestart = ended === undefined || (rule === 'OnFailure' && ended !== 0) || own.has(name);
      if (!mayRestart && state?.terminated === undefined)
        errors.push(forbiddenField(`status.${list}[${i}].state`, 'may not be transitioned to non-terminated state'));
    });
  }
}

const endOf = (statuses: readonly ContainerStatus[], name: string): number | undefined =>
  statuses.find((status) => status.name === name)?.state?.terminated?.exitCode;
