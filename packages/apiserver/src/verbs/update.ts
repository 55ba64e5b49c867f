import { cloneJson, conflict, deepFreeze, invalid, type FieldError, type KubernetesObject, type MutableJson } from '@kybern/core';
import { isSameOwnership } from '@kybern/core/server-side-apply';
import type { StateRecord } from '@kybern/state';
import { runMutating, runValidating, type AdmissionAttributes } from '../admission/admission.ts';
import { commitReplace, staleWrite } from '../commit.ts';
import type { Environment } from '../environment.ts';
import { badRequest, objectNotFound } from '../errors.ts';
import type { Entry } from '../managed-fields/books.ts';
import { requestedManagers } from '../managed-fields/requested.ts';
import { keepSystemFields } from '../object-meta.ts';
import { assertSchema, assertValid, decodeObject } from '../prepare.ts';
import { NO_WARNINGS, type ApiRequest, type ApiResponse } from '../request.ts';
import { objectKey, type LoadedModel, type Resource } from '../resource.ts';
import { shareUnchanged } from '../share.ts';
import { writeContext, type WriteContext } from '../strategy.ts';
import type { UpdateRules } from '../subresources/update-rules.ts';
import { validateObjectMetaUpdate } from '../validation/object-meta.ts';
import { createDecoded, decodeNew } from './create.ts';

/** How often an update begins again that is not bound to a resourceVersion. Kubernetes does not stop; this only ends what can never succeed. */
const MAX_ATTEMPTS = 1000;

/** Where the new object comes from: the body of a PUT, or the old object with a patch applied. Called again when another write came between. */
export type Proposal = (old: KubernetesObject) => unknown;

/** Replaces one object, or one of its subresources, by the request's body. */
export async function updateObject(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  const body = request.body as { metadata?: { name?: unknown } } | undefined;
  const bodyName = body?.metadata?.name;
  if (bodyName !== undefined && bodyName !== request.name) {
    throw badRequest(`the name of the object (${String(bodyName)}) does not match the name on the URL (${request.name ?? ''})`);
  }
  return applyUpdate(env, resource, { request, propose: () => request.body });
}

/** What {@link applyUpdate} is to do. */
export interface UpdateJob {
  readonly request: ApiRequest;
  readonly propose: Proposal;
  readonly rules?: UpdateRules;
  /** Default: as good as any number. */
  readonly attempts?: number;
  /** Who owns what after the write, asked after {@link propose}. Default: the writer owns what it changes. */
  readonly entry?: () => Entry;
  /** Makes the object that is not there, in the end. Default: it is an error, but for the few kinds that an update creates. */
  readonly create?: (context: WriteContext) => Promise<ApiResponse>;
}

/** Read, propose, prepare, admit, validate, compare-and-set: the loop behind PUT and PATCH, of objects and of subresources. */
export async function applyUpdate(env: Environment, resource: Resource, job: UpdateJob): Promise<ApiResponse> {
  const { request } = job;
  const model = resource.model ?? (await resource.loadModel());
  const rules = job.rules ?? resource.updateRules(request.subresource);
  const key = objectKey(resource, request.namespace, request.name ?? '');
  const attempts = job.attempts ?? MAX_ATTEMPTS;
  let newer: StateRecord | undefined;
  for (let attempt = 1; ; attempt++) {
    const warnings: string[] = [];
    const context = writeContext(env, resource, { request, warnings });
    // Who lost was told what is there: taken up at once, it can hardly be lost again.
    const record: StateRecord | undefined = newer ?? (await env.state.get(key));
    if (record === undefined) return createMissing(job, model, context);
    const { object, guarded, given } = propose(resource.read(record.value), { job, model, context, rules });
    const entry = job.entry?.() ?? { type: 'update', seed: seedOf(given, record.value, context) };
    const result = await admitAndReplace(record, object, { context, model, rules, entry });
    if (result.object !== undefined)
      return { type: 'object', code: 200, object: result.object, warnings: warnings.length === 0 ? NO_WARNINGS : warnings, deleted: result.deleted };
    if (guarded || attempt >= attempts) throw staleWrite(resource, request.name ?? '');
    newer = result.actual;
  }
}

function createMissing(job: UpdateJob, model: LoadedModel, context: WriteContext): Promise<ApiResponse> {
  const { request } = job;
  const { resource, warnings } = context;
  if (job.create !== undefined) return job.create(context);
  if (request.verb !== 'update' || request.subresource !== undefined || resource.strategy.createOnUpdate !== true)
    throw objectNotFound(resource.kind, request.name ?? '');
  const object = decodeNew(request.body, { resource, request, model, warnings });
  object.metadata.name ??= request.name;
  return createDecoded(object, context);
}

interface Stage {
  readonly context: WriteContext;
  readonly model: LoadedModel;
  readonly rules: UpdateRules;
  readonly entry: Entry;
}

/** Who owned what before, if the object says so itself; through a subresource it cannot. */
function seedOf(given: unknown, old: KubernetesObject, { env, request }: WriteContext): ReturnType<typeof requestedManagers> {
  return given === undefined || request.subresource !== undefined ? undefined : requestedManagers(given, () => env.books.managersOf(old));
}

/** What {@link propose} found in a body. */
interface Proposed {
  readonly object: MutableJson;
  /** The caller named the state that it is based on. */
  readonly guarded: boolean;
  /** Its `metadata.managedFields`. */
  readonly given: unknown;
}

type Proposing = Omit<Stage, 'entry'> & { readonly job: UpdateJob };

/**
 * The new object as it would be stored, before admission. Parts that the body has from the old object, by reference, stay what they are; should something
 * want to change them in place all the same, it gets copies.
 */
function propose(old: KubernetesObject, proposing: Proposing): Proposed {
  const { job, context, rules } = proposing;
  const { warnings, resource } = context;
  const body = job.propose(old);
  const taken = rules.takes === undefined ? body : partOf(body, rules.takes);
  // What is stored of a kind that came with a definition may be of an older schema.
  if (resource.definition !== undefined) return prepareUpdate(taken, old, proposing);
  try {
    return prepareUpdate(taken, old, { ...proposing, known: old });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    warnings.length = 0;
    return prepareUpdate(taken, old, proposing);
  }
}

function prepareUpdate(body: unknown, old: KubernetesObject, { model, context, rules, known }: Proposing & { readonly known?: KubernetesObject }): Proposed {
  const { resource, request, warnings } = context;
  const object = decodeObject(body, { resource, request, model, warnings, known });
  const { metadata } = object;
  if (metadata.name === undefined || metadata.name === '') metadata.name = old.metadata.name;
  const isPut = request.verb === 'update';
  if (isPut) checkUid(metadata, old, resource);
  const guarded = checkPreconditions(metadata, old, { resource, unguardedAllowed: !isPut || resource.strategy.unconditionalUpdate !== false });
  const given: unknown = metadata.managedFields;
  keepSystemFields(metadata, old.metadata);
  // A part is checked when it is back in its place; what is checked on its own is of the right types before anything looks at it.
  const check = (): void => assertSchema(object, { resource, request, model, warnings }, (errors) => validateObjectMetaUpdate(metadata, old.metadata, errors));
  if (rules.takes === undefined) check();
  rules.prepare(object, old as MutableJson, context);
  if (rules.takes !== undefined) check();
  return { object, guarded: guarded && isPut, given };
}

/** The fields of a body that an update takes: the others need not be copied and checked. */
function partOf(body: unknown, takes: readonly string[]): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const { apiVersion, kind, metadata } = body as Record<string, unknown>;
  const part: Record<string, unknown> = { apiVersion, kind, metadata };
  for (const name of takes) part[name] = (body as Record<string, unknown>)[name];
  return part;
}

/** Another uid means that the caller knows another object of the same name. */
function checkUid({ uid }: MutableJson, old: KubernetesObject, { kind }: Resource): void {
  if (uid === undefined || uid === '' || uid === old.metadata.uid) return;
  throw conflict(kind, old.metadata.name, `Precondition failed: UID in precondition: ${String(uid)}, UID in object meta: ${old.metadata.uid ?? ''}`);
}

function checkPreconditions(
  metadata: MutableJson,
  old: KubernetesObject,
  { resource, unguardedAllowed }: { resource: Resource; unguardedAllowed: boolean },
): boolean {
  const { resourceVersion } = metadata as { resourceVersion?: string };
  const given = resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0';
  if (given && resourceVersion !== old.metadata.resourceVersion) throw staleWrite(resource, old.metadata.name);
  if (!given && !unguardedAllowed) {
    throw invalid(resource.kind, old.metadata.name, [
      { field: 'metadata.resourceVersion', reason: 'FieldValueInvalid', message: 'Invalid value: 0: must be specified for an update' },
    ]);
  }
  return given;
}

async function admitAndReplace(record: StateRecord, object: MutableJson, stage: Stage): Promise<UpdateResult> {
  const { context, rules } = stage;
  const { resource, request } = context;
  const old = resource.read(record.value);
  const chain = resource.admission('UPDATE', request.subresource);
  if (!chain.replacesParts || (rules.reserves && isWritten(resource))) thaw(object);
  const attributes = admissionAttributes(object, old, context);
  const mutating = runMutating(chain, attributes);
  if (mutating !== undefined) await mutating;
  const checking = rules.reserves ? resource.strategy.check?.(object, old as MutableJson, context) : undefined;
  if (checking !== undefined) await checking;
  const reservation = rules.reserves ? resource.strategy.begin?.(object, old as MutableJson, context) : undefined;
  let stored = false;
  try {
    const next = settle(object, old, rules);
    if (next !== old) {
      validateUpdate(next, old, stage);
      const validating = runValidating(chain, { ...attributes, object: next });
      if (validating !== undefined) await validating;
    }
    const result = await replace(record, next, stage);
    stored = result.stored;
    return result;
  } finally {
    if (stored) reservation?.commit();
    else reservation?.rollback();
  }
}

/** Whether the kind itself may write into an object after it was prepared. */
function isWritten({ strategy }: Resource): boolean {
  return strategy.check !== undefined || strategy.begin !== undefined;
}

/** Puts copies in the place of frozen parts. */
function thaw(object: MutableJson): void {
  for (const key in object) if (typeof object[key] === 'object' && object[key] !== null) object[key] = unfrozen(object[key]);
}

function unfrozen(part: object): object {
  if (Object.isFrozen(part)) return cloneJson(part);
  for (const key in part) {
    const value: unknown = (part as MutableJson)[key];
    if (typeof value === 'object' && value !== null && key !== '__proto__') (part as MutableJson)[key] = unfrozen(value);
  }
  return part;
}

/** The object with its unchanged parts shared and its generation counted; `old` itself when nothing differs. */
function settle(object: MutableJson, old: KubernetesObject, { strategy }: UpdateRules): KubernetesObject {
  const before = old as MutableJson;
  let changed = false;
  for (const key of Object.keys(object)) {
    if (key === 'metadata') continue;
    const shared = shareUnchanged(before[key], object[key]);
    if (shared !== before[key] && key !== 'status') changed = true;
    object[key] = shared;
  }
  for (const key of Object.keys(before)) if (object[key] === undefined && key !== 'status') changed = true;
  if (strategy?.generation === true && (strategy.generationChanged?.(object, before) ?? changed))
    object.metadata.generation = (before.metadata.generation ?? 0) + 1;
  return shareUnchanged(old, object) as KubernetesObject;
}

/** What an update came to. */
interface UpdateResult {
  readonly object: KubernetesObject | undefined;
  /** Somebody else was first. */
  readonly lost: boolean;
  /** What is there then, if that is known. */
  readonly actual?: StateRecord | undefined;
  readonly stored: boolean;
  /** The object left the store: the update removed what had held it. */
  readonly deleted: boolean;
}

async function replace(record: StateRecord, settled: KubernetesObject, { context, entry }: Stage): Promise<UpdateResult> {
  const { env, resource, request } = context;
  const deleted = isReleased(settled, resource);
  const same = settled === resource.read(record.value);
  if (!deleted && same && !movesFields(entry, record.value, env) && !resource.isOutdated(record.value))
    return { object: settled, lost: false, stored: false, deleted };
  const dryRun = request.options?.dryRun === true;
  const next = same ? { ...settled, metadata: { ...settled.metadata } } : settled;
  const stored = resource.toStored(next);
  env.books.changed(stored, record.value, { context, entry });
  const result = await commitReplace(env, record, { object: deleted ? undefined : stored, prefix: resource.prefix, dryRun });
  if (result.lost) return { object: undefined, lost: true, actual: result.actual, stored: false, deleted: false };
  if (deleted && !dryRun) resource.strategy.afterDelete?.(record.value, env);
  return { object: deleted ? deepFreeze(next) : resource.read(result.object), lost: false, stored: !dryRun, deleted };
}

/** Whether fields change their owners although the object stays the same. */
function movesFields(entry: Entry, old: KubernetesObject, { books }: Environment): boolean {
  if (entry.type === 'apply') return !isSameOwnership(entry.managers, books.managersOf(old));
  return entry.type === 'update' && entry.seed !== undefined;
}

/** Whether nothing holds an object that is being deleted any longer. @see kubernetes v1.36 …/registry/generic/registry/store.go (ShouldDeleteDuringUpdate) */
export function isReleased(object: KubernetesObject, resource: Resource): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (deletionTimestamp === undefined || (deletionGracePeriodSeconds ?? 0) !== 0 || (finalizers?.length ?? 0) > 0) return false;
  return resource.strategy.isHeld?.(object) !== true;
}

function validateUpdate(object: KubernetesObject, old: KubernetesObject, { context: { resource }, rules }: Stage): void {
  const errors: FieldError[] = [];
  validateObjectMetaUpdate(object.metadata as MutableJson, old.metadata, errors);
  rules.validate(object as MutableJson, old as MutableJson, errors);
  assertValid(resource, old.metadata.name, errors);
}

function admissionAttributes(object: MutableJson, oldObject: KubernetesObject, { env, resource, request, warnings }: WriteContext): AdmissionAttributes {
  return {
    operation: 'UPDATE',
    kind: resource.kind,
    namespace: oldObject.metadata.namespace,
    name: oldObject.metadata.name,
    subresource: request.subresource,
    object,
    oldObject,
    user: request.user,
    dryRun: request.options?.dryRun === true,
    env,
    warnings,
  };
}
