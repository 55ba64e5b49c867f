import { Deployment, Event, Pod, ReplicaSet, Service } from '@kybern/core/kinds';
import { createFakeClock } from '@kybern/core/testing';
import { describe, expect, it } from 'vitest';
import { createCluster } from '../../cluster.ts';
import { announce } from './announce.ts';
import { renderRollout, type RolloutState } from './rollout-view.ts';

const labels = { app: 'web' };

/** A rollout as a cluster shows it after `ms`, on a clock of the test's own. */
async function rolloutAfter(ms: number): Promise<{ state: RolloutState; nowMs: number }> {
  const clock = createFakeClock();
  await using cluster = await createCluster({ nodes: 2, seed: 'view', clock });
  const { client } = cluster;
  const spec = { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } } };
  await clock.advance(1_000);
  await client.create(Deployment, { metadata: { name: 'web', namespace: 'default' }, spec });
  await clock.advance(ms);
  const [deployments, replicaSets, pods, services, events] = await Promise.all([
    client.list(Deployment),
    client.list(ReplicaSet),
    client.list(Pod),
    client.list(Service, { namespace: 'none' }),
    client.list(Event, { namespace: 'default' }),
  ]);
  return {
    state: { deployments: deployments.items, replicaSets: replicaSets.items, pods: pods.items, services: services.items, events: inOrder(events.items) },
    nowMs: clock.now(),
  };
}

/** As they came. */
const inOrder = (events: readonly Event[]): readonly Event[] =>
  [...events].sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));

describe('renderRollout', () => {
  it('shows the Deployment with its ReplicaSet, Pods and latest events', async () => {
    const { state, nowMs } = await rolloutAfter(60_000);
    const lines = renderRollout(state, { nowMs, columns: 200, rows: 40 }).split('\n');
    expect(lines[0]).toMatch(/^OBJECT +NODE +IP +PHASE +READY +AGE$/);
    expect(lines[1]).toMatch(/^deployment\/web +2\/2 +60s$/);
    expect(lines[2]).toMatch(/^ {2}replicaset\/web-[a-z0-9]+ +2\/2 +60s$/);
    for (const line of lines.slice(3, 5)) expect(line).toMatch(/^ {4}pod\/web-[a-z0-9]+-[a-z0-9]{5} +node-[12] +10\.244\.\d+\.\d+ +Running +1\/1 +60s$/);
    expect(lines).toContain('EVENTS');
    expect(lines.at(-1)).toMatch(/ago .*Started .*pod\/web-/);
  });

  it('keeps within the terminal', async () => {
    const { state, nowMs } = await rolloutAfter(60_000);
    const lines = renderRollout(state, { nowMs, columns: 40, rows: 8 }).split('\n');
    expect(lines.length).toBeLessThanOrEqual(7);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
    expect(lines.at(-1)).toMatch(/^\.\.\. \d+ more lines$/);
  });
});

describe('announce', () => {
  it('says what has changed for a person, and nothing else', async () => {
    const { state, nowMs } = await rolloutAfter(60_000);
    const [pod] = state.pods;
    if (pod === undefined) throw new Error('there is no Pod');
    const before: Pod = { ...pod, status: { phase: 'Pending' } };
    expect(announce({ type: 'updated', kind: Pod, object: pod, old: before }, nowMs)).toMatch(/^pod\/web-\S+ Running 1\/1 on node-[12] at 10\.244\./);
    expect(announce({ type: 'updated', kind: Pod, object: pod, old: pod }, nowMs)).toBeUndefined();
    expect(announce({ type: 'deleted', kind: Pod, object: pod, old: undefined }, nowMs)).toBe(`pod/${pod.metadata.name} deleted`);
    const [event] = state.events;
    expect(announce({ type: 'added', kind: Event, object: event as Event, old: undefined }, nowMs)).toBeUndefined();
  });
});
