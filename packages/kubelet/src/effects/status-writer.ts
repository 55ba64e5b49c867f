import { isConflict, isNotFound, type Client, type JsonPatchOperation, type Json } from '@kybern/core';
import { Pod, type PodStatus } from '@kybern/core/kinds';

/** Others may write the same Pod at the same time; each round one succeeds. */
const MAX_ATTEMPTS = 10;

/** What {@link writePodStatus} writes. */
export interface StatusWrite {
  /** The Pod as last seen; with its uid and resourceVersion the write is guarded. */
  readonly pod: Pod;
  /** What `compute` gives for it. */
  readonly status: PodStatus;
  /** The status for a Pod as it is in the API now. The same object as it has means: nothing to write. */
  readonly compute: (pod: Pod) => PodStatus;
  readonly signal: AbortSignal;
}

/**
 * Writes a Pod's status if it changed: only what changed, and only onto the state it was computed from; after a conflict it reads, computes and writes anew.
 *
 * @returns the Pod after the write; undefined when it is gone or another Pod has its name
 * @throws {ApiError} when the API could not be reached; retrying can help
 */
export async function writePodStatus(client: Client, { pod, compute, signal, ...write }: StatusWrite): Promise<Pod | undefined> {
  const { uid } = pod.metadata;
  let current = pod;
  let { status } = write;
  for (let attempt = 1; ; attempt++) {
    if (status === current.status) return current;
    try {
      return await client.patch(Pod, current, { type: 'json', patch: statusPatch(current, status) }, { subresource: 'status', signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      if (!isConflict(error) || attempt >= MAX_ATTEMPTS) throw error;
    }
    const latest = await getOrUndefined(client, current, signal);
    if (latest === undefined || latest.metadata.uid !== uid) return undefined;
    current = latest;
    status = compute(current);
  }
}

async function getOrUndefined(client: Client, pod: Pod, signal: AbortSignal): Promise<Pod | undefined> {
  try {
    return await client.get(Pod, pod, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** A server answers 409 to another resourceVersion in the patch than the stored one. */
function statusPatch({ metadata, status: before }: Pod, after: PodStatus): readonly JsonPatchOperation[] {
  const operations: JsonPatchOperation[] = [];
  if (metadata.resourceVersion !== undefined) operations.push({ op: 'replace', path: '/metadata/resourceVersion', value: metadata.resourceVersion });
  if (before === undefined) return [...operations, { op: 'add', path: '/status', value: after as unknown as Json }];
  const old = before as Readonly<Record<string, Json | undefined>>;
  const next = after as Readonly<Record<string, Json | undefined>>;
  for (const key of Object.keys(old)) if (next[key] === undefined) operations.push({ op: 'remove', path: `/status/${key}` });
  for (const [key, value] of Object.entries(next)) if (value !== undefined && value !== old[key]) operations.push({ op: 'add', path: `/status/${key}`, value });
  return operations;
}
