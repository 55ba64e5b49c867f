import type { ApiError } from '@kybern/core';
import { conflict, formatTime, type Kind, type KubernetesObject, type MutableJson } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import type { Environment } from '../environment.ts';
import { badRequest, noSuchResource } from '../errors.ts';
import { assertValid } from '../prepare.ts';
import { NO_WARNINGS, type ApiRequest, type ApiResponse } from '../request.ts';
import type { Resource } from '../resource.ts';
import { notSupported, required } from '../validation/field-errors.ts';
import { successStatus } from '../success-status.ts';
import { applyUpdate } from '../verbs/update.ts';
import type { UpdateRules } from './update-rules.ts';

/** How often it begins again when the Pod changes meanwhile. */
const MAX_ATTEMPTS = 100;

/** A binding, as far as it is read. */
interface Binding {
  readonly metadata?: {
    readonly name?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly annotations?: object;
    readonly labels?: object;
  };
  readonly target?: { readonly kind?: string; readonly name?: string };
}

/** Serves `pods/binding`: puts a Pod on a node, once. @see kubernetes v1.36 pkg/registry/core/pod/storage/storage.go (BindingREST) */
export async function serveBinding(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  if (request.verb !== 'create' || resource.kind.kind !== 'Pod') throw noSuchResource();
  const binding = request.body as Binding | undefined;
  if (typeof binding !== 'object' || binding === null) throw badRequest('the body of the request is not a Binding');
  const nodeName = checkTarget(binding, resource, request.name ?? '');
  // A binding does not count as a change of the spec.
  const rules: UpdateRules = { strategy: undefined, reserves: false, prepare: () => undefined, validate: () => undefined };
  const update: ApiRequest = { ...request, verb: 'patch' };
  await applyUpdate(env, resource, {
    request: update,
    rules,
    attempts: MAX_ATTEMPTS,
    entry: () => ({ type: 'system' }),
    propose: (pod) => bind(pod, { binding, nodeName, resource, now: formatTime(env.clock.now()) }),
  });
  return { type: 'object', code: 201, object: successStatus(201), warnings: NO_WARNINGS, deleted: false };
}

function checkTarget({ metadata, target }: Binding, resource: Resource, name: string): string {
  if (metadata?.name !== undefined && metadata.name !== name) throw badRequest(`name in URL does not match name in Binding object`);
  const errors = [];
  if (target?.kind !== undefined && target.kind !== '' && target.kind !== 'Node') errors.push(notSupported('target.kind', target.kind, ['Node', '<empty>']));
  if (target?.name === undefined || target.name === '') errors.push(required('target.name'));
  // Nearly always there are none: then the copy of the resource is not worth making.
  if (errors.length > 0) assertValid({ ...resource, kind: { ...resource.kind, kind: 'Binding' } }, name, errors);
  return target?.name ?? '';
}

interface Assignment {
  readonly binding: Binding;
  readonly nodeName: string;
  readonly resource: Resource;
  readonly now: string;
}

function bind(pod: KubernetesObject, { binding, nodeName, resource, now }: Assignment): unknown {
  const { metadata, spec, status } = pod as MutableJson;
  const refuse = (why: string): ApiError => conflict({ ...resource.kind, plural: 'pods/binding' }, metadata.name, why);
  const { uid, resourceVersion } = binding.metadata ?? {};
  if (uid !== undefined && uid !== '' && uid !== metadata.uid)
    throw refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`);
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== metadata.resourceVersion) {
    throw refuse(`Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`);
  }
  if (metadata.deletionTimestamp !== undefined) throw refuse(`pod ${metadata.name} is being deleted, cannot be assigned to a host`);
  if ((spec.nodeName ?? '') !== '') throw refuse(`pod ${metadata.name} is already assigned to node "${spec.nodeName}"`);
  if ((spec.schedulingGates?.length ?? 0) > 0) throw refuse(`pod ${metadata.name} has non-empty .spec.schedulingGates`);
  const { annotations, labels } = binding.metadata ?? {};
  return {
    ...pod,
    metadata: { ...metadata, ...merged('annotations', metadata.annotations, annotations), ...merged('labels', metadata.labels, labels) },
    spec: { ...spec, nodeName },
    status: { ...status, conditions: withScheduled(status?.conditions ?? [], now) },
  };
}

function merged(name: string, present: object | undefined, added: object | undefined): object {
  return added === undefined || Object.keys(added).length === 0 ? {} : { [name]: { ...present, ...added } };
}

function withScheduled(conditions: readonly MutableJson[], now: string): MutableJson[] {
  const at = conditions.findIndex(({ type }) => type === 'PodScheduled');
  const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now };
  return at < 0 ? [...conditions, scheduled] : conditions.map((each, i) => (i === at ? scheduled : each));
}

/** The older way to bind a Pod: a create of a Binding, whose name is the Pod's. @see kubernetes v1.36 pkg/registry/core/pod/storage/storage.go (LegacyBindingREST) */
export function createBinding(env: Environment, request: ApiRequest): Promise<ApiResponse> {
  const name = (request.body as Binding | undefined)?.metadata?.name;
  if (typeof name !== 'string' || name === '') throw badRequest('metadata.name of a Binding is the name of the Pod');
  return serveBinding(env, env.resource(Pod as Kind), { ...request, kind: Pod as Kind, name });
}
