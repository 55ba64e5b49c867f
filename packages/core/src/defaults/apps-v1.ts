import type { MutableJson } from '../kind-model.ts';
import { items, pointer, struct, type DefaultsByKind } from './access.ts';
import { setClaimDefaults } from './core-v1.ts';
import { setPodTemplateDefaults } from './pod.ts';

const HISTORY_LIMIT = 10;
const PROGRESS_DEADLINE_SECONDS = 600;

/** @see kubernetes v1.36 pkg/apis/apps/v1/defaults.go */
export const defaults: DefaultsByKind = {
  DaemonSet: setDaemonSetDefaults,
  Deployment: setDeploymentDefaults,
  ReplicaSet: setReplicaSetDefaults,
  StatefulSet: setStatefulSetDefaults,
};

function setDeploymentDefaults(deployment: MutableJson): void {
  const spec = struct(deployment, 'spec');
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= HISTORY_LIMIT;
  spec.progressDeadlineSeconds ??= PROGRESS_DEADLINE_SECONDS;
  const strategy = struct(spec, 'strategy');
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    const rolling = struct(strategy, 'rollingUpdate');
    rolling.maxUnavailable ??= '25%';
    rolling.maxSurge ??= '25%';
  }
  setPodTemplateDefaults(struct(spec, 'template'));
}

function setReplicaSetDefaults(replicaSet: MutableJson): void {
  const spec = struct(replicaSet, 'spec');
  spec.replicas ??= 1;
  setPodTemplateDefaults(struct(spec, 'template'));
}

function setDaemonSetDefaults(daemonSet: MutableJson): void {
  const spec = struct(daemonSet, 'spec');
  spec.revisionHistoryLimit ??= HISTORY_LIMIT;
  const strategy = struct(spec, 'updateStrategy');
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    const rolling = struct(strategy, 'rollingUpdate');
    rolling.maxUnavailable ??= 1;
    rolling.maxSurge ??= 0;
  }
  setPodTemplateDefaults(struct(spec, 'template'));
}

/** `maxUnavailable` has no default: the gate that would give it one is off in v1.36. */
function setStatefulSetDefaults(statefulSet: MutableJson): void {
  const spec = struct(statefulSet, 'spec');
  spec.podManagementPolicy ||= 'OrderedReady';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= HISTORY_LIMIT;
  const strategy = struct(spec, 'updateStrategy');
  if (!strategy.type) {
    strategy.type = 'RollingUpdate';
    struct(strategy, 'rollingUpdate');
  }
  const rolling = strategy.type === 'RollingUpdate' ? pointer(strategy.rollingUpdate) : undefined;
  if (rolling !== undefined) rolling.partition ??= 0;
  const retention = struct(spec, 'persistentVolumeClaimRetentionPolicy');
  retention.whenDeleted ||= 'Retain';
  retention.whenScaled ||= 'Retain';
  for (const claim of items(spec.volumeClaimTemplates)) setClaimTemplateDefaults(claim);
  setPodTemplateDefaults(struct(spec, 'template'));
}

/** @see kubernetes v1.36 pkg/apis/apps/v1/conversion.go (Convert_apps_StatefulSetSpec_To_v1_StatefulSetSpec) */
function setClaimTemplateDefaults(claim: MutableJson): void {
  claim.apiVersion ||= 'v1';
  claim.kind ||= 'PersistentVolumeClaim';
  setClaimDefaults(claim);
}
