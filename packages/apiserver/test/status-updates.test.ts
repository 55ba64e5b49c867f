import type { Kind, KubernetesObject } from '@kybern/core';
import * as kinds from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { causesOf, changed, startServer, VALID } from './fixtures.ts';

type Json = Readonly<Record<string, unknown>>;

const OBJECTS = {
  ...VALID,
  IndexedJob: { ...VALID.Job, spec: { ...VALID.Job.spec, completionMode: 'Indexed', completions: 5, parallelism: 2, backoffLimitPerIndex: 1 } },
  ElasticJob: { ...VALID.Job, spec: { ...VALID.Job.spec, completionMode: 'Indexed', completions: 3, parallelism: 3 } },
  RunOncePod: { ...VALID.Pod, spec: { ...VALID.Pod.spec, restartPolicy: 'Never' } },
  SuspendedJob: { ...VALID.Job, spec: { ...VALID.Job.spec, suspend: true } },
  CertificateSigningRequest: {
    metadata: { name: 'web' },
    spec: {
      request: btoa('-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n'),
      signerName: 'example.com/signer',
      usages: ['digital signature'],
    },
  },
} as const;
type Name = keyof typeof OBJECTS;
const kindOf = (name: Name): Kind => (kinds as unknown as Record<string, Kind>)[name.replace(/^(Indexed|Elastic|Suspended|RunOnce)/, '')] as Kind;

const EARLY = '2026-01-01T00:00:00Z';
const LATE = '2026-01-01T01:00:00Z';
const condition = (type: string, status = 'True'): Json => ({ type, status, lastTransitionTime: EARLY });
const conditions = (...types: readonly string[]): Json => ({ conditions: types.map((type) => condition(type)) });
const verdict = (type: string, status = 'True'): Json => ({ type, status, reason: 'r', message: '' });
const done: Json = { startTime: EARLY, completionTime: LATE, succeeded: 1, ...conditions('SuccessCriteriaMet', 'Complete') };

const container = (state: Json): Json => ({ containerStatuses: [{ name: 'main', image: 'x', imageID: '', ready: false, restartCount: 0, state }] });
const ended = (exitCode: number): Json => container({ terminated: { exitCode } });
const running = container({ running: {} });

interface Case {
  readonly kind: Name;
  /** The status before, through the same subresource; default: as created. */
  readonly before?: Json;
  readonly status: Json;
  /** Default: none, the status is taken. */
  readonly causes?: readonly string[];
  readonly through?: 'approval';
}

const CASES: readonly Case[] = [
  { kind: 'Deployment', status: { replicas: 3, updatedReplicas: 3, readyReplicas: 2, availableReplicas: 1, collisionCount: 1 } },
  {
    kind: 'Deployment',
    status: { replicas: 1, updatedReplicas: 2, readyReplicas: -1, unavailableReplicas: -1 },
    causes: [
      'status.readyReplicas: Invalid value: -1: must be greater than or equal to 0',
      'status.unavailableReplicas: Invalid value: -1: must be greater than or equal to 0',
      'status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 0: cannot be greater than readyReplicas',
    ],
  },
  {
    kind: 'Deployment',
    status: { replicas: 2, readyReplicas: 1, availableReplicas: 2 },
    causes: ['status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas'],
  },
  {
    kind: 'Deployment',
    before: { collisionCount: 2 },
    status: { collisionCount: 1 },
    causes: ['status.collisionCount: Invalid value: 1: cannot be decremented'],
  },
  { kind: 'Deployment', before: { collisionCount: 2 }, status: {}, causes: ['status.collisionCount: Invalid value: 0: cannot be decremented'] },
  {
    kind: 'ReplicaSet',
    status: { replicas: 1, fullyLabeledReplicas: 2 },
    causes: ['status.fullyLabeledReplicas: Invalid value: 2: cannot be greater than status.replicas'],
  },
  {
    kind: 'ReplicationController',
    status: { replicas: 1, readyReplicas: 2 },
    causes: ['status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas'],
  },
  {
    kind: 'StatefulSet',
    status: { replicas: 1, currentReplicas: 2, availableReplicas: 1 },
    causes: [
      'status.currentReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 1: cannot be greater than status.readyReplicas',
    ],
  },
  {
    kind: 'DaemonSet',
    status: { currentNumberScheduled: 0, numberMisscheduled: -1, desiredNumberScheduled: 0, numberReady: 0 },
    causes: ['status.numberMisscheduled: Invalid value: -1: must be greater than or equal to 0'],
  },
  {
    kind: 'PodDisruptionBudget',
    status: { disruptionsAllowed: -1, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
    causes: ['status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0'],
  },
  {
    kind: 'HorizontalPodAutoscaler',
    status: { currentReplicas: -1, desiredReplicas: 1 },
    causes: ['status.currentReplicas: Invalid value: -1: must be greater than or equal to 0'],
  },
  {
    kind: 'Node',
    status: { addresses: [0, 1].map(() => ({ type: 'InternalIP', address: '10.0.0.1' })) },
    causes: ['status.addresses[1]: Duplicate value: {"type":"InternalIP","address":"10.0.0.1"}'],
  },
  { kind: 'Pod', status: { phase: 'Running', podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], ...conditions('example.com/Warm', 'Ready') } },
  {
    kind: 'Pod',
    status: { qosClass: 'Guaranteed', nominatedNodeName: 'A_', podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }], ...conditions('not a name') },
    causes: [
      'status.conditions[0].Type: Invalid value: "not a name": name part must consist of alphanumeric characters',
      'status.nominatedNodeName: Invalid value: "A_": a lowercase RFC 1123 subdomain must consist of',
      'status.qosClass: Invalid value: "Guaranteed": field is immutable',
      'status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.1"}]: may specify no more than one IP for each IP family',
      'status.podIPs[1]: Duplicate value: {"ip":"10.0.0.1"}',
    ],
  },
  { kind: 'Pod', before: ended(0), status: running },
  {
    kind: 'RunOncePod',
    before: ended(1),
    status: running,
    causes: ['status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state'],
  },
  { kind: 'Job', status: { active: 1, ready: 1, startTime: EARLY } },
  { kind: 'Job', before: { active: 1, startTime: EARLY }, status: done },
  { kind: 'Job', status: { active: 1, ready: 2 }, causes: ['status.ready: Invalid value: 2: cannot set more ready pods than active'] },
  { kind: 'Job', status: { active: -1 }, causes: ['status.active: Invalid value: -1: must be greater than or equal to 0'] },
  {
    kind: 'Job',
    status: { uncountedTerminatedPods: { succeeded: ['a', ''], failed: ['a'] } },
    causes: [
      'status.uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty',
      'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
    ],
  },
  {
    kind: 'Job',
    status: { startTime: EARLY, ...conditions('Failed') },
    causes: ['status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition'],
  },
  {
    kind: 'Job',
    status: { startTime: EARLY, completionTime: LATE, ...conditions('Complete') },
    causes: ['status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition'],
  },
  {
    kind: 'Job',
    status: { startTime: EARLY, ...conditions('SuccessCriteriaMet', 'FailureTarget') },
    causes: ['status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'],
  },
  {
    kind: 'Job',
    status: { ...done, startTime: LATE, completionTime: EARLY },
    causes: [`status.completionTime: Invalid value: "${EARLY}": completionTime cannot be set before startTime`],
  },
  {
    kind: 'Job',
    status: { startTime: EARLY, completionTime: LATE },
    causes: [`status.completionTime: Invalid value: "${LATE}": cannot set completionTime when there is no Complete=True condition`],
  },
  {
    kind: 'Job',
    status: { ...conditions('SuccessCriteriaMet', 'Complete'), active: 1, terminating: 1, uncountedTerminatedPods: { failed: ['a'] } },
    causes: [
      'status.completionTime: Required value: completionTime is required for Complete jobs',
      'status.active: Invalid value: 1: active>0 is invalid for finished job',
      'status.startTime: Required value: startTime is required for finished job',
      'status.uncountedTerminatedPods: Invalid value: {"failed":["a"]}: uncountedTerminatedPods needs to be empty for finished job',
      'status.terminating: Invalid value: 1: terminating>0 is invalid for finished job',
    ],
  },
  {
    kind: 'Job',
    before: done,
    status: { startTime: EARLY, succeeded: 1, ...conditions('SuccessCriteriaMet') },
    causes: ['status.conditions: Invalid value: cannot disable the terminal Complete=True condition'],
  },
  {
    kind: 'Job',
    before: done,
    status: { ...done, completionTime: '2026-01-01T02:00:00Z' },
    causes: ['status.completionTime: Invalid value: "2026-01-01T02:00:00Z": completionTime cannot be mutated'],
  },
  {
    kind: 'Job',
    before: { failed: 2, succeeded: 2 },
    status: { failed: 1, succeeded: 1 },
    causes: [
      'status.failed: Invalid value: 1: cannot decrease the failed counter',
      'status.succeeded: Invalid value: 1: cannot decrease the succeeded counter',
    ],
  },
  {
    kind: 'Job',
    before: { startTime: EARLY },
    status: { active: 0 },
    causes: ['status.startTime: Required value: startTime cannot be removed for unsuspended job'],
  },
  { kind: 'SuspendedJob', before: { startTime: EARLY }, status: conditions('Suspended') },
  {
    kind: 'Job',
    status: { completedIndexes: '0' },
    causes: ['status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode'],
  },
  {
    kind: 'Job',
    status: { failedIndexes: '' },
    causes: ['status.failedIndexes: Invalid value: "": cannot set non-null failedIndexes when backoffLimitPerIndex is null'],
  },
  { kind: 'IndexedJob', status: { completedIndexes: '0,2-3', failedIndexes: '1,4' } },
  {
    kind: 'IndexedJob',
    status: { completedIndexes: '2,1' },
    causes: ['status.completedIndexes: Invalid value: "2,1": error parsing completedIndexes: non-increasing order, previous: 2, current: 1'],
  },
  {
    kind: 'IndexedJob',
    status: { completedIndexes: '1-7', failedIndexes: 'x' },
    causes: [
      'status.completedIndexes: Invalid value: "1-7": error parsing completedIndexes: too large index: "7"',
      'status.failedIndexes: Invalid value: "x": error parsing failedIndexes: cannot convert string to integer for index: "x"',
    ],
  },
  {
    kind: 'IndexedJob',
    status: { completedIndexes: '0-2', failedIndexes: '2-3' },
    causes: ['status.failedIndexes: Invalid value: "2-3": failedIndexes and completedIndexes overlap at index: 2'],
  },
  { kind: 'ElasticJob', before: { succeeded: 3 }, status: { succeeded: 2 } },
  { kind: 'CertificateSigningRequest', status: { conditions: [verdict('Approved')] }, through: 'approval' },
  {
    kind: 'CertificateSigningRequest',
    status: { conditions: [verdict('Approved')] },
    causes: ['status.conditions: Forbidden: updates may not add a condition of type "Approved"'],
  },
  {
    kind: 'CertificateSigningRequest',
    status: { conditions: [verdict('Approved', 'False')] },
    through: 'approval',
    causes: ['status.conditions[0].status: Unsupported value: "False": supported values: "True"'],
  },
  {
    kind: 'CertificateSigningRequest',
    status: { conditions: [verdict('Approved'), verdict('Denied')] },
    through: 'approval',
    causes: ['status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive'],
  },
  {
    kind: 'CertificateSigningRequest',
    before: { conditions: [verdict('Failed')] },
    status: {},
    causes: ['status.conditions: Forbidden: updates may not remove a condition of type "Failed"'],
  },
  { kind: 'CertificateSigningRequest', status: { certificate: btoa('a') } },
  {
    kind: 'CertificateSigningRequest',
    before: { certificate: btoa('a') },
    status: { certificate: btoa('b') },
    causes: ['status.certificate: Forbidden: updates may not modify existing certificate content'],
  },
];

const titleOf = ({ kind, before, status, causes }: Case): string => {
  const change = `${kind} ${JSON.stringify(before ?? {})} -> ${JSON.stringify(status)}`.replaceAll(`,"lastTransitionTime":"${EARLY}"`, '');
  return `${causes === undefined ? 'takes' : 'refuses'} ${change}`;
};

describe('updates of a status', () => {
  it.each(CASES.map((each) => ({ ...each, title: titleOf(each) })))('$title', async ({ kind, before, status, causes, through }) => {
    await using server = await startServer();
    const { api, client } = server;
    const created = await client.create(kindOf(kind), OBJECTS[kind] as never);
    const write = async (object: KubernetesObject, value: Json, subresource = 'status'): Promise<KubernetesObject> => {
      const request = { verb: 'update', kind: kindOf(kind), namespace: object.metadata.namespace, name: object.metadata.name, subresource } as const;
      const body = { ...changed(object, { status: value }), apiVersion: created.apiVersion, kind: created.kind };
      const user = { username: 'x', groups: ['system:masters'] };
      return (await api.execute({ ...request, user, body } as never)) as unknown as KubernetesObject;
    };
    if (before !== undefined) await write(created, before);
    const now = await client.get(kindOf(kind), created.metadata.name);
    const call = write(now, status, through);
    if (causes === undefined) await expect(call).resolves.toMatchObject({ code: 200 });
    else expect((await causesOf(call)).map((cause, i) => cause.slice(0, causes[i]?.length))).toEqual(causes);
  });

  it('a verdict cannot come with the object itself', async () => {
    await using server = await startServer();
    const created = await server.client.create(kinds.CertificateSigningRequest, OBJECTS.CertificateSigningRequest as never);
    const updated = await server.client.update(kinds.CertificateSigningRequest, changed(created, { 'status.conditions': [verdict('Approved')] }) as never);
    expect(updated.status?.conditions).toBeUndefined();
  });
});
