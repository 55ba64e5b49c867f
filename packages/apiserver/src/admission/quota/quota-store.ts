import { deepEqual, formatQuantity, type Kind, type KubernetesObject } from '@kybern/core';
import type { ResourceQuota, ResourceQuotaStatus } from '@kybern/core/kinds';
import { isCompareFailed, plainChange, type Change, type CommitOptions, type CommitResult, type StateSnapshot, type StateStore } from '@kybern/state';
import { forbidden } from '../../authorization.ts';
import { carryLedger } from '../../managed-fields/ledger.ts';
import type { ObjectTable } from '../../object-table.ts';
import { charge, transferTo, usedOf, type Transfer } from './ledger.ts';
import { resourceOfName } from './usage.ts';
import { withCommit } from '../../with-commit.ts';

const PREFIX = '/registry/';
/** Where quotas are stored. */
export const QUOTA_PREFIX = '/registry/core/resourcequotas/';
/** How often other servers over the same store may be first. */
const MAX_ATTEMPTS = 1000;

/** What a {@link withQuotas} store works with. */
export interface QuotaParts {
  readonly quotas: ObjectTable<ResourceQuota>;
  /** The kind of a resource such as `pods` or `deployments.apps`, for messages. */
  kindOf(resource: string): Kind | undefined;
}

/**
 * A store whose commits keep to the ResourceQuotas in it: what a commit adds to a quota's use, or takes from it, is written into the quota's status in the
 * same commit, bound to the state that the quota has. So `status.used` is what the objects in the store use, at every revision, whoever writes and however
 * many at once, and a commit that would exceed a quota is refused. Whatever clients write into a quota's status is replaced by what is true.
 *
 * A commit of a server without quotas costs one look at a table.
 *
 * @throws {ApiError} `Forbidden`, as a rejection of `commit`
 */
export function withQuotas(state: StateStore, parts: QuotaParts): StateStore {
  const commit = async (changes: readonly Change[], options?: CommitOptions): Promise<CommitResult> => {
    for (let attempt = 1; ; attempt++) {
      const charged = withCharges(state.snapshot(), changes, parts);
      try {
        return await state.commit(charged, options);
      } catch (error) {
        // What the caller did not bind to a state is bound here, so that what it takes from the quota is what was there.
        const own = isCompareFailed(error) && !changes.some(({ key, expect }) => key === error.key && expect !== undefined);
        if (!own || attempt >= MAX_ATTEMPTS) throw error;
      }
    }
  };
  return withCommit(state, (offered, options) => {
    const changes = offered.map(plainChange);
    return parts.quotas.isEmpty() && !changes.some(isQuotaWrite) ? state.commit(changes, options) : commit(changes, options);
  });
}

/** Whether a write fits into the quotas, for those that are only tried. @throws {ApiError} `Forbidden` */
export function checkQuotas(state: StateStore, change: Change, parts: QuotaParts): void {
  if (!parts.quotas.isEmpty()) withCharges(state.snapshot(), [change], parts);
}

function isQuotaWrite({ key, value }: Change): boolean {
  return value !== undefined && key.startsWith(QUOTA_PREFIX);
}

/** The changes with those of the quotas that they concern. @throws {ApiError} `Forbidden` */
function withCharges(snapshot: StateSnapshot, changes: readonly Change[], parts: QuotaParts): readonly Change[] {
  const truthful = changes.map((change) => (isQuotaWrite(change) ? withTrueStatus(snapshot, change, changes) : change));
  const written = new Set(changes.map(({ key }) => key));
  const charged = new Map<string, ResourceQuota>();
  for (const change of changes) {
    const at = parseKey(change.key);
    if (at === undefined) continue;
    const record = snapshot.get(change.key);
    // It will be refused as stale: what it would use does not matter.
    if (change.expect !== undefined && change.expect !== (record?.modRevision ?? 0)) return changes;
    const transfer = { resource: at.resource, before: record?.value, after: change.value };
    for (const quota of parts.quotas.list(at.namespace)) {
      const key = `${QUOTA_PREFIX}${at.namespace}/${quota.metadata.name}`;
      if (written.has(key)) continue; // its status is counted anew
      const next = chargeOne(charged.get(key) ?? quota, transfer, parts);
      if (next !== undefined) charged.set(key, next);
    }
  }
  const bound = (change: Change): Change => ({ ...change, expect: change.expect ?? snapshot.get(change.key)?.modRevision ?? 0 });
  return [...truthful, ...[...charged].map(([key, value]) => ({ key, value }))].map(bound);
}

function chargeOne(quota: ResourceQuota, transfer: Transfer, parts: QuotaParts): ResourceQuota | undefined {
  const moved = transferTo(quota, transfer);
  if (moved.size === 0) return undefined;
  const result = charge(quota, moved);
  if (result.fits) return withStatus(quota, result.status);
  const kind = parts.kindOf(transfer.resource) ?? ({ group: '', plural: transfer.resource } as Kind);
  throw forbidden({ kind, name: transfer.after?.metadata.name }, result.reason);
}

/** A quota as it is written, with the status that it has in truth once `changes` are stored. */
function withTrueStatus(snapshot: StateSnapshot, change: Change, changes: readonly Change[]): Change {
  const quota = change.value as ResourceQuota;
  const hard = quota.spec.hard ?? {};
  const { namespace = '' } = quota.metadata;
  const resources = new Set(Object.keys(hard).flatMap((name) => resourceOfName(name) ?? []));
  const used = usedOf(quota, resources, (resource) => objectsAfter(snapshot, prefixOf(resource, namespace), changes));
  const known = Object.keys(hard).filter((name) => resourceOfName(name) !== undefined);
  const status = { hard, used: Object.fromEntries(known.map((name) => [name, formatQuantity(used.get(name) ?? '0')])) };
  if (deepEqual(status, quota.status)) return change;
  if (Object.isFrozen(quota)) return { ...change, value: withStatus(quota, status) };
  (quota as { status?: ResourceQuotaStatus }).status = status;
  return change;
}

/** The next version of a quota. Who owns its fields stays: it is the system that counts. */
function withStatus(quota: ResourceQuota, status: ResourceQuotaStatus): ResourceQuota {
  return carryLedger({ ...quota, metadata: { ...quota.metadata }, status }, quota);
}

/** The objects under a prefix, once the changes are stored. */
function* objectsAfter(snapshot: StateSnapshot, prefix: string, changes: readonly Change[]): Generator<KubernetesObject> {
  const written = new Map(changes.filter(({ key }) => key.startsWith(prefix)).map(({ key, value }) => [key, value]));
  for (const { key, value } of snapshot.range(prefix).records) if (!written.has(key)) yield value;
  for (const value of written.values()) if (value !== undefined) yield value;
}

/** `/registry/apps/deployments/web/` of `deployments.apps`. */
function prefixOf(resource: string, namespace: string): string {
  const dot = resource.indexOf('.');
  const [plural, group] = dot < 0 ? [resource, 'core'] : [resource.slice(0, dot), resource.slice(dot + 1)];
  return `${PREFIX}${group}/${plural}/${namespace}/`;
}

/** What a key is about; undefined for kinds of Cluster scope. */
function parseKey(key: string): { readonly resource: string; readonly namespace: string } | undefined {
  const [group = '', plural = '', namespace, name] = key.slice(PREFIX.length).split('/');
  if (namespace === undefined || name === undefined) return undefined;
  return { resource: group === 'core' ? plural : `${plural}.${group}`, namespace };
}
