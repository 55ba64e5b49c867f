import { keyOf, seededRandom } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import { createScheduler, createSnapshot, type ClusterState, type NodeInfo, type Plugin, type Scheduler } from '@kybern/scheduler';
import { buildWorkload, type Workload, type WorkloadData } from './workload.ts';

/** How a row did. */
export interface Decided {
  readonly podsPerSec: number;
  readonly p99Ms: number;
  /** Time of the processor, which other work on the machine does not falsify. */
  readonly cpuMicrosPerPod: number;
}

/** Where decisions are made one after the other. */
export class Placer {
  readonly state: ClusterState;
  readonly #engine: Scheduler<Pod, NodeInfo>;
  #startIndex = 0;

  constructor(workload: Workload, options: { readonly plugins: readonly Plugin[]; readonly percentageOfNodesToScore: number }) {
    const { init: _init, gated: _gated, measured: _measured, churn: _churn, ...objects } = workload;
    this.state = createSnapshot(objects);
    this.#engine = createScheduler({ ...options, random: seededRandom(1) });
  }

  /** Decides, evicts whom preemption chooses, and counts the Pod on its node; undefined when it goes nowhere. */
  place(pod: Pod): string | undefined {
    let decision = this.#engine.schedule(pod, this.state, { startIndex: this.#startIndex });
    if (decision.node === undefined && decision.nominatedNodeName) {
      for (const victim of decision.victims) this.state.removePod(keyOf(victim));
      decision = this.#engine.schedule(pod, this.state, { nominatedNodeName: decision.nominatedNodeName });
    }
    if (decision.node === undefined) return undefined;
    this.#startIndex = decision.nextStartIndex;
    this.state.setPod({ ...pod, spec: { ...pod.spec, nodeName: decision.node } });
    return decision.node;
  }
}

/** Pods per second that the engine places, one after the other, on a snapshot that is kept up to date. */
export function decide(row: WorkloadData, options: { readonly plugins: readonly Plugin[]; readonly percentageOfNodesToScore: number }, scale = 1): Decided {
  const workload = buildWorkload(row, scale);
  const placer = new Placer(workload, options);
  for (const pod of workload.init) if (placer.place(pod) === undefined) throw new Error(`${row.test}: an init Pod found no node`);
  const { measured, churn } = workload;
  const times = new Float64Array(measured.length);
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  let [now, nextChurn] = [began, began + (churn?.intervalMs ?? Infinity)];
  for (let index = 0; index < measured.length; index++) {
    if (now >= nextChurn) {
      for (const pod of churn?.make() ?? []) placer.place(pod);
      nextChurn += churn?.intervalMs ?? Infinity;
    }
    const before = performance.now();
    if (placer.place(measured[index] as Pod) === undefined) throw new Error(`${row.test}: Pod ${index} found no node`);
    now = performance.now();
    times[index] = now - before;
  }
  const podsPerSec = (measured.length * 1000) / (now - began);
  const { user, system } = process.cpuUsage(cpuBefore);
  return { podsPerSec, cpuMicrosPerPod: (user + system) / measured.length, p99Ms: times.sort()[Math.floor(times.length * 0.99)] ?? 0 };
}
