import { sleep } from '@kybern/core';
import type { Container, Pod } from '@kybern/core/kinds';
import { isRuntimeError } from '@kybern/runtime-cri';
import type { ObservedPod } from '../decisions/observed.ts';
import { computeTermination, MINIMUM_GRACE_SECONDS, type TerminationStep } from '../decisions/termination.ts';
import type { KubeletContext } from './context.ts';
import { runHook } from './hooks.ts';

/** A container to stop. */
export interface StopRequest {
  readonly pod: Pod;
  readonly containerId: string;
  /** Undefined when the Pod's spec does not have it any more: then it has no hook. */
  readonly container: Container | undefined;
  readonly graceSeconds: number;
  /** What the event `Killing` says. */
  readonly message: string;
  /** Waited for between the preStop hook and SIGTERM, as long as there is time. */
  readonly turn?: Promise<unknown>;
  readonly signal: AbortSignal;
}

/**
 * Runs a container's preStop hook, waits for its turn, then stops it: SIGTERM, and SIGKILL when what is left of the grace period is over.
 *
 * @throws {RuntimeError} when the runtime could not stop it
 * @see kubernetes v1.36 pkg/kubelet/kuberuntime/kuberuntime_container.go (killContainer)
 */
export async function stopContainer(context: KubeletContext, request: StopRequest): Promise<void> {
  const { pod, containerId, container, graceSeconds, signal } = request;
  const startedMs = context.clock.monotonicMs();
  const leftSeconds = (): number => graceSeconds - Math.floor((context.clock.monotonicMs() - startedMs) / 1000);
  context.recorder.event(pod, { type: 'Normal', reason: 'Killing', message: request.message });
  if (container?.lifecycle?.preStop !== undefined && graceSeconds > 0) await runPreStop(context, request);
  if (request.turn !== undefined && leftSeconds() > 0) await within(context, leftSeconds(), { signal, work: () => request.turn ?? Promise.resolve() });
  try {
    await context.runtime.stopContainer({ containerId, timeout: Math.max(leftSeconds(), MINIMUM_GRACE_SECONDS) }, { signal });
  } catch (error) {
    if (!isRuntimeError(error, 'NOT_FOUND')) throw error;
  }
}

async function runPreStop(context: KubeletContext, { pod, container, containerId, graceSeconds, signal }: StopRequest): Promise<void> {
  const hook = container?.lifecycle?.preStop;
  if (container === undefined || hook === undefined) return;
  try {
    await within(context, graceSeconds, { signal, work: (inTime) => runHook(context, hook, { target: { pod, container, containerId }, signal: inTime }) });
  } catch (error) {
    signal.throwIfAborted();
    context.logger.warn('preStop hook failed', { namespace: pod.metadata.namespace, name: pod.metadata.name, container: container.name, error });
    context.recorder.event(pod, { type: 'Warning', reason: 'FailedPreStopHook', message: 'PreStopHook failed' });
  }
}

/** Resolves when the work is done or the time is over, whichever comes first; then the work's signal aborts. */
async function within(
  context: KubeletContext,
  seconds: number,
  { signal, work }: { signal: AbortSignal; work: (inTime: AbortSignal) => Promise<unknown> },
): Promise<void> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const timeout = sleep(context.clock, seconds * 1000, { signal: controller.signal });
  try {
    signal.throwIfAborted();
    await Promise.race([work(controller.signal), timeout]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    controller.abort();
    await timeout.catch(() => undefined);
  }
}

/** How a whole Pod is stopped. */
export interface StopPodOptions {
  readonly graceSeconds: number;
  readonly signal: AbortSignal;
}

/** Stops every live container of a Pod, sidecars last, then its sandboxes. What is stopped already costs nothing. */
export async function stopPod(context: KubeletContext, pod: Pod, observed: ObservedPod, options: StopPodOptions): Promise<void> {
  const ended = new Map<string, Promise<void>>();
  const steps = computeTermination(pod, observed);
  // Those that others wait for come first.
  const ordered = [...steps].sort((a, b) => a.after.length - b.after.length);
  for (const step of ordered) ended.set(step.observed.id, stopInTurn(context, pod, { step, ended, options }));
  const results = await Promise.allSettled(ended.values());
  options.signal.throwIfAborted();
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  for (const sandbox of observed.sandboxes) if (sandbox.ready) await context.runtime.stopPodSandbox({ podSandboxId: sandbox.id }, { signal: options.signal });
}

interface TurnToStop {
  readonly step: TerminationStep;
  readonly ended: ReadonlyMap<string, Promise<void>>;
  readonly options: StopPodOptions;
}

function stopInTurn(context: KubeletContext, pod: Pod, { step, ended, options }: TurnToStop): Promise<void> {
  const { observed, container, after } = step;
  return stopContainer(context, {
    pod,
    containerId: observed.id,
    container,
    message: `Stopping container ${observed.name}`,
    ...(after.length === 0 ? {} : { turn: Promise.allSettled(after.map((id) => ended.get(id))) }),
    ...options,
  });
}
