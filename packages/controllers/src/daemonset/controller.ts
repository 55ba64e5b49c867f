import { deepEqual, keyOf } from '@kybern/core';
import { ControllerRevision, DaemonSet, Node, Pod } from '@kybern/core/kinds';
import { defineController, done, generationChanged, requeueAfter, type Cache, type ControllerDefinition, type InformerEvent } from '@kybern/reconcile';
import { claim, selecting } from '../claim.ts';
import { concernsAdoption } from '../orphan-index.ts';
import { orphanPods } from '../pod-indexes.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { removeRevisions } from '../revision-control.ts';
import { orphanRevisions } from '../revision-index.ts';
import { applyDaemonSet } from './apply.ts';
import { computeDaemonSet } from './compute.ts';
import { fitNode } from './eligibility.ts';
import { NO_DAEMON_FAILURES, type Failures } from './failures.ts';
import { byTargetNode } from './pods.ts';
import { computeDaemonSetStatus } from './status.ts';

/**
 * Keeps one Pod on every node that fits.
 *
 * @see kubernetes v1.36 pkg/controller/daemon
 */
export function daemonSetController(): ControllerDefinition<DaemonSet> {
  const failures = new Map<string, Failures>();
  return defineController({
    name: 'daemonset-controller',
    for: DaemonSet,
    // A write of its own status must not wake it.
    predicates: [generationChanged()],
    owns: [Pod],
    watches: [
      { kind: Pod, predicate: concernsAdoption, map: (pod, _old, cache) => selecting(cache, DaemonSet, pod) },
      { kind: Node, predicate: concernsPlacement, map: fittingSets },
    ],
    reads: [ControllerRevision],
    indexes: [orphanPods, orphanRevisions],
    concurrency: 2,
    reconcile: retryOnConflict(async (request) => {
      const { key, object: set, cache, client, clock } = request;
      const { selector } = set.spec;
      const pods = await claim(request, { for: DaemonSet, kind: Pod, orphans: orphanPods.name, selector });
      const revisions = await claim(request, { for: DaemonSet, kind: ControllerRevision, orphans: orphanRevisions.name, selector });
      const nodes = cache.list(Node);
      const plan = computeDaemonSet({ nowMs: clock.now(), set, nodes, pods, revisions, failures: failures.get(key) ?? NO_DAEMON_FAILURES });
      failures.set(key, plan.failures);
      const applied = await applyDaemonSet(plan, pods, request);
      const status = computeDaemonSetStatus({ nowMs: clock.now(), set, nodes, byNode: byTargetNode(applied.pods), hash: plan.hash });
      if (status !== undefined) await client.update(DaemonSet, { ...set, status }, { subresource: 'status' });
      if (applied.error !== undefined) throw applied.error as Error;
      await removeRevisions(plan.removeRevisions, request);
      return plan.requeueAfterMs === undefined ? done() : requeueAfter(plan.requeueAfterMs);
    }),
    onAbsent: ({ key }) => Promise.resolve(failures.delete(key)).then(done),
  });
}

/** A node's status changes all the time and decides nothing here. */
function concernsPlacement(event: InformerEvent<Node>): boolean {
  if (event.type !== 'updated') return true;
  const { old, object } = event;
  return !deepEqual(old.spec.taints, object.spec.taints) || !deepEqual(old.metadata.labels, object.metadata.labels);
}

/** The sets for which the change of a node matters. */
function fittingSets(node: Node, old: Node | undefined, cache: Cache): readonly string[] {
  const matters = (set: DaemonSet): boolean => {
    const [before, after] = [old === undefined ? { shouldRun: false, mayStay: false } : fitNode(set, old), fitNode(set, node)];
    return before.shouldRun !== after.shouldRun || before.mayStay !== after.mayStay;
  };
  return cache.list(DaemonSet).filter(matters).map(keyOf);
}
