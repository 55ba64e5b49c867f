import { formatTime, type Client } from '@kybern/core';
import { Pod, type PodCondition, type PodStatus } from '@kybern/core/kinds';
import { ignoreNotFound } from './ignore-not-found.ts';

/** Why a Pod is taken away, as its condition `DisruptionTarget` tells. */
export interface Disruption {
  readonly reason: string;
  readonly message: string;
  /** The Pod has nobody left who could report its end. */
  readonly failed?: boolean;
  /** Seconds to end in. Default: the Pod's own. */
  readonly gracePeriodSeconds?: number;
}

/** The status of a Pod that is about to be deleted by the control plane. */
export function disruptedStatus(pod: Pod, { reason, message, failed = false }: Disruption, nowMs: number): PodStatus {
  const condition: PodCondition = { type: 'DisruptionTarget', status: 'True', reason, message, lastTransitionTime: formatTime(nowMs) };
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget');
  return { ...pod.status, ...(failed ? { phase: 'Failed' } : {}), conditions: [...others, condition] };
}

/** What {@link disruptPod} needs. */
export interface DisruptionContext {
  readonly client: Client;
  readonly nowMs: number;
}

/** Writes into a Pod's status why it goes, then deletes it. A Pod that is gone is left alone. @throws {ApiError} `Conflict` when it changed since it was read */
export async function disruptPod(pod: Pod, disruption: Disruption, { client, nowMs }: DisruptionContext): Promise<void> {
  const { uid } = pod.metadata;
  const { gracePeriodSeconds } = disruption;
  const told = await ignoreNotFound(client.update(Pod, { ...pod, status: disruptedStatus(pod, disruption, nowMs) }, { subresource: 'status' }));
  if (told === undefined) return;
  const options = { ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }), ...(uid === undefined ? {} : { preconditions: { uid } }) };
  await ignoreNotFound(client.delete(Pod, pod, options));
}
