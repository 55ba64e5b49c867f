import { noopLogger, type KubernetesObject } from '@kybern/core';
import { createFakeClock } from '@kybern/core/testing';
import { describe, expect, it } from 'vitest';
import { keyOf, put, write } from './conformance/fixtures.ts';
import { expireObjects } from './expiry.ts';
import { createMemoryStore } from './memory-store.ts';
import type { StateStore } from './store.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const HOUR_MS = 3_600_000;

async function withExpiry(
  store: StateStore,
  use: (advance: (ms: number) => Promise<void>) => Promise<void>,
  writtenAt?: (object: KubernetesObject) => number | undefined,
): Promise<void> {
  const clock = createFakeClock();
  const stop = new AbortController();
  const options = { clock, prefixes: ['/registry/core/configmaps/'], ttlMs: HOUR_MS, writtenAt: writtenAt ?? (() => undefined), logger: noopLogger };
  const running = expireObjects(store, options, stop.signal);
  await turn();
  await use(async (ms) => {
    await clock.advance(ms);
    for (let count = 0; count < 5; count += 1) await turn();
  });
  stop.abort();
  await running;
}

const names = async (store: StateStore): Promise<string[]> => (await store.range('/')).records.map(({ value }) => value.metadata.name as string);

describe('objects that expire', () => {
  it('go when nobody wrote them for their time', async () => {
    await using store = createMemoryStore();
    await withExpiry(store, async (advance) => {
      await write(store, 'a');
      await turn();
      await advance(HOUR_MS / 2);
      await store.commit([put('b')]);
      await write(store, 'c');
      await advance(HOUR_MS / 2);
      expect(await names(store)).toEqual(['b', 'c']);
      await write(store, 'b', 'again');
      await advance(HOUR_MS / 2);
      expect(await names(store)).toEqual(['b']);
      await advance(HOUR_MS / 2);
      expect(await names(store)).toEqual([]);
    });
  });

  it('of which there are many all go', async () => {
    await using store = createMemoryStore();
    await store.commit(Array.from({ length: 350 }, (_, at) => put(`k${at}`)));
    await withExpiry(store, async (advance) => {
      await advance(HOUR_MS);
      for (let at = 0; at < 10; at += 1) await advance(0);
      expect(await names(store)).toEqual([]);
    });
  });

  it('that are there at start are as old as they say', async () => {
    await using store = createMemoryStore();
    await write(store, 'old', 'minutes:50');
    await write(store, 'new', 'minutes:5');
    const minutes = (object: KubernetesObject): number => -60_000 * Number((object as { spec?: { data: string } }).spec?.data.split(':')[1]);
    await withExpiry(
      store,
      async (advance) => {
        await advance(11 * 60_000);
        expect(await names(store)).toEqual(['new']);
      },
      (object) => createFakeClock().now() + minutes(object),
    );
    expect(await store.get(keyOf('new'))).toBeDefined();
  });
});
