import { randomInt, type Random } from '@kybern/core';
import type { FileSystem, StateFile } from '@kybern/state/file';

/** A disk in memory that forgets at a loss of power what was not synced: a part of it, and parts of single writes. */
export interface SimulatedDisk {
  readonly files: FileSystem;
  /** The disk after a loss of power now. Whoever uses the old one talks to nobody. */
  crash(random: Random): SimulatedDisk;
  /** How many calls there were so far. */
  readonly calls: number;
}

const SECTOR = 512;

interface Write {
  readonly position: number;
  readonly bytes: Buffer;
}

/** A file: what would survive, and what was done to it since. */
interface Inode {
  durable: Buffer;
  pending: (Write | { readonly truncate: number })[];
}

type Names = Map<string, Inode>;

const applied = (content: Buffer, change: Inode['pending'][number]): Buffer => {
  if ('truncate' in change) return content.subarray(0, change.truncate);
  const end = change.position + change.bytes.length;
  const next = Buffer.alloc(Math.max(content.length, end));
  content.copy(next);
  change.bytes.copy(next, change.position);
  return next;
};

const current = ({ durable, pending }: Inode): Buffer => pending.reduce(applied, durable);

const failure = (code: string, path: string): Error => Object.assign(new Error(`${code}: ${path}`), { code });

/** Makes an empty disk, or one with what another one had. `turn` is awaited by every call: it may end the world. */
export function simulatedDisk(turn: () => Promise<void>, kept: Names = new Map()): SimulatedDisk {
  /** The names as a crash would leave them, as far as is certain, and as they are. */
  const durable: Names = new Map(kept);
  const names: Names = new Map(kept);
  let calls = 0;
  let dead = false;
  const call = async (): Promise<void> => {
    calls += 1;
    await (dead ? new Promise<void>(() => undefined) : turn());
  };
  const find = (path: string): Inode => {
    const inode = names.get(path);
    if (inode === undefined) throw failure('ENOENT', path);
    return inode;
  };
  // What a call does it does at once; only then it takes its time, which may be the end of the world.
  const files: FileSystem = {
    async open(path, mode) {
      if (mode === 'create') {
        if (names.has(path)) throw failure('EEXIST', path);
        names.set(path, { durable: Buffer.alloc(0), pending: [] });
      }
      const inode = find(path);
      await call();
      return openInode(inode, call);
    },
    async readFile(path) {
      const content = Buffer.from(current(find(path)));
      await call();
      return content;
    },
    async replaceFile(path, content) {
      names.set(`${path}.next`, { durable: Buffer.from(content), pending: [] });
      await call();
      await files.rename(`${path}.next`, path);
      await files.syncDirectory(path.slice(0, path.lastIndexOf('/')));
    },
    async rename(from, to) {
      names.set(to, find(from));
      names.delete(from);
      await call();
    },
    async list(directory) {
      const found = [...names.keys()].filter((path) => path.startsWith(`${directory}/`)).map((path) => path.slice(directory.length + 1));
      await call();
      return found;
    },
    makeDirectory: call,
    async remove(path) {
      names.delete(path);
      await call();
    },
    async lock() {
      return { [Symbol.asyncDispose]: async () => undefined };
    },
    async syncDirectory() {
      durable.clear();
      for (const [path, inode] of names) durable.set(path, inode);
      await call();
    },
  };
  return {
    files,
    get calls() {
      return calls;
    },
    crash(random) {
      dead = true;
      return simulatedDisk(turn, afterCrash({ durable, names }, random));
    },
  };
}

function openInode(inode: Inode, call: () => Promise<void>): StateFile {
  return {
    async size() {
      const size = current(inode).length;
      await call();
      return size;
    },
    async read(buffer, position) {
      const length = current(inode).copy(buffer, 0, position);
      await call();
      return length;
    },
    async write(buffers, position) {
      const bytes = Buffer.concat(buffers);
      inode.pending.push({ position, bytes });
      await call();
      return bytes.length;
    },
    async sync() {
      inode.durable = current(inode);
      inode.pending = [];
      await call();
    },
    async truncate(length) {
      inode.pending.push({ truncate: length });
      await call();
    },
    close: async () => undefined,
  };
}

/** Of the changes of names that were not synced each may be there or not; of what was written and not synced each sector. */
function afterCrash({ durable, names }: { durable: Names; names: Names }, random: Random): Names {
  const left: Names = new Map();
  const inodes = new Map<Inode, Inode>();
  for (const path of new Set([...durable.keys(), ...names.keys()])) {
    const [before, after] = [durable.get(path), names.get(path)];
    const inode = before === after || random.next() < 0.5 ? after : before;
    if (inode === undefined) continue;
    let copy = inodes.get(inode);
    if (copy === undefined) inodes.set(inode, (copy = { durable: survived(inode, random), pending: [] }));
    left.set(path, copy);
  }
  return left;
}

function survived(inode: Inode, random: Random): Buffer {
  let content = inode.durable;
  for (const change of inode.pending) {
    if ('truncate' in change) {
      if (random.next() < 0.5) content = applied(content, change);
      continue;
    }
    const luck = random.next();
    for (let at = 0; at < change.bytes.length; at += SECTOR) {
      if (random.next() < luck) content = applied(content, { position: change.position + at, bytes: change.bytes.subarray(at, at + SECTOR) });
    }
  }
  return inode.pending.length > 0 && randomInt(random, 8) === 0 ? Buffer.concat([content, Buffer.alloc(SECTOR)]) : Buffer.from(content);
}
