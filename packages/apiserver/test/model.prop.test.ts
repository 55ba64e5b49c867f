import { isApiError, type KubernetesObject } from '@kybern/core';
import { ConfigMap } from '@kybern/core/kinds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startServer } from './fixtures.ts';

const NAMES = ['a', 'b', 'c'] as const;
const HOLD = 'example.com/hold';

/** What the server should hold: for each name, what a client may see of it. */
interface Entry {
  readonly data: Readonly<Record<string, string>>;
  readonly held: boolean;
  readonly going: boolean;
}

type Step =
  | { readonly do: 'create'; readonly name: string; readonly value: string; readonly held: boolean }
  | { readonly do: 'update' | 'patch'; readonly name: string; readonly value: string; readonly stale: boolean }
  | { readonly do: 'release' | 'delete'; readonly name: string };

const name = fc.constantFrom(...NAMES);
const value = fc.constantFrom('1', '2');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('create' as const), name, value, held: fc.boolean() }),
  fc.record({ do: fc.constantFrom('update' as const, 'patch' as const), name, value, stale: fc.boolean() }),
  fc.record({ do: fc.constantFrom('release' as const, 'delete' as const), name }),
);

/** The model: twenty lines that say what a step comes to. */
function expected(model: Map<string, Entry>, step: Step): 'ok' | 'NotFound' | 'AlreadyExists' | 'Conflict' {
  const entry = model.get(step.name);
  if (step.do === 'create') {
    if (entry !== undefined) return 'AlreadyExists';
    model.set(step.name, { data: { k: step.value }, held: step.held, going: false });
    return 'ok';
  }
  if (entry === undefined) return 'NotFound';
  if (step.do === 'update' || step.do === 'patch') {
    if (step.stale) return 'Conflict';
    model.set(step.name, { ...entry, data: { k: step.value } });
  } else if (step.do === 'delete') {
    if (entry.held) model.set(step.name, { ...entry, going: true });
    else model.delete(step.name);
  } else if (entry.going) model.delete(step.name);
  else model.set(step.name, { ...entry, held: false });
  return 'ok';
}

async function perform({ client }: Awaited<ReturnType<typeof startServer>>, step: Step): Promise<string> {
  try {
    switch (step.do) {
      case 'create':
        await client.create(ConfigMap, { metadata: { name: step.name, ...(step.held ? { finalizers: [HOLD] } : {}) }, data: { k: step.value } });
        break;
      case 'update': {
        const { metadata } = await client.get(ConfigMap, step.name);
        await client.update(ConfigMap, { metadata: { ...metadata, ...(step.stale ? { resourceVersion: '1' } : {}) }, data: { k: step.value } });
        break;
      }
      case 'patch':
        await client.patch(ConfigMap, step.name, {
          type: 'merge',
          patch: { ...(step.stale ? { metadata: { resourceVersion: '1' } } : {}), data: { k: step.value } },
        });
        break;
      case 'release':
        await client.patch(ConfigMap, step.name, { type: 'merge', patch: { metadata: { finalizers: null } } });
        break;
      case 'delete':
        await client.delete(ConfigMap, step.name);
    }
    return 'ok';
  } catch (error) {
    if (isApiError(error)) return error.reason;
    throw error;
  }
}

const view = ({ metadata, data }: ConfigMap): Entry => ({
  data: data ?? {},
  held: metadata.finalizers?.includes(HOLD) === true,
  going: metadata.deletionTimestamp !== undefined,
});

describe('the server beside a simple model', () => {
  it('answers, holds and tells the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        await using server = await startServer();
        const model = new Map<string, Entry>();
        const watched = new Map<string, Entry>();
        let last = 1;
        server.client.watch(ConfigMap, { resourceVersion: '1' }).subscribe((event) => {
          if (event.type === 'BOOKMARK') return;
          const object = event.object as KubernetesObject as ConfigMap;
          expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(last);
          last = Number(object.metadata.resourceVersion);
          expect(event.type === 'ADDED').toBe(!watched.has(object.metadata.name));
          if (event.type === 'DELETED') watched.delete(object.metadata.name);
          else watched.set(object.metadata.name, view(object));
        });
        for (const each of steps) expect(await perform(server, each)).toBe(expected(model, each));
        await server.clock.settleNow();
        const held = new Map((await server.client.list(ConfigMap)).items.map((object) => [object.metadata.name, view(object)]));
        expect(Object.fromEntries(held)).toEqual(Object.fromEntries(model));
        expect(Object.fromEntries(watched)).toEqual(Object.fromEntries(model));
      }),
      { numRuns: 150 },
    );
  });
});
