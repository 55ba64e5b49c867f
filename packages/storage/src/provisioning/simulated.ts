import { ProvisionError } from '../errors.ts';
import type { Provisioner } from './provisioner.ts';
import { isVolumeName } from './volume-name.ts';

/** The name of {@link simulatedProvisioner} in StorageClasses. */
export const SIMULATED_PROVISIONER = 'kybern.io/simulated';

/** Where simulated volumes are said to be. */
const FOLDER = '/var/lib/kybern/simulated';

/**
 * Provisions volumes that do not exist, for nodes that are simulated: at once, of any size, within reach of every node, as the disks of a cloud are.
 *
 * Their source is a path, for a volume must have one; nothing is at the path.
 */
export function simulatedProvisioner(name: string = SIMULATED_PROVISIONER): Provisioner {
  return {
    name,
    async provision({ name: volume, bytes, signal }) {
      signal.throwIfAborted();
      if (!isVolumeName(volume)) throw new ProvisionError('InvalidArgument', `"${volume}" is not the name of a volume`);
      return await Promise.resolve({ source: { hostPath: { path: `${FOLDER}/${volume}` } }, bytes });
    },
    async delete({ metadata, spec }, { signal }) {
      signal.throwIfAborted();
      if (!isVolumeName(metadata.name) || spec.hostPath?.path !== `${FOLDER}/${metadata.name}`)
        throw new ProvisionError('FailedPrecondition', `persistentvolume "${metadata.name}" is not of this provisioner`);
      await Promise.resolve();
    },
    expand: (_volume, bytes) => Promise.resolve(bytes),
  };
}
