import { createApiServer, type ApiServer } from '@kybern/apiserver';
import { randomIds, seededRandom, type Client, type Kind } from '@kybern/core';
import { Pod, type Node, type PodStatus } from '@kybern/core/kinds';
import { createFakeClock, type FakeClock } from '@kybern/core/testing';
import { createManager, type ControllerDefinition, type ErrorContext, type Manager } from '@kybern/reconcile';
import { createMemoryStore, type StateStore } from '@kybern/state';

/** A real API server with real controllers, in virtual time. Nobody runs Pods: tests say what becomes of them. */
export interface ControlPlane extends AsyncDisposable {
  readonly client: Client;
  readonly clock: FakeClock;
  readonly manager: Manager;
  /** Errors of reconciles, in order. */
  readonly errors: { readonly error: Error; readonly context: ErrorContext }[];
  /** The number of writes so far. */
  readonly revision: number;
  /** Runs until nothing is left to do within 5 s of virtual time. */
  settle(): Promise<void>;
  /** Runs everything of the next `ms`. */
  advance(ms: number): Promise<void>;
  /** Sets a Pod's status. */
  report(pod: Pod, status: Partial<PodStatus>): Promise<Pod>;
  /** Schedules a Pod and makes it run and be ready, with an address made of its name's position. */
  start(pod: Pod, node?: string): Promise<Pod>;
  /** {@link ControlPlane.start} for all Pods that do not run. */
  startAll(): Promise<void>;
}

/** What {@link createControlPlane} is made of. */
export interface ControlPlaneOptions {
  readonly kinds?: readonly Kind[];
  /** Prepares objects before the controllers begin. */
  readonly before?: (client: Client) => Promise<void>;
}

export async function createControlPlane(controllers: readonly ControllerDefinition[], options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const clock = createFakeClock();
  const state = createMemoryStore();
  const random = seededRandom(1);
  const loads = new Set<Promise<unknown>>();
  const pending = <T>(load: Promise<T>): Promise<T> => {
    loads.add(load);
    const forget = (): void => void loads.delete(load);
    load.then(forget, forget);
    return load;
  };
  const api = await createApiServer({ state, clock, random, ids: randomIds(random), pending, kinds: options.kinds ?? [] });
  await options.before?.(api.client);
  const errors: ControlPlane['errors'] = [];
  const manager = createManager({
    client: api.client,
    controllers,
    clock,
    random,
    ids: randomIds(random),
    onError: (error, context) => errors.push({ error, context }),
  });
  const stop = new AbortController();
  const run = manager.run(stop.signal);
  const settleNow = async (): Promise<void> => {
    do {
      await clock.settleNow();
      await Promise.allSettled(loads);
    } while (loads.size > 0);
    await clock.settleNow();
  };
  await settleNow();
  await manager.synced;
  await settleNow();
  return {
    client: api.client,
    clock,
    manager,
    errors,
    get revision() {
      return state.revision;
    },
    ...actions({ client: api.client, clock, settleNow }),
    [Symbol.asyncDispose]: () => end({ api, stop, run, state }),
  };
}

interface Parts {
  readonly client: Client;
  readonly clock: FakeClock;
  readonly settleNow: () => Promise<void>;
}

/** What tests do with a control plane; also used where controllers crash and come back. */
export function actions({ client, clock, settleNow }: Parts): Pick<ControlPlane, 'settle' | 'advance' | 'report' | 'start' | 'startAll'> {
  let addresses = 0;
  const report: ControlPlane['report'] = (pod, status) =>
    client.patch(Pod, pod, { type: 'merge', patch: { status: status as never } }, { subresource: 'status' });
  const start: ControlPlane['start'] = async (pod, node = 'n1') => {
    if (pod.spec.nodeName === undefined)
      await client.createSubresource(Pod, pod, 'binding', { metadata: { name: pod.metadata.name }, target: { kind: 'Node', name: node } });
    const ip = `10.244.${addresses >> 8}.${(addresses++ & 255) + 1}`;
    const lastTransitionTime = new Date(clock.now()).toISOString();
    return report(pod, {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: `${lastTransitionTime.slice(0, 19)}Z` }],
    });
  };
  return {
    async settle() {
      for (;;) {
        await settleNow();
        const dueMs = clock.nextDueMs({ includeBackground: false });
        if (dueMs === undefined || dueMs > clock.monotonicMs() + 5000) return;
        clock.fireNext(dueMs);
      }
    },
    async advance(ms) {
      const untilMs = clock.monotonicMs() + ms;
      await settleNow();
      while (clock.fireNext(untilMs)) await settleNow();
      await clock.advance(untilMs - clock.monotonicMs());
    },
    report,
    start,
    async startAll() {
      const pods = await client.list(Pod);
      for (const pod of pods) if (pod.status?.phase === 'Pending' && pod.metadata.deletionTimestamp === undefined) await start(pod);
    },
  };
}

interface Ending {
  readonly api: ApiServer;
  readonly stop: AbortController;
  readonly run: Promise<void>;
  readonly state: StateStore;
}

async function end({ api, stop, run, state }: Ending): Promise<void> {
  stop.abort(new Error('the test is over'));
  await run.catch(() => undefined);
  await api[Symbol.asyncDispose]();
  await state[Symbol.asyncDispose]();
}

/** A Node to be created. */
export const nodeInput = (name: string, more: Partial<Node> = {}): Node => ({ apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: {}, ...more });
