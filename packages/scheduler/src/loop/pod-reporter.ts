import { condition, getCondition, isConflict, isNotFound, keyOf, type Client, type Logger } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import type { EventRecorder } from '@kybern/reconcile';

/** What is to be written into a Pod's status when it could not be placed. */
interface Report {
  readonly pod: Pod;
  readonly reason: 'Unschedulable' | 'SchedulerError';
  readonly message: string;
  /** Empty: no longer any. Undefined: as it is. */
  readonly nominatedNodeName: string | undefined;
}

/** What a {@link PodReporter} works with. */
export interface ReporterDeps {
  readonly client: Client;
  readonly recorder: EventRecorder;
  readonly logger: Logger;
  /** The Pod as it is known now. */
  readonly current: (key: string) => Pod | undefined;
}

/** Statuses written at the same time at most. */
const WRITERS = 8;

/**
 * Tells people what became of Pods: the events Scheduled and FailedScheduling, and the condition `PodScheduled`. Never blocks the scheduler; of several
 * reports on one Pod that wait to be written only the last is.
 *
 * @see kubernetes v1.36 pkg/scheduler/schedule_one.go (handleSchedulingFailure)
 */
export class PodReporter {
  readonly #deps: ReporterDeps;
  readonly #reports = new Map<string, Report>();
  readonly #writers = new Set<Promise<void>>();

  constructor(deps: ReporterDeps) {
    this.#deps = deps;
  }

  scheduled(pod: Pod, nodeName: string): void {
    const message = `Successfully assigned ${keyOf(pod)} to ${nodeName}`;
    this.#deps.recorder.event(pod, { type: 'Normal', reason: 'Scheduled', action: 'Binding', message });
  }

  failed(pod: Pod, failure: { readonly isError: boolean; readonly message: string; readonly nominatedNodeName?: string | undefined }): void {
    const { isError, message, nominatedNodeName } = failure;
    this.#deps.recorder.event(pod, { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', message });
    const report: Report = { pod, reason: isError ? 'SchedulerError' : 'Unschedulable', message, nominatedNodeName };
    if (isReported(this.#deps.current(keyOf(pod)) ?? pod, report)) return;
    this.#reports.set(keyOf(pod), report);
    if (this.#writers.size < WRITERS) this.#start();
  }

  /** Gives up what is not being written yet, and resolves when the rest is done. */
  async close(): Promise<void> {
    this.#reports.clear();
    await Promise.all(this.#writers);
  }

  #start(): void {
    const writer = this.#writeAll().finally(() => this.#writers.delete(writer));
    this.#writers.add(writer);
  }

  async #writeAll(): Promise<void> {
    // Not at once: the attempt that failed comes first.
    await Promise.resolve();
    for (let next = this.#next(); next !== undefined; next = this.#next()) await this.#write(next);
  }

  #next(): Report | undefined {
    const first = this.#reports.entries().next();
    if (first.done === true) return undefined;
    this.#reports.delete(first.value[0]);
    return first.value[1];
  }

  async #write(report: Report): Promise<void> {
    const { reason, message, nominatedNodeName, pod } = report;
    try {
      await this.#deps.client.mutateStatus(Pod, pod, (draft) => {
        if (draft.metadata.uid !== pod.metadata.uid || (draft.spec.nodeName ?? '') !== '') return;
        condition(draft, 'PodScheduled', false, { reason, message });
        if (nominatedNodeName === '') delete draft.status.nominatedNodeName;
        else if (nominatedNodeName !== undefined) draft.status.nominatedNodeName = nominatedNodeName;
      });
    } catch (error) {
      // The Pod went, or somebody is busy with it; its next attempt reports again.
      if (isNotFound(error) || isConflict(error)) return;
      this.#deps.logger.error('a Pod was not told why it could not be scheduled', { kind: 'Pod', name: keyOf(pod), reason, error });
    }
  }
}

function isReported(pod: Pod, { reason, message, nominatedNodeName }: Report): boolean {
  const present = getCondition(pod, 'PodScheduled');
  if (present?.status !== 'False' || present.reason !== reason || present.message !== message) return false;
  return nominatedNodeName === undefined || (pod.status?.nominatedNodeName ?? '') === nominatedNodeName;
}
