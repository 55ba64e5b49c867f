import { describeClientConformance } from '@kybern/core/conformance';
import { createMemoryStore } from '@kybern/state';
import { createApiServer } from './api-server.ts';

describeClientConformance('the in-process client', async () => {
  const state = createMemoryStore();
  const api = await createApiServer({ state });
  return {
    client: api.client,
    compact: () => state.compact(state.revision),
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
    },
  };
});
