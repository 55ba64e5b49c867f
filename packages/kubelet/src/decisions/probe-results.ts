import type { Container } from '@kybern/core/kinds';
import type { ObservedContainer } from './observed.ts';

/** The three probes of a container. */
export type ProbeType = 'startup' | 'readiness' | 'liveness';

/** What probes have found so far, by container id. Undefined: nothing yet. */
export interface ProbeResults {
  result(containerId: string, type: ProbeType): 'success' | 'failure' | undefined;
}

/** No container has been probed. */
export const NO_PROBE_RESULTS: ProbeResults = Object.freeze({ result: () => undefined });

/** Whether a container counts as started: it runs and its startup probe, if it has one, succeeded once. */
export function isStarted(container: Container, newest: ObservedContainer | undefined, probes: ProbeResults): boolean {
  if (newest?.state !== 'running') return false;
  return container.startupProbe === undefined || probes.result(newest.id, 'startup') === 'success';
}

/** Whether a regular container or sidecar is ready: it is started and its readiness probe, if it has one, last said so. */
export function isReady(container: Container, newest: ObservedContainer | undefined, probes: ProbeResults): boolean {
  if (newest === undefined || !isStarted(container, newest, probes)) return false;
  return container.readinessProbe === undefined || probes.result(newest.id, 'readiness') === 'success';
}

/** Which probe condemned a running container, if one did. */
export function failedProbe(container: Container, id: string, probes: ProbeResults): 'liveness' | 'startup' | undefined {
  if (container.livenessProbe !== undefined && probes.result(id, 'liveness') === 'failure') return 'liveness';
  if (container.startupProbe !== undefined && probes.result(id, 'startup') === 'failure') return 'startup';
  return undefined;
}
