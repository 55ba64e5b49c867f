import { ownerReference } from '@kybern/core';
import { CronJob, type CronJobSpec, type CronJobStatus, type Job } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { at, START_MS } from '../../test/objects.ts';
import { computeCronJob, type CronJobPlan } from './compute.ts';

const HOUR = 3600;
const template = { spec: { restartPolicy: 'Never' as const, containers: [{ name: 'c', image: 'busybox' }] } };
/** Every full hour, made half an hour after the start. */
const cronJob = (spec: Partial<CronJobSpec> = {}, status: CronJobStatus = {}): CronJob => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'report', namespace: 'default', uid: 'uid-report', creationTimestamp: at(1800) },
  spec: { schedule: '0 * * * *', jobTemplate: { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec: { template } }, ...spec },
  status,
});
const job = (name: string, ended?: 'Complete' | 'Failed', endedAt = 0): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace: 'default', uid: `uid-${name}`, ownerReferences: [ownerReference(CronJob, cronJob(), { controller: true })] },
  spec: { template },
  status: {
    startTime: at(endedAt - 10),
    ...(ended === undefined ? {} : { conditions: [{ type: ended, status: 'True' }] }),
    ...(ended === 'Complete' ? { completionTime: at(endedAt) } : {}),
  },
});
const reference = (name: string): NonNullable<CronJobStatus['active']>[number] => ({ kind: 'Job', name, uid: `uid-${name}` });
const plan = (seconds: number, object: CronJob, jobs: readonly Job[] = []): CronJobPlan =>
  computeCronJob({ nowMs: START_MS + seconds * 1000, cronJob: object, jobs });
const reasons = ({ events }: CronJobPlan): string[] => events.map(({ reason }) => reason);
const scheduledAt = ({ start }: CronJobPlan): number | undefined => (start === undefined ? undefined : (start.scheduledMs - START_MS) / 1000);
/** The name of the Job of the start's `hours`. */
const nameAt = (hours: number): string => `report-${START_MS / 60_000 + hours * 60}`;

describe('when a Job starts', () => {
  it.each<{
    name: string;
    at: number;
    spec?: Partial<CronJobSpec>;
    status?: CronJobStatus;
    jobs?: readonly Job[];
    due?: number;
    events?: string[];
    wait?: number;
  }>([
    { name: 'not before its first time', at: 1900, wait: 1700.1 },
    { name: 'at its time', at: HOUR, due: HOUR, wait: 3600.1 },
    { name: 'late', at: HOUR + 600, due: HOUR, wait: 3000.1 },
    { name: 'once per time', at: HOUR + 1, status: { lastScheduleTime: at(HOUR) }, wait: 3599.1 },
    { name: 'once per time, as the list of active ones tells', at: HOUR + 1, status: { active: [reference(nameAt(1))] }, jobs: [job(nameAt(1))], wait: 3599.1 },
    { name: 'for the last of several missed times', at: 5 * HOUR + 5, due: 5 * HOUR },
    { name: 'for the last of very many missed times, with a warning', at: 300 * HOUR + 5, due: 300 * HOUR, events: ['TooManyMissedTimes'] },
    { name: 'a hundred missed times are not too many', at: 100 * HOUR + 5, due: 100 * HOUR },
    { name: 'not after its starting deadline', at: HOUR + 61, spec: { startingDeadlineSeconds: 60 }, wait: 3539.1 },
    { name: 'until its starting deadline', at: HOUR + 59, spec: { startingDeadlineSeconds: 60 }, due: HOUR },
    { name: 'a deadline keeps missed times few', at: 300 * HOUR + 5, spec: { startingDeadlineSeconds: 2 * HOUR }, due: 300 * HOUR },
    { name: 'not while suspended', at: HOUR, spec: { suspend: true } },
    { name: 'for one missed time after a suspension', at: 9 * HOUR + 5, status: { lastScheduleTime: at(2 * HOUR) }, due: 9 * HOUR },
    { name: 'beside others', at: 2 * HOUR, status: { active: [reference('x')], lastScheduleTime: at(HOUR) }, jobs: [job('x')], due: 2 * HOUR },
    {
      name: 'not beside others',
      at: 2 * HOUR,
      spec: { concurrencyPolicy: 'Forbid' },
      status: { active: [reference('x')], lastScheduleTime: at(HOUR) },
      jobs: [job('x')],
      events: ['JobAlreadyActive'],
      wait: 3600.1,
    },
    { name: 'unevenly spread times', at: 24 * HOUR * 9, spec: { schedule: '0 0 1,2,8 * *' }, due: 24 * HOUR * 7 },
    { name: 'in its zone', at: 6 * HOUR, spec: { schedule: '0 1 * * *', timeZone: 'America/New_York' }, due: 6 * HOUR, wait: 24 * HOUR + 0.1 },
    { name: 'in no zone', at: HOUR, spec: { timeZone: 'Moon/Crater' }, events: ['UnknownTimeZone'] },
    { name: 'by no schedule', at: HOUR, spec: { schedule: 'often' }, events: ['UnparseableSchedule'] },
    { name: 'at a time that never comes', at: HOUR, spec: { schedule: '0 0 31 2 *' } },
  ])('$name', ({ at: seconds, spec, status, jobs = [], due, events = [], wait }) => {
    const planned = plan(seconds, cronJob(spec, status), jobs);
    expect([scheduledAt(planned), reasons(planned)]).toEqual([due, events]);
    if (wait !== undefined) expect((planned.requeueAfterMs ?? NaN) / 1000).toBeCloseTo(wait, 5);
  });

  it('as the template says, under a name that follows from the time', () => {
    const planned = plan(6 * HOUR, cronJob({ timeZone: 'America/New_York' }));
    expect(planned.start?.job).toEqual({
      metadata: {
        name: nameAt(6),
        namespace: 'default',
        labels: { a: 'b' },
        annotations: { c: 'd', 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T01:00:00-05:00' },
        ownerReferences: [ownerReference(CronJob, cronJob(), { controller: true })],
      },
      spec: { template },
    });
  });

  it('in place of others', () => {
    const object = cronJob({ concurrencyPolicy: 'Replace' }, { active: [reference('x')], lastScheduleTime: at(HOUR) });
    const planned = plan(2 * HOUR, object, [job('x'), job('y', 'Complete')]);
    expect([planned.remove.map(({ metadata }) => metadata.name), planned.status.active, scheduledAt(planned)]).toEqual([['x'], [], 2 * HOUR]);
  });
});

describe('what became of Jobs', () => {
  it('those that ended or are gone are active no longer', () => {
    const object = cronJob({}, { active: ['done', 'failed', 'gone', 'runs'].map(reference), lastScheduleTime: at(HOUR), lastSuccessfulTime: at(10) });
    const planned = plan(HOUR, object, [job('done', 'Complete', 900), job('failed', 'Failed', 990), job('runs')]);
    expect(planned.status).toEqual({ active: [reference('runs')], lastScheduleTime: at(HOUR), lastSuccessfulTime: at(900) });
    expect(planned.events.map(({ message }) => message)).toEqual([
      'Saw completed job: done, condition: Complete',
      'Saw completed job: failed, condition: Failed',
      'Active job went missing: gone',
    ]);
  });

  it('one that is not known is reported', () => expect(reasons(plan(1900, cronJob(), [job('foreign')]))).toEqual(['UnexpectedJob']));

  it('the oldest go beyond the limits', () => {
    const jobs = [
      job('c3', 'Complete', 30),
      job('c1', 'Complete', 10),
      job('c2', 'Complete', 20),
      job('f1', 'Failed', 10),
      job('f2', 'Failed', 20),
      job('runs'),
    ];
    const object = cronJob({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0, suspend: true });
    expect(plan(HOUR, object, jobs).remove.map(({ metadata }) => metadata.name)).toEqual(['c1', 'c2', 'f1', 'f2']);
  });

  it('one that is being deleted starts none', () => {
    const object = { ...cronJob(), metadata: { ...cronJob().metadata, deletionTimestamp: at(0) } };
    expect(plan(HOUR, object)).toMatchObject({ start: undefined, requeueAfterMs: undefined });
  });
});
