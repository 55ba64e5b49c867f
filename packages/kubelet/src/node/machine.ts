import type { DiskSpace } from '../decisions/image-garbage.ts';
import type { NodeAddress, NodeSystemInfo } from '@kybern/core/kinds';

/** What a machine says of itself, as options of `createKubelet`. */
export interface MachineDescription {
  readonly capacity: Readonly<Record<string, string>>;
  readonly addresses: readonly NodeAddress[];
  readonly nodeInfo: Partial<NodeSystemInfo>;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', ia32: '386', s390x: 's390x', ppc64: 'ppc64le' };

/**
 * Reads what this machine has: CPUs, memory, disk, addresses, names and versions.
 *
 * @param options.directory whose file system is the node's `ephemeral-storage`. Default `/`
 * @param options.maxPods default 110
 */
export function describeMachine(options: { readonly directory?: string; readonly maxPods?: number } = {}): MachineDescription {
  const { directory = '/', maxPods = 110 } = options;
  // Asked for here, and not imported: this package is on the way of test clusters, which run in browsers too.
  const { arch, availableParallelism, hostname, networkInterfaces, release, totalmem } = process.getBuiltinModule('node:os');
  const { statfsSync } = process.getBuiltinModule('node:fs');
  const { blocks, bsize } = statfsSync(directory);
  const [address] = Object.values(networkInterfaces()).flatMap((each) => (each ?? []).filter(({ internal, family }) => !internal && family === 'IPv4'));
  const machineId = readLine('/etc/machine-id');
  const bootId = readLine('/proc/sys/kernel/random/boot_id');
  return {
    capacity: {
      cpu: String(availableParallelism()),
      memory: `${String(Math.floor(totalmem() / 1024))}Ki`,
      'ephemeral-storage': `${String(Math.floor((blocks * bsize) / 1024))}Ki`,
      pods: String(maxPods),
    },
    addresses: [
      { type: 'InternalIP', address: address?.address ?? '127.0.0.1' },
      { type: 'Hostname', address: hostname() },
    ],
    nodeInfo: {
      architecture: ARCHITECTURES[arch()] ?? arch(),
      kernelVersion: release(),
      operatingSystem: process.platform === 'win32' ? 'windows' : process.platform,
      osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(read('/etc/os-release'))?.[1] ?? process.platform,
      ...(machineId === '' ? {} : { machineID: machineId, systemUUID: machineId }),
      ...(bootId === '' ? {} : { bootID: bootId }),
    },
  };
}

const readLine = (path: string): string => read(path).trim();

function read(path: string): string {
  try {
    return process.getBuiltinModule('node:fs').readFileSync(path, 'utf8');
  } catch {
    return ''; // other systems have no such file
  }
}

/**
 * Removes the cgroups that a node with this `cgroupRoot` made, once its Pods are gone; those that still have processes stay.
 *
 * @throws {Error} with what the system says
 */
export async function removeCgroups(cgroupRoot: string): Promise<void> {
  const { openCgroupTree } = await import('../cgroups/cgroup-tree.ts');
  await (await openCgroupTree()).remove(cgroupRoot);
}

/** How full the file system of a folder is. @throws {Error} when there is no such folder */
export async function freeDiskSpace(folder: string): Promise<DiskSpace> {
  const { statfs } = process.getBuiltinModule('node:fs/promises');
  const { blocks, bavail, bsize } = await statfs(folder);
  return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize };
}
