import type { Pod } from '@kybern/core/kinds';
import type { ContainerStart, Waiting } from '../decisions/plan.ts';
import { MINIMUM_GRACE_SECONDS } from '../decisions/termination.ts';
import { computeEnvironment, environmentReferences } from '../decisions/environment.ts';
import type { PodFieldsInput } from '../decisions/pod-fields.ts';
import { containerConfig, sandboxConfig, type ContainerSetup } from '../runtime/configs.ts';
import { rootRefusal } from '../runtime/security.ts';
import { inTime, type KubeletContext } from './context.ts';
import { runHook } from './hooks.ts';
import { describeError } from './image-puller.ts';
import { readReferredObjects } from './referred-objects.ts';

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
  const setup = await setUp(context, start, target);
  if ('waiting' in setup) return setup;
  const place = context.placeOf(pod);
  const config = containerConfig(pod, start.container, { ...setup, attempt: start.attempt, imageRef, cgroupVersion: place.cgroupVersion });
  try {
    const request = { podSandboxId: sandboxId, config, sandboxConfig: sandboxConfig(pod, target.sandboxAttempt, place) };
    const { containerId } = await inTime(context, signal, (timely) => context.runtime.createContainer(request, { signal: timely }));
    context.recorder.event(pod, { type: 'Normal', reason: 'Created', message: 'Container created' });
    return { id: containerId };
  } catch (error) {
    signal.throwIfAborted();
    return fail(context, pod, { reason: 'CreateContainerError', message: describeError(error) }, false);
  }
}

/**
 * Finds out what a container is given: its environment and its mounts.
 *
 * @see kubernetes v1.36 pkg/kubelet/kubelet_pods.go (GenerateRunContainerOptions)
 */
async function setUp(
  context: KubeletContext,
  { container, attempt }: ContainerStart,
  { pod, signal }: StartTarget,
): Promise<Pick<ContainerSetup, 'env' | 'mounts' | 'memoryBytes' | 'devices'> | StartFailure> {
  const { client, allocatable, runtime } = context;
  const input = podFieldsInput(context, pod);
  try {
    if (asksForNonRoot(pod, container)) {
      const { image } = await runtime.imageStatus({ image: { image: container.image ?? '' } }, { signal });
      const refusal = rootRefusal(pod, container, image);
      if (refusal !== undefined) throw new Error(refusal);
    }
    const references = environmentReferences(container);
    const objects = await readReferredObjects(client, pod.metadata.namespace ?? 'default', { references, signal });
    const devices = await context.devices()?.prepare(pod.metadata.uid ?? '', container.name, signal);
    const env = computeEnvironment({
      ...input,
      container,
      objects,
      given: [...((await context.services()?.variables(pod)) ?? []), ...Object.entries(devices?.envs ?? {})],
    });
    const mounts = (await context.volumes()?.mounts(input, container, { env, attempt })) ?? [];
    return { env, mounts, memoryBytes: allocatable['memory'] ?? 0, devices };
  } catch (error) {
    signal.throwIfAborted();
    return fail(context, pod, { reason: 'CreateContainerConfigError', message: describeError(error) }, false);
  }
}

const asksForNonRoot = ({ spec }: Pod, { securityContext }: ContainerStart['container']): boolean =>
  (securityContext?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot) === true;

/** What the fields of a Pod are read from, as things are now. */
export function podFieldsInput({ cache, hostIPs, allocatable }: KubeletContext, pod: Pod): PodFieldsInput {
  const [sandbox] = cache.get(pod.metadata.uid ?? '').sandboxes;
  const ips = sandbox?.ips ?? [];
  return { pod, podIPs: ips.length === 0 && pod.spec.hostNetwork === true ? hostIPs : ips, hostIPs, allocatable };
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
