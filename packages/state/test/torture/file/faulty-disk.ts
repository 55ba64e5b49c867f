import { nodeFileSystem, type FileSystem, type StateFile } from '@kybern/state/file';

/** What is to go wrong in the life of one server process. */
export interface FaultPlan {
  readonly kind: FaultKind;
  /** At which operation of that kind, from 1. */
  readonly at: number;
  /** Between 0 and 1: how much of what is interrupted still happens. */
  readonly share: number;
}

/** Every kind of fault: what dies, or what the disk says. */
export const FAULT_KINDS = [
  'killed while writing',
  'killed before a sync',
  'killed after a sync',
  'killed before the manifest is replaced',
  'killed after the manifest is replaced',
  'killed while a segment is made',
  'killed while files are removed',
  'short writes',
  'no space',
  'write error',
  'sync error',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  // Dying takes a moment.
  return new Promise(() => undefined);
};

const failure = (code: string): Error => Object.assign(new Error(`${code}: injected`), { code });

/** The machine's disk, with one fault. */
export function faultyDisk(plan: FaultPlan | undefined): FileSystem {
  const disk = nodeFileSystem();
  if (plan === undefined) return disk;
  const counts = new Map<FaultKind, number>();
  /** Whether now is the time for a fault of one of these kinds. */
  const due = (...kinds: readonly FaultKind[]): boolean => {
    if (!kinds.includes(plan.kind)) return false;
    const count = (counts.get(plan.kind) ?? 0) + 1;
    counts.set(plan.kind, count);
    return count === plan.at;
  };
  const synced =
    (file: StateFile, write: NonNullable<StateFile['writeSynced']>): NonNullable<StateFile['writeSynced']> =>
    async (buffers, position) => {
      const whole = Buffer.concat(buffers);
      const part = whole.subarray(0, Math.floor(whole.length * plan.share));
      const failing = due('no space', 'write error', 'sync error');
      const killed = due('killed while writing', 'killed before a sync');
      if ((failing || killed) && part.length > 0) await file.write([plan.kind === 'killed before a sync' ? whole : part], position);
      if (killed) return die();
      if (failing) throw failure(plan.kind === 'no space' ? 'ENOSPC' : 'EIO');
      await write(buffers, position);
      if (due('killed after a sync')) return die();
    };
  const faulty = (file: StateFile): StateFile => ({
    ...file,
    async write(buffers, position) {
      const whole = Buffer.concat(buffers);
      const part = whole.subarray(0, Math.floor(whole.length * plan.share));
      if (due('killed while writing')) {
        if (part.length > 0) await file.write([part], position);
        return die();
      }
      if (plan.kind === 'short writes') return file.write([whole.subarray(0, Math.max(1, Math.ceil(whole.length * plan.share)))], position);
      if (due('no space', 'write error')) {
        if (part.length > 0) await file.write([part], position);
        throw failure(plan.kind === 'no space' ? 'ENOSPC' : 'EIO');
      }
      return file.write(buffers, position);
    },
    ...(plan.kind === 'short writes' || file.writeSynced === undefined ? { writeSynced: undefined } : { writeSynced: synced(file, file.writeSynced) }),
    async sync() {
      if (due('killed before a sync')) return die();
      if (due('sync error')) throw failure('EIO');
      await file.sync();
      if (due('killed after a sync')) return die();
    },
  });
  return {
    ...disk,
    async open(path, mode) {
      if (mode === 'create' && due('killed while a segment is made')) {
        const file = await disk.open(path, mode);
        if (plan.share > 0.3) await file.write([Buffer.from('half a header')], 0);
        return die();
      }
      return faulty(await disk.open(path, mode));
    },
    async replaceFile(path, content) {
      const isManifest = path.endsWith('manifest.json');
      if (isManifest && due('killed before the manifest is replaced')) return die();
      await disk.replaceFile(path, content);
      if (isManifest && due('killed after the manifest is replaced')) return die();
    },
    async remove(path) {
      if (path.includes('segment-') && due('killed while files are removed')) return die();
      await disk.remove(path);
    },
  };
}
