import { alreadyExists, ApiError, deepFreeze, isAlreadyExists, type FieldError, type KubernetesObject, type MutableJson } from '@kybern/core';
import { isCompareFailed, type CommitResult, type StateRecord } from '@kybern/state';
import { runMutating, runValidating, type AdmissionAttributes } from '../admission/admission.ts';
import type { Environment } from '../environment.ts';
import { noteOf, type CreateNote } from '../managed-fields/books.ts';
import { generateName, newMetadata } from '../object-meta.ts';
import { assertSchema, assertValid, decodeObject, type Body } from '../prepare.ts';
import { NO_WARNINGS, type ApiRequest, type ApiResponse } from '../request.ts';
import { objectKey, type Resource } from '../resource.ts';
import { writeContext, type WriteContext } from '../strategy.ts';
import { validateObjectMeta } from '../validation/object-meta.ts';

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go (maxNameGenerationCreateAttempts) */
const MAX_NAME_ATTEMPTS = 8;

/** Creates one object. */
export function createObject(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  const { model } = resource;
  if (model === undefined) return resource.loadModel().then(() => createObject(env, resource, request));
  const warnings: string[] = [];
  const object = decodeNew(request.body, { resource, request, model, warnings });
  return createDecoded(object, writeContext(env, resource, { request, warnings }));
}

/** The private copy of a new object: pruned, with defaults, of the right types. @throws {ApiError} `BadRequest`, `Invalid` */
export function decodeNew(value: unknown, body: Body): MutableJson {
  const object = decodeObject(value, body);
  assertSchema(object, body, (errors) => validateObjectMeta(object.metadata, body.resource, errors));
  return object;
}

/** The rest of a create, from a decoded object on. */
export function createDecoded(object: MutableJson, context: WriteContext): Promise<ApiResponse> {
  if (context.resource.strategy.answer !== undefined) return answer(object, context);
  const { name, generateName: base } = object.metadata;
  const named = (name !== undefined && name !== '') || typeof base !== 'string' || base === '';
  return named ? admitAndStore(object, context) : createGenerated(object, context);
}

/** Answers an object that is a question. */
async function answer(object: MutableJson, context: WriteContext): Promise<ApiResponse> {
  return created(deepFreeze((await context.resource.strategy.answer?.(object, context)) as KubernetesObject), context);
}

function created(object: KubernetesObject, { warnings }: WriteContext): ApiResponse {
  return { type: 'object', code: 201, object, warnings: warnings.length === 0 ? NO_WARNINGS : warnings, deleted: false };
}

/** Tries names until one is free. */
async function createGenerated(object: MutableJson, context: WriteContext): Promise<ApiResponse> {
  for (let attempt = 1; ; attempt++) {
    object.metadata.name = generateName(object.metadata.generateName as string, context.env);
    try {
      return await admitAndStore(object, context);
    } catch (error) {
      if (attempt >= MAX_NAME_ATTEMPTS || !isAlreadyExists(error)) throw explainCollision(error);
    }
  }
}

async function admitAndStore(object: MutableJson, context: WriteContext): Promise<ApiResponse> {
  const { resource, request } = context;
  const note = noteOf(object);
  const chain = resource.admission('CREATE', undefined);
  const attributes = admissionAttributes(object, context);
  const mutating = runMutating(chain, attributes);
  if (mutating !== undefined) await mutating;
  prepare(object, context);
  const checking = resource.strategy.check?.(object, undefined, context);
  if (checking !== undefined) await checking;
  const reservation = resource.strategy.begin?.(object, undefined, context);
  let stored = false;
  try {
    validateCreate(object, context);
    const validating = runValidating(chain, attributes);
    if (validating !== undefined) await validating;
    if (request.options?.dryRun === true) return created(await pretend(object, { context, note }), context);
    const { records } = await store(object, { context, note });
    stored = true;
    context.env.memory.forget(resource.prefix);
    return created(resource.read((records[0] as StateRecord).value), context);
  } catch (error) {
    throw isCompareFailed(error) ? alreadyExists(resource.kind, object.metadata.name as string) : error;
  } finally {
    if (stored) reservation?.commit();
    else reservation?.rollback();
  }
}

function prepare(object: MutableJson, context: WriteContext): void {
  const { env, resource, now } = context;
  const { strategy } = resource;
  object.metadata = newMetadata(object.metadata, env, { now, generation: strategy.generation === true });
  if (resource.hasStatus && strategy.statusOnCreate !== true && object.status !== undefined) delete object.status;
  strategy.prepareForCreate?.(object, context);
}

interface Noted {
  readonly context: WriteContext;
  readonly note: CreateNote;
}

function store(object: MutableJson, { context, note }: Noted): Promise<CommitResult> {
  const { env, resource } = context;
  const { namespace, name } = object.metadata;
  const value = asStored(object, { context, note });
  env.siblings.settle(value, resource);
  return env.state.commit([{ key: objectKey(resource, namespace, name), value, expect: 0 }]);
}

/** A dry run: everything but the write. @throws {ApiError} `AlreadyExists` */
async function pretend(object: MutableJson, { context, note }: Noted): Promise<KubernetesObject> {
  const { env, resource } = context;
  const { namespace, name } = object.metadata;
  if ((await env.state.get(objectKey(resource, namespace, name))) !== undefined) throw alreadyExists(resource.kind, name as string);
  return resource.read(deepFreeze(asStored(object, { context, note })));
}

/** The object as it is stored, with a note of who made it. What is stored as another kind may have its fields in another order. */
function asStored(object: MutableJson, { context, note }: Noted): KubernetesObject {
  const value = context.resource.toStored(object as KubernetesObject);
  context.env.books.created(value, context, value === object ? note : { ...note, specFields: Infinity });
  return value;
}

function validateCreate(object: MutableJson, { resource, warnings }: WriteContext): void {
  const { strategy } = resource;
  const errors: FieldError[] = [];
  validateObjectMeta(object.metadata, resource, errors);
  strategy.validate?.(object, errors);
  assertValid(resource, String(object.metadata.name ?? ''), errors);
  if (strategy.warningsOnCreate !== undefined) for (const warning of strategy.warningsOnCreate(object)) warnings.push(warning);
}

function admissionAttributes(object: MutableJson, { env, resource, request, warnings }: WriteContext): AdmissionAttributes {
  return {
    operation: 'CREATE',
    kind: resource.kind,
    namespace: object.metadata.namespace,
    name: object.metadata.name ?? '',
    subresource: undefined,
    object,
    oldObject: undefined,
    user: request.user,
    dryRun: request.options?.dryRun === true,
    env,
    warnings,
  };
}

/** @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go (NewGenerateNameConflict) */
function explainCollision(error: unknown): unknown {
  if (!(error instanceof ApiError) || !isAlreadyExists(error)) return error;
  const details = { ...error.details, retryAfterSeconds: 1 };
  return new ApiError('AlreadyExists', `${error.message}, the server was not able to generate a unique name for the object`, { details });
}
