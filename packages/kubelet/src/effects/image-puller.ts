import type { Client, Clock } from '@kybern/core';
import type { Container, Pod } from '@kybern/core/kinds';
import type { EventRecorder } from '@kybern/reconcile';
import { isRuntimeError, parseImageReference, type ContainerRuntime, type cri } from '@kybern/runtime-cri';
import { imageCredentials } from '../decisions/image-credentials.ts';
import type { Waiting } from '../decisions/plan.ts';
import { readReferredObjects } from './referred-objects.ts';

/** What came of {@link ImagePuller.ensure}. */
export type ImageOutcome =
  | { readonly imageRef: string }
  | {
      /** Why the container cannot start. */
      readonly waiting: Waiting;
      /** Set when a pull failed, so that the next one is held back. */
      readonly pullError?: string;
    };

/** Options of {@link ImagePuller}. */
export interface ImagePullerOptions {
  readonly runtime: ContainerRuntime;
  /** For pull secrets. */
  readonly client: Client;
  readonly clock: Clock;
  readonly recorder: EventRecorder;
  /** How many images are pulled at the same time. */
  readonly maxParallel: number;
}

/** What a pull took. */
interface Pull {
  readonly imageRef: string;
  readonly tookMs: number;
}

/**
 * Brings images onto the node: one pull per image at a time, of which all containers that wait for it learn, and only a few images at a time.
 *
 * @see kubernetes v1.36 pkg/kubelet/images/image_manager.go (EnsureImageExists)
 */
export class ImagePuller {
  readonly #options: ImagePullerOptions;
  readonly #pulling = new Map<string, Promise<Pull>>();
  /** Invariant: not empty only when `maxParallel` pulls are under way. */
  readonly #queue: (() => void)[] = [];
  #active = 0;

  constructor(options: ImagePullerOptions) {
    this.#options = options;
  }

  /** Makes sure that a container's image is there, as its pull policy says; tells of it in events of the Pod. Rejects only when aborted. */
  async ensure(pod: Pod, container: Container, signal: AbortSignal): Promise<ImageOutcome> {
    const image = container.image ?? '';
    if (!isValidImage(image)) {
      const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
      this.#warn(pod, 'InspectFailed', message);
      return { waiting: { reason: 'InvalidImageName', message } };
    }
    const policy = container.imagePullPolicy ?? (parseImageReference(image).tag === 'latest' ? 'Always' : 'IfNotPresent');
    const present = policy === 'Always' ? undefined : await this.#find(image, signal);
    if (present !== undefined) {
      this.#tell(pod, 'Pulled', `Container image "${image}" already present on machine and can be accessed by the pod`);
      return { imageRef: present };
    }
    if (policy === 'Never') {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      this.#warn(pod, 'ErrImageNeverPull', message);
      return { waiting: { reason: 'ErrImageNeverPull', message } };
    }
    return this.#pull(pod, image, signal);
  }

  async #find(image: string, signal: AbortSignal): Promise<string | undefined> {
    const { image: found } = await this.#options.runtime.imageStatus({ image: { image } }, { signal });
    return found === undefined ? undefined : (found.repoDigests[0] ?? found.id);
  }

  async #pull(pod: Pod, image: string, signal: AbortSignal): Promise<ImageOutcome> {
    const startedMs = this.#options.clock.monotonicMs();
    this.#tell(pod, 'Pulling', `Pulling image "${image}"`);
    try {
      const auths = await this.#credentials(pod, image, signal);
      const { imageRef, tookMs } = await untilAborted(this.#shared(image, auths), signal);
      const waitedMs = Math.round(this.#options.clock.monotonicMs() - startedMs);
      const { image: found } = await this.#options.runtime.imageStatus({ image: { image } }, { signal });
      const size = found === undefined ? '' : ` Image size: ${found.size} bytes.`;
      this.#tell(pod, 'Pulled', `Successfully pulled image "${image}" in ${formatSpan(tookMs)} (${formatSpan(waitedMs)} including waiting).${size}`);
      return { imageRef };
    } catch (error) {
      signal.throwIfAborted();
      const text = describeError(error);
      this.#warn(pod, 'Failed', `Failed to pull image "${image}": ${text}`);
      this.#warn(pod, 'Failed', 'Error: ErrImagePull');
      return { waiting: { reason: 'ErrImagePull', message: text }, pullError: text };
    }
  }

  /** Joins the pull of this image that is under way, or begins one. It goes on even when the one who asked first gives up. */
  #shared(image: string, auths: readonly cri.AuthConfig[]): Promise<Pull> {
    const key = auths.length === 0 ? image : `${image} ${JSON.stringify(auths)}`;
    const underWay = this.#pulling.get(key);
    if (underWay !== undefined) return underWay;
    const pull = this.#inTurn(async () => {
      const startedMs = this.#options.clock.monotonicMs();
      const imageRef = await this.#pullAs(image, auths);
      return { imageRef, tookMs: Math.round(this.#options.clock.monotonicMs() - startedMs) };
    }).finally(() => this.#pulling.delete(key));
    this.#pulling.set(key, pull);
    return pull;
  }

  async #credentials({ metadata, spec }: Pod, image: string, signal: AbortSignal): Promise<readonly cri.AuthConfig[]> {
    const secrets = (spec.imagePullSecrets ?? []).flatMap(({ name }) => name ?? []);
    if (secrets.length === 0) return [];
    const references = { configMaps: [], secrets };
    const found = await readReferredObjects(this.#options.client, metadata.namespace ?? 'default', { references, signal });
    return imageCredentials(image, [...found.secrets.values()]);
  }

  /** As each of those who may be known there, until one succeeds. */
  async #pullAs(image: string, auths: readonly cri.AuthConfig[]): Promise<string> {
    let failure: unknown;
    for (const auth of auths.length === 0 ? [undefined] : auths) {
      try {
        return (await this.#options.runtime.pullImage({ image: { image }, ...(auth === undefined ? {} : { auth }) })).imageRef;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#active >= this.#options.maxParallel) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#active += 1;
    try {
      return await work();
    } finally {
      this.#active -= 1;
      this.#queue.shift()?.();
    }
  }

  #tell(pod: Pod, reason: string, message: string): void {
    this.#options.recorder.event(pod, { type: 'Normal', reason, message });
  }

  #warn(pod: Pod, reason: string, message: string): void {
    this.#options.recorder.event(pod, { type: 'Warning', reason, message });
  }
}

/** Registry and path in lower case, then a tag or digest. @see github.com/distribution/reference regexp.go */
function isValidImage(image: string): boolean {
  return /^[a-z0-9]([a-z0-9._:/-]|(?<=\.)[A-Z])*(:[\w][\w.-]*)?(@[a-z0-9+._-]+:[0-9a-fA-F]{32,})?$/.test(image);
}

/** An error of the runtime as Kubernetes' texts have it. */
export function describeError(error: unknown): string {
  if (isRuntimeError(error)) return `rpc error: code = ${pascal(error.code)} desc = ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

const pascal = (code: string): string => code.toLowerCase().replace(/(^|_)([a-z])/g, (_match, _separator, letter: string) => letter.toUpperCase());

/** A span as Go writes it: `350ms`, `1.25s`. */
function formatSpan(ms: number): string {
  return ms < 1000 ? `${ms}ms` : `${ms / 1000}s`;
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
