import { conflict, isAlreadyExists, type KubernetesObject, type MutableJson } from '@kybern/core';
import { applyConflictError, applyFields, unfitApply, type ApplyResult, type Manager } from '@kybern/core/server-side-apply';
import { checkAccess } from '../authorization.ts';
import type { Environment } from '../environment.ts';
import { badRequest, objectNotFound } from '../errors.ts';
import { fieldFilter } from '../managed-fields/field-filter.ts';
import { appliedByKubectl, withLastApplied } from '../managed-fields/last-applied.ts';
import { checkIdentity } from '../object-meta.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import type { LoadedModel, Resource } from '../resource.ts';
import type { WriteContext } from '../strategy.ts';
import type { UpdateRules } from '../subresources/update-rules.ts';
import { createDecoded, decodeNew } from './create.ts';
import { applyUpdate } from './update.ts';

/** How often an apply begins again when somebody else creates the object meanwhile. */
const MAX_ATTEMPTS = 5;

/** What one request applies. */
interface Application {
  readonly env: Environment;
  readonly resource: Resource;
  readonly request: ApiRequest;
  readonly model: LoadedModel;
  readonly manager: string;
  readonly applied: MutableJson;
}

/**
 * Server-side apply: creates the object, or merges what is applied into it, and keeps account of who owns what.
 *
 * @param rules default: those of the request's subresource
 * @throws {ApiError} `Conflict` with a cause per field that another manager owns; `Invalid` without a field manager; `BadRequest`
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go (applyPatcher)
 */
export async function applyPatch(env: Environment, resource: Resource, request: ApiRequest, rules?: UpdateRules): Promise<ApiResponse> {
  const manager = request.options?.fieldManager ?? '';
  const model = resource.model ?? (await resource.loadModel());
  const application: Application = { env, resource, request, model, manager, applied: appliedObject(request, resource, model) };
  for (let attempt = 1; ; attempt++) {
    let managers: readonly Manager[] = [];
    const propose = (live: KubernetesObject): unknown => {
      const result = merge(application, live);
      managers = result.managers;
      return result.object === live ? live : withLastApplied(manager, result.object, application.applied);
    };
    const entry = () => ({ type: 'apply', managers }) as const;
    const create = (context: WriteContext): Promise<ApiResponse> => createApplied(application, context);
    try {
      return await applyUpdate(env, resource, { request, propose, entry, create, ...(rules === undefined ? {} : { rules }) });
    } catch (error) {
      if (!isAlreadyExists(error) || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

/** What is applied, which says what it is. @throws {ApiError} `BadRequest` */
function appliedObject(request: ApiRequest, resource: Resource, model: LoadedModel): MutableJson {
  const body = request.body as MutableJson;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest('the body of an apply is not an object');
  const { apiVersion } = resource;
  if (body.apiVersion !== undefined && body.apiVersion !== apiVersion)
    throw badRequest(`Incorrect version specified in apply patch. Specified patch version: ${String(body.apiVersion)}, expected: ${apiVersion}`);
  checkIdentity(body, resource);
  const { metadata } = body as { readonly metadata?: { readonly name?: unknown; readonly managedFields?: unknown } | null };
  if (metadata?.managedFields !== undefined && metadata.managedFields !== null) throw badRequest('metadata.managedFields must be nil');
  if (metadata?.name !== undefined && metadata.name !== request.name)
    throw badRequest(`the name of the object (${String(metadata.name)}) does not match the name on the URL (${request.name ?? ''})`);
  const applied = { apiVersion, kind: resource.kind.kind, ...body, metadata: { ...metadata } };
  const unknown = model.unknownFields(applied);
  if (unknown.length > 0)
    throw unfitApply(
      applied,
      unknown.map((path) => `.${path}: field not declared in schema`),
    );
  return applied;
}

/** @throws {ApiError} `Conflict` */
function merge({ env, resource, request, model, manager, applied }: Application, live: KubernetesObject | undefined): ApplyResult<KubernetesObject> {
  const result = applyFields<KubernetesObject>({
    live,
    applied,
    type: model.fields,
    managers: live === undefined ? [] : env.books.managersOf(live),
    manager: { manager, apiVersion: resource.apiVersion, subresource: request.subresource },
    nowMs: env.clock.now(),
    force: request.options?.force,
    filter: fieldFilter(resource, request.subresource),
    uncontested: live === undefined ? undefined : appliedByKubectl(manager, live, model.fields),
  });
  if (result.conflicts.length > 0) throw applyConflictError(result.conflicts);
  return result;
}

async function createApplied(application: Application, context: WriteContext): Promise<ApiResponse> {
  const { env, resource, request, model, applied } = application;
  if (request.subresource !== undefined) throw objectNotFound(resource.kind, request.name ?? '');
  const uid: unknown = applied.metadata.uid;
  if (uid !== undefined && uid !== null && uid !== '')
    throw conflict(resource.kind, request.name ?? '', `uid mismatch: the provided object specified uid ${String(uid)}, and no existing object was found`);
  await checkAccess(env.authorizer, { ...request, verb: 'create' });
  const { object, managers } = merge(application, undefined);
  const decoded = decodeNew(object, { resource, request, model, warnings: context.warnings });
  decoded.metadata.name ??= request.name;
  return createDecoded(decoded, { ...context, appliedBy: managers });
}
