import { ApiError, deepFreeze, isAlreadyExists, type FieldError, type KubernetesObject, type MutableJson } from '@kybern/core';
import { runMutating, runValidating, type AdmissionAttributes } from '../admission/admission.ts';
import { commitCreate } from '../commit.ts';
import type { Environment } from '../environment.ts';
import { generateName, newMetadata } from '../object-meta.ts';
import { assertSchema, assertValid, decodeObject, type Body } from '../prepare.ts';
import { NO_WARNINGS, type ApiRequest, type ApiResponse } from '../request.ts';
import { objectKey, type Resource } from '../resource.ts';
import { writeContext, type WriteContext } from '../strategy.ts';
import { validateObjectMeta } from '../validation/object-meta.ts';

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go (maxNameGenerationCreateAttempts) */
const MAX_NAME_ATTEMPTS = 8;

/** Creates one object. */
export async function createObject(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  const model = resource.model ?? (await resource.loadModel());
  const warnings: string[] = [];
  const object = decodeNew(request.body, { resource, request, model, warnings });
  const context = writeContext(env, resource, { request, warnings });
  const stored =
    resource.strategy.answer === undefined
      ? await createDecoded(object, context)
      : deepFreeze((await resource.strategy.answer(object, context)) as KubernetesObject);
  return { type: 'object', code: 201, object: stored, warnings: warnings.length === 0 ? NO_WARNINGS : warnings, deleted: false };
}

/** The private copy of a new object: pruned, with defaults, of the right types. @throws {ApiError} `BadRequest`, `Invalid` */
export function decodeNew(value: unknown, body: Body): MutableJson {
  const object = decodeObject(value, body);
  assertSchema(object, body, (errors) => validateObjectMeta(object.metadata, body.resource, errors));
  return object;
}

/** The rest of a create, from a decoded object on. */
export function createDecoded(object: MutableJson, context: WriteContext): Promise<KubernetesObject> {
  const { name, generateName: base } = object.metadata;
  const named = (name !== undefined && name !== '') || typeof base !== 'string' || base === '';
  return named ? admitAndStore(object, context) : createGenerated(object, context);
}

/** Tries names until one is free. */
async function createGenerated(object: MutableJson, context: WriteContext): Promise<KubernetesObject> {
  for (let attempt = 1; ; attempt++) {
    object.metadata.name = generateName(object.metadata.generateName as string, context.env);
    try {
      return await admitAndStore(object, context);
    } catch (error) {
      if (attempt >= MAX_NAME_ATTEMPTS || !isAlreadyExists(error)) throw explainCollision(error);
    }
  }
}

async function admitAndStore(object: MutableJson, context: WriteContext): Promise<KubernetesObject> {
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
    validateCreate(object, context);
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
