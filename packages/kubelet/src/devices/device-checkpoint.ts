import { readFile, rename, writeFile } from 'node:fs/promises';
import type { DeviceClaim } from '../decisions/device-allocation.ts';
import type { ContainerDevices } from './device-plugin-protocol.ts';

/** Devices that a container has, and what it gets with them. */
export interface DeviceAllocation extends DeviceClaim {
  readonly response: ContainerDevices;
}

/**
 * What survives a restart of the agent.
 *
 * Differs from Kubernetes: the same file name, but a form of its own.
 */
export interface DeviceCheckpoint {
  readonly allocations: readonly DeviceAllocation[];
  /** Resources that had a plugin. */
  readonly resources: readonly string[];
}

/** Its name in the folder of plugins. */
export const CHECKPOINT_FILE = 'kubelet_internal_checkpoint';
const NOTHING: DeviceCheckpoint = { allocations: [], resources: [] };

/** Reads a checkpoint. @returns nothing when there is none @throws {Error} when it cannot be read: which devices are in use is not known then */
export async function readCheckpoint(path: string): Promise<DeviceCheckpoint> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NOTHING;
    throw error;
  }
  return parseCheckpoint(text);
}

/** @throws {SyntaxError} when the text is no checkpoint */
export function parseCheckpoint(text: string): DeviceCheckpoint {
  const { version, allocations, resources } = JSON.parse(text) as Partial<DeviceCheckpoint> & { readonly version?: unknown };
  const isText = (value: unknown): boolean => typeof value === 'string';
  const isAllocation = (each: DeviceAllocation): boolean =>
    isText(each?.podUid) && isText(each.container) && isText(each.resource) && Array.isArray(each.ids) && each.ids.every(isText) && isResponse(each.response);
  if (version !== 1 || !Array.isArray(allocations) || !allocations.every(isAllocation) || !Array.isArray(resources) || !resources.every(isText))
    throw new SyntaxError('the checkpoint of devices cannot be read');
  return { allocations, resources };
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
const isResponse = (value: ContainerDevices): boolean =>
  isObject(value) && isObject(value.envs) && isObject(value.annotations) && [value.mounts, value.devices, value.cdiDevices].every(Array.isArray);

/** Writes a checkpoint: the old one is there until the new one is whole. */
export async function writeCheckpoint(path: string, { allocations, resources }: DeviceCheckpoint): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify({ version: 1, allocations, resources }), { mode: 0o600 });
  await rename(`${path}.new`, path);
}
