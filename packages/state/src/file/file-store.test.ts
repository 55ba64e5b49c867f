import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeStateConformance } from '@kybern/state/conformance';
import { afterAll } from 'vitest';
import type { StateStore } from '../store.ts';
import { openFileStore, type FileStore } from './file-store.ts';

const root = await mkdtemp(join(tmpdir(), 'kybern-state-'));
afterAll(() => rm(root, { recursive: true, force: true }));
let count = 0;

async function reopen(store: StateStore): Promise<StateStore> {
  await store[Symbol.asyncDispose]();
  return openFileStore({ directory: (store as FileStore).directory });
}

describeStateConformance('the durable store', (options) => openFileStore({ directory: join(root, String((count += 1))), ...options }), { reopen });

describeStateConformance(
  'the durable store that keeps few objects and small files',
  (options) => openFileStore({ directory: join(root, String((count += 1))), objectLimit: 1, segmentBytes: 4096, ...options }),
  { reopen },
);
