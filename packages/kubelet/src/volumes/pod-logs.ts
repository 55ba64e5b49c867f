import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Removes the logs of a Pod that is gone: the folders `NAMESPACE_NAME_UID` below `root`. Others are left alone.
 *
 * @see kubernetes v1.36 pkg/kubelet/kuberuntime/kuberuntime_gc.go (evictPodLogsDirectories)
 */
export async function removePodLogs(root: string, uid: string): Promise<void> {
  if (uid === '') return;
  const names = await readdir(root).catch(() => []); // no Pod has ever written one
  for (const name of names) if (name.endsWith(`_${uid}`)) await rm(join(root, name), { recursive: true, force: true });
}
