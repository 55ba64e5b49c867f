import { ApiError, deepFreeze, isAlreadyExists, type FieldError, type KubernetesObject, type MutableJson } from '@kybern/core';
import { runMutating, runValidating, type AdmissionAttributes } from '../admission/admission.ts';
import { commitCreate } from '../commit.ts';
import type { Environment } from '../environment.ts';
import { generateName, newMetadata } from '../object-meta.ts';
import { assertValid, decodeObject } from '../prepare.ts';
import { NO_WARNINGS, type ApiRequest, type ApiResponse } from '../request.ts';
import { objectKey, type LoadedModel, type Resource } from '../resource.ts';
import { writeContext, type WriteContext } from '../strategy.ts';
import { validateObjectMeta } from '../validation/object-meta.ts';

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go (maxNameGenerationCreateAttempts) */
const MAX_NAME_ATTEMPTS = 8;

/** Creates one object. */
export async function createObject(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  const model = resource.model ?? (await resource.loadModel());
  const warnings: string[] = [];
  const object = decodeObject(request.body, { resource, request, model, warnings });
  const context = writeContext(env, resource, { request, warnings });
  const stored = resource.strategy.answer === undefined ? await createDecoded(object, model, context) : await answer(object, model, context);
  return { type: 'object', code: 201, object: stored, warnings: warnings.length === 0 ? NO_WARNINGS : warnings, deleted: false };
}

/** Answers an object that is a question. */
async function answer(object: MutableJson, model: LoadedModel, context: WriteContext): Promise<KubernetesObject> {
  const { resource } = context;
  assertValid(resource, String(object.metadata.name ?? ''), model.validate(object));
  return deepFreeze((await resource.strategy.answer?.(object, context)) as KubernetesObject);
}

/** The rest of a create, from a decoded object on. */
export function createDecoded(object: MutableJson, model: LoadedModel, context: WriteContext): Promise<KubernetesObject> {
  const { name, generateName: base } = object.metadata;
  const named = (name !== undefined && name !== '') || typeof base !== 'string' || base === '';
  return named ? admitAndStore(object, model, context) : createGenerated(object, model, context);
}

/** Tries names until one is free. */
async function createGenerated(object: MutableJson, model: LoadedModel, context: WriteContext): Promise<KubernetesObject> {
  for (let attempt = 1; ; attempt++) {
    object.metadata.name = generateName(object.metadata.generateName as string, context.env);
    try {
      return await admitAndStore(object, model, context);
    } catch (error) {
      if (attempt >= MAX_NAME_ATTEMPTS || !isAlreadyExists(error)) throw explainCollision(error);
    }
  }
}

async function admitAndStore(object: MutableJson, model: LoadedModel, context: WriteContext): Promise<KubernetesObject> {
  const { env, resource, request } = context;
  const { strategy } = resource;
  const chain = resource.admission('CREATE', undefined);
  const attributes = admissionAttributes(object, context);
  if (chain.mutating.length > 0) await runMutating(chain, attributes);
  object.metadata = newMetadata(object.metadata, env, { now: context.now, generation: strategy.generation === true });
  if (resource.hasStatus && strategy.statusOnCreate !== true && object.status !== undefined) delete object.status;
  strategy.prepareForCreate?.(object, context);
  const reservation = strategy.begin?.(object, undefined, context);
  let stored = false;
  try {
    validateCreate(object, model, context);
    if (chain.validating.length > 0) await runValidating(chain, attributes);
    const dryRun = request.options?.dryRun === true;
    const { namespace, name } = object.metadata;
    const result = await commitCreate(env, resource, { key: objectKey(resource, namespace, name), object, dryRun });
    stored = !dryRun;
    return result;
  } finally {
    if (stored) reservation?.commit();
    else reservation?.rollback();
  }
}

function validateCreate(object: MutableJson, model: LoadedModel, context: WriteContext): void {
  const { resource, warnings } = context;
  const { strategy } = resource;
  const errors: FieldError[] = [];
  validateObjectMeta(object.metadata, resource, errors);
  for (const error of model.validate(object)) errors.push(error);
  // Semantic rules rely on the types that the schema promises.
  if (errors.length === 0) strategy.validate?.(object, errors);
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
