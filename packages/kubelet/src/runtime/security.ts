import type { Container, Pod } from '@kybern/core/kinds';
import type { cri } from '@kybern/runtime-cri';

/** What containers do not see of /proc and /sys, unless they are privileged. @see kubernetes v1.36 pkg/securitycontext/util.go */
const MASKED_PATHS: readonly string[] = Object.freeze([
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]);
const READONLY_PATHS: readonly string[] = Object.freeze(['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']);

type Seccomp = NonNullable<NonNullable<Container['securityContext']>['seccompProfile']>;

/**
 * A container's securityContext, over its Pod's, in the words of the runtime.
 *
 * @see kubernetes v1.36 pkg/kubelet/kuberuntime/security_context.go (determineEffectiveSecurityContext)
 */
export function containerSecurity(pod: Pod, { securityContext = {} }: Container): cri.LinuxContainerSecurityContext {
  const outer = pod.spec.securityContext ?? {};
  const user = securityContext.runAsUser ?? outer.runAsUser;
  const group = securityContext.runAsGroup ?? outer.runAsGroup;
  const privileged = securityContext.privileged === true;
  const { add, drop } = securityContext.capabilities ?? {};
  const shown = privileged || securityContext.procMount === 'Unmasked';
  return {
    ...(user === undefined ? {} : { runAsUser: { value: user } }),
    ...(group === undefined ? {} : { runAsGroup: { value: group } }),
    supplementalGroups: supplementalGroups(pod),
    ...(privileged ? { privileged } : {}),
    ...(securityContext.readOnlyRootFilesystem === true ? { readonlyRootfs: true } : {}),
    ...(add === undefined && drop === undefined ? {} : { capabilities: { addCapabilities: add ?? [], dropCapabilities: drop ?? [] } }),
    ...(securityContext.allowPrivilegeEscalation === false ? { noNewPrivs: true } : {}),
    ...(privileged ? {} : { seccomp: seccompProfile(securityContext.seccompProfile ?? outer.seccompProfile) }),
    ...(shown ? {} : { maskedPaths: MASKED_PATHS, readonlyPaths: READONLY_PATHS }),
  };
}

function supplementalGroups({ spec }: Pod): readonly number[] {
  const { supplementalGroups: groups = [], fsGroup } = spec.securityContext ?? {};
  return fsGroup === undefined ? groups : [...groups, fsGroup];
}

/** Unset is unconfined. */
function seccompProfile(profile: Seccomp | undefined): cri.SecurityProfile {
  if (profile?.type === 'Localhost') return { profileType: 'Localhost', localhostRef: `/var/lib/kubelet/seccomp/${profile.localhostProfile ?? ''}` };
  return { profileType: profile?.type === 'RuntimeDefault' ? 'RuntimeDefault' : 'Unconfined' };
}

/** A Pod's sandbox gets what holds for the whole Pod. @see kubernetes v1.36 pkg/kubelet/kuberuntime/kuberuntime_sandbox_linux.go */
export function sandboxSecurity(pod: Pod): Partial<cri.LinuxSandboxSecurityContext> {
  const { runAsUser, runAsGroup } = pod.spec.securityContext ?? {};
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  return {
    ...(runAsUser === undefined ? {} : { runAsUser: { value: runAsUser } }),
    ...(runAsUser === undefined || runAsGroup === undefined ? {} : { runAsGroup: { value: runAsGroup } }),
    supplementalGroups: supplementalGroups(pod),
    ...(containers.some(({ securityContext }) => securityContext?.privileged === true) ? { privileged: true } : {}),
    seccomp: { profileType: 'RuntimeDefault' },
  };
}

/** Why a container may not run as the user that it would run as; undefined when it may. @see kubernetes v1.36 pkg/kubelet/kuberuntime/security_context.go (verifyRunAsNonRoot) */
export function rootRefusal(pod: Pod, { securityContext = {} }: Container, image: cri.Image | undefined): string | undefined {
  const outer = pod.spec.securityContext ?? {};
  if ((securityContext.runAsNonRoot ?? outer.runAsNonRoot) !== true) return undefined;
  const user = securityContext.runAsUser ?? outer.runAsUser;
  if (user === 0) return "container's runAsUser breaks non-root policy";
  if (user !== undefined) return undefined;
  const { uid, username = '' } = image ?? {};
  if (uid === undefined && username !== '') return `container has runAsNonRoot and image has non-numeric user (${username}), cannot verify user is non-root`;
  return (uid?.value ?? 0) === 0 ? 'container has runAsNonRoot and image will run as root' : undefined;
}
