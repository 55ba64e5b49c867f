import type { cri } from '@kybern/runtime-cri';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOW_MS, observed, sandbox, seen } from '../../test/fixtures.ts';
import { computeContainerGarbage } from './container-garbage.ts';
import { computeImageGarbage, DEFAULT_IMAGE_GARBAGE_POLICY as policy, nodeImages, noteImages } from './image-garbage.ts';

const image = (id: string, over: Partial<cri.Image> = {}): cri.Image => ({ id, repoTags: [`docker.io/library/${id}:1`], repoDigests: [], size: 100, ...over });
const GI = 2 ** 30;
const full = { capacityBytes: 100 * GI, availableBytes: 10 * GI };
const OLD = { firstSeenMs: NOW_MS - 600_000, lastUsedMs: NOW_MS - 300_000 };

describe('images that go', () => {
  const input = { images: [image('a'), image('b'), image('c')], references: new Set<string>(), disk: full, policy, nowMs: NOW_MS };
  const old = new Map([
    ['a', OLD],
    ['b', { ...OLD, lastUsedMs: NOW_MS - 500_000 }],
    ['c', { ...OLD, lastUsedMs: NOW_MS - 400_000 }],
  ]);

  it('are those that were not used for longest, until the disk is at its lower mark', () => {
    const { wantedBytes, candidates } = computeImageGarbage({ ...input, records: old });
    expect(wantedBytes).toBe(10 * GI);
    expect(candidates.map(({ id }) => id)).toEqual(['b', 'c', 'a']);
  });

  it.each([
    { name: 'used', images: [image('a')], references: new Set(['docker.io/library/a:1']), records: old },
    { name: 'pinned', images: [image('a', { pinned: true })], references: new Set<string>(), records: old },
    { name: 'new', images: [image('a')], references: new Set<string>(), records: new Map([['a', { firstSeenMs: NOW_MS - 119_999, lastUsedMs: 0 }]]) },
    { name: 'never seen before', images: [image('a')], references: new Set<string>(), records: new Map() },
  ])('are not those that are $name', (row) => {
    expect(computeImageGarbage({ ...input, ...row }).candidates).toEqual([]);
  });

  it('are none while the disk is not full enough', () => {
    const disk = { capacityBytes: 100, availableBytes: 16 };
    expect(computeImageGarbage({ ...input, records: old, disk })).toEqual({ wantedBytes: 0, candidates: [] });
    expect(computeImageGarbage({ ...input, records: old, disk: { capacityBytes: 100, availableBytes: 15 } }).candidates).toHaveLength(3);
  });

  it('are never in use, whatever the disk', () => {
    const ids = ['a', 'b', 'c', 'd'];
    fc.assert(
      fc.property(fc.subarray(ids), fc.subarray(ids), fc.nat({ max: 100 }), (there, used, availableBytes) => {
        const records = new Map(ids.map((id) => [id, OLD]));
        const { wantedBytes, candidates } = computeImageGarbage({
          ...input,
          images: there.map((id) => image(id)),
          references: new Set(used),
          records,
          disk: { capacityBytes: 100, availableBytes },
        });
        for (const { id } of candidates) expect(used).not.toContain(id);
        expect(wantedBytes).toBeLessThanOrEqual(Math.max(0, 20 - availableBytes));
      }),
    );
  });
});

it('an image is as old as it is known, and as used as a container was seen with it', () => {
  const first = noteImages(new Map(), [image('a'), image('b')], { references: new Set(['b']), nowMs: 1_000 });
  const second = noteImages(first, [image('a'), image('b')], { references: new Set(), nowMs: 2_000 });
  expect(Object.fromEntries(second)).toEqual({ a: { firstSeenMs: 1_000, lastUsedMs: 0 }, b: { firstSeenMs: 1_000, lastUsedMs: 1_000 } });
  expect([...noteImages(second, [image('a')], { references: new Set(), nowMs: 3_000 }).keys()]).toEqual(['a']);
});

it('a Node tells of its fifty largest images, by at most five names', () => {
  const many = Array.from({ length: 60 }, (_, i) => image(`i${String(i).padStart(2, '0')}`, { size: i }));
  const told = nodeImages([...many, image('named', { size: 1_000, repoTags: ['1', '2', '3', '4', '5'], repoDigests: ['d'] })]);
  expect(told).toHaveLength(50);
  expect(told[0]).toEqual({ names: ['d', '1', '2', '3', '4'], sizeBytes: 1_000 });
  expect(told.at(-1)?.sizeBytes).toBe(11);
});

describe('of a Pod’s past', () => {
  const dead = (attempt: number) => seen('app', { attempt, state: 'exited', exitCode: 1 });
  it.each([
    { name: 'one dead attempt stays beside the running one', of: observed([seen('app', { attempt: 2 }), dead(1), dead(0)]), gone: ['app-0'], sandboxes: [] },
    { name: 'the newest stays when none runs', of: observed([dead(2), dead(1), dead(0)]), gone: ['app-1', 'app-0'], sandboxes: [] },
    { name: 'each name counts for itself', of: observed([dead(0), seen('other', { state: 'exited' })]), gone: [], sandboxes: [] },
    {
      name: 'a sandbox that ended goes when a newer one is there',
      of: observed([], [sandbox({ id: 'new', attempt: 1, createdAtMs: NOW_MS }), sandbox({ id: 'old', ready: false })]),
      gone: [],
      sandboxes: ['old'],
    },
    {
      name: 'but not while a container of it stays',
      of: observed([dead(0)], [sandbox({ id: 'new', attempt: 1, createdAtMs: NOW_MS }), sandbox({ id: 'old', ready: false })]),
      gone: [],
      sandboxes: [],
    },
    { name: 'the last sandbox stays', of: observed([], [sandbox({ ready: false })]), gone: [], sandboxes: [] },
  ])('$name', ({ of, gone, sandboxes }) => {
    expect(computeContainerGarbage(of)).toEqual({ containers: gone, sandboxes });
  });
});
