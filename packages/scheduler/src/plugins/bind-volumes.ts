import { isNotFound, keyOf, sleep, type Client, type Clock } from '@kybern/core';
import { PersistentVolume, PersistentVolumeClaim } from '@kybern/core/kinds';
import { failure, type StatusResult } from '../engine/status.ts';
import { isFullyBound, SELECTED_NODE, type PodVolumes } from './volume-decisions.ts';
import { isBoundTo } from '@kybern/storage';

/** What it takes to carry out a decision about volumes. */
export interface BindVolumesDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long claims and volumes may take to find each other. */
  readonly timeoutMs: number;
}

/** How often claims are looked at. */
const POLL_MS = 1000;

/**
 * Reserves the chosen volumes, has the others provisioned for the node, and waits until all claims are bound.
 *
 * @throws what the API server answers, and the signal's reason
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/volumebinding/binder.go (BindPodVolumes)
 */
export async function bindVolumes({ bindings, provisions }: PodVolumes, nodeName: string, deps: BindVolumesDeps): Promise<StatusResult> {
  const { client, clock, signal, timeoutMs } = deps;
  for (const { volume, claim } of bindings) await reserveVolume(volume, claim, client);
  for (const claim of provisions) await selectNode(claim, nodeName, client);
  const waiting = new Map([...bindings.map(({ claim }) => claim), ...provisions].map((claim) => [keyOf(claim), claim]));
  const provisioned = new Set(provisions.map((claim) => keyOf(claim)));
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  while (waiting.size > 0) {
    for (const [key, claim] of [...waiting]) {
      const state = await look(claim, { client, nodeName, isProvisioned: provisioned.has(key) });
      if (state === 'bound') waiting.delete(key);
      else if (state !== 'waiting') return failure(state);
    }
    if (waiting.size === 0) break;
    if (clock.monotonicMs() >= deadlineMs) return failure(`binding volumes: timed out after ${timeoutMs} ms waiting for "${[...waiting.keys()].join('", "')}"`);
    // Background: whoever provisions may never come, and then this goes on until the time is over, again and again.
    await sleep(clock, POLL_MS, { signal, background: true });
  }
  return undefined;
}

async function reserveVolume(volume: PersistentVolume, claim: PersistentVolumeClaim, client: Client): Promise<void> {
  await client.mutate(PersistentVolume, volume, (draft) => {
    if (draft.spec.claimRef !== undefined && !isBoundTo(draft, claim)) throw new Error(`persistentvolume "${draft.metadata.name}" was taken by another claim`);
    const { name, namespace, uid, resourceVersion } = claim.metadata;
    const known = {
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    };
    if (draft.spec.claimRef === undefined) (draft.metadata.annotations ??= {})['pv.kubernetes.io/bound-by-controller'] = 'yes';
    if (draft.spec.claimRef?.uid !== uid) draft.spec.claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, ...known };
  });
}

async function selectNode(claim: PersistentVolumeClaim, nodeName: string, client: Client): Promise<void> {
  await client.mutate(PersistentVolumeClaim, claim, (draft) => {
    (draft.metadata.annotations ??= {})[SELECTED_NODE] = nodeName;
  });
}

/** How far a claim has come, or why it will not come any further. */
async function look(
  claim: PersistentVolumeClaim,
  { client, nodeName, isProvisioned }: { readonly client: Client; readonly nodeName: string; readonly isProvisioned: boolean },
): Promise<'bound' | 'waiting' | (string & {})> {
  const key = keyOf(claim);
  try {
    const present = await client.get(PersistentVolumeClaim, claim);
    if (present.metadata.uid !== claim.metadata.uid) return `persistentvolumeclaim "${key}" was replaced`;
    const { volumeName = '' } = present.spec;
    if (volumeName !== '') return isFullyBound(present, await client.get(PersistentVolume, volumeName)) ? 'bound' : 'waiting';
    // A provisioner that cannot serve this node takes the annotation away: the Pod is to try another one.
    const isGivenUp = isProvisioned && present.metadata.annotations?.[SELECTED_NODE] !== nodeName;
    return isGivenUp ? `provisioning failed for persistentvolumeclaim "${key}"` : 'waiting';
  } catch (error) {
    if (isNotFound(error)) return `persistentvolumeclaim "${key}" or its volume is gone`;
    throw error;
  }
}
