import { keyOf, randomInt, seededRandom, type Random } from '@kybern/core';
import type { PersistentVolume, PersistentVolumeClaim } from '@kybern/core/kinds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeClaim, makeClass, makeVolume, reserved } from '../test/objects.ts';
import { computeClaim } from './claim-plan.ts';
import { findMatchingVolume } from './find-volume.ts';
import { misfits, wishOf } from './fit.ts';
import { computeDeletion } from './provisioning/compute-deletion.ts';
import { storageCapacity, storageRequest } from './storage-size.ts';
import { VolumeIndex } from './volume-index.ts';
import { computeVolume } from './volume-plan.ts';

const MODES = ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany'] as const;
const chance = (random: Random, outOf: number): boolean => randomInt(random, outOf) === 0;
const pick = <T>(random: Random, from: readonly T[]): T => from[randomInt(random, from.length)] as T;

function someVolumes(random: Random): readonly PersistentVolume[] {
  return Array.from({ length: 1 + randomInt(random, 12) }, (_, i) =>
    makeVolume(`v${i}`, {
      size: `${1 + randomInt(random, 6)}Gi`,
      storageClass: pick(random, ['slow', 'fast', '']),
      labels: { tier: pick(random, ['a', 'b']) },
      spec: {
        accessModes: MODES.filter((mode) => mode === 'ReadWriteOnce' || chance(random, 3)),
        persistentVolumeReclaimPolicy: pick(random, ['Retain', 'Delete']),
        ...(chance(random, 5) ? { claimRef: reserved(`c${randomInt(random, 8)}`, '') } : {}),
        ...(chance(random, 6) ? { volumeMode: 'Block' as const } : {}),
      },
      deleting: chance(random, 10),
      annotations: chance(random, 2) ? { 'pv.kubernetes.io/provisioned-by': 'example.com/disks' } : {},
    }),
  );
}

function someClaims(random: Random): readonly PersistentVolumeClaim[] {
  return Array.from({ length: 1 + randomInt(random, 8) }, (_, i) =>
    makeClaim(`c${i}`, {
      size: `${1 + randomInt(random, 6)}Gi`,
      storageClass: pick(random, ['slow', 'fast', '']),
      spec: {
        accessModes: [pick(random, MODES)],
        ...(chance(random, 4) ? { selector: { matchLabels: { tier: 'a' } } } : {}),
        ...(chance(random, 6) ? { volumeName: `v${randomInt(random, 12)}` } : {}),
      },
    }),
  );
}

/** A cluster of nothing but claims and volumes, in which plans are carried out as the controllers do. */
class World {
  readonly claims = new Map<string, PersistentVolumeClaim>();
  readonly volumes = new Map<string, PersistentVolume>();
  readonly index = new VolumeIndex();
  readonly deletedData: PersistentVolume[] = [];

  put(volume: PersistentVolume): void {
    this.volumes.set(volume.metadata.name, volume);
    this.index.set(volume);
  }

  stepClaim(key: string): boolean {
    const claim = this.claims.get(key);
    if (claim === undefined) return false;
    const plan = computeClaim({
      claim,
      volume: (name) => this.volumes.get(name),
      find: (asking, options) => this.index.find(asking, options),
      storageClass: () => makeClass('any', { provisioner: 'kubernetes.io/no-provisioner' }),
      defaultClass: undefined,
    });
    if (plan.volume !== undefined) this.put(plan.volume);
    const next = { ...(plan.claim ?? claim), ...(plan.status === undefined ? {} : { status: plan.status }) };
    if (plan.claim !== undefined || plan.status !== undefined) this.claims.set(key, next);
    return plan.volume !== undefined || plan.claim !== undefined || plan.status !== undefined;
  }

  stepVolume(name: string): boolean {
    const volume = this.volumes.get(name);
    if (volume === undefined) return false;
    const { claimRef } = volume.spec;
    const plan = computeVolume({ volume, claim: this.claims.get(`default/${claimRef?.name ?? ''}`) });
    const changed = plan.volume ?? volume;
    const next = plan.phase === undefined ? changed : { ...changed, status: { phase: plan.phase } };
    if (next !== volume) this.put(next);
    if (computeDeletion(next, 'example.com/disks') !== 'delete') return next !== volume;
    this.deletedData.push(next);
    this.volumes.delete(name);
    this.index.delete(name);
    return true;
  }

  /** Lets everything take its turn, in an order of chance, until nothing changes. */
  settle(random: Random): void {
    for (let rounds = 0; rounds < 100; rounds++) {
      const steps = [
        ...[...this.claims.keys()].map((key) => () => this.stepClaim(key)),
        ...[...this.volumes.keys()].map((name) => () => this.stepVolume(name)),
      ];
      for (let i = steps.length - 1; i > 0; i--) {
        const j = randomInt(random, i + 1);
        [steps[i], steps[j]] = [steps[j] as () => boolean, steps[i] as () => boolean];
      }
      if (!steps.map((step) => step()).includes(true)) return;
    }
    throw new Error('does not settle');
  }
}

function expectSound(world: World): void {
  const bound = [...world.claims.values()].filter(({ status }) => status?.phase === 'Bound');
  const names = bound.map(({ spec }) => spec.volumeName);
  expect(new Set(names).size).toBe(names.length);
  for (const claim of bound) {
    const volume = world.volumes.get(claim.spec.volumeName ?? '');
    expect(volume?.spec.claimRef?.uid).toBe(claim.metadata.uid);
    expect(volume?.status?.phase).toBe('Bound');
    // Where people named each to the other, they get what they asked for, as with Kubernetes.
    const isAgreed = [claim, volume].every((each) => each?.metadata.annotations?.['pv.kubernetes.io/bound-by-controller'] === undefined);
    if (!isAgreed) expect(storageCapacity(volume as PersistentVolume)).toBeGreaterThanOrEqual(storageRequest(claim));
  }
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

describe('binding', () => {
  it('never gives a volume to two claims, never a smaller one, and leaves no claim waiting that could have one, whatever the order', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = seededRandom(seed);
        const world = new World();
        for (const claim of someClaims(random)) {
          world.claims.set(keyOf(claim), claim);
          if (chance(random, 3)) world.settle(random);
        }
        for (const volume of someVolumes(random)) {
          world.put(volume);
          if (chance(random, 3)) world.settle(random);
        }
        world.settle(random);
        expectSound(world);
        for (const claim of world.claims.values()) {
          if (claim.status?.phase !== 'Pending' || (claim.spec.volumeName ?? '') !== '') continue;
          const wish = wishOf(claim);
          expect([...world.volumes.values()].filter((volume) => misfits(wish, volume).length === 0)).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('never deletes data under Retain, nor of a claim that is there, whoever goes in whatever order', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = seededRandom(seed);
        const world = new World();
        for (const claim of someClaims(random)) world.claims.set(keyOf(claim), claim);
        for (const volume of someVolumes(random)) world.put(volume);
        for (let i = 0; i < 6; i++) {
          world.settle(random);
          expectSound(world);
          const key = pick(random, [...world.claims.keys()]);
          const claim = world.claims.get(key);
          if (claim === undefined) break;
          world.claims.delete(key);
          // Another of the name may come at once.
          if (chance(random, 2))
            world.claims.set(key, { ...makeClaim(claim.metadata.name), metadata: { ...claim.metadata, uid: `again-${i}`, annotations: {} } });
        }
        world.settle(random);
        for (const { spec } of world.deletedData) {
          expect(spec.persistentVolumeReclaimPolicy).toBe('Delete');
          expect([...world.claims.values()].map(({ metadata }) => metadata.uid)).not.toContain(spec.claimRef?.uid);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('the index finds what a look at every volume finds, whatever came and went before', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = seededRandom(seed);
        const index = new VolumeIndex();
        const volumes = new Map<string, PersistentVolume>();
        for (let i = 0; i < 4; i++) {
          for (const volume of someVolumes(random)) {
            if (chance(random, 4)) {
              index.delete(volume.metadata.name);
              volumes.delete(volume.metadata.name);
            } else {
              index.set(volume);
              volumes.set(volume.metadata.name, volume);
            }
          }
        }
        const sorted = [...volumes.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
        for (const claim of someClaims(random)) {
          const found = index.find(claim);
          const scanned = findMatchingVolume(claim, sorted, { isUsable: () => true, isReachable: () => true });
          expect(found === undefined).toBe(scanned === undefined);
          // Fewer modes come before less room in the index alone, as in Kubernetes.
          if (found !== undefined && scanned !== undefined && found.spec.accessModes?.length === scanned.spec.accessModes?.length)
            expect(storageCapacity(found)).toBe(storageCapacity(scanned));
        }
      }),
      { numRuns: 300 },
    );
  });
});
