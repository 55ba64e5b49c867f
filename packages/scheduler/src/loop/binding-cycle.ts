import type { Client, Clock } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { NodeInfo } from '../cluster/node-info.ts';
import { checkedStatus, nonsense, thrownStatus, type ExtensionPoint } from '../engine/checked-call.ts';
import type { CycleState } from '../engine/cycle-state.ts';
import type { BindingContext, Plugin } from '../engine/plugin.ts';
import type { Profile } from '../engine/profile.ts';
import { failure, type StatusResult } from '../engine/status.ts';
import { Deadlines } from './deadlines.ts';
import type { PermitRoom, Hold } from './waiting-pods.ts';

/** How long plugins may take, in ms. */
export interface PluginTimeouts {
  /** For a Permit that answers with a promise; default 1 minute. How long a Pod *waits* is the plugin's own answer. */
  readonly permitMs?: number;
  /** Default 10 minutes. */
  readonly preBindMs?: number;
  /** Default 1 minute. */
  readonly bindMs?: number;
}

/** Longest wait at Permit. @see kubernetes v1.36 pkg/scheduler/framework/runtime/framework.go (maxTimeout) */
const MAX_WAIT_MS = 15 * 60_000;
const MINUTE_MS = 60_000;

/** What all binding cycles of a loop share. */
export interface BindingDeps {
  readonly profile: Profile<Pod, NodeInfo>;
  readonly client: Client;
  readonly clock: Clock;
  readonly room: PermitRoom;
  readonly permitEnds: Deadlines;
  readonly preBindEnds: Deadlines;
  readonly bindEnds: Deadlines;
  readonly postBindEnds: Deadlines;
}

/** How long the plugins of all binding cycles of a loop may take. */
export function bindingDeadlines(clock: Clock, { permitMs = MINUTE_MS, preBindMs = 10 * MINUTE_MS, bindMs = MINUTE_MS }: PluginTimeouts): BindingDeadlines {
  return {
    permitEnds: new Deadlines(clock, permitMs),
    preBindEnds: new Deadlines(clock, preBindMs),
    bindEnds: new Deadlines(clock, bindMs),
    postBindEnds: new Deadlines(clock, MINUTE_MS),
  };
}

/** See {@link bindingDeadlines}. */
export type BindingDeadlines = Pick<BindingDeps, 'permitEnds' | 'preBindEnds' | 'bindEnds' | 'postBindEnds'>;

/** One Pod on its way to its node: from Reserve to PostBind. The first step that does not succeed ends it, and is what each method returns. */
export class BindingCycle {
  readonly pod: Pod;
  readonly nodeName: string;
  readonly #deps: BindingDeps;
  readonly #abort = new AbortController();
  readonly #context: BindingContext;
  /** Ends the wait for a plugin, one at a time. */
  #onStop: (() => void) | undefined;

  constructor(deps: BindingDeps, task: { readonly pod: Pod; readonly nodeName: string; readonly state: CycleState }) {
    this.pod = task.pod;
    this.nodeName = task.nodeName;
    this.#deps = deps;
    const { client, clock, room } = deps;
    this.#context = { state: task.state, signal: this.#abort.signal, client, clock, waitingPods: room };
  }

  /** Ends whatever the cycle is waiting for, with an error. */
  stop(reason: unknown): void {
    this.#abort.abort(reason);
    this.#onStop?.();
  }

  reserve(): StatusResult {
    for (const plugin of this.#deps.profile.reserve) {
      if (plugin.reserve === undefined) continue;
      let status: StatusResult;
      try {
        status = checkedStatus(plugin.name, 'Reserve', plugin.reserve(this.pod, this.nodeName, this.#context));
      } catch (error) {
        status = thrownStatus(plugin.name, 'Reserve', error);
      }
      if (status !== undefined) return status;
    }
    return undefined;
  }

  /** Undoes all reservations, last first. What a plugin throws is returned for the log; nothing stops it. */
  unreserve(): readonly unknown[] {
    const errors: unknown[] = [];
    for (const plugin of [...this.#deps.profile.reserve].reverse()) {
      try {
        plugin.unreserve?.(this.pod, this.nodeName, this.#context);
      } catch (error) {
        errors.push(error);
      }
    }
    return errors;
  }

  async permit(): Promise<StatusResult> {
    const holds: Hold[] = [];
    for (const plugin of this.#deps.profile.permit) {
      const ends = this.#deps.permitEnds;
      const status = await this.#call(plugin, 'Permit', { ends, call: () => plugin.permit(this.pod, this.nodeName, this.#context) });
      if (status === undefined) continue;
      if (status.code !== 'Wait') return status;
      holds.push({ plugin: plugin.name, timeoutMs: Math.min(MAX_WAIT_MS, status.timeoutMs ?? MAX_WAIT_MS) });
    }
    return holds.length === 0 ? undefined : this.#deps.room.hold(this, holds, this.#abort.signal);
  }

  async preBind(): Promise<StatusResult> {
    const ends = this.#deps.preBindEnds;
    for (const plugin of this.#deps.profile.preBind) {
      const status = await this.#call(plugin, 'PreBind', { ends, call: () => plugin.preBind(this.pod, this.nodeName, this.#context) });
      if (status !== undefined) return status;
    }
    return undefined;
  }

  async bind(): Promise<StatusResult> {
    const ends = this.#deps.bindEnds;
    for (const plugin of this.#deps.profile.bind) {
      const status = await this.#call(plugin, 'Bind', { ends, call: () => plugin.bind(this.pod, this.nodeName, this.#context) });
      if (status?.code !== 'Skip') return status;
    }
    return failure('no Bind plugin took the Pod');
  }

  /** Tells the PostBind plugins. What they throw is returned for the log: the Pod is bound all the same. */
  async postBind(): Promise<readonly StatusResult[]> {
    const errors: StatusResult[] = [];
    for (const plugin of this.#deps.profile.postBind) {
      const call = (): unknown => plugin.postBind(this.pod, this.nodeName, this.#context);
      const status = await this.#call(plugin, 'PostBind', { ends: this.#deps.postBindEnds, call });
      if (status !== undefined) errors.push(status);
    }
    return errors;
  }

  async #call(plugin: Plugin, point: ExtensionPoint, { ends, call }: { readonly ends: Deadlines; readonly call: () => unknown }): Promise<StatusResult> {
    try {
      const answer = call();
      const settled = isThenable(answer) ? await this.#within(ends, answer) : answer;
      if (settled !== TIMED_OUT) return checkedStatus(plugin.name, point, settled);
      this.#abort.abort(new Error(`${point} plugin "${plugin.name}" took longer than ${ends.limitMs} ms`));
      return nonsense(plugin.name, point, `did not answer within ${ends.limitMs} ms`);
    } catch (error) {
      return thrownStatus(plugin.name, point, error);
    }
  }

  #within(ends: Deadlines, answer: PromiseLike<unknown>): Promise<unknown> {
    const { signal } = this.#abort;
    return new Promise((resolve, reject) => {
      this.#onStop = () => end(() => reject(signal.reason as Error));
      const cancel = ends.add(() => end(() => resolve(TIMED_OUT)));
      const end = (settle: () => void): void => {
        cancel();
        this.#onStop = undefined;
        settle();
      };
      answer.then(
        (value) => end(() => resolve(value)),
        (error: unknown) => end(() => reject(error as Error)),
      );
    });
  }
}

const TIMED_OUT = Symbol('timed out');

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
