import type { Timeline, TimelineEntry, TimelineReconcile, TimelineWrite } from './timeline.ts';

/** Options of {@link timelineText}. */
export interface TimelineTextOptions {
  /** Only the last so many lines. Default 60. */
  readonly lines?: number;
  /** Leave out the start of the cluster, and Leases, Nodes and Events, which say little about most failures. Default true. */
  readonly onlyWork?: boolean;
}

const NOISE = /^\/registry\/(?:coordination\.k8s\.io\/leases|core\/nodes|core\/events|events\.k8s\.io\/events)\//;
const DEFAULT_LINES = 60;

/** A timeline for people: one line per write and fault, and per reconcile that failed or wrote. */
export function timelineText({ entries, startRevision }: Timeline, { lines = DEFAULT_LINES, onlyWork = true }: TimelineTextOptions = {}): string {
  const shown = entries.filter((entry) => entry.revision > (entry.type === 'write' ? startRevision : startRevision - 1) && isShown(entry, onlyWork));
  const reconciles = new Map(entries.flatMap((entry) => (entry.type === 'reconcile' ? [[entry.id, entry] as const] : [])));
  const text = shown.slice(-lines).map((entry) => `${time(entry.atMs)}  ${describe(entry, reconciles)}`);
  return [...(shown.length > lines ? [`… ${String(shown.length - lines)} earlier lines`] : []), ...text].join('\n');
}

function isShown(entry: TimelineEntry, onlyWork: boolean): boolean {
  if (entry.type === 'write') return !onlyWork || !NOISE.test(entry.key);
  return entry.type === 'fault' || (entry.result !== 'success' && entry.result !== 'requeue_after');
}

const SECOND_MS = 1_000;
const TIME_WIDTH = 10;

function time(atMs: number): string {
  return `+${(atMs / SECOND_MS).toFixed(3)}s`.padStart(TIME_WIDTH);
}

function describe(entry: TimelineEntry, reconciles: ReadonlyMap<number, TimelineReconcile>): string {
  switch (entry.type) {
    case 'fault':
      return `✗ ${entry.text}`;
    case 'reconcile':
      return `${entry.actor}  reconcile ${entry.controller} ${entry.key}: ${entry.result ?? 'did not end'}${because(entry)}`;
    case 'write':
      return describeWrite(entry, reconciles);
  }
}

const MAX_CHANGES = 3;

function describeWrite(write: TimelineWrite, reconciles: ReadonlyMap<number, TimelineReconcile>): string {
  const { actor, operation, object, revision, changes } = write;
  const reconcile = write.reconcile === undefined ? undefined : reconciles.get(write.reconcile);
  const by = reconcile === undefined ? '' : ` in the reconcile of ${reconcile.key}`;
  const what = changes.length === 0 ? '' : `  ${changes.slice(0, MAX_CHANGES).join(', ')}${changes.length > MAX_CHANGES ? ', …' : ''}`;
  return `${actor}  ${operation} ${object} (revision ${String(revision)})${by}${because(write)}${what}`;
}

function because({ because: revisions }: Pick<TimelineWrite, 'because'>): string {
  return revisions.length === 0 ? '' : `, because of ${revisions.join(', ')}`;
}
