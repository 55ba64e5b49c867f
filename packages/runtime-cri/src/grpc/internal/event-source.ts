import { sleep, type Clock, type Logger } from '@kybern/core';
import type { Observable } from 'rxjs';
import { isRuntimeError, RuntimeError } from '../../errors.ts';
import { criMethods, criSchema } from '../../generated/cri-schema.ts';
import type { ContainerEventResponse, ContainerEventType, ContainerState, ContainerStatus } from '../../generated/cri.ts';
import { Subject } from '../../internal/rx.ts';
import { CONTAINERD_SUBSCRIBE, createContainerdEventCodec, type ContainerdEvent } from './containerd-events.ts';
import type { CriClient } from './cri-client.ts';
import type { GrpcChannel } from '../../grpc-kit/grpc-channel.ts';
import { createProtoCodec } from '../../grpc-kit/proto-codec.ts';

/** Where events come from: the CRI's stream, containerd's own, or looking every second. */
export type EventOrigin = 'cri' | 'containerd' | 'relist';

/** What an {@link EventSource} works with. */
export interface EventSourceDeps {
  readonly channel: GrpcChannel;
  readonly client: CriClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is known of a container: in which sandbox it is, and the last event that was told of it. */
interface Known {
  readonly sandboxId: string;
  told: number;
}

const ORDER: readonly ContainerEventType[] = ['CONTAINER_CREATED_EVENT', 'CONTAINER_STARTED_EVENT', 'CONTAINER_STOPPED_EVENT', 'CONTAINER_DELETED_EVENT'];
const rankOf = (type: ContainerEventType): number => ORDER.indexOf(type);
const RANK_OF_STATE: Readonly<Record<ContainerState, number>> = { CONTAINER_CREATED: 0, CONTAINER_RUNNING: 1, CONTAINER_EXITED: 2, CONTAINER_UNKNOWN: 1 };
const RELIST_MS = 1_000;
const RECONNECT_MS = { first: 50, last: 2_000 } as const;
/** containerd tells of a change before the CRI shows it: it is asked again after these spans, so that no more than a quarter of what that takes is lost. */
const LOOK_AGAIN_MS = [5, 6, 8, 10, 12, 15, 19, 24, 30, 38, 47, 59, 74, 92, 115, 144, 180, 320] as const;

/**
 * Tells what happens to containers, whatever the runtime offers for it. When a stream is lost, what happened meanwhile is found by a list and told then. No event is told
 * twice, and those of one container come in order.
 *
 * Invariant: `#known` holds every container that was seen and not yet told to be deleted.
 */
export class EventSource {
  readonly #deps: EventSourceDeps;
  readonly #events$ = new Subject<ContainerEventResponse>();
  readonly #known = new Map<string, Known>();
  /** The last step for each container, so that its events are told in turn. */
  readonly #chains = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  #origin: EventOrigin = 'cri';
  #settled: Promise<EventOrigin> | undefined;
  #settle: ((origin: EventOrigin) => void) | undefined;

  constructor(deps: EventSourceDeps) {
    this.#deps = deps;
  }

  get events$(): Observable<ContainerEventResponse> {
    return this.#events$.asObservable();
  }

  /** Begins, if it has not begun. @returns resolves when events are being told, with where they come from */
  start(): Promise<EventOrigin> {
    if (this.#settled !== undefined) return this.#settled;
    this.#settled = new Promise((resolve) => (this.#settle = resolve));
    void this.#run().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) this.#deps.logger.error('events of the runtime ended', { error });
    });
    return this.#settled;
  }

  /** Ends for good. Idempotent. */
  dispose(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(new RuntimeError('CANCELLED', 'the runtime was disposed'));
    this.#events$.complete();
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#deps;
    const { signal } = this.#stop;
    let waitMs: number = RECONNECT_MS.first;
    for (let first = true; !signal.aborted; ) {
      try {
        if (first) await this.#relist(false);
        first = false;
        await this.#listen(() => (waitMs = RECONNECT_MS.first));
      } catch (error) {
        if (signal.aborted) return;
        if (isRuntimeError(error, 'UNIMPLEMENTED') && this.#origin !== 'relist') {
          this.#origin = this.#origin === 'cri' ? 'containerd' : 'relist';
          continue;
        }
        logger.debug('events of the runtime were lost, will reconnect', { error });
        await sleep(clock, waitMs, { signal, background: true });
        waitMs = Math.min(waitMs * 2, RECONNECT_MS.last);
      }
    }
  }

  /** Tells events until the stream ends. @throws {RuntimeError} why it ended */
  async #listen(onWorks: () => void): Promise<never> {
    const { clock } = this.#deps;
    const { signal } = this.#stop;
    if (this.#origin !== 'relist') return this.#stream(onWorks);
    for (;;) {
      await this.#relist(true);
      onWorks();
      this.#settle?.('relist');
      await sleep(clock, RELIST_MS, { signal, background: true });
    }
  }

  async #stream(onWorks: () => void): Promise<never> {
    const { channel, client } = this.#deps;
    const { signal } = this.#stop;
    const containerd = createContainerdEventCodec();
    const cri = createProtoCodec(criSchema);
    let close = (): void => undefined;
    const lost = new Promise<never>((_, reject) => {
      const call =
        this.#origin === 'cri'
          ? { path: criMethods['getContainerEvents']?.path ?? '', body: Buffer.alloc(0) }
          : { path: CONTAINERD_SUBSCRIBE, body: containerd.request };
      close = channel.stream(call, {
        onMessage: (message) => {
          if (this.#origin === 'cri') return this.#onCriEvent(cri.decode('ContainerEventResponse', message) as unknown as ContainerEventResponse);
          const event = containerd.read(message);
          return event === undefined ? undefined : this.#onContainerdEvent(event);
        },
        onEnd: reject,
      });
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    try {
      // A server says nothing before the first event: that it answered something else since shows that it has taken the call.
      await Promise.race([lost, client.version({}).then(() => client.version({}))]);
      await Promise.race([lost, this.#relist(true)]);
      onWorks();
      this.#settle?.(this.#origin);
      return await lost;
    } finally {
      lost.catch(() => undefined);
      close();
    }
  }

  // What the streams bring

  #onCriEvent(event: ContainerEventResponse): void {
    const { containerId, podSandboxStatus: sandbox } = event;
    if (sandbox === undefined || sandbox.id === containerId) return this.#tell(event);
    const known = this.#known.get(containerId) ?? { sandboxId: sandbox.id, told: -1 };
    this.#note(containerId, known, rankOf(event.containerEventType));
    this.#tell(event);
  }

  #onContainerdEvent({ id, type }: ContainerdEvent): void {
    this.#inTurn(id, async () => {
      if ((this.#known.get(id)?.told ?? -1) >= rankOf(type)) return;
      const found = this.#known.get(id) ?? (await this.#find(id));
      if (found === undefined) await this.#onSandboxEvent(id, type);
      else await this.#advance(id, found, rankOf(type));
    });
  }

  #inTurn(id: string, work: () => Promise<void>): void {
    const { logger } = this.#deps;
    const before = this.#chains.get(id) ?? Promise.resolve();
    const step = before.then(work).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) logger.debug('an event of the runtime could not be told', { containerId: id, error });
    });
    this.#chains.set(id, step);
    void step.then(() => {
      if (this.#chains.get(id) === step) this.#chains.delete(id);
    });
  }

  /** A container that was made a moment ago shows up a moment later; what shows up as a sandbox is none. */
  async #find(id: string): Promise<Known | undefined> {
    const { client, clock } = this.#deps;
    for (const waitMs of [0, ...LOOK_AGAIN_MS]) {
      if (waitMs > 0) await sleep(clock, waitMs, { signal: this.#stop.signal });
      const [container] = (await client.listContainers({ filter: { id } })).containers;
      if (container !== undefined) return { sandboxId: container.podSandboxId, told: -1 };
      if ((await client.listPodSandbox({ filter: { id } })).items.length > 0) return undefined;
    }
    return undefined;
  }

  /** Of sandboxes only the end is told: their beginning is known to whoever asked for them. */
  async #onSandboxEvent(id: string, type: ContainerEventType): Promise<void> {
    if (type !== 'CONTAINER_STOPPED_EVENT') return;
    const { client, clock } = this.#deps;
    for (const waitMs of LOOK_AGAIN_MS) {
      const [sandbox] = (await client.listPodSandbox({ filter: { id } })).items;
      if (sandbox === undefined) return;
      if (sandbox.state === 'SANDBOX_NOTREADY') return this.#tell(await this.#describe(id, id, type));
      await sleep(clock, waitMs, { signal: this.#stop.signal });
    }
  }

  // Telling

  /** Tells everything that has happened to a container up to `rank` and was not told. */
  async #advance(id: string, known: Known, rank: number): Promise<void> {
    this.#known.set(id, known);
    for (let next = known.told + 1; next <= rank; next++) {
      const type = ORDER[next] as ContainerEventType;
      // What was never started ends without a stop.
      if (next < rank && rank === 3 && next > 0) continue;
      const event = await this.#describe(known.sandboxId, id, type);
      this.#note(id, known, next);
      this.#tell(event);
    }
  }

  #note(id: string, known: Known, rank: number): void {
    known.told = Math.max(known.told, rank);
    if (rank === 3) this.#known.delete(id);
    else this.#known.set(id, known);
  }

  async #describe(sandboxId: string, containerId: string, type: ContainerEventType): Promise<ContainerEventResponse> {
    const { client, clock } = this.#deps;
    for (let tries = 0; ; tries++) {
      const createdAt = clock.now() * 1e6;
      const statuses = await this.#statusesOf(sandboxId);
      const own = statuses.find(({ id }) => id === containerId);
      const waitMs = LOOK_AGAIN_MS[tries];
      if (containerId === sandboxId || waitMs === undefined || hasReached(own, type)) {
        const status = (await this.#orGone(client.podSandboxStatus({ podSandboxId: sandboxId })))?.status;
        return {
          containerId,
          containerEventType: type,
          createdAt,
          containersStatuses: statuses,
          ...(status === undefined ? {} : { podSandboxStatus: status }),
        };
      }
      await sleep(clock, waitMs, { signal: this.#stop.signal });
    }
  }

  async #statusesOf(podSandboxId: string): Promise<readonly ContainerStatus[]> {
    const { client } = this.#deps;
    const { containers } = await client.listContainers({ filter: { podSandboxId } });
    const answers = await Promise.all(containers.map(({ id }) => this.#orGone(client.containerStatus({ containerId: id }))));
    return answers.flatMap((answer) => (answer?.status === undefined ? [] : [answer.status]));
  }

  async #orGone<T>(call: Promise<T>): Promise<T | undefined> {
    try {
      return await call;
    } catch (error) {
      if (isRuntimeError(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
  }

  #tell(event: ContainerEventResponse): void {
    this.#events$.next(event);
  }

  /** Looks at everything there is. @param tell whether to tell what has changed, or just to remember it */
  async #relist(tell: boolean): Promise<void> {
    const { containers } = await this.#deps.client.listContainers({});
    const seen = new Set<string>();
    for (const { id, podSandboxId, state } of containers) {
      seen.add(id);
      const known = this.#known.get(id) ?? { sandboxId: podSandboxId, told: -1 };
      const rank = RANK_OF_STATE[state];
      if (!tell) this.#note(id, known, rank);
      else if (rank > known.told) this.#inTurn(id, () => this.#advance(id, known, rank));
    }
    for (const [id, known] of this.#known) if (!seen.has(id)) this.#inTurn(id, () => (this.#known.has(id) ? this.#advance(id, known, 3) : Promise.resolve()));
  }
}

/** Whether a container's status shows what an event tells. */
function hasReached(status: ContainerStatus | undefined, type: ContainerEventType): boolean {
  if (type === 'CONTAINER_DELETED_EVENT') return status === undefined;
  return status === undefined || RANK_OF_STATE[status.state] >= rankOf(type);
}
