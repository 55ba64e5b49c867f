import { systemClock, type Clock } from '@kybern/core';
import type { Observable } from 'rxjs';
import { isCompareFailed, StateFormatError, StoreClosedError } from '../errors.ts';
import { ByteRecord, createFaces, createPastBytes, type Annex, type Faces, type PastBytes } from '../internal/byte-record.ts';
import { Engine, type EngineOptions, type Staged } from '../internal/engine.ts';
import { isEncodedObject } from '../encoded-object.ts';
import { accept, type MakeRecord } from '../internal/record.ts';
import { continueInMemory, defer, rethrow } from '../memory-store.ts';
import type {
  Change,
  CommitOptions,
  CommitResult,
  EncodedChange,
  GetOptions,
  RangeOptions,
  RangeResult,
  Revision,
  StateCursor,
  StateEvent,
  StateRecord,
  StateSnapshot,
  StateStore,
} from '../store.ts';
import { Cleaner } from './cleaner.ts';
import { nodeFileSystem, type FileSystem, type StateFile } from './file-system.ts';
import { FORMAT } from './format.ts';
import { createSegment, Journal } from './journal.ts';
import { formatManifest, isMissing, manifestPath, migrate, readManifest, type Manifest } from './manifest.ts';
import { recover, type Recovered } from './recover.ts';
import { bury, newSegment, type Segment } from './segment.ts';

/** Options of {@link openFileStore}. */
export interface FileStoreOptions {
  /** Where the state is: a directory of its own. It is made if it does not exist. */
  readonly directory: string;
  /** As of `createMemoryStore`. The history survives with the state. */
  readonly historyLimit?: number;
  /** As of `createMemoryStore`. */
  readonly schedule?: (drain: () => void) => void;
  /** Told what a subscriber or a cursor's callback throws, and what goes wrong in the background. Default: it becomes an uncaught exception. */
  readonly onError?: (error: unknown) => void;
  /** Told once that nothing can be written any more: commits reject with the error, reads go on. */
  readonly onFailure?: (error: Error) => void;
  /** What goes with objects besides their JSON. */
  readonly annex?: Annex;
  /** Of so many records the objects are kept in memory besides their bytes; of the others they are made when somebody reads them. Default 100,000. */
  readonly objectLimit?: number;
  /** How long a file of the log becomes, in bytes. Default 16 MiB. */
  readonly segmentBytes?: number;
  /** Told while the state is read how much of it has been. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** For timers. Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the machine's. */
  readonly files?: FileSystem;
}

/** A store on the disk of this machine. */
export interface FileStore extends StateStore {
  /** Where the state is. */
  readonly directory: string;
  /** How many bytes a crash had left half written when the store was opened; they had not been acknowledged, and were cut off. */
  readonly tornBytes: number;
  /** Why nothing can be written any more; undefined while all is well. */
  readonly failure: Error | undefined;
  /** Gives back the space of what is no longer needed, as far as it is worth it. The store does this by itself; this waits until it is done. */
  defragment(): Promise<void>;
}

const DEFAULT_SEGMENT_BYTES = 16 << 20;
const DEFAULT_OBJECTS = 100_000;

/**
 * Opens a store that keeps its state in a directory, for this process alone. A commit resolves, and can be seen, once it would survive a loss of power;
 * commits that arrive while the disk is busy share one flush. After a crash everything is there that was acknowledged, with its revisions and history,
 * so that watches resume.
 *
 * @example await using store = await openFileStore('./data');
 * @param where the directory, or options with it
 * @throws {StateLockedError} another process has the directory open
 * @throws {CorruptStateError} a file is damaged; nothing is served, nothing was changed
 * @throws {StateFormatError} the directory holds something else, or a newer version of the format
 * @throws what the system says (`EACCES`, `ENOSPC`, …)
 */
export async function openFileStore(where: FileStoreOptions | string): Promise<FileStore> {
  const options = typeof where === 'string' ? { directory: where } : where;
  checkOptions(options);
  const files = options.files ?? nodeFileSystem();
  const { directory } = options;
  await files.makeDirectory(directory);
  await using stack = new AsyncDisposableStack();
  const lock = stack.use(await files.lock(directory));
  const found = (await readManifest(files, directory)) ?? (await initialize(files, directory));
  const manifest = await migrate(files, directory, { manifest: found });
  const faces = createFaces(options.objectLimit ?? DEFAULT_OBJECTS, options.annex);
  const recovered = await recover({ files, directory, manifest, faces, historyLimit: options.historyLimit, onProgress: options.onProgress });
  const start = await resume(files, directory, { manifest, recovered });
  const store = new DurableStore({ ...options, files }, { ...start, recovered, faces, lock });
  stack.move();
  return store;
}

function checkOptions({ directory, historyLimit, segmentBytes, objectLimit }: FileStoreOptions): void {
  if (directory === '') throw new TypeError('directory is empty');
  for (const [name, value, least] of [
    ['historyLimit', historyLimit, 1],
    ['segmentBytes', segmentBytes, 4096],
    ['objectLimit', objectLimit, 1],
  ] as const) {
    if (value !== undefined && (!Number.isSafeInteger(value) || value < least)) throw new RangeError(`${name} must be an integer ≥ ${least}, not ${value}`);
  }
}

/** Makes an empty state. @throws {StateFormatError} there is something else in the directory */
async function initialize(files: FileSystem, directory: string): Promise<Manifest> {
  const foreign = (await files.list(directory)).filter((name) => !['lock', 'lock-journal', 'holder', 'holder.next', 'manifest.json.next'].includes(name));
  const strangers = foreign.filter((name) => name !== 'segment-00000001');
  if (strangers.length > 0) {
    throw new StateFormatError(directory, `there is no state in this directory, but something else ("${strangers[0]}"); choose an empty one`);
  }
  const file = await createSegment(files, newSegment(directory, 1));
  await file.close();
  await files.syncDirectory(directory);
  const manifest: Manifest = { format: FORMAT, segments: [1], next: 2, revision: 0, compacted: 0 };
  await files.replaceFile(manifestPath(directory), formatManifest(manifest));
  return manifest;
}

interface Start {
  readonly manifest: Manifest;
  readonly segments: readonly Segment[];
  readonly active: Segment;
  readonly file: StateFile;
}

/** Makes the disk ready to go on where the log ends: cuts off what is no batch, and removes files that are none of the state. */
async function resume(files: FileSystem, directory: string, { manifest, recovered }: { manifest: Manifest; recovered: Recovered }): Promise<Start> {
  const open = recovered.segments.filter(({ full }) => !full);
  const active = open[0] ?? newSegment(directory, manifest.next);
  const segments = [...recovered.segments.filter(({ full }) => full), active];
  const next = Math.max(manifest.next, active.id + 1);
  const file = open.length > 0 ? await files.open(active.path, 'write') : await createSegment(files, active);
  if ((await file.size()) > active.size) {
    await file.truncate(active.size);
    await file.sync();
  }
  const resumed = { ...manifest, segments: segments.map(({ id }) => id).sort((a, b) => a - b), next };
  if (formatManifest(resumed) !== formatManifest(manifest)) {
    await files.syncDirectory(directory);
    await files.replaceFile(manifestPath(directory), formatManifest(resumed));
  }
  const known = new Set(segments.map(({ path }) => path));
  for (const name of await files.list(directory)) {
    const path = `${directory}/${name}`;
    if (/^segment-\d+$/.test(name) && ![...known].some((one) => one.endsWith(name))) await files.remove(path).catch((error: unknown) => ignoreMissing(error));
  }
  return { manifest: resumed, segments, active, file };
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}

// eslint-disable-next-line no-restricted-globals -- what the system has read in this turn of the event loop is committed together
const soon = (fn: () => void): void => void setImmediate(fn);

const recordMaker =
  (faces: Faces): MakeRecord =>
  (key, value, at) => {
    const record = new ByteRecord(key, at, faces);
    if (!isEncodedObject(value)) return record.withFace(accept(value, at.modRevision));
    record.encoded = value;
    return record;
  };

class DurableStore implements FileStore {
  readonly directory: string;
  readonly tornBytes: number;
  readonly #engine: Engine;
  readonly #engineOptions: EngineOptions;
  readonly #journal: Journal;
  readonly #cleaner: Cleaner;
  readonly #lock: AsyncDisposable;
  readonly #past: PastBytes = createPastBytes();
  #closed: Promise<void> | undefined;

  constructor(options: FileStoreOptions & { files: FileSystem }, start: Start & { recovered: Recovered; faces: Faces; lock: AsyncDisposable }) {
    const { directory, files, schedule = defer, onError = rethrow, onFailure, segmentBytes = DEFAULT_SEGMENT_BYTES } = options;
    const { faces } = start;
    this.directory = directory;
    this.tornBytes = start.recovered.tornBytes;
    this.#lock = start.lock;
    this.#engineOptions = { historyLimit: options.historyLimit, schedule, onError };
    this.#engine = new Engine(start.recovered.state, {
      ...this.#engineOptions,
      makeRecord: recordMaker(faces),
    });
    const progress = (): { revision: Revision; compacted: Revision } => ({ revision: this.#engine.revision, compacted: this.#engine.compactedRevision });
    this.#journal = new Journal(
      {
        files,
        directory,
        segmentBytes,
        soon,
        progress,
        clock: options.clock ?? systemClock(),
        annex: options.annex,
        onDurable: ({ waiters }) => {
          for (const { staged } of waiters) if (staged !== undefined) this.#apply(staged);
        },
        onFailure: (error) => {
          this.#engine.discard();
          onFailure?.(error);
        },
        onFull: () => this.#cleaner.consider(),
      },
      start,
    );
    this.#cleaner = new Cleaner({ files, directory, segmentBytes, progress, onError, journal: this.#journal, current: (key) => this.#engine.get(key) });
    this.#cleaner.consider();
  }

  get revision(): Revision {
    return this.#engine.revision;
  }

  get compactedRevision(): Revision {
    return this.#engine.compactedRevision;
  }

  get failure(): Error | undefined {
    return this.#journal.failure;
  }

  async get(key: string, options?: GetOptions): Promise<StateRecord | undefined> {
    return this.#open(options?.signal).get(key, options?.at, options?.atLeast);
  }

  async range(prefix: string, options?: RangeOptions): Promise<RangeResult> {
    return this.#open(options?.signal).range(prefix, options);
  }

  async commit(changes: readonly (Change | EncodedChange)[], options?: CommitOptions): Promise<CommitResult> {
    const engine = this.#open(options?.signal);
    if (this.#journal.failure !== undefined) throw this.#journal.failure;
    let staged: Staged;
    try {
      staged = engine.stage(changes);
    } catch (error) {
      // What it found may not be durable yet, and nobody may act on what is not.
      if (isCompareFailed(error)) await this.#flushed();
      throw error;
    }
    const { revision, records, events } = staged;
    if (events.length === 0) await this.#flushed();
    else await this.#append(staged);
    return { revision, records, events };
  }

  watch(prefix: string, from: Revision): Observable<StateEvent> {
    return this.#engine.observe(prefix, from);
  }

  cursor(prefix: string, from: Revision): StateCursor {
    return this.#open().cursor(prefix, from);
  }

  async compact(before: Revision): Promise<void> {
    this.#open().compact(before);
    await this.#journal.flush();
    this.#cleaner.consider();
  }

  async defragment(): Promise<void> {
    this.#open();
    await this.#cleaner.settled();
  }

  snapshot(): StateSnapshot {
    return this.#open().snapshot();
  }

  fork(): StateStore {
    return continueInMemory(this.#open().fork(), this.#engineOptions);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#cleaner.close();
    await this.#journal.close();
    this.#engine.close();
    await this.#lock[Symbol.asyncDispose]();
  }

  #append(staged: Staged): Promise<void> {
    return new Promise((resolve, reject) => {
      try {
        this.#journal.append(staged, { resolve, reject });
      } catch (error) {
        this.#engine.unstage(staged);
        reject(error as Error);
      }
    });
  }

  /** Resolves once everything that is staged now is durable. */
  async #flushed(): Promise<void> {
    if (this.#engine.stagedRevision > this.#engine.revision) await this.#journal.flush();
  }

  #apply(staged: Staged): void {
    this.#engine.apply(staged);
    for (const { previous, revision } of staged.events) {
      if (!(previous instanceof ByteRecord)) continue;
      bury(previous, revision);
      this.#past.detach(previous);
    }
  }

  #open(signal?: AbortSignal): Engine {
    if (this.#closed !== undefined) throw new StoreClosedError();
    signal?.throwIfAborted();
    return this.#engine;
  }
}
