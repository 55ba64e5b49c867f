import { deepEqual, type KubernetesObject, type MutableJson } from '@kybern/core';
import type { ClusterRole, PolicyRule, RoleBinding, Subject } from '@kybern/core/kinds';
import { isCompareFailed, type Change, type StateStore } from '@kybern/state';
import { AUTOUPDATE, defaultPolicy } from './default-policy.ts';
import { uncoveredRules } from './escalation.ts';

/** How often another server may come between. */
const MAX_ATTEMPTS = 5;

/** What new objects get. */
export interface NewObjects {
  uid(): string;
  /** The time as Kubernetes writes it. */
  now(): string;
}

/**
 * Brings the default roles and bindings into the store, as one commit if the store takes so many changes: missing objects are created, objects that are there get the rules, subjects, labels
 * and annotations that they lack. What people added stays; objects annotated with `autoupdate: "false"` stay as they are.
 */
export async function ensureDefaultPolicy(state: StateStore, fresh: NewObjects): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const changes = planPolicy(state, fresh);
    const size = state.maxChanges ?? changes.length;
    try {
      for (let at = 0; at < changes.length; at += size) await state.commit(changes.slice(at, at + size));
      return;
    } catch (error) {
      if (!isCompareFailed(error) || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

function planPolicy(state: StateStore, { uid, now }: NewObjects): Change[] {
  const snapshot = state.snapshot();
  const changes: Change[] = [];
  for (const { key, object } of defaultPolicy()) {
    const record = snapshot.get(key);
    if (record === undefined) {
      changes.push({ key, value: { ...object, metadata: { ...object.metadata, uid: uid(), creationTimestamp: now() } }, expect: 0 });
      continue;
    }
    const next = reconcilePolicyObject(record.value, object);
    if (next !== record.value) changes.push({ key, value: next, expect: record.modRevision });
  }
  return changes;
}

/**
 * What `found` has to become so that it is and grants at least what `wanted` does.
 *
 * Pure. A binding to another role is replaced, since a reference to a role cannot change.
 *
 * @returns `found` itself when nothing is missing
 * @see kubernetes v1.36 staging/src/k8s.io/component-helpers/auth/rbac/reconciliation (reconcile_role.go, reconcile_rolebindings.go)
 */
export function reconcilePolicyObject(found: KubernetesObject, wanted: KubernetesObject): KubernetesObject {
  if (found.metadata.annotations?.[AUTOUPDATE] === 'false') return found;
  const changed =
    'roleRef' in wanted ? reconcileBinding(found as RoleBinding, wanted as RoleBinding) : reconcileRole(found as ClusterRole, wanted as ClusterRole);
  const labels = withMissing(found.metadata.labels, wanted.metadata.labels);
  const annotations = withMissing(found.metadata.annotations, wanted.metadata.annotations);
  if (changed === undefined && labels === found.metadata.labels && annotations === found.metadata.annotations) return found;
  return { ...found, ...changed, metadata: { ...found.metadata, ...present('labels', labels), ...present('annotations', annotations) } };
}

type Texts = Readonly<Record<string, string>> | undefined;

function present(name: string, value: Texts): object {
  return value === undefined ? {} : { [name]: value };
}

/** What is there wins. */
function withMissing(found: Texts, wanted: Texts): Texts {
  if (Object.keys(wanted ?? {}).every((key) => found?.[key] !== undefined)) return found;
  return { ...wanted, ...found };
}

function reconcileRole(found: ClusterRole, wanted: ClusterRole): MutableJson | undefined {
  const selectors = found.aggregationRule?.clusterRoleSelectors ?? [];
  const wantedSelectors = wanted.aggregationRule?.clusterRoleSelectors ?? [];
  const missingSelectors = wantedSelectors.filter((selector) => !selectors.some((each) => deepEqual(each, selector)));
  // The rules of an aggregated role are the business of its controller.
  const missing: readonly PolicyRule[] = wanted.aggregationRule === undefined ? uncoveredRules(found.rules ?? [], wanted.rules ?? []) : [];
  if (missing.length === 0 && missingSelectors.length === 0) return undefined;
  return {
    ...(missing.length === 0 ? {} : { rules: [...(found.rules ?? []), ...missing] }),
    ...(missingSelectors.length === 0 ? {} : { aggregationRule: { clusterRoleSelectors: [...selectors, ...missingSelectors] } }),
  };
}

function reconcileBinding(found: RoleBinding, wanted: RoleBinding): MutableJson | undefined {
  const subjects: readonly Subject[] = found.subjects ?? [];
  const missing = (wanted.subjects ?? []).filter((subject) => !subjects.some((each) => isSameSubject(each, subject)));
  const moved = !deepEqual(found.roleRef, wanted.roleRef);
  if (missing.length === 0 && !moved) return undefined;
  return { roleRef: wanted.roleRef, subjects: [...subjects, ...missing] };
}

function isSameSubject(a: Subject, b: Subject): boolean {
  return a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '') && (a.apiGroup ?? '') === (b.apiGroup ?? '');
}
