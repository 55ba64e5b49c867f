import type { FieldError, MutableJson } from '@kybern/core';
import { noSuchResource } from '../errors.ts';
import type { Resource } from '../resource.ts';
import type { Strategy, WriteContext } from '../strategy.ts';
import { partRules } from './part-rules.ts';

/** What an update of an object, or of one of its subresources with the same body, may change and how it is checked. */
export interface UpdateRules {
  /** Counts generations; undefined where the update never touches `spec`. */
  readonly strategy: Strategy | undefined;
  /** Whether {@link Strategy.begin} takes part. */
  readonly reserves: boolean;
  /** The top-level fields that it takes from the body, besides metadata; undefined: all. {@link prepare} puts the others back. */
  readonly takes?: readonly string[];
  /** Puts back what this update must not change, and normalises the rest. */
  prepare(object: MutableJson, old: MutableJson, context: WriteContext): void;
  validate(object: MutableJson, old: MutableJson, errors: FieldError[]): void;
}

/** The rules for an update through `subresource`. @throws {ApiError} `NotFound` when the kind does not have it */
export function createUpdateRules(resource: Resource, subresource: string | undefined): UpdateRules {
  if (subresource === undefined) return objectRules(resource);
  if (subresource === 'status' && resource.hasStatus) return statusRules(resource);
  const rules = partRules(resource, subresource);
  if (rules === undefined) throw noSuchResource();
  return rules;
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
      if (!isAllInSpec(object) || object.spec !== old.spec) strategy.validate?.(object, errors);
      strategy.validateUpdate?.(object, old, errors);
    },
  };
}

/** Whether all that a kind says is in its spec, so that an object with the same spec need not be checked again. */
function isAllInSpec(object: MutableJson): boolean {
  if (object.spec === undefined) return false;
  for (const key in object) if (key !== 'spec' && key !== 'status' && key !== 'metadata' && key !== 'apiVersion' && key !== 'kind') return false;
  return true;
}

const STATUS: readonly string[] = ['status'];

function statusRules({ strategy }: Resource): UpdateRules {
  return {
    strategy: undefined,
    reserves: false,
    takes: STATUS,
    prepare(object, old, context) {
      keepAllBut(object, old, STATUS);
      if (strategy.statusUpdatesMetadata === false) object.metadata = old.metadata;
      strategy.prepareForStatusUpdate?.(object, old, context);
    },
    validate(object, old, errors) {
      strategy.validateStatusUpdate?.(object, old, errors);
    },
  };
}

/** Puts back every field but metadata and `changed`. */
export function keepAllBut(object: MutableJson, old: MutableJson, changed: readonly string[]): void {
  for (const key of Object.keys(object)) if (key !== 'metadata' && !changed.includes(key)) replaceField(object, key, old[key]);
  for (const key of Object.keys(old)) if (key !== 'metadata' && !changed.includes(key)) object[key] = old[key];
}

/** Sets a field, or removes it for undefined. */
export function replaceField(object: MutableJson, name: string, value: unknown): void {
  if (value !== undefined) object[name] = value;
  else if (object[name] !== undefined) delete object[name];
}
