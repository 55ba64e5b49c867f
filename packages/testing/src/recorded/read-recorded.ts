import type { KubernetesObject } from '@kybern/core';
import type { RecordedRequest } from './options.ts';

/** An event of an audit log, as far as it is read. @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/apis/audit/v1/types.go (Event) */
interface AuditEvent {
  readonly apiVersion: string;
  readonly stage?: string;
  readonly verb?: string;
  readonly user?: { readonly username?: string };
  readonly objectRef?: {
    readonly resource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
    readonly apiVersion?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestObject?: KubernetesObject;
  readonly responseObject?: KubernetesObject;
  readonly requestReceivedTimestamp?: string;
}

/** An event of a watch. */
interface LoggedWatchEvent {
  readonly type: string;
  readonly object: KubernetesObject;
}

/** The resource of an object, where a log does not say it. */
export type ResourceOf = (apiVersion: string, kind: string) => { readonly group: string; readonly version: string; readonly plural: string } | undefined;

const VERBS: Readonly<Record<string, RecordedRequest['verb']>> = { create: 'create', update: 'update', patch: 'patch', delete: 'delete' };
const WATCH_VERBS: Readonly<Record<string, RecordedRequest['verb']>> = { ADDED: 'create', MODIFIED: 'update', DELETED: 'delete' };
const MAX_SHOWN = 60;

/**
 * Reads the writes of an audit log (`audit.k8s.io/v1`) or of the log of a watch (`{"type":"ADDED","object":…}`), one JSON object a line.
 *
 * @throws {SyntaxError} when a line is neither; says which
 */
export function readRecorded(text: string, resourceOf: ResourceOf): readonly RecordedRequest[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const event = parseLine(line, index + 1);
    if (event['apiVersion'] === 'audit.k8s.io/v1') return ofAudit(event as unknown as AuditEvent, index + 1);
    if (typeof event['type'] === 'string' && typeof event['object'] === 'object') return ofWatch(event as unknown as LoggedWatchEvent, index + 1, resourceOf);
    throw new SyntaxError(`line ${String(index + 1)}: neither an event of audit.k8s.io/v1 nor one of a watch: ${line.slice(0, MAX_SHOWN)}`);
  });
}

function parseLine(line: string, number: number): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new SyntaxError(`line ${String(number)}: is no JSON: ${line.slice(0, MAX_SHOWN)}`, { cause });
  }
}

/** Only what was written, and only when it is over: an event has several stages. */
function ofAudit(event: AuditEvent, line: number): readonly RecordedRequest[] {
  const { objectRef, requestObject, responseObject } = event;
  const verb = VERBS[event.verb ?? ''];
  if (verb === undefined || objectRef?.resource === undefined || !hasSucceeded(event)) return [];
  const atMs = Date.parse(event.requestReceivedTimestamp ?? '');
  if (Number.isNaN(atMs)) throw new SyntaxError(`line ${String(line)}: has no requestReceivedTimestamp`);
  // What a patch made is known from its answer; of what kind it was the log does not say.
  const known = verb === 'patch' ? responseObject : requestObject;
  const body = known ?? requestObject ?? responseObject;
  return [
    {
      atMs,
      verb: verb === 'patch' && known !== undefined ? 'update' : verb,
      group: objectRef.apiGroup ?? '',
      version: objectRef.apiVersion ?? 'v1',
      resource: objectRef.resource,
      namespace: objectRef.namespace,
      name: objectRef.name ?? body?.metadata?.name ?? responseObject?.metadata?.name,
      subresource: objectRef.subresource,
      body,
      isPatch: verb === 'patch' && known === undefined,
      user: event.user?.username,
      line,
    },
  ];
}

function hasSucceeded({ stage, responseStatus: { code = 0 } = {} }: AuditEvent): boolean {
  return stage === 'ResponseComplete' && code >= 200 && code < 300;
}

function ofWatch({ type, object }: LoggedWatchEvent, line: number, resourceOf: ResourceOf): readonly RecordedRequest[] {
  const verb = WATCH_VERBS[type];
  if (verb === undefined) return [];
  const resource = resourceOf(object.apiVersion, object.kind);
  if (resource === undefined) throw new SyntaxError(`line ${String(line)}: no matches for kind "${object.kind}" in version "${object.apiVersion}"`);
  const { namespace, name, managedFields = [], creationTimestamp, deletionTimestamp } = object.metadata;
  const times = [creationTimestamp, deletionTimestamp, ...managedFields.map(({ time }) => time)].map((time) => Date.parse(time ?? ''));
  const atMs = Math.max(0, ...times.filter((ms) => !Number.isNaN(ms)));
  const { group, version, plural } = resource;
  return [{ atMs, verb, group, version, resource: plural, namespace, name, subresource: undefined, body: object, isPatch: false, user: undefined, line }];
}
