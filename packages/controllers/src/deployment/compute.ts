import { apiVersionOf, deepEqual, ownerReference, type NamedObjectMeta } from '@kybern/core';
import { Deployment, type DeploymentStatus, type ReplicaSet } from '@kybern/core/kinds';
import { equalIgnoringHash, POD_TEMPLATE_HASH, podTemplateHash } from '../pod-template.ts';
import type { PlannedEvent } from '../planned-event.ts';
import { oldPodsRemain, startNewest, stopOld } from './recreate.ts';
import { newestAnnotations, nextRevision, recordSize, revisionOf } from './revision.ts';
import { rollingUpdate } from './rolling-update.ts';
import { byAge, currentRollout, members, REVISION, sizeOf, unchanged, type Member, type Rollout } from './rollout.ts';
import { isScalingEvent, scale } from './scaling.ts';
import { computeStatus, isComplete, progressCheckMs } from './status.ts';
import { historyLimit, isRollingUpdate } from './strategy.ts';

/** What {@link computeDeployment} looks at. */
export interface DeploymentInput {
  /** Wall time in ms. */
  readonly nowMs: number;
  readonly deployment: Deployment;
  /** All ReplicaSets that the Deployment controls. */
  readonly replicaSets: readonly ReplicaSet[];
}

/** What to do so that a Deployment comes a step nearer to what is desired. */
export interface DeploymentPlan {
  /** The ReplicaSet of the current template, to be created before anything else. */
  readonly create: ReplicaSet | undefined;
  /** ReplicaSets as they shall be, those that grow first. */
  readonly update: readonly ReplicaSet[];
  /** ReplicaSets beyond the history limit. */
  readonly remove: readonly ReplicaSet[];
  /** The Deployment with its new status and revision; undefined when both are as they are. Written after the rest. */
  readonly desired: Deployment | undefined;
  readonly events: readonly PlannedEvent[];
  /** When to look again if nothing happens, in ms. */
  readonly requeueAfterMs: number | undefined;
}

const NOTHING: DeploymentPlan = { create: undefined, update: [], remove: [], desired: undefined, events: [], requeueAfterMs: undefined };
const MAX_NAME_LENGTH = 253;

/**
 * Computes the next step of a Deployment: the ReplicaSet to create, sizes, annotations, clean-up, status.
 *
 * Pure: reads only `input`; the same input gives the same plan. The sum of sizes never exceeds `replicas + maxSurge` by a plan, nor does a plan
 * bring the available Pods below `replicas - maxUnavailable`. A plan may hold several of the steps for which Kubernetes' controller takes one run
 * each, so that there are fewer writes; the order of the steps is the same.
 *
 * @see kubernetes v1.36 pkg/controller/deployment/deployment_controller.go (syncDeployment)
 */
export function computeDeployment({ nowMs, deployment, replicaSets }: DeploymentInput): DeploymentPlan {
  if (selectsAll(deployment)) return refuse(deployment);
  const start = startingPoint(deployment, replicaSets);
  const { rollout, judgeProgress } = advance(start);
  const status = computeStatus({ nowMs, rollout, judgeProgress });
  const deleting = deployment.metadata.deletionTimestamp !== undefined;
  const newest = rollout.newest && finish(rollout, rollout.newest);
  const create = newest?.metadata.uid === undefined ? newest : undefined;
  return {
    create,
    update: deleting ? [] : updates(rollout),
    remove: !deleting && (!judgeProgress || isComplete(deployment, status)) ? beyondHistory(rollout) : [],
    desired: withStatus(deployment, status, newest),
    events: scalingEvents(rollout),
    requeueAfterMs: judgeProgress ? progressCheckMs(deployment, status, nowMs) : undefined,
  };
}

function selectsAll({ spec: { selector } }: Deployment): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

function refuse(deployment: Deployment): DeploymentPlan {
  const message = 'This deployment is selecting all pods. A non-empty selector is required.';
  const status = { ...deployment.status, ...(deployment.metadata.generation === undefined ? {} : { observedGeneration: deployment.metadata.generation }) };
  return { ...NOTHING, desired: withStatus(deployment, status, undefined), events: [{ type: 'Warning', reason: 'SelectingAll', message }] };
}

/** The oldest ReplicaSet that has the template is the newest of the rollout, so that two controllers agree which it is. */
function startingPoint(deployment: Deployment, replicaSets: readonly ReplicaSet[]): Rollout {
  const sorted = replicaSets
    .map(unchanged)
    .sort(byAge)
    .map((member) => member.replicaSet);
  const newest = sorted.find((replicaSet) => equalIgnoringHash(replicaSet.spec.template, deployment.spec.template));
  return currentRollout(
    deployment,
    newest,
    sorted.filter((replicaSet) => replicaSet !== newest),
  );
}

interface Step {
  readonly rollout: Rollout;
  readonly judgeProgress: boolean;
}

function advance(rollout: Rollout): Step {
  const { deployment } = rollout;
  if (deployment.metadata.deletionTimestamp !== undefined) return { rollout, judgeProgress: false };
  if (deployment.spec.paused === true || isScalingEvent(rollout)) return { rollout: scale(rollout), judgeProgress: false };
  return { rollout: isRollingUpdate(deployment) ? rollingUpdate(withNewest(rollout)) : recreate(rollout), judgeProgress: true };
}

function recreate(rollout: Rollout): Rollout {
  const stopped = stopOld(rollout);
  return oldPodsRemain(stopped) ? stopped : startNewest(withNewest(stopped));
}

function withNewest(rollout: Rollout): Rollout {
  return rollout.newest === undefined ? { ...rollout, newest: { replicaSet: newReplicaSet(rollout.deployment), replicas: 0, recordSize: true } } : rollout;
}

function newReplicaSet(deployment: Deployment): ReplicaSet {
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = podTemplateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [POD_TEMPLATE_HASH]: hash };
  const { namespace } = deployment.metadata;
  const metadata: NamedObjectMeta = {
    // The name follows from the template, so that a second attempt meets the first one's ReplicaSet.
    name: `${deployment.metadata.name.slice(0, MAX_NAME_LENGTH - 1 - hash.length)}-${hash}`,
    ...(namespace === undefined ? {} : { namespace }),
    labels,
    ownerReferences: [ownerReference(Deployment, deployment, { controller: true })],
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata,
    spec: {
      replicas: 0,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [POD_TEMPLATE_HASH]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** Those that grow come first, so that availability never waits for a later write. */
function updates(rollout: Rollout): readonly ReplicaSet[] {
  const existing = members(rollout).filter((member) => member.replicaSet.metadata.uid !== undefined);
  const changed = existing.map((member) => ({ member, desired: finish(rollout, member) })).filter(({ member, desired }) => desired !== member.replicaSet);
  const grows = ({ replicas, replicaSet }: Member): boolean => replicas > sizeOf(replicaSet);
  return [...changed.filter(({ member }) => grows(member)), ...changed.filter(({ member }) => !grows(member))].map(({ desired }) => desired);
}

/** A member's ReplicaSet as it shall be; the same object when it is so already. */
function finish(rollout: Rollout, member: Member): ReplicaSet {
  const { deployment, bounds, newest, old } = rollout;
  const { replicaSet, replicas } = member;
  const isNewest = member === newest;
  const current = replicaSet.metadata.annotations;
  const revised = isNewest ? newestAnnotations(deployment, current, nextRevision(old.map((other) => other.replicaSet))) : (current ?? {});
  const annotations = member.recordSize ? recordSize(revised, bounds) : revised;
  const minReadySeconds = isNewest ? (deployment.spec.minReadySeconds ?? 0) : (replicaSet.spec.minReadySeconds ?? 0);
  const sameSpec = replicas === sizeOf(replicaSet) && minReadySeconds === (replicaSet.spec.minReadySeconds ?? 0);
  if (sameSpec && deepEqual(annotations, current ?? {})) return replicaSet;
  return {
    ...replicaSet,
    metadata: { ...replicaSet.metadata, annotations },
    spec: sameSpec
      ? replicaSet.spec
      : { ...replicaSet.spec, replicas, ...(minReadySeconds === (replicaSet.spec.minReadySeconds ?? 0) ? {} : { minReadySeconds }) },
  };
}

/** @see kubernetes v1.36 pkg/controller/deployment/sync.go (cleanupDeployment) */
function beyondHistory(rollout: Rollout): readonly ReplicaSet[] {
  const limit = historyLimit(rollout.deployment);
  const alive = rollout.old.filter((member) => member.replicaSet.metadata.deletionTimestamp === undefined);
  if (limit === undefined || alive.length <= limit) return [];
  const byRevision = [...alive].sort((a, b) => revisionOf(a.replicaSet) - revisionOf(b.replicaSet) || byAge(a, b));
  return byRevision
    .slice(0, alive.length - limit)
    .filter(isIdle)
    .map((member) => member.replicaSet);
}

function isIdle({ replicaSet: { metadata, spec, status }, replicas }: Member): boolean {
  const seen = (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0);
  return replicas === 0 && spec.replicas === 0 && (status?.replicas ?? 0) === 0 && seen;
}

function scalingEvents(rollout: Rollout): readonly PlannedEvent[] {
  const ordered = rollout.newest === undefined ? rollout.old : [rollout.newest, ...rollout.old];
  return ordered.flatMap(({ replicaSet, replicas }): readonly PlannedEvent[] => {
    const before = sizeOf(replicaSet);
    if (replicas === before) return [];
    const direction = replicas > before ? 'up' : 'down';
    return [
      { type: 'Normal', reason: 'ScalingReplicaSet', message: `Scaled ${direction} replica set ${replicaSet.metadata.name} from ${before} to ${replicas}` },
    ];
  });
}

/** The revision is an annotation, which the status subresource of Deployments lets through: one write for both. */
function withStatus(deployment: Deployment, status: DeploymentStatus, newest: ReplicaSet | undefined): Deployment | undefined {
  const annotations = deployment.metadata.annotations;
  const revision = newest?.metadata.annotations?.[REVISION];
  const sameRevision = revision === undefined || annotations?.[REVISION] === revision;
  if (sameRevision && deepEqual(status, deployment.status ?? {})) return undefined;
  return {
    ...deployment,
    apiVersion: apiVersionOf(Deployment) as Deployment['apiVersion'],
    metadata: sameRevision ? deployment.metadata : { ...deployment.metadata, annotations: { ...annotations, [REVISION]: revision } },
    status,
  };
}
