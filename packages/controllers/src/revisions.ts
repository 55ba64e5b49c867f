import { deepEqual, type JsonObject, type KubernetesObject, type OwnerReference } from '@kybern/core';
import type { ControllerRevision, PodTemplateSpec } from '@kybern/core/kinds';
import { podTemplateHash } from './pod-template.ts';

/** What {@link computeRevisions} looks at. */
export interface RevisionsInput {
  readonly owner: KubernetesObject;
  /** The owner as the manager of its revisions. */
  readonly reference: OwnerReference;
  readonly template: PodTemplateSpec;
  /** All revisions of the owner. */
  readonly revisions: readonly ControllerRevision[];
  /** How often the name that the hash gives was taken by another template. */
  readonly collisionCount: number | undefined;
  /** The label in which the revision keeps its hash. */
  readonly hashLabel: string;
}

/** The history of an owner's template. */
export interface Revisions {
  /** All there are, the one of the current template last. */
  readonly all: readonly ControllerRevision[];
  /** The one of the current template. */
  readonly newest: ControllerRevision;
  /** Whether {@link Revisions.newest} has to be created, or updated because an older one became the newest again. */
  readonly write: 'create' | 'update' | undefined;
}

/**
 * Finds or makes the revision of the current template. Its name follows from the template, so that a second attempt meets the first one's revision.
 *
 * @see kubernetes v1.36 pkg/controller/statefulset/stateful_set_control.go (getStatefulSetRevisions), pkg/controller/history/controller_history.go
 */
export function computeRevisions(input: RevisionsInput): Revisions {
  const sorted = [...input.revisions].sort(inOrder);
  const data = revisionData(input.template);
  const found = sorted.findLast((revision) => deepEqual(revision.data, data));
  const revision = (sorted.at(-1)?.revision ?? 0) + 1;
  if (found === undefined) return { all: sorted, newest: newRevision(input, data, revision), write: 'create' };
  if (found === sorted.at(-1)) return { all: sorted, newest: found, write: undefined };
  const newest = { ...found, revision };
  return { all: [...sorted.filter((each) => each !== found), newest], newest, write: 'update' };
}

/** The template that a revision holds. */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec | undefined {
  const { template } = (data as { readonly spec?: { readonly template?: PodTemplateSpec & { readonly $patch?: string } } } | undefined)?.spec ?? {};
  if (template === undefined) return undefined;
  const { $patch: _, ...rest } = template;
  return rest;
}

/**
 * The oldest revisions beyond the limit, not counting those that are in use.
 *
 * @param inUse names, or whatever else tells a revision
 * @see kubernetes v1.36 pkg/controller/statefulset/stateful_set_control.go (truncateHistory)
 */
export function surplusRevisions(
  all: readonly ControllerRevision[],
  isInUse: (revision: ControllerRevision) => boolean,
  limit = 10,
): readonly ControllerRevision[] {
  const history = all.filter((revision) => revision.metadata.uid !== undefined && !isInUse(revision));
  return history.slice(0, Math.max(0, history.length - limit));
}

const inOrder = (a: ControllerRevision, b: ControllerRevision): number =>
  a.revision - b.revision ||
  compareText(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
  compareText(a.metadata.name, b.metadata.name);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A patch that restores the template. */
const revisionData = (template: PodTemplateSpec): JsonObject => ({ spec: { template: { ...(template as unknown as JsonObject), $patch: 'replace' } } });

function newRevision({ owner, reference, template, collisionCount, hashLabel }: RevisionsInput, data: JsonObject, revision: number): ControllerRevision {
  const hash = podTemplateHash(template, collisionCount === 0 ? undefined : collisionCount);
  const { namespace, annotations } = owner.metadata;
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${(owner.metadata.name ?? '').slice(0, 223)}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [reference],
    },
    data,
    revision,
  };
}
