import { invalid, type FieldError, type KubernetesObject, type MutableJson } from '@kybern/core';
import { badRequest } from './errors.ts';
import { checkIdentity, setNamespace } from './object-meta.ts';
import type { ApiRequest } from './request.ts';
import type { LoadedModel, Resource } from './resource.ts';
import { typeErrorOf } from './type-error.ts';

/** A body on its way through decoding. */
export interface Body {
  readonly resource: Resource;
  readonly request: ApiRequest;
  readonly model: LoadedModel;
  readonly warnings: string[];
  /** The object as it is stored: what the body has from it, by reference, is as it should be, and stays frozen. Default: nothing is. */
  readonly known?: KubernetesObject | undefined;
}

/**
 * Makes the private copy of a body: pruned, checked to be of the request's kind, with defaults.
 *
 * @throws {ApiError} `BadRequest`; with `fieldValidation: 'Strict'` also for fields that the schema does not know
 */
export function decodeObject(value: unknown, body: Body): MutableJson {
  const { resource, request, model, known } = body;
  checkIdentity(value, resource);
  const { object, pruned } = model.decode(value, known);
  if (pruned || request.duplicates !== undefined) reportUnknownFields(value, body);
  setNamespace(object.metadata, resource, request);
  setDefaults(object, body);
  return object;
}

/** Defaults come before validation, so they meet bodies of any shape. What they stumble over is for the schema to name. */
function setDefaults(object: MutableJson, { resource, model }: Body): void {
  try {
    model.setDefaults(object);
  } catch (error) {
    const found = model.validate(object);
    throwTypeError(found, object, { resource, model });
    assertValid(resource, String(object.metadata.name ?? ''), found);
    throw error;
  }
}

function reportUnknownFields(value: unknown, { resource: { kind }, request: { options, duplicates = [] }, model, warnings }: Body): void {
  if (options?.fieldValidation === 'Ignore') return;
  const texts = [...duplicates, ...model.unknownFields(value).map((path) => `unknown field "${path}"`)];
  if (options?.fieldValidation === 'Strict' && texts.length > 0) {
    throw badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: strict decoding error: ${texts.join(', ')}`);
  }
  warnings.push(...texts);
}

/**
 * Checks an object against its schema. Everything after this may rely on the types that the schema promises.
 *
 * @param checkMetadata adds what is wrong with the metadata, so that one answer names it all
 * @throws {ApiError} `BadRequest` for a value of the wrong type in a built-in kind; `Invalid`
 */
export function assertSchema(object: MutableJson, { resource, model }: Body, checkMetadata: (errors: FieldError[]) => void): void {
  const found = model.validate(object);
  if (found.length === 0) return;
  throwTypeError(found, object, { resource, model });
  const errors: FieldError[] = [];
  checkMetadata(errors);
  for (const error of found) if (!errors.some(({ field }) => field === error.field)) errors.push(error);
  assertValid(resource, String(object.metadata.name ?? ''), errors);
}

function throwTypeError(found: readonly FieldError[], object: MutableJson, { resource, model }: Pick<Body, 'resource' | 'model'>): void {
  const error = typeErrorOf(found, { resource, schema: model.schema, object });
  if (error !== undefined) throw error;
}

/** @throws {ApiError} `Invalid` when there are errors */
export function assertValid(resource: Pick<Resource, 'kind'>, name: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(resource.kind, name, errors);
}
