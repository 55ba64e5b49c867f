import { CliError } from '../errors.ts';

/** What the page shows of a write. The file is that of `@kybern/testing`'s `Timeline`; times are ms since the start. */
export interface FileWrite {
  readonly type: 'write';
  readonly atMs: number;
  readonly revision: number;
  readonly operation: string;
  readonly object: string;
  readonly actor: string;
  readonly reconcile?: number;
  readonly because: readonly number[];
  readonly changes: readonly string[];
}

/** A reconcile. */
export interface FileReconcile {
  readonly type: 'reconcile';
  readonly id: number;
  readonly atMs: number;
  readonly endedMs?: number;
  readonly actor: string;
  readonly controller: string;
  readonly key: string;
  readonly result?: string;
  readonly because: readonly number[];
  readonly writes: readonly number[];
}

/** Something that went wrong. */
export interface FileFault {
  readonly type: 'fault';
  readonly atMs: number;
  readonly text: string;
}

/** A timeline as it is written. */
export interface TimelineFile {
  readonly startMs: number;
  readonly startRevision: number;
  readonly entries: readonly (FileWrite | FileReconcile | FileFault)[];
}

/** Reads a timeline from its JSON. @throws {CliError} when it is none */
export function readTimeline(text: string, file: string): TimelineFile {
  let parsed: Partial<TimelineFile> & { readonly kybern?: unknown };
  try {
    parsed = JSON.parse(text) as typeof parsed;
  } catch (cause) {
    throw new CliError(`${file}: is no JSON`, { cause });
  }
  if (parsed.kybern !== 'timeline' || !Array.isArray(parsed.entries)) {
    throw new CliError(`${file}: is no timeline; write one with JSON.stringify(await cluster.timeline())`);
  }
  return { startMs: parsed.startMs ?? 0, startRevision: parsed.startRevision ?? 0, entries: parsed.entries };
}
