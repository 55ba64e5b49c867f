import type { Deployment, DeploymentStatus, ReplicaSet } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { at, deployment, replicaSet, rolling, START_MS, type ReplicaSetFacts } from '../../test/objects.ts';
import { computeDeployment, type DeploymentPlan } from './compute.ts';
import { growNewest, shrinkOld } from './rolling-update.ts';
import { currentRollout } from './rollout.ts';
import { scale } from './scaling.ts';
import { rolloutBounds } from './strategy.ts';

const CURRENT = 'nginx:1.25';
const plan = (object: Deployment, replicaSets: readonly ReplicaSet[] = [], nowMs = START_MS): DeploymentPlan =>
  computeDeployment({ nowMs, deployment: object, replicaSets });
const sizes = ({ create, update }: DeploymentPlan): Record<string, number | undefined> =>
  Object.fromEntries(
    [...(create === undefined ? [] : [create]), ...update].map((set) => [set.metadata.uid === undefined ? 'new' : set.metadata.name, set.spec.replicas]),
  );
const condition = (status: DeploymentStatus | undefined, type: string): unknown => status?.conditions?.find((item) => item.type === type);

describe('rolloutBounds', () => {
  it.each([
    { name: 'defaults: 25 % of 3', spec: { replicas: 3 }, surge: 1, unavailable: 0 },
    { name: 'surge up, unavailable down', spec: { replicas: 10, ...rolling('25%', '25%') }, surge: 3, unavailable: 2 },
    { name: 'both 0 lets one be unavailable', spec: { replicas: 10, ...rolling(0, 0) }, surge: 0, unavailable: 1 },
    { name: 'small shares of both come out as 0', spec: { replicas: 10, ...rolling('0%', '5%') }, surge: 0, unavailable: 1 },
    { name: 'never more than all', spec: { replicas: 2, ...rolling(0, 5) }, surge: 0, unavailable: 2 },
    { name: 'no replicas', spec: { replicas: 0, ...rolling(0, 0) }, surge: 0, unavailable: 0 },
    { name: 'Recreate', spec: { replicas: 10, strategy: { type: 'Recreate' as const } }, surge: 0, unavailable: 0 },
  ])('$name', ({ spec, surge, unavailable }) => {
    expect(rolloutBounds(deployment(spec))).toMatchObject({ maxSurge: surge, maxUnavailable: unavailable });
  });
});

describe('a rolling update, upstream cases', () => {
  it.each([
    { name: 'no room without surge', surge: 0, old: 10, newest: 0, expected: 0 },
    { name: 'the surge', surge: 2, old: 10, newest: 0, expected: 2 },
    { name: 'surge and what the old ones left', surge: 2, old: 5, newest: 0, expected: 7 },
    { name: 'all room is used', surge: 2, old: 10, newest: 2, expected: 2 },
    { name: 'too many new ones', surge: 2, old: 2, newest: 11, expected: 10 },
  ])('grows the newest: $name', ({ surge, old, newest, expected }) => {
    const rollout = currentRollout(deployment({ replicas: 10, ...rolling(surge, 0) }), replicaSet('v2', { replicas: newest }), [
      replicaSet('v1', { replicas: old }),
    ]);
    expect(growNewest(rollout).newest?.replicas).toBe(expected);
  });

  it.each([
    { name: 'one when neither surge nor unavailability is allowed', unavailable: 0, old: 10, newest: 0, readyOld: 10, readyNew: 0, expected: 9 },
    { name: 'as many as may be unavailable', unavailable: 2, old: 10, newest: 0, readyOld: 10, readyNew: 0, expected: 8 },
    { name: 'unhealthy ones first', unavailable: 2, old: 10, newest: 0, readyOld: 8, readyNew: 0, expected: 8 },
    { name: 'an unhealthy one, then a healthy one', unavailable: 2, old: 10, newest: 0, readyOld: 9, readyNew: 0, expected: 8 },
    { name: 'nothing while new ones are not available', unavailable: 2, old: 8, newest: 2, readyOld: 8, readyNew: 0, expected: 8 },
    { name: 'nothing when too few are available', unavailable: 2, old: 10, newest: 0, readyOld: 1, readyNew: 0, expected: 8 },
    { name: 'available ones when new ones are available', unavailable: 2, old: 8, newest: 2, readyOld: 8, readyNew: 2, expected: 6 },
  ])('shrinks the old: $name', ({ unavailable, old, newest, readyOld, readyNew, expected }) => {
    const rollout = currentRollout(deployment({ replicas: 10, ...rolling(0, unavailable) }), replicaSet('v2', { replicas: newest, available: readyNew }), [
      replicaSet('v1', { replicas: old, available: readyOld }),
    ]);
    expect(shrinkOld(rollout).old[0]?.replicas).toBe(expected);
  });
});

it('does not rely on available Pods that a stale status still counts although they are on their way out', () => {
  const old = replicaSet('v1', { replicas: 2, status: { replicas: 3, availableReplicas: 3 } });
  const rollout = currentRollout(deployment({ replicas: 3, ...rolling(1, 1) }), replicaSet('v2', { replicas: 2, available: 1 }), [old]);
  expect(shrinkOld(rollout).old[0]?.replicas).toBe(1);
});

describe('scaling in proportion, upstream cases', () => {
  const set = (name: string, ageSeconds: number, replicas: number, before: { desired: number; surge: number }): ReplicaSet =>
    replicaSet(name, {
      replicas,
      ageSeconds,
      annotations: {
        'deployment.kubernetes.io/desired-replicas': String(before.desired),
        'deployment.kubernetes.io/max-replicas': String(before.desired + before.surge),
      },
    });
  it.each([
    { name: 'only one: 10 -> 12', from: 10, to: 12, newest: 10, old: [], expected: [12] },
    { name: 'only one: 10 -> 5', from: 10, to: 5, newest: 10, old: [], expected: [5] },
    { name: '5 -> 10', from: 5, to: 10, newest: 2, old: [3], expected: [4, 6] },
    { name: '5 -> 3', from: 5, to: 3, newest: 2, old: [3], expected: [1, 2] },
    { name: '9 -> 4', from: 9, to: 4, newest: 8, old: [1], expected: [4, 0] },
    { name: '7 -> 10', from: 7, to: 10, newest: 2, old: [3, 2], expected: [3, 4, 3] },
    { name: '13 -> 8', from: 13, to: 8, newest: 2, old: [8, 3], expected: [1, 5, 2] },
    { name: 'the rest goes to the newest: 3 -> 4', from: 3, to: 4, newest: 1, old: [1, 1], expected: [2, 1, 1] },
    { name: 'the rest is taken from the oldest: 3 -> 2', from: 3, to: 2, newest: 1, old: [1, 1], expected: [1, 1, 0] },
    { name: 'without a newest: 4 -> 5', from: 4, to: 5, newest: undefined, old: [2, 2], expected: [3, 2] },
    { name: 'to zero: 6 -> 0', from: 6, to: 0, newest: 3, old: [2, 1], expected: [0, 0, 0] },
    { name: 'from zero: 0 -> 6', from: 6, to: 6, newest: 0, old: [0, 0], expected: [6, 0, 0] },
    { name: 'with surge Pods: 10 -> 20', from: 10, to: 20, newest: 6, old: [6], surge: 2, expected: [11, 11] },
    { name: 'size and surge change: 10 -> 50', from: 10, to: 50, newest: 5, old: [8], surgeBefore: 3, surge: 6, expected: [22, 34] },
    { name: 'size and template change: 10 -> 14', from: 10, to: 14, newest: undefined, old: [7, 3], expected: [10, 4] },
  ])('$name', ({ from, to, newest, old, expected, surge = 0, surgeBefore = surge }) => {
    const before = { desired: from, surge: surgeBefore };
    const newestSet = newest === undefined ? undefined : set('v9', 0, newest, before);
    const rollout = currentRollout(
      deployment({ replicas: to, ...rolling(surge, 0) }),
      newestSet,
      old.map((replicas, i) => set(`v${8 - i}`, 100 * (i + 1), replicas, before)),
    );
    const scaled = scale(rollout);
    expect([...(scaled.newest === undefined ? [] : [scaled.newest.replicas]), ...scaled.old.map((member) => member.replicas)]).toEqual(expected);
  });

  it('a newest that is broken does not cost old Pods', () => {
    const rollout = currentRollout(deployment({ replicas: 2, ...rolling(1, 1) }), replicaSet('v2', { replicas: 2, available: 0 }), [
      replicaSet('v1', { replicas: 1 }),
    ]);
    expect(scale(rollout).old[0]?.replicas).toBe(1);
  });
});

describe('a new Deployment', () => {
  const created = plan(
    deployment({ replicas: 3, minReadySeconds: 5 }, { metadata: { annotations: { note: 'x', 'kubectl.kubernetes.io/last-applied-configuration': '{}' } } }),
  );

  it('gets a ReplicaSet of full size', () => {
    const hash = created.create?.metadata.labels?.['pod-template-hash'];
    expect(hash).toMatch(/^[b-df-hj-np-tv-xz2456789]{6,10}$/);
    expect(created.create).toMatchObject({
      metadata: {
        name: `web-${hash}`,
        namespace: 'default',
        annotations: {
          note: 'x',
          'deployment.kubernetes.io/revision': '1',
          'deployment.kubernetes.io/desired-replicas': '3',
          'deployment.kubernetes.io/max-replicas': '4',
        },
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'uid-web', controller: true, blockOwnerDeletion: true }],
      },
      spec: {
        replicas: 3,
        minReadySeconds: 5,
        selector: { matchLabels: { app: 'web', 'pod-template-hash': hash } },
        template: { metadata: { labels: { app: 'web', 'pod-template-hash': hash } } },
      },
    });
    expect(created.create?.metadata.annotations).not.toHaveProperty(['kubectl.kubernetes.io/last-applied-configuration']);
    expect(created.events).toEqual([{ type: 'Normal', reason: 'ScalingReplicaSet', message: `Scaled up replica set web-${hash} from 0 to 3` }]);
  });

  it('says so in one write of status and revision', () => {
    expect(created.desired?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
    expect(created.desired?.status).toEqual({
      observedGeneration: 1,
      unavailableReplicas: 3,
      conditions: [
        {
          type: 'Progressing',
          status: 'True',
          reason: 'NewReplicaSetCreated',
          message: `Created new replica set "${created.create?.metadata.name}"`,
          lastUpdateTime: at(0),
          lastTransitionTime: at(0),
        },
        {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
          lastUpdateTime: at(0),
          lastTransitionTime: at(0),
        },
      ],
    });
    expect(created.requeueAfterMs).toBe(601_000);
  });

  it('gets another name after a collision', () => {
    const other = plan(deployment({}, { status: { collisionCount: 1 } }));
    expect(other.create?.metadata.name).not.toBe(created.create?.metadata.name);
    expect(other.desired?.status?.collisionCount).toBe(1);
  });

  it('gets none while it is paused', () => {
    const paused = plan(deployment({ paused: true }));
    expect(paused.create).toBeUndefined();
    expect(condition(paused.desired?.status, 'Progressing')).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' });
  });

  it('selecting everything is refused', () => {
    const refused = plan(deployment({ selector: {} }));
    expect(refused).toMatchObject({ create: undefined, desired: { status: { observedGeneration: 1 } }, events: [{ type: 'Warning', reason: 'SelectingAll' }] });
  });

  it('a name at the limit leaves room for the hash', () => {
    expect(plan(deployment({}, { metadata: { name: 'a'.repeat(253) } })).create?.metadata.name).toHaveLength(253);
  });
});

/** Runs plans until nothing changes, all Pods becoming available at once. */
function rollOut(
  object: Deployment,
  replicaSets: readonly ReplicaSet[],
  available = (set: ReplicaSet): number => set.spec.replicas ?? 0,
): { object: Deployment; sets: readonly ReplicaSet[]; plans: DeploymentPlan[] } {
  let [current, sets] = [object, replicaSets];
  const plans: DeploymentPlan[] = [];
  for (let i = 0; i < 50; i++) {
    const next = plan(current, sets, START_MS + i * 1000);
    plans.push(next);
    if (next.create === undefined && next.update.length === 0 && next.remove.length === 0 && next.desired === undefined)
      return { object: current, sets, plans };
    current = next.desired ?? current;
    sets = apply(next, sets, i).map((set) => ({
      ...set,
      status: {
        ...set.status,
        observedGeneration: 1,
        replicas: set.spec.replicas ?? 0,
        availableReplicas: available(set),
        readyReplicas: available(set),
        terminatingReplicas: 0,
      },
    }));
  }
  throw new Error('does not settle');
}

function apply({ create, update, remove }: DeploymentPlan, sets: readonly ReplicaSet[], i: number): readonly ReplicaSet[] {
  const changed = new Map(update.map((set) => [set.metadata.uid, set]));
  const kept = sets.filter((set) => !remove.includes(set)).map((set) => changed.get(set.metadata.uid) ?? set);
  return create === undefined ? kept : [...kept, { ...create, metadata: { ...create.metadata, uid: `uid-${i}`, creationTimestamp: at(i), generation: 1 } }];
}

describe('a rollout', () => {
  it('goes from the old template to the new one and then rests', () => {
    const { object, sets } = rollOut(deployment({ replicas: 3 }), [replicaSet('old', { replicas: 3, revision: 1, ageSeconds: 60 })]);
    expect(sets.map((set) => set.spec.replicas)).toEqual([0, 3]);
    expect(object.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
    expect(condition(object.status, 'Progressing')).toMatchObject({
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: expect.stringMatching(/^ReplicaSet "web-.*" has successfully progressed\.$/),
    });
    expect(condition(object.status, 'Available')).toMatchObject({
      status: 'True',
      reason: 'MinimumReplicasAvailable',
      message: 'Deployment has minimum availability.',
    });
    expect(object.status).toMatchObject({ replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3, terminatingReplicas: 0 });
    expect(object.status).not.toHaveProperty('unavailableReplicas');
  });

  it('stops at a broken template', () => {
    const { sets } = rollOut(deployment({ replicas: 10, ...rolling(3, 2) }), [replicaSet('old', { replicas: 10, revision: 1, ageSeconds: 60 })], (set) =>
      set.metadata.name === 'old' ? (set.spec.replicas ?? 0) : 0,
    );
    expect(sets.map((set) => set.spec.replicas)).toEqual([8, 5]);
  });

  it('a rollback reuses the old ReplicaSet, which gets a new revision and remembers the one before', () => {
    const { object, sets } = rollOut(deployment({ replicas: 3 }), [
      replicaSet('v1', { image: CURRENT, replicas: 0, revision: 1, ageSeconds: 60 }),
      replicaSet('v2', { replicas: 3, revision: 2, ageSeconds: 30 }),
    ]);
    expect(sets.map((set) => [set.metadata.name, set.spec.replicas])).toEqual([
      ['v1', 3],
      ['v2', 0],
    ]);
    expect(sets[0]?.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '3', 'deployment.kubernetes.io/revision-history': '1' });
    expect(object.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  });

  it('keeps as many old ReplicaSets as the history limit says', () => {
    const old = [1, 2, 3].map((revision) => replicaSet(`v${revision}`, { revision, ageSeconds: 100 - revision }));
    const { sets } = rollOut(deployment({ revisionHistoryLimit: 1 }), [...old, replicaSet('now', { image: CURRENT, replicas: 3, revision: 4 })]);
    expect(sets.map((set) => set.metadata.name)).toEqual(['v3', 'now']);
  });

  it('Recreate waits until the old Pods are gone', () => {
    const object = deployment({ strategy: { type: 'Recreate' } });
    const old = replicaSet('old', { replicas: 3, revision: 1 });
    const first = plan(object, [old]);
    expect(sizes(first)).toEqual({ old: 0 });
    const stopped = (status: Partial<NonNullable<ReplicaSet['status']>>): ReplicaSet => replicaSet('old', { replicas: 0, revision: 1, status });
    expect(sizes(plan(object, [stopped({ replicas: 1 })]))).toEqual({});
    expect(sizes(plan(object, [stopped({ terminatingReplicas: 2 })]))).toEqual({});
    expect(sizes(plan(object, [stopped({ observedGeneration: 0 })]))).toEqual({});
    expect(sizes(plan(object, [stopped({})]))).toEqual({ new: 3 });
  });

  it('a change of size in the middle of a rollout keeps the proportion', () => {
    const record = { 'deployment.kubernetes.io/desired-replicas': '10', 'deployment.kubernetes.io/max-replicas': '13' };
    const next = plan(deployment({ replicas: 20 }), [
      replicaSet('old', { replicas: 8, annotations: record, ageSeconds: 60 }),
      replicaSet('now', { image: CURRENT, replicas: 5, annotations: record, revision: 2 }),
    ]);
    expect(sizes(next)).toEqual({ old: 15, now: 10 });
    expect(next.update.every((set) => set.metadata.annotations?.['deployment.kubernetes.io/desired-replicas'] === '20')).toBe(true);
  });

  it('a ReplicaSet that was given the new size by hand does not stop the rollout', () => {
    const next = plan(deployment({ replicas: 5 }), [
      replicaSet('now', {
        image: CURRENT,
        replicas: 5,
        revision: 1,
        annotations: { 'deployment.kubernetes.io/desired-replicas': '3', 'deployment.kubernetes.io/max-replicas': '4' },
      }),
    ]);
    expect(next.update[0]?.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/desired-replicas': '5' });
  });

  it('a Deployment that is being deleted only keeps its status', () => {
    const next = plan(deployment({}, { metadata: { deletionTimestamp: at(0) } }), [replicaSet('old', { replicas: 3, revision: 1 })]);
    expect(next).toMatchObject({ create: undefined, update: [], remove: [], desired: { status: { replicas: 3 } } });
  });
});

describe('conditions', () => {
  const progressing = (reason: string, seconds: number): DeploymentStatus => ({
    observedGeneration: 1,
    replicas: 3,
    updatedReplicas: 3,
    conditions: [{ type: 'Progressing', status: 'True', reason, message: '', lastUpdateTime: at(seconds), lastTransitionTime: at(seconds) }],
  });
  const stuck = replicaSet('now', { image: CURRENT, replicas: 3, available: 0, revision: 1 });
  it.each([
    { name: 'before the deadline', now: 600, expected: { status: 'True', reason: 'ReplicaSetUpdated' }, requeue: 1000 },
    {
      name: 'after it',
      now: 601,
      expected: { status: 'False', reason: 'ProgressDeadlineExceeded', message: 'ReplicaSet "now" has timed out progressing.' },
      requeue: undefined,
    },
  ])('no progress $name', ({ now, expected, requeue }) => {
    const object = deployment({}, { metadata: { annotations: { 'deployment.kubernetes.io/revision': '1' } }, status: progressing('ReplicaSetUpdated', 0) });
    const next = plan(object, [stuck], START_MS + now * 1000);
    expect(condition(next.desired?.status ?? object.status, 'Progressing')).toMatchObject(expected);
    expect(next.requeueAfterMs).toBe(requeue);
  });

  it('progress renews the deadline and keeps the time of transition', () => {
    const object = deployment({}, { status: progressing('ReplicaSetUpdated', 0) });
    const next = plan(object, [replicaSet('now', { image: CURRENT, replicas: 3, available: 1, revision: 1 })], START_MS + 500_000);
    expect(condition(next.desired?.status, 'Progressing')).toMatchObject({ reason: 'ReplicaSetUpdated', lastUpdateTime: at(500), lastTransitionTime: at(0) });
    expect(next.requeueAfterMs).toBe(601_000);
  });

  it('without a deadline there is no Progressing', () => {
    for (const progressDeadlineSeconds of [undefined, 2 ** 31 - 1]) {
      const { progressDeadlineSeconds: _unset, ...spec } = deployment().spec;
      const object = {
        ...deployment(),
        spec: progressDeadlineSeconds === undefined ? spec : { ...spec, progressDeadlineSeconds },
        status: progressing('ReplicaSetUpdated', 0),
      };
      expect(condition(plan(object, [stuck]).desired?.status, 'Progressing')).toBeUndefined();
    }
  });

  it('resuming restarts the clock', () => {
    const object = deployment(
      {},
      { status: { conditions: [{ type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', lastUpdateTime: at(0), lastTransitionTime: at(0) }] } },
    );
    const next = plan(object, [stuck], START_MS + 5_000_000);
    expect(condition(next.desired?.status, 'Progressing')).toMatchObject({ lastUpdateTime: at(5000) });
  });

  it("a ReplicaSet's failure is the Deployment's", () => {
    const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota', lastTransitionTime: at(3) };
    const failing = replicaSet('now', { image: CURRENT, replicas: 3, available: 0, revision: 1, status: { conditions: [failure] } });
    const next = plan(deployment(), [failing]);
    expect(condition(next.desired?.status, 'ReplicaFailure')).toEqual({ ...failure, lastUpdateTime: at(3) });
    expect(condition(plan(next.desired!, [stuck]).desired?.status, 'ReplicaFailure')).toBeUndefined();
  });
});

it.each<{ name: string; facts: ReplicaSetFacts[]; limit: number; removed: number }>([
  { name: 'two of three', facts: [{}, {}, {}], limit: 1, removed: 2 },
  { name: 'only idle ones', facts: [{}, { status: { replicas: 1 } }, { replicas: 1, available: 0 }, { replicas: 1 }], limit: 0, removed: 1 },
  { name: 'none that are being deleted', facts: [{ metadata: { deletionTimestamp: at(0) } }], limit: 0, removed: 0 },
  { name: 'none without a limit', facts: [{}, {}], limit: 2 ** 31 - 1, removed: 0 },
])('clean-up, upstream cases: $name', ({ facts, limit, removed }) => {
  const old = facts.map((fact, i) => replicaSet(`old-${i}`, fact));
  const object = deployment({ replicas: 1, paused: true, revisionHistoryLimit: limit });
  expect(plan(object, [...old, replicaSet('now', { image: CURRENT, replicas: 1 })]).remove).toHaveLength(removed);
});
