import type { MutableJson } from '@kybern/core';
import type { CustomResourceDefinition } from '@kybern/core/kinds';
import { assertValid } from '../prepare.ts';
import type { Strategy, WriteContext } from '../strategy.ts';
import { validateObjectMeta } from '../validation/object-meta.ts';
import { computeStatus, withCondition } from './definition/status.ts';

/** Holds a definition until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/**
 * CustomResourceDefinitions. What checks them is loaded with the first one that is written.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition/strategy.go, etcd.go
 */
export const customResourceDefinitionStrategy: Strategy = {
  generation: true,
  unconditionalUpdate: false,
  statusUpdatesMetadata: false,
  generationChanged: (object, old) => object.spec !== old.spec,
  prepareForCreate(object, context) {
    object.status = {};
    object.status = statusOf(object, context);
  },
  prepareForUpdate(object, _old, context) {
    object.status = statusOf(object, context);
  },
  async check(object, old, { env, resource, warnings }) {
    const { validateDefinition } = await env.pending(import('./definition/validate-definition.ts'));
    const { errors, warnings: found } = await env.pending(validateDefinition(object, old));
    if (old === undefined) validateObjectMeta(object.metadata, resource, errors);
    assertValid(resource, String(object.metadata.name ?? ''), errors);
    warnings.push(...found);
  },
  /** A definition that is not being deleted yet is to be marked, whether or not there are objects. */
  isHeld: ({ metadata }) => metadata.deletionTimestamp === undefined,
  prepareForDelete(object, { now }) {
    if (object.metadata.finalizers?.includes(CLEANUP_FINALIZER) === true || isTerminating(object)) return;
    object.metadata.finalizers = [...(object.metadata.finalizers ?? []), CLEANUP_FINALIZER];
    object.status = { ...object.status, conditions: withCondition(object.status?.conditions ?? [], { type: 'Terminating', ...PENDING }, now) };
  },
};

const PENDING = {
  status: 'True',
  reason: 'InstanceDeletionPending',
  message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
};

function isTerminating({ status }: MutableJson): boolean {
  return (status?.conditions ?? []).some(({ type }: { readonly type: string }) => type === 'Terminating');
}

/** The names are settled in the write itself, so that a kind can be used as soon as its definition is there. */
function statusOf(object: MutableJson, { env, now }: WriteContext): MutableJson {
  const definition = object as CustomResourceDefinition;
  return computeStatus({ definition, taken: env.definitions.takenNames(definition), now });
}
