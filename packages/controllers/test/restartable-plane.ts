import { createApiServer } from '@kybern/apiserver';
import { ApiError, randomIds, seededRandom, type Client, type Kind } from '@kybern/core';
import { createFakeClock } from '@kybern/core/testing';
import { createManager, type ControllerDefinition } from '@kybern/reconcile';
import { createFaultyClient, type Call, type CallVerb, type Fault } from '@kybern/reconcile/testing';
import { createMemoryStore } from '@kybern/state';
import { actions, type ControlPlane } from './control-plane.ts';

/** A control plane whose controllers can crash, and whose caches can be late. */
export interface RestartablePlane extends Omit<ControlPlane, 'manager' | 'errors'> {
  /** Writes that the controllers asked for and the server did, so far; events included. */
  readonly writes: readonly string[];
  /** How often the controllers crashed. */
  readonly crashes: number;
  /** Ends the controllers, and starts new ones that remember nothing. */
  restart(): Promise<void>;
}

/** What goes wrong. */
export interface Trouble {
  /** After this write of the controllers, from 1, they crash before they have its answer, and new ones start. */
  readonly crashAtWrite?: number;
  /** The controllers' caches are so late. */
  readonly lagMs?: number;
}

const WRITES: ReadonlySet<CallVerb> = new Set<CallVerb>(['create', 'update', 'patch', 'apply', 'delete', 'deleteCollection', 'createSubresource']);

/** One life of the controllers. */
interface Life {
  readonly stop: AbortController;
  readonly run: Promise<void>;
}

/** @param make called at each start, for what a controller remembers does not survive a crash */
export async function createRestartablePlane(make: () => readonly ControllerDefinition[], trouble: Trouble = {}): Promise<RestartablePlane> {
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
  const api = await createApiServer({ state, clock, random, ids: randomIds(random), pending });
  const writes: string[] = [];
  let crashes = 0;
  let lives = 0;
  let isCrashed = false;

  const begin = (): Life => {
    const life = (lives += 1);
    const crashed = new ApiError('ServiceUnavailable', 'the controllers crashed');
    const fault = (call: Call): Fault | undefined => {
      if (life !== lives || isCrashed) return { type: 'fail', error: crashed };
      if (call.verb === 'watch' && trouble.lagMs !== undefined) return { type: 'lag', lagMs: trouble.lagMs };
      if (!WRITES.has(call.verb)) return undefined;
      writes.push(`${call.verb} ${call.kind.kind}`);
      if (writes.length !== trouble.crashAtWrite || crashes > 0) return undefined;
      isCrashed = true;
      crashes += 1;
      return { type: 'lose', error: crashed };
    };
    const faulty = createFaultyClient({ client: api.client, clock, fault });
    const stop = new AbortController();
    const manager = createManager({
      client: faulty.client,
      controllers: make(),
      clock,
      random: random.fork(`life/${life}`),
      ids: randomIds(random),
      onError: () => undefined,
    });
    return { stop, run: manager.run(stop.signal).catch(() => undefined) };
  };

  let current = begin();
  const restart = async (): Promise<void> => {
    const old = current;
    isCrashed = true;
    old.stop.abort(new Error('crash'));
    await settleOnce();
    await old.run;
    isCrashed = false;
    current = begin();
    await settleOnce();
  };
  const settleOnce = async (): Promise<void> => {
    do {
      await clock.settleNow();
      await Promise.allSettled(loads);
    } while (loads.size > 0);
    await clock.settleNow();
  };
  const settleNow = async (): Promise<void> => {
    await settleOnce();
    while (isCrashed) await restart();
  };
  await settleNow();
  return {
    client: api.client,
    clock,
    get writes() {
      return writes;
    },
    get crashes() {
      return crashes;
    },
    get revision() {
      return state.revision;
    },
    restart,
    ...actions({ client: api.client, clock, settleNow }),
    async [Symbol.asyncDispose]() {
      isCrashed = true;
      current.stop.abort(new Error('the test is over'));
      await settleOnce();
      await current.run;
      await api[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
    },
  };
}

/**
 * Everything that is there but events and leases, without what time and chance decide: two ends are the same iff these texts are. Two things that are told only once are
 * lost with the answer to a write, in Kubernetes too: which ReplicaSet a finished rollout had, in the message of a condition, and when an autoscaler last scaled.
 */
export async function worldOf(client: Client, kinds: readonly Kind[]): Promise<readonly string[]> {
  const lists = await Promise.all(kinds.map((kind) => client.list(kind)));
  const objects = lists.flatMap(({ items }) => items);
  const names = objects.flatMap(({ metadata }) => (metadata.generateName === undefined ? [] : [[metadata.name, `${metadata.generateName}*`] as const]));
  return objects
    .map((object) => {
      const { generation: _generation, managedFields: _fields, ...metadata } = object.metadata;
      let text = JSON.stringify({ ...object, metadata }, sorted);
      for (const [name, generic] of names) text = text.replaceAll(name, generic);
      return (
        text
          .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID')
          .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME')
          .replaceAll(/ReplicaSet \\"[^"]+\\" has successfully progressed/g, 'ReplicaSet X has successfully progressed')
          .replaceAll(/,?"lastScaleTime":"[^"]*"/g, '')
          // What a controller remembers of changes that were told goes with its process.
          .replaceAll(/"annotations":\{"endpoints.kubernetes.io\/last-change-trigger-time":"TIME"\},/g, '')
          .replaceAll(/"resourceVersion":"\d+",?/g, '')
          .replaceAll(/"observedGeneration":\d+/g, '"observedGeneration":N')
          .replaceAll(/10\.244\.\d+\.\d+"/g, 'IP"')
      );
    })
    .toSorted();
}

function sorted(key: string, value: unknown): unknown {
  if (key === 'conditions' && Array.isArray(value)) return (value as { type: string }[]).toSorted((a, b) => (a.type < b.type ? -1 : 1));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
