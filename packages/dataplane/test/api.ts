import { createApiServer } from '@kybern/apiserver';
import type { Client } from '@kybern/core';
import { createMemoryStore } from '@kybern/state';

/** A real API server in memory, and what a test runs beside it. */
export interface Api extends AsyncDisposable {
  readonly client: Client;
  /** Runs something until the end of the test. */
  readonly run: (part: { readonly run: (signal: AbortSignal) => Promise<void> }) => void;
}

/** Makes an {@link Api}. */
export async function createApi(): Promise<Api> {
  const server = await createApiServer({ state: createMemoryStore() });
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  return {
    client: server.client,
    run: (part) => void running.push(part.run(stop.signal)),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.allSettled(running);
      await server[Symbol.asyncDispose]();
    },
  };
}
