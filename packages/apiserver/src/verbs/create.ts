import { ApiError, isAlreadyExists, type FieldError, type KubernetesObject, type MutableJson } from '@kybern/core';
import { runMutating, runValidating, type AdmissionAttributes } from '../admission/admission.ts';
import { commitCreate } from '../commit.ts';
import type { Environment } from '../environment.ts';
import { fillSystemFields, generateName } from '../object-meta.ts';
import { assertValid, decodeObject } from '../prepare.ts';
import { NO_WARNINGS, type ApiRequest, type ApiResponse } from '../request.ts';
import { objectKey, type LoadedModel, type Resource } from '../resource.ts';
import type { WriteContext } from '../strategy.ts';
import { validateObjectMeta } from '../validation/object-meta.ts';

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go (maxNameGenerationCreateAttempts) */
const MAX_NAME_ATTEMPTS = 8;

/** Creates one object. */
export async function createObject(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  const model = resource.model ?? (await resource.loadModel());
  const warnings: string[] = [];
  const object = decodeObject(request.body, { resource, request, model, warnings });
  const context: WriteContext = { env, resource, request, nowMs: env.clock.now(), warnings };
  const stored = await createDecoded(object, model, context);
  return { type: 'object', code: 201, object: stored, warnings: warnings.length === 0 ? NO_WARNINGS : warnings, deleted: false };
}

/** The rest of a create, from a decoded object on. */
export async function createDecoded(object: MutableJson, model: LoadedModel, context: WriteContext): Promise<KubernetesObject> {
  const { metadata } = object;
  const generated = (metadata.name === undefined || metadata.name === '') && typeof metadata.generateName === 'string' && metadata.generateName !== '';
  for (let attempt = 1; ; attempt++) {
    if (generated) metadata.name = generateName(metadata.generateName as string, context.env);
    try {
      return await admitAndStore(object, model, context);
    } catch (error) {
      if (!generated || attempt >= MAX_NAME_ATTEMPTS || !isAlreadyExists(error)) throw generated ? explainCollision(error) : error;
    }
  }
}

async function admitAndStore(object: MutableJson, model: LoadedModel, context: WriteContext): Promise<KubernetesObject> {
  const { env, resource, request } = context;
  const { metadata } = object;
  const chain = resource.admission('CREATE', undefined);
  const attributes = admissionAttributes(object, context);
  if (chain.mutating.length > 0) await runMutating(chain, attributes);
  fillSystemFields(metadata, env, context.nowMs);
  prepareForCreate(object, context);
  const reservation = resource.strategy.begin?.(object, undefined, context);
  let stored = false;
  try {
    validateCreate(object, model, context);
    if (chain.validating.length > 0) await runValidating(chain, attributes);
    const dryRun = request.options?.dryRun === true;
    const result = await commitCreate(env, resource, { key: objectKey(resource, metadata.namespace, metadata.name), object, dryRun });
    stored = !dryRun;
    return result;
  } finally {
    if (stored) reservation?.commit();
    else reservation?.rollback();
  }
}

function prepareForCreate(object: MutableJson, context: WriteContext): void {
  const { resource } = context;
  const { strategy } = resource;
  if (resource.hasStatus && strategy.statusOnCreate !== true) delete object.status;
  if (strategy.generation === true) object.metadata.generation = 1;
  strategy.prepareForCreate?.(object, context);
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
  if (strategy.warningsOnCreate !== undefined) warnings.push(...strategy.warningsOnCreate(object));
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
