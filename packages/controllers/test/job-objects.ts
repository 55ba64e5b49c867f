import { deepFreeze, ownerReference } from '@kybern/core';
import { Job, type JobSpec, type JobStatus, type Pod, type PodStatus } from '@kybern/core/kinds';
import { at, type Meta } from './objects.ts';

/** The finalizer of Pods that are not counted yet. */
export const TRACKING = 'batch.kubernetes.io/job-tracking';

/** A Job that runs since the start, two Pods at a time, until 5 have succeeded. */
export function job(spec: Partial<JobSpec> = {}, more: { readonly metadata?: Meta; readonly status?: JobStatus } = {}): Job {
  return deepFreeze({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'work', namespace: 'default', uid: 'uid-work', generation: 1, creationTimestamp: at(0), ...more.metadata },
    spec: {
      parallelism: 2,
      completions: 5,
      backoffLimit: 6,
      selector: { matchLabels: { job: 'work' } },
      template: { metadata: { labels: { job: 'work' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } },
      ...spec,
    },
    status: { startTime: at(0), ...more.status },
  });
}

/** What {@link jobPod} is made from. */
export interface JobPodFacts {
  readonly phase?: NonNullable<PodStatus['phase']>;
  readonly index?: number;
  readonly ready?: boolean;
  /** Seconds after the start at which its container ended. Default 0 for an ended one. */
  readonly endedAt?: number;
  readonly exitCode?: number;
  /** Whether it is not counted yet. Default true. */
  readonly tracked?: boolean;
  readonly deleted?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly status?: Partial<PodStatus>;
}

/** A Pod of {@link job}. */
export function jobPod(name: string, facts: JobPodFacts = {}): Pod {
  const { phase = 'Running', index, ready = false, endedAt = 0, exitCode = phase === 'Failed' ? 1 : 0, tracked = true, deleted = false } = facts;
  const ended = phase === 'Failed' || phase === 'Succeeded';
  const terminated = { exitCode, finishedAt: at(endedAt) };
  return deepFreeze({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      creationTimestamp: at(0),
      labels: { job: 'work' },
      annotations: { ...(index === undefined ? {} : { 'batch.kubernetes.io/job-completion-index': String(index) }), ...facts.annotations },
      finalizers: tracked ? [TRACKING] : [],
      ownerReferences: [ownerReference(Job, job(), { controller: true })],
      ...(deleted ? { deletionTimestamp: at(30), deletionGracePeriodSeconds: 30 } : {}),
    },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'busybox' }] },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: at(0) }],
      ...(ended ? { containerStatuses: [{ name: 'c', image: '', imageID: '', ready: false, restartCount: 0, state: { terminated } }] } : {}),
      ...facts.status,
    },
  });
}
