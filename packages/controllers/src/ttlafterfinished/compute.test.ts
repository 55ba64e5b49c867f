import type { Job } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { at, START_MS } from '../../test/objects.ts';
import { computeTimeToLive } from './compute.ts';

const job = (ttlSecondsAfterFinished: number | undefined, type: string, metadata: object = {}): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'j', ...metadata },
  spec: { template: { spec: { containers: [] } }, ...(ttlSecondsAfterFinished === undefined ? {} : { ttlSecondsAfterFinished }) },
  status: { conditions: [{ type, status: 'True', lastTransitionTime: at(10) }] },
});

it.each([
  { name: 'complete', job: job(20, 'Complete'), leftMs: 25_000 },
  { name: 'failed', job: job(20, 'Failed'), leftMs: 25_000 },
  { name: 'over', job: job(1, 'Complete'), leftMs: 6_000 },
  { name: 'at once', job: job(0, 'Complete'), leftMs: 5_000 },
  { name: 'not finished', job: job(20, 'Suspended'), leftMs: undefined },
  { name: 'without a time', job: job(undefined, 'Complete'), leftMs: undefined },
  { name: 'being deleted', job: job(20, 'Complete', { deletionTimestamp: at(1) }), leftMs: undefined },
])('time to live: $name', ({ job: finished, leftMs }) => expect(computeTimeToLive({ nowMs: START_MS + 5_000, job: finished })).toBe(leftMs));

it('is 0 from then on', () => expect(computeTimeToLive({ nowMs: START_MS + 100_000, job: job(20, 'Complete') })).toBe(0));
