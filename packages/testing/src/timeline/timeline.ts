import type { KubernetesObject } from '@kybern/core';
import type { LogEntry } from '../event-log.ts';
import { describeChanges } from '../hot-loop.ts';
import type { Trace } from '../trace.ts';

/** A write, with who made it and why. Times are virtual ms since the cluster's start. */
export interface TimelineWrite {
  readonly type: 'write';
  readonly atMs: number;
  readonly revision: number;
  readonly operation: 'create' | 'update' | 'delete';
  /** `ConfigMap default/a` */
  readonly object: string;
  /** Where it is kept: `/registry/core/configmaps/default/a`. */
  readonly key: string;
  /** The process that wrote, or `test`; `API server` for what it does by itself, such as at its start. */
  readonly actor: string;
  /** The {@link TimelineReconcile.id} of the reconcile that wrote. */
  readonly reconcile: number | undefined;
  /** The revisions that led to it: those that woke the reconcile, or the last one of the same object by another process. */
  readonly because: readonly number[];
  /** What it changed: `/data/n: "1" → "2"`. */
  readonly changes: readonly string[];
}

/** One reconcile. */
export interface TimelineReconcile {
  readonly type: 'reconcile';
  readonly id: number;
  readonly atMs: number;
  /** Undefined when it did not end: its process crashed, or it is under way. */
  readonly endedMs: number | undefined;
  readonly actor: string;
  readonly controller: string;
  readonly key: string;
  readonly result: string | undefined;
  /** The revisions that woke it; empty when it was a timer (a retry, a requeue), or the start. */
  readonly because: readonly number[];
  /** The revisions that it wrote. */
  readonly writes: readonly number[];
  /** The newest revision when it began. */
  readonly revision: number;
}

/** Something that went wrong, or was made to. */
export interface TimelineFault {
  readonly type: 'fault';
  readonly atMs: number;
  /** The newest revision at that moment. */
  readonly revision: number;
  readonly text: string;
}

/** One thing that happened. */
export type TimelineEntry = TimelineWrite | TimelineReconcile | TimelineFault;

/** All that happened in a cluster, in order, with what led to what. */
export interface Timeline {
  readonly kybern: 'timeline';
  /** Virtual wall time of the start, ms since the Unix epoch. */
  readonly startMs: number;
  /** The newest revision when the cluster was up. */
  readonly startRevision: number;
  readonly entries: readonly TimelineEntry[];
}

/** Who writes what no process asked for. */
const API_SERVER = 'API server';

/** Makes a timeline from what was noted while a cluster ran. */
export function computeTimeline({
  entries,
  trace,
  startMs,
}: {
  readonly entries: readonly LogEntry[];
  readonly trace: Trace;
  readonly startMs: number;
}): Timeline {
  const reconciles = new Map(trace.reconciles.map((reconcile) => [reconcile.id, reconcile]));
  const written = new Map<number, number[]>();
  const before = new Map<string, LogEntry>();
  const writes = entries.map((entry): TimelineWrite => {
    const author = trace.author(entry.revision, entry.key);
    const reconcile = author?.reconcile === undefined ? undefined : reconciles.get(author.reconcile);
    if (reconcile !== undefined) written.set(reconcile.id, [...(written.get(reconcile.id) ?? []), entry.revision]);
    const previous = before.get(entry.key);
    if (entry.type === 'put') before.set(entry.key, entry);
    else before.delete(entry.key);
    const actor = author?.process ?? API_SERVER;
    const earlier = previous !== undefined && trace.author(previous.revision, previous.key)?.process !== actor ? [previous.revision] : [];
    return {
      type: 'write',
      atMs: entry.atMs - startMs,
      revision: entry.revision,
      operation: entry.type === 'delete' ? 'delete' : previous === undefined ? 'create' : 'update',
      object: nameOf(entry.object),
      key: entry.key,
      actor,
      reconcile: reconcile?.id,
      because: reconcile?.because ?? (actor === 'test' ? [] : earlier),
      changes: previous === undefined || entry.type === 'delete' ? [] : describeChanges(previous.object, entry.object),
    };
  });
  const runs = trace.reconciles.map(
    ({ id, atMs, endedMs, process, controller, key, result, because, revision }): TimelineReconcile => ({
      type: 'reconcile',
      id,
      atMs,
      endedMs,
      actor: process,
      controller,
      key,
      result,
      because,
      revision,
      writes: written.get(id) ?? [],
    }),
  );
  const faults = trace.faults.map((fault): TimelineFault => ({ type: 'fault', ...fault }));
  return { kybern: 'timeline', startMs, startRevision: trace.startRevision, entries: inOrder(runs, writes, faults) };
}

/** By time, and within a moment by the revisions that there were. */
function inOrder(runs: readonly TimelineReconcile[], writes: readonly TimelineWrite[], faults: readonly TimelineFault[]): readonly TimelineEntry[] {
  const rank = (entry: TimelineEntry): number => (entry.type === 'write' ? entry.revision : entry.revision + 0.5);
  return [...faults, ...writes, ...runs].sort((a, b) => a.atMs - b.atMs || rank(a) - rank(b));
}

function nameOf({ kind, metadata: { namespace, name } }: KubernetesObject): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${String(name)}`;
}
