import { createApiServer, type ApiServer } from '@kybern/apiserver';
import { randomIds, seededRandom, type Client, type ObjectInput } from '@kybern/core';
import { ConfigMap, Event, Lease, Pod } from '@kybern/core/kinds';
import { createFakeClock, type FakeClock } from '@kybern/core/testing';
import { createMemoryStore, type StateStore } from '@kybern/state';
import { createFaultyClient, type Call, type Fault, type FaultyClient } from '../src/testing/index.ts';

/** A real API server on a virtual clock, with a client that faults can be put into. */
export interface World extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly api: ApiServer;
  readonly state: StateStore;
  /** Straight to the server. */
  readonly client: Client;
  /** Through the faults. */
  readonly faulty: FaultyClient;
  /** Chooses the faults from now on. */
  fault: (call: Call) => Fault | undefined;
  /** Aborted at the end of the test. */
  readonly stop: AbortController;
}

/** Makes a {@link World}; the same one for the same seed. */
export async function createWorld(options: { readonly seed?: number; readonly state?: StateStore } = {}): Promise<World> {
  const { seed = 1, state = createMemoryStore() } = options;
  // What the server loads when it first needs it takes real time, of which a virtual clock knows nothing.
  await Promise.all([ConfigMap, Pod, Lease, Event].map((kind) => kind.model()));
  const clock = createFakeClock();
  const random = seededRandom(seed);
  const api = await createApiServer({ state, clock, random, ids: randomIds(random.fork('ids')) });
  const stop = new AbortController();
  const world: World = {
    clock,
    api,
    state,
    client: api.client,
    faulty: createFaultyClient({ client: api.client, clock, fault: (call) => world.fault(call) }),
    fault: () => undefined,
    stop,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await clock.settleNow();
      await api[Symbol.asyncDispose]();
    },
  };
  return world;
}

/** A ConfigMap in `default`, to be created. */
export function configMap(name: string, data: Readonly<Record<string, string>> = {}): ObjectInput<ConfigMap> {
  return { metadata: { name, namespace: 'default' }, data };
}
