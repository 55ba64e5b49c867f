import { apiVersionOf, type KubernetesObject, type WatchEvent } from '@kybern/core';
import { isExpiredRevision } from '@kybern/state';
import type { Subscriber } from 'rxjs';
import { Observable } from '../internal/rx.ts';
import type { Environment } from '../environment.ts';
import { expired } from '../errors.ts';
import { fieldReader } from '../field-selectors.ts';
import { NO_WARNINGS, type ApiRequest, type ApiResponse, type RequestOptions } from '../request.ts';
import { listPrefix, type Resource } from '../resource.ts';
import { compileSelection, type Selection } from '../selection.ts';
import { transitionOf, type WatchScope } from '../watch/event-dispatcher.ts';
import { parseResourceVersion } from './get.ts';

/** How often watchers that want bookmarks get one. @see kubernetes v1.36 …/storage/cacher/cacher.go (bookmarkFrequency) */
const BOOKMARK_INTERVAL_MS = 60_000;
/** Marks the bookmark after the initial events. @see kubernetes v1.36 …/apis/meta/v1/types.go (InitialEventsAnnotationKey) */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** One watch, as its subscriber asked for it. */
interface WatchPlan {
  readonly env: Environment;
  readonly resource: Resource;
  readonly prefix: string;
  readonly selection: Selection;
  readonly options: RequestOptions;
  /** Undefined: begin with what exists. */
  readonly from: number | undefined;
}

/** Opens a watch. The options are checked now; the stream begins when it is subscribed to. */
export function watchObjects(env: Environment, resource: Resource, request: ApiRequest): ApiResponse {
  const options = request.options ?? {};
  const revision = parseResourceVersion(options.resourceVersion ?? '');
  const withInitialEvents = options.sendInitialEvents ?? revision === 0;
  const plan: WatchPlan = {
    env,
    resource,
    prefix: listPrefix(resource, request.namespace),
    selection: compileSelection(resource, options),
    options,
    from: withInitialEvents ? undefined : revision === 0 ? env.state.revision : revision,
  };
  return { type: 'watch', code: 200, events: new Observable((subscriber) => openWatch(plan, subscriber)), warnings: NO_WARNINGS };
}

type Sink = Subscriber<WatchEvent<KubernetesObject>>;

function openWatch(plan: WatchPlan, sink: Sink): () => void {
  const { env, options } = plan;
  const { signal } = options;
  if (signal?.aborted === true) {
    sink.error(signal.reason);
    return () => undefined;
  }
  const onAbort = (): void => sink.error(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const cancels: (() => void)[] = [() => signal?.removeEventListener('abort', onAbort)];
  if (options.timeoutSeconds !== undefined && options.timeoutSeconds > 0) {
    cancels.push(env.clock.after(options.timeoutSeconds * 1000, () => sink.complete(), { background: true }));
  }
  if (plan.from === undefined)
    sendInitialEvents(plan, sink).then(
      (revision) => join(plan, sink, { revision, cancels }),
      (error: unknown) => sink.error(error),
    );
  else join(plan, sink, { revision: plan.from, cancels });
  return () => {
    for (const cancel of cancels) cancel();
  };
}

async function sendInitialEvents({ env, resource, prefix, selection, options }: WatchPlan, sink: Sink): Promise<number> {
  const { revision, records } = await env.state.range(prefix);
  for (const record of records) {
    const value = resource.read(record.value);
    if (sink.closed) return revision;
    if (selection.matches === undefined || selection.matches(value)) sink.next({ type: 'ADDED', object: value });
  }
  if (options.sendInitialEvents === true && options.allowWatchBookmarks === true) sink.next(bookmark(resource, revision, { [INITIAL_EVENTS_END]: 'true' }));
  return revision;
}

/** Brings the watcher from a revision up to now with the store's history, then adds it to those who are told of what comes. */
function join(plan: WatchPlan, sink: Sink, { revision, cancels }: { revision: number; cancels: (() => void)[] }): void {
  if (sink.closed) return;
  const { env, prefix, selection } = plan;
  const deliver = eventSink(plan, sink);
  let after = revision;
  try {
    after = catchUp(plan, sink, { revision, deliver });
  } catch (error) {
    sink.error(isExpiredRevision(error) ? expired(`too old resource version: ${revision} (${error.compacted})`) : error);
    return;
  }
  if (sink.closed) return;
  const remove = env.dispatcher.add(
    { after, onEvent: deliver, onEnd: (error) => (error === undefined ? sink.complete() : sink.error(error)) },
    scopeOf(plan.resource, prefix, selection),
  );
  cancels.push(remove);
  if (plan.options.allowWatchBookmarks === true) cancels.push(sendBookmarks(plan, sink, after));
}

function catchUp({ env, prefix }: WatchPlan, sink: Sink, { revision, deliver }: { revision: number; deliver: (event: never) => void }): number {
  if (revision >= env.state.revision) return revision;
  const cursor = env.state.cursor(prefix, revision);
  try {
    for (let events = cursor.read(); events.length > 0 && !sink.closed; events = cursor.read()) for (const event of events) deliver(event as never);
    return cursor.revision;
  } finally {
    cursor.close();
  }
}

function eventSink({ prefix, resource, selection }: WatchPlan, sink: Sink): (event: Parameters<typeof transitionOf>[0]) => void {
  const narrowed = prefix.length > resource.prefix.length;
  return (event) => {
    if (narrowed && !event.key.startsWith(prefix)) return;
    const transition = transitionOf(event, { matches: selection.matches, read: resource.read });
    if (transition !== undefined) sink.next(transition);
  };
}

function scopeOf(resource: Resource, _prefix: string, { fields }: Selection): WatchScope {
  const indexed = resource.strategy.indexedFields ?? [];
  const term = fields.find(({ field, operator }) => operator === '=' && indexed.includes(field));
  const read = term === undefined ? undefined : fieldReader(resource, term.field);
  return { prefix: resource.prefix, index: term === undefined || read === undefined ? undefined : { field: term.field, value: term.value, read } };
}

function sendBookmarks({ env, resource }: WatchPlan, sink: Sink, after: number): () => void {
  let cancel: () => void = () => undefined;
  const schedule = (): void => {
    cancel = env.clock.after(BOOKMARK_INTERVAL_MS, send, { background: true });
  };
  const send = (): void => {
    sink.next(bookmark(resource, Math.max(after, env.dispatcher.revision)));
    if (!sink.closed) schedule();
  };
  schedule();
  return () => cancel();
}

function bookmark({ kind }: Resource, revision: number, annotations?: Record<string, string>): WatchEvent<KubernetesObject> {
  const metadata = { resourceVersion: String(revision), ...(annotations === undefined ? {} : { annotations: Object.freeze(annotations) }) };
  const object = Object.freeze({ apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: Object.freeze(metadata) });
  return { type: 'BOOKMARK', object };
}
