import { isRuntimeError, type ContainerRuntime, type cri } from '@kybern/runtime-cri';
import { NOTHING_OBSERVED, type ObservedPod } from '../decisions/observed.ts';
import { LABELS } from './labels.ts';
import { observeContainer, observePod, observeSandbox, type LastWords, type SandboxView } from './observe.ts';

/** What the cache has of one Pod. Invariant: `pod` is made of `views`. */
interface Entry {
  readonly views: Map<string, DatedView>;
  pod: ObservedPod;
}

/** A view and the runtime's time of it, so that an event that comes late does not undo what is known. */
interface DatedView extends SandboxView {
  readonly asOfNs: number;
}

/** Who a sandbox is for, as its labels say. */
export interface SandboxOwner {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
}

/**
 * What the runtime has of each Pod, kept up to date by its events and by looking after each own action. After {@link PodCache.relist} it is complete: a Pod that
 * is not in it has nothing in the runtime.
 */
export class PodCache {
  readonly #runtime: ContainerRuntime;
  readonly #lastWords: LastWords | undefined;
  readonly #entries = new Map<string, Entry>();

  /** @param lastWords how to find the messages of containers that have ended */
  constructor(runtime: ContainerRuntime, lastWords?: LastWords) {
    this.#runtime = runtime;
    this.#lastWords = lastWords;
  }

  get(uid: string): ObservedPod {
    return this.#entries.get(uid)?.pod ?? NOTHING_OBSERVED;
  }

  has(uid: string): boolean {
    return this.#entries.has(uid);
  }

  /** Forgets a Pod whose sandboxes are removed. */
  delete(uid: string): void {
    this.#entries.delete(uid);
  }

  /** Takes in an event. @returns the Pod's uid when it tells something new */
  absorb(event: cri.ContainerEventResponse): string | undefined {
    const { podSandboxStatus: status, containersStatuses } = event;
    const uid = status === undefined ? undefined : ownerOf(status).uid;
    if (status === undefined || uid === undefined) return undefined;
    return this.#put(uid, status, { statuses: containersStatuses, asOfNs: event.createdAt }) ? uid : undefined;
  }

  /** Looks at one sandbox again. */
  async refresh(uid: string, sandboxId: string, signal?: AbortSignal): Promise<void> {
    const options = signal === undefined ? {} : { signal };
    try {
      const { status, containersStatuses, timestamp } = await this.#runtime.podSandboxStatus({ podSandboxId: sandboxId }, options);
      const statuses = containersStatuses ?? (await this.#listContainers(sandboxId, options));
      this.#put(uid, status, { statuses, asOfNs: timestamp });
    } catch (error) {
      if (!isRuntimeError(error, 'NOT_FOUND')) throw error;
      this.#remove(uid, sandboxId);
    }
  }

  /** Looks at every sandbox of a Pod again. */
  async refreshPod(uid: string, signal?: AbortSignal): Promise<ObservedPod> {
    const ids = [...(this.#entries.get(uid)?.views.keys() ?? [])];
    for (const id of ids) await this.refresh(uid, id, signal);
    return this.get(uid);
  }

  /** Looks at everything. @returns the Pods that have something in the runtime */
  async relist(signal?: AbortSignal): Promise<readonly SandboxOwner[]> {
    const { items } = await this.#runtime.listPodSandbox({}, signal === undefined ? {} : { signal });
    const owners = new Map<string, SandboxOwner>();
    const ids = new Set(items.map(({ id }) => id));
    for (const [uid, entry] of this.#entries) for (const id of entry.views.keys()) if (!ids.has(id)) this.#remove(uid, id);
    for (const item of items) {
      const owner = ownerOf(item);
      owners.set(owner.uid, owner);
      await this.refresh(owner.uid, item.id, signal);
    }
    return [...owners.values()];
  }

  /** Runtimes before 1.26 of the CRI leave the containers out of a sandbox's status. */
  async #listContainers(podSandboxId: string, options: { readonly signal?: AbortSignal }): Promise<readonly cri.ContainerStatus[]> {
    const { containers } = await this.#runtime.listContainers({ filter: { podSandboxId } }, options);
    const statuses: cri.ContainerStatus[] = [];
    for (const { id } of containers) {
      const { status } = await this.#runtime.containerStatus({ containerId: id }, options);
      if (status !== undefined) statuses.push(status);
    }
    return statuses;
  }

  #put(
    uid: string,
    status: cri.PodSandboxStatus,
    { statuses, asOfNs }: { readonly statuses: readonly cri.ContainerStatus[]; readonly asOfNs: number | undefined },
  ): boolean {
    const entry: Entry = this.#entries.get(uid) ?? { views: new Map(), pod: NOTHING_OBSERVED };
    const before = entry.views.get(status.id);
    if (before !== undefined && asOfNs !== undefined && isOlder(asOfNs, before.asOfNs)) return false;
    const containers = statuses.map((each) =>
      observeContainer(
        each,
        before?.containers.find(({ id }) => id === each.id),
        this.#lastWords,
      ),
    );
    const view: DatedView = { sandbox: observeSandbox(status), containers, asOfNs: asOfNs ?? 0 };
    if (before !== undefined && isSame(before, view)) {
      entry.views.set(status.id, { ...before, asOfNs: view.asOfNs });
      return false;
    }
    this.#entries.set(uid, entry);
    entry.views.set(status.id, view);
    entry.pod = observePod([...entry.views.values()]);
    return true;
  }

  #remove(uid: string, sandboxId: string): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined || !entry.views.delete(sandboxId)) return;
    entry.pod = observePod([...entry.views.values()]);
    if (entry.views.size === 0) this.#entries.delete(uid);
  }
}

function ownerOf({ metadata }: { readonly metadata: cri.PodSandboxMetadata }): SandboxOwner {
  return { uid: metadata.uid, name: metadata.name, namespace: metadata.namespace };
}

function isSame(a: SandboxView, b: SandboxView): boolean {
  return (
    a.sandbox.ready === b.sandbox.ready && a.containers.length === b.containers.length && a.containers.every((container) => b.containers.includes(container))
  );
}

/** The labels of everything that belongs to a Pod. */
export function podLabels({ uid, name, namespace }: SandboxOwner): Readonly<Record<string, string>> {
  return { [LABELS.podName]: name, [LABELS.podNamespace]: namespace, [LABELS.podUid]: uid };
}

/** What is told out of order is late by little; what seems to be older by more was told after the wall clock had been set back. */
const MAX_DISORDER_NS = 10e9;
const isOlder = (asOfNs: number, knownNs: number): boolean => asOfNs < knownNs && knownNs - asOfNs < MAX_DISORDER_NS;
