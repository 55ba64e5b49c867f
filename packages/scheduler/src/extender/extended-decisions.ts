import type { Logger } from '@kybern/core';
import type { Node, Pod } from '@kybern/core/kinds';
import type { ClusterState } from '../cluster/cluster-state.ts';
import type { NodeInfo } from '../cluster/node-info.ts';
import type { Decision, ScheduleOptions } from '../engine/decision.ts';
import type { Scheduler } from '../engine/scheduler.ts';
import { failure, type Status } from '../engine/status.ts';
import type { SchedulerExtender } from './extender.ts';
import { noAnswers, rejectionBy, type AnswersByPod, type ExtenderAnswers } from './extender-plugins.ts';

/** A decision that extenders had a say in. */
export interface ExtendedDecision {
  /** Set when an extender failed: the attempt is over. */
  readonly failed?: Status;
  readonly decision: Decision<Pod, NodeInfo>;
  /** Whom preemption evicts; an extender may have chosen others. */
  readonly victims: readonly Pod[];
}

/** What {@link ExtendedDecisions} works with. */
export interface ExtendedDeps {
  readonly extenders: readonly SchedulerExtender[];
  readonly answers: AnswersByPod;
  readonly state: ClusterState;
  readonly logger: Logger;
}

interface Attempt {
  readonly engine: Scheduler<Pod, NodeInfo>;
  readonly pod: Pod;
  readonly options: ScheduleOptions;
  readonly signal: AbortSignal;
}

interface Asking extends Attempt {
  readonly answers: ExtenderAnswers;
  readonly interested: readonly SchedulerExtender[];
}

/** Thrown when an extender that must be heard failed. */
class ExtenderFailure extends Error {}

/**
 * Decisions that take answers from outside. While they are awaited the cluster may change; so the engine decides anew, on the cluster as it then is, each time
 * that answers have come, and the last decision is as good as any: nothing happens between it and its effect.
 */
export class ExtendedDecisions {
  readonly #deps: ExtendedDeps;

  constructor(deps: ExtendedDeps) {
    this.#deps = deps;
  }

  /** Whether anybody outside wants to be asked about the Pod before it gets a node. */
  concerns(pod: Pod): boolean {
    return this.#deps.extenders.some((each) => (each.filter ?? each.prioritize ?? each.preempt) !== undefined && each.isInterested(pod));
  }

  /** Decides, asking whoever is interested. Rejects only with the signal's reason. */
  async decide(attempt: Attempt): Promise<ExtendedDecision> {
    const { engine, pod, options, signal } = attempt;
    const answers = noAnswers();
    const asking: Asking = { ...attempt, answers, interested: this.#deps.extenders.filter((each) => each.isInterested(pod)) };
    this.#deps.answers.set(pod, answers);
    try {
      for (;;) {
        const decision = await this.#search(asking);
        if (decision.node !== undefined || decision.victims.length === 0 || !decision.nominatedNodeName) return { decision, victims: decision.victims };
        const victims = await this.#preempt(asking, decision.nominatedNodeName, decision.victims);
        if (victims !== undefined) return { decision, victims };
        answers.refused.add(decision.nominatedNodeName);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ExtenderFailure)) throw error;
      return { failed: failure(error.message, error.cause), decision: engine.schedule(pod, this.#deps.state, options), victims: [] };
    } finally {
      this.#deps.answers.delete(pod);
    }
  }

  /** Until every node that is feasible has been asked about, or there is none. */
  async #search(asking: Asking): Promise<Decision<Pod, NodeInfo>> {
    const { engine, pod, options, answers } = asking;
    for (;;) {
      answers.feasible = [];
      const decision = engine.schedule(pod, this.#deps.state, options);
      if (decision.node === undefined) {
        if (!answers.isClosed) return decision;
        answers.isClosed = false;
        continue;
      }
      // With a single feasible node nobody is scored.
      const feasible = answers.feasible.length > 0 ? answers.feasible : [decision.node];
      const fresh = feasible.filter((name) => !answers.asked.has(name));
      if (fresh.length === 0) return decision;
      await this.#ask(asking, fresh);
      answers.isClosed = [...answers.asked].some((name) => !answers.rejected.has(name));
    }
  }

  async #ask({ pod, signal, answers, interested }: Asking, names: readonly string[]): Promise<void> {
    let nodes = names.flatMap((name) => this.#deps.state.get(name)?.node ?? []);
    for (const name of names) answers.asked.add(name);
    for (const extender of interested) {
      if (extender.filter === undefined || nodes.length === 0) continue;
      const answer = await this.#hear(extender, () => extender.filter?.(pod, nodes, { signal }));
      if (answer === undefined) continue;
      for (const { metadata } of nodes) {
        const { name } = metadata;
        const hopeless = answer.unresolvable.get(name);
        if (hopeless === undefined && answer.feasible.has(name)) continue;
        answers.rejected.set(
          name,
          rejectionBy(hopeless ?? answer.failed.get(name) ?? `node(s) were turned down by extender ${extender.name}`, hopeless === undefined),
        );
      }
      nodes = nodes.filter(({ metadata }) => !answers.rejected.has(metadata.name));
    }
    if (nodes.length > 0) await Promise.all(interested.map((extender) => this.#prioritize(extender, { pod, nodes, signal, answers })));
  }

  async #prioritize(
    extender: SchedulerExtender,
    { pod, nodes, signal, answers }: { readonly pod: Pod; readonly nodes: readonly Node[]; readonly signal: AbortSignal; readonly answers: ExtenderAnswers },
  ): Promise<void> {
    try {
      const given = await extender.prioritize?.(pod, nodes, { signal });
      if (given !== undefined) answers.priorities.set(extender, new Map([...(answers.priorities.get(extender) ?? []), ...given]));
    } catch (error) {
      signal.throwIfAborted();
      this.#deps.logger.warn('an extender gave no priorities', { extender: extender.name, error });
    }
  }

  /** Who is to go from the node; undefined when an extender does not want anybody to. */
  async #preempt({ pod, signal, interested }: Asking, nodeName: string, victims: readonly Pod[]): Promise<readonly Pod[] | undefined> {
    let chosen = victims;
    for (const extender of interested) {
      if (extender.preempt === undefined) continue;
      const wanted = chosen;
      const answer = await this.#hear(extender, () => extender.preempt?.(pod, new Map([[nodeName, wanted]]), { signal }));
      if (answer === undefined) continue;
      const uids = answer.get(nodeName);
      if (uids === undefined || uids.length === 0) return undefined;
      const there = this.#deps.state.get(nodeName)?.pods ?? [];
      chosen = there.filter(({ metadata }) => metadata.uid !== undefined && uids.includes(metadata.uid));
      if (chosen.length !== uids.length) throw new ExtenderFailure(`extender ${extender.name} wants to evict Pods that are not on node "${nodeName}"`);
    }
    return chosen;
  }

  /** The answer of an extender; undefined when it failed and may be ignored. */
  async #hear<T>(extender: SchedulerExtender, call: () => Promise<T> | undefined): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      const message = `extender ${extender.name}: ${error instanceof Error ? error.message : String(error)}`;
      if (extender.ignorable !== true) throw new ExtenderFailure(message, { cause: error });
      this.#deps.logger.warn('an extender failed and is ignored', { extender: extender.name, error });
      return undefined;
    }
  }
}
