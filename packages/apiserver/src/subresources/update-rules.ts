import type { FieldError, MutableJson } from '@kybern/core';
import { noSuchResource } from '../errors.ts';
import type { Resource } from '../resource.ts';
import type { Strategy, WriteContext } from '../strategy.ts';

/** What an update of an object, or of one of its subresources with the same body, may change and how it is checked. */
export interface UpdateRules {
  /** Counts generations; undefined where the update never touches `spec`. */
  readonly strategy: Strategy | undefined;
  /** Whether {@link Strategy.begin} takes part. */
  readonly reserves: boolean;
  /** Puts back what this update must not change, and normalises the rest. */
  prepare(object: MutableJson, old: MutableJson, context: WriteContext): void;
  validate(object: MutableJson, old: MutableJson, errors: FieldError[]): void;
}

/** The rules for an update through `subresource`. @throws {ApiError} `NotFound` when the kind does not have it */
export function updateRulesFor(resource: Resource, subresource: string | undefined): UpdateRules {
  if (subresource === undefined) return objectRules(resource);
  if (subresource === 'status' && resource.hasStatus) return statusRules(resource);
  if (subresource === 'finalize' && resource.kind.plural === 'namespaces' && resource.kind.group === '') return finalizeRules;
  throw noSuchResource();
}

function objectRules({ strategy, hasStatus }: Resource): UpdateRules {
  return {
    strategy,
    reserves: true,
    prepare(object, old, context) {
      if (hasStatus) replaceField(object, 'status', old.status);
      strategy.prepareForUpdate?.(object, old, context);
    },
    validate(object, old, errors) {
      strategy.validate?.(object, errors);
      strategy.validateUpdate?.(object, old, errors);
    },
  };
}

function statusRules({ strategy }: Resource): UpdateRules {
  return {
    strategy: undefined,
    reserves: false,
    prepare(object, old, context) {
      for (const key of Object.keys(object)) if (key !== 'status' && key !== 'metadata') replaceField(object, key, old[key]);
      for (const key of Object.keys(old)) if (key !== 'status' && key !== 'metadata') object[key] = old[key];
      object.metadata = strategy.statusUpdatesMetadata === false ? old.metadata : object.metadata;
      strategy.prepareForStatusUpdate?.(object, old, context);
    },
    validate(object, old, errors) {
      strategy.validateStatusUpdate?.(object, old, errors);
    },
  };
}

/** Takes finalizers of a namespace away, and changes nothing else. @see kubernetes v1.36 pkg/registry/core/namespace/strategy.go (namespaceFinalizeStrategy) */
const finalizeRules: UpdateRules = {
  strategy: undefined,
  reserves: false,
  prepare(object, old) {
    const finalizers: unknown = object.spec?.finalizers;
    for (const key of Object.keys(object)) delete object[key];
    Object.assign(object, old, { spec: { ...old.spec, finalizers } });
  },
  validate: () => undefined,
};

/** Sets a field, or removes it for undefined. */
export function replaceField(object: MutableJson, name: string, value: unknown): void {
  if (value === undefined) delete object[name];
  else object[name] = value;
}
