import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { computeCgroupFiles, type CgroupLimits } from '../decisions/cgroup-limits.ts';

const ROOT = '/sys/fs/cgroup';
/** What is handed down to the cgroups of Pods with cgroup v2, as far as the machine has it. */
const HANDED_DOWN: readonly string[] = ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids'];

/** The cgroups of this machine. Paths are from the root of the hierarchy: `/kubepods/besteffort/podUID`. */
export interface CgroupTree {
  /** With v1 each controller is a hierarchy of its own. */
  readonly version: 1 | 2;
  /** The folder of a controller's hierarchy; with v2 that of all. */
  baseOf(controller: string): string;
  /** Makes a cgroup and those above it. What is there stays. */
  create(path: string): Promise<void>;
  /** Says what a cgroup may use. @throws {Error} when the kernel refuses, naming the file */
  limit(path: string, limits: CgroupLimits): Promise<void>;
  /** Removes a cgroup with everything below it, under every controller; one that still has processes stays. */
  remove(path: string): Promise<void>;
  /** Names of the cgroups directly below one, under any controller; none when it is not there. */
  children(path: string): Promise<readonly string[]>;
  /** One file of a cgroup. `controller` counts with v1 alone. @returns undefined when it is not there */
  read(path: string, controller: string, file: string): Promise<string | undefined>;
}

/** Opens the hierarchy at `root`, where the kernel shows it. */
export async function openCgroupTree(root: string = ROOT): Promise<CgroupTree> {
  const version = (await readText(join(root, 'cgroup.controllers'))) === undefined ? 1 : 2;
  const baseOf = (controller: string): string => (version === 2 ? root : join(root, controller));
  return {
    version,
    baseOf,
    create: (path) => (version === 2 ? createUnified(root, path) : createPerController(root, path)),
    async limit(path, limits) {
      for (const { controller, file, value } of computeCgroupFiles(version, limits)) {
        try {
          if (controller === 'pids') await mkdir(join(baseOf(controller), path), { recursive: true });
          await writeFile(join(baseOf(controller), path, file), value);
        } catch (cause) {
          throw new Error(`failed to set ${file} of cgroup ${path} to ${value}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
        }
      }
    },
    async remove(path) {
      for (const base of await basesOf(root)) await removeTree(join(base, path));
    },
    async children(path) {
      const names = new Set<string>();
      for (const base of await basesOf(root)) for (const name of await directoriesOf(join(base, path))) names.add(name);
      return [...names];
    },
    read: (path, controller, file) => readText(join(baseOf(controller), path, file)),
  };
}

async function createPerController(root: string, path: string): Promise<void> {
  // The runtime makes it under the others; that of processes is made with its limit.
  for (const controller of ['cpu', 'memory']) await mkdir(join(root, controller, path), { recursive: true });
}

/** Every cgroup on the way hands its controllers down. */
async function createUnified(root: string, path: string): Promise<void> {
  let folder = root;
  for (const part of path.split('/').filter((each) => each !== '')) {
    await handDown(folder);
    folder = join(folder, part);
    await mkdir(folder, { recursive: true });
  }
  await handDown(folder);
}

async function handDown(folder: string): Promise<void> {
  const [available = '', enabled = ''] = [await readText(join(folder, 'cgroup.controllers')), await readText(join(folder, 'cgroup.subtree_control'))];
  const missing = HANDED_DOWN.filter((name) => available.split(/\s+/).includes(name) && !enabled.split(/\s+/).includes(name));
  if (missing.length > 0) await writeFile(join(folder, 'cgroup.subtree_control'), missing.map((name) => `+${name}`).join(' '));
}

/** With cgroup v2 the root is the hierarchy; with v1 every directory in it is one. */
async function basesOf(root: string): Promise<readonly string[]> {
  return [root, ...(await directoriesOf(root)).map((name) => join(root, name))];
}

async function removeTree(folder: string): Promise<void> {
  for (const name of await directoriesOf(folder)) await removeTree(join(folder, name));
  await rmdir(folder).catch(() => undefined); // not under this controller, or it has processes: then the kernel keeps it
}

async function directoriesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []); // not there
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined; // no such cgroup, or no such file with this version
  }
}
