import { builtinControllers } from '@kybern/controllers';
import { noopLogger, randomIds, seededRandom, type Client } from '@kybern/core';
import { Event } from '@kybern/core/kinds';
import { createManager } from '@kybern/reconcile';
import { createTestCluster, type TestCluster } from '@kybern/testing';

const WRITES = new Set<string | symbol>(['create', 'update', 'patch', 'apply', 'mutate', 'mutateStatus', 'delete', 'deleteCollection', 'createSubresource']);

/** A cluster whose controllers crash. */
export interface CrashingCluster extends AsyncDisposable {
  readonly cluster: TestCluster;
  /** How often they have crashed. */
  readonly crashes: number;
  /** Ends the controllers where they are; others begin with empty caches. */
  restart(): void;
}

/** What {@link createCrashingCluster} is made from. */
export interface CrashingOptions {
  readonly seed?: number;
  readonly nodes?: number;
  /** The controllers crash after every so many of their writes, before they do anything more; new ones begin with empty caches. Events do not count. 0: never. */
  readonly everyWrites: number;
}

/** A test cluster with all built-in controllers, on a manager that stops after so many writes and is replaced by another. */
export async function createCrashingCluster({ seed = 1, nodes = 2, everyWrites }: CrashingOptions): Promise<CrashingCluster> {
  const cluster = await createTestCluster({ seed, nodes, controllers: 'none' });
  const random = seededRandom(seed);
  const ended: Promise<unknown>[] = [];
  let crashes = 0;
  let stop: AbortController;
  const begin = (): void => {
    const term = new AbortController();
    stop = term;
    let left = everyWrites;
    const onWrite = (): void => {
      left -= 1;
      if (left !== 0) return;
      crashes += 1;
      term.abort(new Error('crashed'));
      begin();
    };
    const manager = createManager({
      client: countWrites(cluster.client, onWrite),
      controllers: builtinControllers(),
      clock: cluster.clock,
      random: random.fork(`term ${crashes}`),
      ids: randomIds(random),
      logger: noopLogger,
      onError: () => undefined,
    });
    ended.push(manager.run(term.signal).catch(() => undefined));
  };
  begin();
  await cluster.settle();
  return {
    cluster,
    get crashes() {
      return crashes;
    },
    restart() {
      stop.abort(new Error('restarted'));
      begin();
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the test is over'));
      await Promise.all(ended);
      await cluster[Symbol.asyncDispose]();
    },
  };
}

function countWrites(client: Client, onWrite: () => void): Client {
  return new Proxy(client, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      const call = method.bind(target) as (...args: readonly unknown[]) => unknown;
      if (!WRITES.has(name)) return call;
      return async (...args: readonly unknown[]) => {
        const result = await call(...args);
        if (args[0] !== Event) onWrite();
        return result;
      };
    },
  });
}
