import { createJsonPatch, type KubernetesObject } from '@kybern/core';
import { HotLoopError } from './errors.ts';
import type { LogEntry } from './event-log.ts';
import type { Trace } from './trace.ts';

/** So often may one object be written without time passing. */
const MAX_AT_ONCE = 500;
/** So often may one object be written until a cluster settles. */
const MAX_PER_SETTLE = 1_000;

/** Notices objects that are written without end. */
export interface HotLoopDetector {
  /** A `settle()` begins: its count starts anew. */
  begin(): void;
  /** A `settle()` is over: only writes without time passing count. */
  end(): void;
  wrote(entry: LogEntry): void;
  /** What was noticed. */
  readonly found: HotLoopError | undefined;
}

/** Makes a {@link HotLoopDetector}; `onFound` has to make an end of what runs. */
export function createHotLoopDetector(parts: { readonly entries: readonly LogEntry[]; readonly trace: Trace; readonly onFound: () => void }): HotLoopDetector {
  const atOnce = new Map<string, number>();
  const inSettle = new Map<string, number>();
  let settling = false;
  let nowMs = -1;
  let found: HotLoopError | undefined;
  const count = (counts: Map<string, number>, key: string): number => {
    const written = (counts.get(key) ?? 0) + 1;
    counts.set(key, written);
    return written;
  };
  return {
    get found() {
      return found;
    },
    begin() {
      settling = true;
      inSettle.clear();
    },
    end() {
      settling = false;
      inSettle.clear();
    },
    wrote({ key, atMs }) {
      if (atMs !== nowMs) {
        nowMs = atMs;
        atOnce.clear();
      }
      const isHot = count(atOnce, key) > MAX_AT_ONCE || (settling && count(inSettle, key) > MAX_PER_SETTLE);
      if (!isHot || found !== undefined) return;
      found = explain(parts.entries, parts.trace, key);
      parts.onFound();
    },
  };
}

/** How much of the end of the log shows who feeds the loop. */
const TAIL = 60;

function explain(entries: readonly LogEntry[], trace: Trace, hotKey: string): HotLoopError {
  // Who made the very last writes is not known yet.
  const tail = entries.slice(-TAIL).filter(({ revision, key }) => trace.author(revision, key) !== undefined);
  const writers = new Map<string, LogEntry>();
  for (const entry of tail) writers.set(`${writerOf(trace, entry)} ${entry.key}`, entry);
  const lines = [...writers.values()].slice(-4).map((entry) => `  ${writerOf(trace, entry)} writes ${entry.key}${changeOf(entries, entry)}`);
  const names = [...new Set([...writers.values()].map((entry) => writerOf(trace, entry)))];
  const keys = [...new Set([...writers.values()].map(({ key }) => key))];
  const who = names.length === 1 ? `${names[0] ?? ''} feeds itself` : `${names.slice(0, 2).join(' and ')} feed each other`;
  return new HotLoopError(`the cluster does not settle: ${hotKey} is written again and again; ${who}:\n${lines.join('\n')}`, { keys, writers: names });
}

function writerOf(trace: Trace, { revision, key }: LogEntry): string {
  const author = trace.author(revision, key);
  const reconcile = author?.reconcile === undefined ? undefined : trace.reconciles.findLast(({ id }) => id === author.reconcile);
  return reconcile?.controller ?? author?.process ?? 'API server';
}

function changeOf(entries: readonly LogEntry[], entry: LogEntry): string {
  const before = entries.findLast(({ key, revision }) => key === entry.key && revision < entry.revision);
  const changes = before === undefined ? [] : describeChanges(before.object, entry.object);
  return changes.length === 0 ? '' : `: ${changes.slice(0, 3).join(', ')}`;
}

/** What a write changed, field by field: `/data/n: "1" → "2"`. Versions and managers of fields are left out. */
export function describeChanges(before: KubernetesObject, after: KubernetesObject): readonly string[] {
  return createJsonPatch(plain(before), plain(after)).map(({ path, ...operation }) => {
    const from = valueAt(before, path);
    const to = 'value' in operation ? operation.value : undefined;
    if (from === undefined) return `${path}: ${short(to)}`;
    return to === undefined ? `${path}: gone` : `${path}: ${short(from)} → ${short(to)}`;
  });
}

function plain(object: KubernetesObject): KubernetesObject {
  const { resourceVersion: _version, managedFields: _managed, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function valueAt(object: unknown, path: string): unknown {
  let value = object;
  for (const part of path.split('/').slice(1)) value = (value as Record<string, unknown> | undefined)?.[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  return value;
}

const MAX_LENGTH = 60;

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
}
