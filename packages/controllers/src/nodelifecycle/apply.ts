import { formatTime } from '@kybern/core';
import { Node, Pod } from '@kybern/core/kinds';
import type { ReconcileRequest } from '@kybern/reconcile';
import { ignoreNotFound } from '../ignore-not-found.ts';
import type { NodeLifecyclePlan } from './compute.ts';

/** Carries out a plan. @throws {ApiError} `Conflict` when the node changed since */
export async function applyNodeLifecycle(plan: NodeLifecyclePlan, request: ReconcileRequest<Node>): Promise<void> {
  const { object: node, client, recorder } = request;
  const { conditions, taints } = plan;
  const seen = conditions === undefined ? node : await client.update(Node, { ...node, status: { ...node.status, conditions } }, { subresource: 'status' });
  if (taints !== undefined) await client.update(Node, { ...seen, spec: { ...seen.spec, taints } });
  for (const event of plan.events) recorder.event(node, event);
  await Promise.all(plan.notReady.map((pod) => markNotReady(pod, request)));
}

/** The Pod's own report cannot come, so it must not be believed any longer. */
async function markNotReady(pod: Pod, { client, clock, recorder }: ReconcileRequest<Node>): Promise<void> {
  const lastTransitionTime = formatTime(clock.now());
  const conditions = (pod.status?.conditions ?? []).map((condition) =>
    condition.type === 'Ready' ? { ...condition, status: 'False', lastTransitionTime } : condition,
  );
  const told = await ignoreNotFound(client.update(Pod, { ...pod, status: { ...pod.status, conditions } }, { subresource: 'status' }));
  if (told !== undefined) recorder.event(pod, { type: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready' });
}
