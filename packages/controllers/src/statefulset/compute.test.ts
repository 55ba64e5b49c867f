import { ownerReference } from '@kybern/core';
import { StatefulSet, type ControllerRevision, type PersistentVolumeClaim, type Pod, type StatefulSetSpec, type StatefulSetStatus } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { at, pod, START_MS } from '../../test/objects.ts';
import { computeStatefulSet, type StatefulSetPlan } from './compute.ts';
import { identityLabels } from './identity.ts';
import { retentionOwners } from './retention.ts';

const NOW = START_MS + 600_000;
const template = (image: string): StatefulSetSpec['template'] => ({ metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'db', image }] } });
const set = (spec: Partial<StatefulSetSpec> = {}, status?: StatefulSetStatus): StatefulSet => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'db', namespace: 'default', uid: 'uid-db', generation: 1 },
  spec: { replicas: 3, selector: { matchLabels: { app: 'db' } }, template: template('new'), ...spec },
  ...(status === undefined ? {} : { status }),
});
const revision = (name: string, image: string, number: number): ControllerRevision => ({
  apiVersion: 'apps/v1',
  kind: 'ControllerRevision',
  metadata: { name, namespace: 'default', uid: `uid-${name}` },
  revision: number,
  data: { spec: { template: { ...(template(image) as object), $patch: 'replace' } } } as never,
});
const OLD = revision('db-old', 'old', 1);
const NEW = revision('db-new', 'new', 2);
interface Facts {
  readonly revision?: string;
  readonly ready?: boolean;
  readonly readyAt?: number;
  readonly phase?: 'Pending' | 'Running' | 'Failed' | 'Succeeded';
  readonly going?: boolean;
}
const member = (ordinal: number, { revision: of = 'db-new', ready = true, readyAt = 0, phase = 'Running', going = false }: Facts = {}): Pod =>
  pod(`db-${ordinal}`, {
    phase,
    ...(ready && phase === 'Running' ? { readyAt } : {}),
    metadata: {
      labels: { app: 'db', 'controller-revision-hash': of, ...identityLabels(`db-${ordinal}`, ordinal) },
      ownerReferences: [ownerReference(StatefulSet, set(), { controller: true })],
      ...(going ? { deletionTimestamp: at(1) } : {}),
    },
  });
const old: Facts = { revision: 'db-old' };
const plan = (object: StatefulSet, pods: readonly Pod[], claims: readonly PersistentVolumeClaim[] = []): StatefulSetPlan =>
  computeStatefulSet({ nowMs: NOW, set: object, pods, revisions: [OLD, NEW], claim: (name) => claims.find(({ metadata }) => metadata.name === name) });
const actions = ({ actions: all }: StatefulSetPlan): string[] =>
  all.map((action) => {
    if (action.type === 'create') return `+${action.pod.metadata?.name} ${action.pod.spec?.containers[0]?.image}`;
    if (action.type === 'remove') return `-${action.pod.metadata.name}`;
    return action.type;
  });
const rolling = (rollingUpdate: object): Partial<StatefulSetSpec> => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } });
const parallel: Partial<StatefulSetSpec> = { podManagementPolicy: 'Parallel' };

describe('the next steps', () => {
  it.each<{ name: string; spec?: Partial<StatefulSetSpec>; status?: StatefulSetStatus; pods: readonly Pod[]; actions: string[] }>([
    { name: 'the first Pod', pods: [], actions: ['+db-0 new'] },
    { name: 'the next Pod', pods: [member(0)], actions: ['+db-1 new'] },
    { name: 'not before the one before is ready', pods: [member(0, { ready: false })], actions: [] },
    { name: 'not before the one before is available', spec: { minReadySeconds: 60 }, pods: [member(0, { readyAt: 590 })], actions: [] },
    { name: 'not while the one before goes', pods: [member(0, { going: true })], actions: [] },
    { name: 'a gap first', pods: [member(1), member(2)], actions: ['+db-0 new'] },
    { name: 'all at once in parallel', spec: parallel, pods: [], actions: ['+db-0 new', '+db-1 new', '+db-2 new'] },
    { name: 'a failed one is deleted, to be made anew', pods: [member(0, { phase: 'Failed' })], actions: ['-db-0'] },
    { name: 'so is one that succeeded', pods: [member(0), member(1, { phase: 'Succeeded' })], actions: ['-db-1'] },
    { name: 'from its ordinal on', spec: { ordinals: { start: 4 } }, pods: [member(4)], actions: ['+db-5 new'] },
    { name: 'what is before its ordinal goes last', spec: { ordinals: { start: 1 } }, pods: [0, 1, 2, 3].map((i) => member(i)), actions: ['-db-0'] },
    { name: 'the last goes first', spec: { replicas: 1 }, pods: [0, 1, 2].map((i) => member(i)), actions: ['-db-2'] },
    { name: 'all at once in parallel, too', spec: { replicas: 1, ...parallel }, pods: [0, 1, 2].map((i) => member(i)), actions: ['-db-2', '-db-1'] },
    { name: 'none goes while another is not well', spec: { replicas: 1 }, pods: [member(0, { ready: false }), member(1), member(2)], actions: [] },
    { name: 'none goes while one before it is going', spec: { replicas: 1 }, pods: [member(0), member(1), member(2, { going: true })], actions: [] },
    { name: 'the one that is not well itself may go', spec: { replicas: 1 }, pods: [member(0), member(1), member(2, { ready: false })], actions: ['-db-2'] },
    { name: 'an update takes the last first', pods: [0, 1, 2].map((i) => member(i, old)), actions: ['-db-2'] },
    { name: 'an update waits', pods: [member(0, old), member(1, old), member(2, { ready: false })], actions: [] },
    { name: 'an update goes on', pods: [member(0, old), member(1, old), member(2)], actions: ['-db-1'] },
    { name: 'an update ends at the partition', spec: rolling({ partition: 2 }), pods: [member(0, old), member(1, old), member(2)], actions: [] },
    {
      name: 'below the partition Pods come back as they were',
      spec: rolling({ partition: 2 }),
      status: { replicas: 3, currentRevision: 'db-old' },
      pods: [member(1, old), member(2)],
      actions: ['+db-0 old'],
    },
    { name: 'several at a time', spec: rolling({ maxUnavailable: 2 }), pods: [0, 1, 2].map((i) => member(i, old)), actions: ['-db-2', '-db-1'] },
    {
      name: 'a share is rounded down, to one at least',
      spec: rolling({ maxUnavailable: '50%' }),
      pods: [0, 1, 2].map((i) => member(i, old)),
      actions: ['-db-2'],
    },
    {
      name: 'those that are unavailable count',
      spec: { ...rolling({ maxUnavailable: 2 }), ...parallel },
      pods: [member(0, old), member(1, old), member(2, { ready: false })],
      actions: ['-db-1'],
    },
    { name: 'not by itself', spec: { updateStrategy: { type: 'OnDelete' } }, pods: [0, 1, 2].map((i) => member(i, old)), actions: [] },
    {
      name: 'a Pod without its labels gets them',
      spec: { replicas: 1 },
      pods: [pod('db-0', { readyAt: 0, metadata: { labels: { app: 'db', 'controller-revision-hash': 'db-new' } } })],
      actions: ['label'],
    },
  ])('$name', ({ spec, status, pods, actions: expected }) => expect(actions(plan(set(spec, status), pods))).toEqual(expected));

  it('one that is being deleted does nothing', () => {
    expect(plan({ ...set(), metadata: { ...set().metadata, deletionTimestamp: at(1) } }, []).actions).toEqual([]);
  });

  it('looks again when the next Pod becomes available', () => {
    expect(plan(set({ minReadySeconds: 60 }), [member(0, { readyAt: 590 })]).requeueAfterMs).toBe(50_000);
  });

  it('keeps as many old revisions as it shall, and those in use', () => {
    const revisions = [1, 2, 3, 4].map((number) => revision(`db-${number}`, `image-${number}`, number));
    const input = { nowMs: NOW, set: set({ revisionHistoryLimit: 1 }), pods: [member(0, { revision: 'db-1' })], claim: () => undefined };
    expect(computeStatefulSet({ ...input, revisions: [...revisions, { ...NEW, revision: 5 }] }).remove.map(({ metadata }) => metadata.name)).toEqual([
      'db-2',
      'db-3',
    ]);
  });
});

describe('claims', () => {
  const volumeClaimTemplates = [
    { apiVersion: 'v1' as const, kind: 'PersistentVolumeClaim' as const, metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce' as const] } },
  ];
  const claim = (metadata: object = {}): PersistentVolumeClaim => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data-db-0', namespace: 'default', ...metadata },
    spec: {},
  });

  it('are made before their Pod, once', () => {
    const [first] = plan(set({ volumeClaimTemplates }), []).actions;
    expect(first?.type === 'create' && first.claims.map(({ metadata }) => [metadata.name, metadata.labels])).toEqual([['data-db-0', { app: 'db' }]]);
    const [second] = plan(set({ volumeClaimTemplates }), [], [claim()]).actions;
    expect(second?.type === 'create' && second.claims).toEqual([]);
  });

  it('that are on their way out hold their Pod up', () => {
    expect(plan(set({ volumeClaimTemplates }), [], [claim({ deletionTimestamp: at(1) })]).actions).toEqual([]);
  });

  it.each([
    { whenDeleted: 'Retain' as const, whenScaled: 'Retain' as const, ordinal: 0, owners: [] },
    { whenDeleted: 'Delete' as const, whenScaled: 'Retain' as const, ordinal: 0, owners: ['StatefulSet'] },
    { whenDeleted: 'Delete' as const, whenScaled: 'Retain' as const, ordinal: 7, owners: ['StatefulSet'] },
    { whenDeleted: 'Retain' as const, whenScaled: 'Delete' as const, ordinal: 0, owners: [] },
    { whenDeleted: 'Retain' as const, whenScaled: 'Delete' as const, ordinal: 7, owners: ['Pod'] },
    { whenDeleted: 'Delete' as const, whenScaled: 'Delete' as const, ordinal: 0, owners: ['StatefulSet'] },
    { whenDeleted: 'Delete' as const, whenScaled: 'Delete' as const, ordinal: 7, owners: ['Pod'] },
  ])('deleted: $whenDeleted, scaled: $whenScaled: the claim of Pod $ordinal goes with $owners', ({ whenDeleted, whenScaled, ordinal, owners }) => {
    const owner = { set: set({ persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled } }), pod: member(ordinal), ordinal };
    const wanted = retentionOwners(claim(), owner) ?? [];
    expect(wanted.map(({ kind }) => kind)).toEqual(owners);
    expect(retentionOwners(claim({ ownerReferences: wanted }), owner)).toBeUndefined();
  });
});
