import { CorruptStateError } from '../errors.ts';
import { fromSorted } from '../internal/b-tree.ts';
import { ByteRecord, createPastBytes, type Faces, type PastBytes } from '../internal/byte-record.ts';
import type { EngineState } from '../internal/engine.ts';
import { defaultHistoryLimit, History } from '../internal/history.ts';
import { OrderedMap } from '../internal/ordered-map.ts';
import { DeletedRecord, RecordEvent } from '../internal/record.ts';
import type { Revision, StateEvent, StateRecord } from '../store.ts';
import type { FileSystem } from './file-system.ts';
import { ENTRY_HEADER, keyOf, readEntry, type FoundEntry } from './format.ts';
import type { Manifest } from './manifest.ts';
import { scanSegment, type SegmentScan } from './scan.ts';
import { bury, hush, newSegment, type Segment } from './segment.ts';

/** What {@link recover} works with. */
export interface RecoverOptions {
  readonly files: FileSystem;
  readonly directory: string;
  readonly manifest: Manifest;
  readonly faces: Faces;
  readonly historyLimit: number | undefined;
  /** Told now and then how far it is. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/** What was recovered. */
export interface Recovered {
  readonly state: EngineState;
  readonly segments: readonly Segment[];
  /** How many bytes a crash left half written; nobody was told that they were kept. */
  readonly tornBytes: number;
}

/** A delete, as a segment has it. */
interface Deletion {
  readonly key: string;
  readonly modRevision: Revision;
  readonly createRevision: Revision;
  readonly version: number;
  readonly born: number;
  readonly deletion: true;
}

type Version = ByteRecord | Deletion;

/** Two versions of a key: the older one, and the one that took its place. */
interface Step {
  readonly before: Version | undefined;
  readonly after: Version;
}

/**
 * Reads the segments of a directory and rebuilds the state and its history from them. Changes nothing on the disk.
 *
 * @throws {CorruptStateError} a file is missing or damaged
 */
export async function recover(options: RecoverOptions): Promise<Recovered> {
  const { directory, manifest } = options;
  const loader = new Loader(options.faces, manifest);
  const segments = manifest.segments.map((id) => newSegment(directory, id));
  const sizes = await Promise.all(segments.map((segment) => sizeOf(options.files, segment)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  let open: Segment | undefined;
  let tornBytes = 0;
  let next = readSegment(options.files, segments[0]);
  for (const [at, segment] of segments.entries()) {
    const bytes = await next;
    next = readSegment(options.files, segments[at + 1]);
    next.catch(() => undefined);
    const scan = scanSegment(bytes, segment);
    if (open !== undefined && scan.kind === 'log' && scan.batches.length > 0) throw new CorruptStateError(open.path, open.size, 'its end is missing');
    loader.load(bytes, scan, segment);
    if (!scan.ended) open ??= segment;
    tornBytes += scan.tornBytes;
    done += bytes.length;
    options.onProgress?.(done, total);
  }
  return { state: loader.finish(options.historyLimit), segments, tornBytes };
}

async function sizeOf(files: FileSystem, { path }: Segment): Promise<number> {
  try {
    const file = await files.open(path, 'read');
    const size = await file.size();
    await file.close();
    return size;
  } catch (error) {
    throw missing(path, error);
  }
}

const missing = (path: string, error: unknown): Error =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT' ? new CorruptStateError(path, 0, 'it is missing') : (error as Error);

async function readSegment(files: FileSystem, segment: Segment | undefined): Promise<Buffer> {
  if (segment === undefined) return Buffer.alloc(0);
  const file = await files.open(segment.path, 'read').catch((error: unknown) => {
    throw missing(segment.path, error);
  });
  try {
    // The engine collects garbage whenever some tens of megabytes of ordinary buffers were made, and there is none: with a million objects that took
    // longer than all the rest. Shared buffers it does not count.
    const bytes = Buffer.from(new SharedArrayBuffer(await file.size()));
    const length = await file.read(bytes, 0);
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

/** Gathers the entries of segments, in any order: what counts are their revisions. */
class Loader {
  readonly #faces: Faces;
  /** The newest version of each key. */
  readonly #latest = new Map<string, Version>();
  /** All versions of the keys of which there are several. */
  readonly #several = new Map<string, Version[]>();
  /** Which event of its commit a version is, where it is not the first. */
  readonly #index = new Map<Version, number>();
  #revision: Revision;
  #compacted: Revision;

  constructor(faces: Faces, { revision, compacted }: Manifest) {
    this.#faces = faces;
    this.#revision = revision;
    this.#compacted = compacted;
  }

  load(bytes: Buffer, { batches, end, ended }: SegmentScan, segment: Segment): void {
    segment.size = end;
    segment.full = ended;
    segment.batches = batches.length;
    for (const batch of batches) {
      this.#revision = Math.max(this.#revision, batch.revision);
      this.#compacted = Math.max(this.#compacted, batch.compacted);
      for (let at = batch.payload; at < batch.next; ) {
        const entry = readEntry(bytes, at);
        this.#add(this.#versionOf(bytes, entry, segment), entry.index);
        at += entry.size;
      }
    }
  }

  finish(historyLimit: number | undefined): EngineState {
    const limit = historyLimit ?? defaultHistoryLimit(this.#latest.size);
    // Every revision has an event: what is older than this would be forgotten anyway.
    this.#compacted = Math.max(this.#compacted, this.#revision - limit);
    const steps: Step[] = [];
    const records: ByteRecord[] = [];
    for (const version of this.#latest.values()) {
      const versions = this.#several.get(version.key);
      if (versions === undefined) this.#single(version, steps);
      else this.#successive(versions, steps);
      const last = versions?.at(-1) ?? version;
      if (last instanceof ByteRecord) records.push(last);
    }
    this.#latest.clear();
    records.sort((a, b) => (a.key < b.key ? -1 : 1));
    const history = this.#history(steps, limit);
    return { records: new OrderedMap<StateRecord>(fromSorted<StateRecord>(records)), history, revision: this.#revision };
  }

  #versionOf(bytes: Buffer, entry: FoundEntry, segment: Segment): Version {
    const { modRevision, createRevision, version } = entry;
    const key = keyOf(bytes, entry);
    if (entry.type === 'delete') {
      segment.deleteBytes += entry.size;
      return { key, modRevision, createRevision, version, born: entry.born, deletion: true };
    }
    const record = new ByteRecord(key, entry, this.#faces);
    record.move({ slab: bytes, at: entry.at + ENTRY_HEADER + entry.key, length: entry.value, annexLength: entry.annex });
    record.entrySize = entry.size;
    record.entryAt = entry.at;
    record.home = segment;
    segment.liveBytes += entry.size;
    return record;
  }

  #add(version: Version, index: number): void {
    if (index > 0) this.#index.set(version, index);
    if (version.modRevision > this.#revision) this.#revision = version.modRevision;
    const known = this.#latest.get(version.key);
    if (known === undefined) {
      this.#latest.set(version.key, version);
      return;
    }
    const versions = this.#several.get(version.key);
    if (versions === undefined) this.#several.set(version.key, [known, version]);
    else versions.push(version);
  }

  #single(version: Version, steps: Step[]): void {
    if (version.modRevision <= this.#compacted) return;
    // What it replaced is not there: what is older than this cannot be told.
    if (!(version instanceof ByteRecord) || version.version > 1) this.#compacted = version.modRevision;
    else steps.push({ before: undefined, after: version });
  }

  #successive(versions: Version[], steps: Step[]): void {
    versions.sort((a, b) => a.modRevision - b.modRevision);
    hushDeleted(versions);
    let before: Version | undefined;
    for (let at = 0; at < versions.length; at += 1) {
      const after = versions[at] as Version;
      // A cleaning that was cut off leaves two copies of an entry.
      if (after.modRevision === versions[at + 1]?.modRevision) forget(after);
      else {
        if (before === undefined) this.#single(after, steps);
        else if (before instanceof ByteRecord || after instanceof ByteRecord) steps.push({ before, after });
        before = after;
      }
    }
  }

  /** The history of the steps after what is compacted, bounded. */
  #history(steps: Step[], limit: number): History {
    const retained = steps.filter(({ after }) => after.modRevision > this.#compacted);
    for (const step of steps) if (step.after.modRevision <= this.#compacted) forget(step.before);
    retained.sort((a, b) => a.after.modRevision - b.after.modRevision || this.#indexOf(a.after) - this.#indexOf(b.after));
    if (retained.length > limit) {
      this.#compacted = (retained[retained.length - limit - 1] as Step).after.modRevision;
      while (retained.length > 0 && (retained[0] as Step).after.modRevision <= this.#compacted) forget((retained.shift() as Step).before);
    }
    const history = new History(this.#compacted);
    const past = createPastBytes();
    let commit: StateEvent[] = [];
    for (const step of retained) {
      if (commit.length > 0 && commit[0]?.revision !== step.after.modRevision) {
        history.append(commit, limit);
        commit = [];
      }
      commit.push(eventOf(step, past));
    }
    if (commit.length > 0) history.append(commit, limit);
    return history;
  }

  #indexOf(version: Version): number {
    return this.#index.get(version) ?? 0;
  }
}

function eventOf({ before, after }: Step, past: PastBytes): StateEvent {
  const previous = before instanceof ByteRecord ? before : undefined;
  if (previous !== undefined) {
    bury(previous, after.modRevision);
    past.detach(previous);
  }
  if (after instanceof ByteRecord) return new RecordEvent('put', after, previous);
  return new RecordEvent('delete', new DeletedRecord(previous as StateRecord, after.modRevision), previous);
}

/** Takes note of deletes that were written before the segments were made that have older versions of their key. */
function hushDeleted(versions: readonly Version[]): void {
  const segments = new Set<Segment>();
  for (const version of versions) {
    if (version instanceof ByteRecord) segments.add(version.home as Segment);
    else for (const segment of segments) if (segment.id > version.born) hush(segment, version.modRevision, version.modRevision);
  }
}

function forget(version: Version | undefined): void {
  if (!(version instanceof ByteRecord) || version.home === undefined) return;
  version.home.liveBytes -= version.entrySize;
  version.home = undefined;
}
