import { expect, it } from 'vitest';
import { makeClaim, makeClass, makeVolume } from '../test/objects.ts';
import { computeExpansion, infeasibleStatus, resizedStatus, resizingStatus } from './expansion.ts';

const GIB = 1024 ** 3;
const growing = makeClass('slow', { allowVolumeExpansion: true });
const bound = { phase: 'Bound' as const, capacity: { storage: '5Gi' } };
const NOW = '2026-01-01T00:00:00Z';

it.each([
  { name: 'as large as it is', size: '5Gi', volume: '5Gi', storageClass: growing, plan: { type: 'none' } },
  { name: 'larger than asked for from the start', size: '5Gi', volume: '8Gi', storageClass: growing, plan: { type: 'none' } },
  { name: 'to grow', size: '8Gi', volume: '5Gi', storageClass: growing, plan: { type: 'expand', bytes: 8 * GIB } },
  { name: 'to grow, of a class that does not allow it', size: '8Gi', volume: '5Gi', storageClass: makeClass('slow'), plan: { type: 'none' } },
  { name: 'to grow, of no class', size: '8Gi', volume: '5Gi', storageClass: undefined, plan: { type: 'none' } },
  { name: 'grown, which the claim does not say', size: '8Gi', volume: '8Gi', storageClass: growing, plan: { type: 'finish', bytes: 8 * GIB } },
])('a volume that is $name', ({ size, volume, storageClass, plan }) => {
  expect(computeExpansion({ claim: makeClaim('c', { size, status: bound }), volume: makeVolume('v', { size: volume }), storageClass })).toEqual(plan);
});

it('who asked for too much gets out of it by asking for less', () => {
  const asked = makeClaim('c', { size: '900Gi', status: bound });
  const resizing = resizingStatus(asked, '900Gi', NOW);
  expect(resizing).toMatchObject({ allocatedResourceStatuses: { storage: 'ControllerResizeInProgress' }, conditions: [{ type: 'Resizing', status: 'True' }] });
  const failed = infeasibleStatus({ ...asked, status: resizing }, 'no room', NOW);
  expect(failed.allocatedResourceStatuses).toEqual({ storage: 'ControllerResizeInfeasible' });
  const claim = makeClaim('c', { size: '6Gi', status: failed });
  expect(computeExpansion({ claim, volume: makeVolume('v', { size: '5Gi' }), storageClass: growing })).toEqual({ type: 'expand', bytes: 6 * GIB });
  const back = makeClaim('c', { size: '5Gi', status: failed });
  expect(computeExpansion({ claim: back, volume: makeVolume('v', { size: '5Gi' }), storageClass: growing })).toEqual({ type: 'finish', bytes: 5 * GIB });
  const done = resizedStatus(back, '5Gi');
  expect(done).toEqual({ phase: 'Bound', capacity: { storage: '5Gi' }, allocatedResources: { storage: '5Gi' } });
  expect(computeExpansion({ claim: { ...back, status: done }, volume: makeVolume('v', { size: '5Gi' }), storageClass: growing })).toEqual({ type: 'none' });
});
