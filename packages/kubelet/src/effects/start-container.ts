import type { Pod } from '@kybern/core/kinds';
import type { ContainerStart, Waiting } from '../decisions/plan.ts';
import { MINIMUM_GRACE_SECONDS } from '../decisions/termination.ts';
import { containerConfig, sandboxConfig } from '../runtime/configs.ts';
import { inTime, type KubeletContext } from './context.ts';
import { runHook } from './hooks.ts';
import { describeError } from './image-puller.ts';

/** Where a container is started. */
export interface StartTarget {
  readonly pod: Pod;
  readonly sandboxId: string;
  readonly sandboxAttempt: number;
  readonly signal: AbortSignal;
}

/** What came of {@link startContainer}: undefined when it runs, else why not. */
export interface StartFailure {
  readonly waiting: Waiting;
  /** Set when the image could not be pulled. */
  readonly pullError?: string;
  /** The runtime has the container, and knows how it ended. */
  readonly created: boolean;
}

/**
 * Pulls a container's image, makes the container, starts it and runs its postStart hook, telling of each step in events of the Pod.
 *
 * @throws the signal's reason; every other failure is the answer
 * @see kubernetes v1.36 pkg/kubelet/kuberuntime/kuberuntime_container.go (startContainer)
 */
export async function startContainer(context: KubeletContext, start: ContainerStart, target: StartTarget): Promise<StartFailure | undefined> {
  const { signal } = target;
  try {
    const image = await context.images.ensure(target.pod, start.container, signal);
    if ('waiting' in image) return { ...image, created: false };
    const created = await create(context, start, { ...target, imageRef: image.imageRef });
    if ('waiting' in created) return created;
    const started = { ...target, id: created.id };
    return (await run(context, started)) ?? (await afterStart(context, start, started));
  } catch (error) {
    signal.throwIfAborted();
    return fail(context, target.pod, { reason: 'CreateContainerError', message: describeError(error) }, false);
  }
}

async function create(
  context: KubeletContext,
  start: ContainerStart,
  target: StartTarget & { readonly imageRef: string },
): Promise<{ readonly id: string } | StartFailure> {
  const { pod, sandboxId, signal, imageRef } = target;
  const config = containerConfig(pod, start.container, { attempt: start.attempt, imageRef });
  try {
    const request = { podSandboxId: sandboxId, config, sandboxConfig: sandboxConfig(pod, target.sandboxAttempt) };
    const { containerId } = await inTime(context, signal, (timely) => context.runtime.createContainer(request, { signal: timely }));
    context.recorder.event(pod, { type: 'Normal', reason: 'Created', message: 'Container created' });
    return { id: containerId };
  } catch (error) {
    signal.throwIfAborted();
    return fail(context, pod, { reason: 'CreateContainerError', message: describeError(error) }, false);
  }
}

async function run(context: KubeletContext, { pod, signal, id }: StartTarget & { readonly id: string }): Promise<StartFailure | undefined> {
  try {
    await inTime(context, signal, (timely) => context.runtime.startContainer({ containerId: id }, { signal: timely }));
    context.recorder.event(pod, { type: 'Normal', reason: 'Started', message: 'Container started' });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return fail(context, pod, { reason: 'RunContainerError', message: describeError(error) }, true);
  }
}

async function afterStart(
  context: KubeletContext,
  { container }: ContainerStart,
  { pod, signal, id }: StartTarget & { readonly id: string },
): Promise<StartFailure | undefined> {
  const hook = container.lifecycle?.postStart;
  if (hook === undefined) return undefined;
  try {
    await runHook(context, hook, { target: { pod, container, containerId: id }, signal });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    context.logger.warn('postStart hook failed', { namespace: pod.metadata.namespace, name: pod.metadata.name, container: container.name, error });
    context.recorder.event(pod, { type: 'Warning', reason: 'FailedPostStartHook', message: 'PostStartHook failed' });
    context.recorder.event(pod, { type: 'Normal', reason: 'Killing', message: 'FailedPostStartHook' });
    await context.runtime.stopContainer({ containerId: id, timeout: MINIMUM_GRACE_SECONDS }, { signal });
    return { waiting: { reason: 'PostStartHookError', message: 'PostStartHook failed' }, created: true };
  }
}

function fail(context: KubeletContext, pod: Pod, waiting: Required<Waiting>, created: boolean): StartFailure {
  context.recorder.event(pod, { type: 'Warning', reason: 'Failed', message: `Error: ${waiting.message}` });
  return { waiting, created };
}
