import { describe, expect, it } from 'vitest';
import { ApiError, isConflict, notFound } from './api-error.ts';
import type { Client, JsonPatchOperation, WriteOptions } from './client.ts';
import { condition } from './conditions.ts';
import { applyJsonPatch } from './json-patch.ts';
import { deepFreeze } from './json-data.ts';
import { Deployment } from './kinds/index.ts';
import { createMutations, type Mutations } from './mutations.ts';
import type { KubernetesObject } from './object.ts';
import { createFakeClock, type FakeClock } from './testing/index.ts';

/** One object behind the two methods that mutations stand on. */
interface Shelf {
  readonly mutations: Mutations;
  readonly clock: FakeClock;
  readonly patches: { readonly patch: readonly JsonPatchOperation[]; readonly options: WriteOptions | undefined }[];
  object: KubernetesObject;
  /** What happens between a read and its write. */
  meanwhile: () => void;
}

function createShelf(): Shelf {
  const clock = createFakeClock();
  const base: Pick<Client, 'get' | 'patch'> = {
    get: async (kind, key) => {
      if (key === 'none') throw notFound(kind, 'none');
      return shelf.object as never;
    },
    patch: async (_kind, _key, patch, options) => {
      shelf.meanwhile();
      const operations = patch.patch as readonly JsonPatchOperation[];
      const { resourceVersion } = shelf.object.metadata;
      const next = applyJsonPatch(shelf.object, operations);
      if (next.metadata.resourceVersion !== resourceVersion) throw new ApiError('Conflict', 'changed');
      shelf.patches.push({ patch: operations, options });
      write({ ...next });
      return shelf.object as never;
    },
  };
  const write = (object: KubernetesObject): void => {
    shelf.object = deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(Number(object.metadata.resourceVersion ?? 0) + 1) } });
  };
  const shelf: Shelf = { mutations: createMutations(base, clock), clock, patches: [], meanwhile: () => undefined, object: undefined as never };
  write({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 1 } } as KubernetesObject);
  return shelf;
}

const touch = (shelf: Shelf): void => {
  const { metadata } = shelf.object;
  shelf.object = deepFreeze({ ...shelf.object, metadata: { ...metadata, resourceVersion: String(Number(metadata.resourceVersion) + 1) } });
};

describe('mutate', () => {
  it('sends what changed, guarded by the resourceVersion that was read', async () => {
    const shelf = createShelf();
    await shelf.mutations.mutate(Deployment, 'web', (draft) => void (draft.spec.replicas = 3), { fieldManager: 'me' });
    expect(shelf.patches).toEqual([
      {
        patch: [
          { op: 'replace', path: '/metadata/resourceVersion', value: '1' },
          { op: 'replace', path: '/spec/replicas', value: 3 },
        ],
        options: { fieldManager: 'me' },
      },
    ]);
  });

  it('sends nothing when nothing changes', async () => {
    const shelf = createShelf();
    const before = shelf.object;
    expect(await shelf.mutations.mutate(Deployment, 'web', (draft) => void (draft.spec = { ...draft.spec, replicas: 1 }))).toBe(before);
    expect(await shelf.mutations.mutateStatus(Deployment, 'web', (draft) => expect(draft.status).toEqual({}))).toBe(before);
    expect(shelf.patches).toEqual([]);
  });

  it('runs the recipe again on what was written meanwhile', async () => {
    const shelf = createShelf();
    let rivals = 1;
    shelf.meanwhile = () => rivals-- > 0 && touch(shelf);
    let runs = 0;
    await shelf.mutations.mutate(Deployment, 'web', (draft) => {
      runs += 1;
      draft.spec.replicas = 2;
    });
    expect(runs).toBe(2);
    expect(shelf.object).toMatchObject({ spec: { replicas: 2 }, metadata: { resourceVersion: '3' } });
  });

  it('waits on its clock between later attempts, and gives up in the end', async () => {
    const shelf = createShelf();
    shelf.meanwhile = () => touch(shelf);
    const result = shelf.mutations.mutate(Deployment, 'web', (draft) => void (draft.spec.replicas = 2)).catch((error: unknown) => error);
    await shelf.clock.settleNow();
    expect(shelf.clock.nextDueMs()).toBe(10);
    await shelf.clock.advance(60_000);
    expect(isConflict(await result)).toBe(true);
  });

  it('passes errors on', async () => {
    const { mutations } = createShelf();
    await expect(mutations.mutate(Deployment, 'none', () => undefined)).rejects.toMatchObject({ reason: 'NotFound' });
    await expect(mutations.mutate(Deployment, 'web', () => Promise.reject(new Error('x')).catch(() => undefined) as never)).rejects.toThrow(
      'must be synchronous',
    );
    await expect(mutations.mutate(Deployment, 'web', () => undefined, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });

  it('stops waiting when its signal aborts', async () => {
    const shelf = createShelf();
    shelf.meanwhile = () => touch(shelf);
    const controller = new AbortController();
    const result = shelf.mutations
      .mutate(Deployment, 'web', (draft) => void (draft.spec.replicas = 2), { signal: controller.signal })
      .catch((error: unknown) => error);
    await shelf.clock.settleNow();
    controller.abort(new Error('enough'));
    expect(await result).toEqual(new Error('enough'));
  });
});

describe('mutateStatus', () => {
  it('writes to the status subresource and stamps conditions', async () => {
    const shelf = createShelf();
    await shelf.mutations.mutateStatus(Deployment, 'web', (draft) => condition(draft, 'Available', true));
    expect(shelf.patches).toEqual([
      {
        patch: [
          { op: 'replace', path: '/metadata/resourceVersion', value: '1' },
          { op: 'add', path: '/status', value: { conditions: [{ type: 'Available', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] } },
        ],
        options: { subresource: 'status' },
      },
    ]);
  });

  it('keeps the time of conditions that stay', async () => {
    const shelf = createShelf();
    await shelf.mutations.mutateStatus(Deployment, 'web', (draft) => condition(draft, 'Available', true));
    await shelf.clock.advance(5000);
    await shelf.mutations.mutateStatus(Deployment, 'web', (draft) => condition(draft, 'Available', true));
    expect(shelf.patches).toHaveLength(1);
    await shelf.mutations.mutateStatus(Deployment, 'web', (draft) => condition(draft, 'Available', false));
    expect(shelf.object).toMatchObject({ status: { conditions: [{ status: 'False', lastTransitionTime: '2026-01-01T00:00:05Z' }] } });
  });
});
