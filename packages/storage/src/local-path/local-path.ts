import { chmod, lstat, mkdir, realpath, statfs } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Node, PersistentVolume } from '@kybern/core/kinds';
import { ProvisionError } from '../errors.ts';
import type { ProvisionedVolume, Provisioner, ProvisionRequest } from '../provisioning/provisioner.ts';
import { isVolumeName } from '../provisioning/volume-name.ts';
import { mountedBelow } from './mounts.ts';
import { removeTree } from './remove-tree.ts';

/** The name of {@link localPathProvisioner} in StorageClasses. */
export const LOCAL_PATH_PROVISIONER = 'kybern.io/local-path';

/** Options of {@link localPathProvisioner}. */
export interface LocalPathOptions {
  /** The directory of the volumes, absolute; made, for this user alone, when there is none. Volumes are directories in it. */
  readonly directory: string;
  /** Default {@link LOCAL_PATH_PROVISIONER}. */
  readonly name?: string;
  /** Only the node that was selected reaches a volume. Default false: all nodes are on this machine. */
  readonly perNode?: boolean;
}

/**
 * Provisions directories of this machine as volumes.
 *
 * A volume is the directory of its own name and nothing else: what an object says of its path is never followed, symbolic links neither. Nothing keeps what is
 * written to a volume from being more than the claim asked for; only that there is so much room when it is made is looked at.
 *
 * @throws {RangeError} when the directory is not absolute
 */
export function localPathProvisioner({ directory, name = LOCAL_PATH_PROVISIONER, perNode = false }: LocalPathOptions): Provisioner {
  if (!isAbsolute(directory)) throw new RangeError(`the directory of volumes must be an absolute path, not ${directory}`);
  let root: Promise<string> | undefined;
  // What fails once is tried again.
  const rootOf = (): Promise<string> =>
    (root ??= openRoot(directory).catch((error: unknown) => {
      root = undefined;
      throw error;
    }));
  return {
    name,
    async provision(request) {
      request.signal.throwIfAborted();
      const problem = refusal(request);
      if (problem !== undefined) throw new ProvisionError('InvalidArgument', problem);
      return await provision(request, await rootOf(), perNode);
    },
    async delete(volume, { signal }) {
      signal.throwIfAborted();
      await deleteVolume(volume, await rootOf(), signal);
    },
    // A directory has no size of its own: it is as large as it is said to be, if there is room at all.
    async expand(volume, bytes, { signal }) {
      signal.throwIfAborted();
      await assertRoom(ownPath(volume, await rootOf()), bytes);
      return bytes;
    },
  };
}

async function openRoot(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return await realpath(directory);
}

function refusal({ name, claim, node }: ProvisionRequest): string | undefined {
  if (!isVolumeName(name)) return `"${name}" is not the name of a volume`;
  if ((claim.spec.volumeMode ?? 'Filesystem') !== 'Filesystem') return 'a directory cannot be a block device';
  if (node !== undefined && hostnameOf(node) === '') return 'the node has no name';
  return undefined;
}

const hostnameOf = ({ metadata }: Node): string => metadata.labels?.['kubernetes.io/hostname'] ?? metadata.name;

async function provision({ name, bytes, node }: ProvisionRequest, root: string, perNode: boolean): Promise<ProvisionedVolume> {
  await assertRoom(root, bytes);
  const path = join(root, name);
  if (await makeDirectory(path)) await chmod(path, 0o777);
  const source = { hostPath: { path, type: 'Directory' as const } };
  if (!perNode || node === undefined) return { source, bytes };
  const here = { key: 'kubernetes.io/hostname', operator: 'In' as const, values: [hostnameOf(node)] };
  return { source, bytes, nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [here] }] } } };
}

/** @returns whether it is new. Its Pods run as whoever they are, so everybody may write to it; who gets at it is decided by the directory around it. */
async function makeDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw internal(`cannot make ${path}`, error);
  }
  if (!(await lstat(path)).isDirectory()) throw new ProvisionError('AlreadyExists', `${path} is there and is no directory`);
  return false;
}

async function assertRoom(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(path).catch((error: unknown) => {
    throw internal(`cannot look at ${path}`, error);
  });
  const free = bavail * bsize;
  if (free < bytes) throw new ProvisionError('ResourceExhausted', `not enough free storage: ${String(bytes)} bytes are asked for, ${String(free)} are left`);
}

/** The path that the volume must have, if it is one of this provisioner. */
function ownPath({ metadata, spec }: PersistentVolume, root: string): string {
  const path = join(root, metadata.name);
  if (!isVolumeName(metadata.name) || spec.hostPath?.path !== path)
    throw new ProvisionError(
      'FailedPrecondition',
      `persistentvolume "${metadata.name}" is not of this provisioner: it is at ${spec.hostPath?.path ?? 'no path'}`,
    );
  return path;
}

async function deleteVolume(volume: PersistentVolume, root: string, signal: AbortSignal): Promise<void> {
  const path = ownPath(volume, root);
  const mounted = await mountedBelow(path);
  if (mounted !== undefined)
    throw new ProvisionError('FailedPrecondition', `persistentvolume "${volume.metadata.name}" is in use: something is mounted at ${mounted}`);
  try {
    await removeTree(root, volume.metadata.name, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw internal(`cannot delete ${path}`, error);
  }
}

const internal = (what: string, cause: unknown): ProvisionError =>
  new ProvisionError('Internal', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
