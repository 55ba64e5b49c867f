import type { Clock, KubernetesObject, WatchEvent } from '@kybern/core';
import type { Call, EventFate, Fault } from '@kybern/reconcile/testing';
import { usualChoices, type Choices } from '../choices.ts';
import { unreachable, type ManagedProcess, type TestProcess } from '../processes/process.ts';
import { describeCall, type Trace } from '../trace.ts';
import type { CallFault, EventFault, FaultSource, ProcessCall, Struck } from './fault-source.ts';

/** Decides about one call by hand; undefined: nothing goes wrong with it. */
export type FaultScript = (call: ProcessCall) => Fault | undefined;

/** What a {@link FaultWorld} is made of. */
export interface FaultWorldParts {
  readonly clock: Clock;
  readonly trace: Trace;
  /** What sources see of the cluster; asked for when the first of them is. */
  struck(): Struck;
}

/** How long a watch that was ended may take to be there again: the longest back-off of an informer after a few faults. */
const RECONNECT_MS = 20_000;
/** How long an informer may take to give up a watch that says nothing. */
const IDLE_MS = 240_000;
const STRIKE_EVERY_MS = 1_000;

/** Everything that goes wrong in a cluster, in one place: scripts first, then sources, by the choices of the run. */
export class FaultWorld {
  readonly #parts: FaultWorldParts;
  readonly #scripts = new Set<FaultScript>();
  readonly #sources = new Set<FaultSource>();
  readonly #healers = new Set<() => void>();
  readonly #strikes = new Map<FaultSource, () => void>();
  #choices: Choices = usualChoices;
  #apiServerBackMs = -Infinity;
  #heldUntilMs = -Infinity;

  constructor(parts: FaultWorldParts) {
    this.#parts = parts;
  }

  get choices(): Choices {
    return this.#choices;
  }

  /** Until when there may be something under way that faults hold back, in monotonic ms: late events, processes that are away, watches to be opened again. */
  get heldUntilMs(): number {
    return this.#heldUntilMs;
  }

  /** From now on things happen by these choices. */
  decideBy(choices: Choices): void {
    this.#choices = choices;
  }

  script(script: FaultScript): () => void {
    this.#scripts.add(script);
    return () => this.#scripts.delete(script);
  }

  add(source: FaultSource): () => void {
    this.#sources.add(source);
    if (source.strikes !== undefined) this.#strikes.set(source, this.#strikeLater(source));
    return () => this.#remove(source);
  }

  /** Ends all faults but those of order, and makes good what can be made good. */
  calm(): void {
    this.#scripts.clear();
    for (const source of [...this.#sources]) if (source.isOrder !== true) this.#remove(source);
    for (const heal of [...this.#healers]) heal();
    this.#apiServerBackMs = -Infinity;
  }

  /** Nothing is put off any more: orders end as well. */
  end(): void {
    this.calm();
    this.#sources.clear();
  }

  hold(forMs: number): void {
    this.#heldUntilMs = Math.max(this.#heldUntilMs, this.#parts.clock.monotonicMs() + forMs);
  }

  stopApiServer(forMs: number, processes: readonly ManagedProcess[]): void {
    this.#apiServerBackMs = Math.max(this.#apiServerBackMs, this.#parts.clock.monotonicMs() + forMs);
    this.hold(forMs + RECONNECT_MS);
    for (const process of processes) process.cutWatches(unreachable());
  }

  /** What goes wrong with a call of a process. */
  fault(process: ManagedProcess, call: Call): Fault | undefined {
    if (!process.connected || this.#apiServerBackMs > this.#parts.clock.monotonicMs()) return this.#told({ type: 'fail', error: unreachable() });
    if (this.#scripts.size === 0 && this.#sources.size === 0) return process.delayMs === 0 ? undefined : slow(process.delayMs);
    const asked: ProcessCall = { ...call, process };
    for (const script of this.#scripts) {
      const fault = script(asked);
      if (fault === undefined) continue;
      this.#parts.trace.fault(`${process.name}: ${describeCall(call)}: ${fault.type} (as the test wants it)`);
      return this.#told(fault);
    }
    const chosen = this.#chooseForCall(asked);
    if (chosen !== undefined) return this.#told(chosen);
    if (process.delayMs > 0) return slow(process.delayMs);
    return call.verb === 'watch' ? this.#watch(asked) : undefined;
  }

  /** How long a reconcile is put back, in ms. */
  postponeMs(process: TestProcess, controller: string, key: string): number {
    if (this.#sources.size === 0) return 0;
    for (const source of this.#sources) {
      const delays = source.ofReconcile?.(process) ?? [];
      const chosen = this.#choices.choose(
        { where: `${process.name}: reconcile ${controller} ${key}`, source: source.name },
        delays.map((ms) => ({ name: `${String(ms)} ms later`, ms })),
        source.chance,
      );
      if (chosen !== undefined) return chosen.ms;
    }
    return 0;
  }

  #remove(source: FaultSource): void {
    this.#sources.delete(source);
    this.#strikes.get(source)?.();
    this.#strikes.delete(source);
  }

  #chooseForCall(call: ProcessCall): Fault | undefined {
    const where = `${call.process.name}: ${describeCall(call)}`;
    for (const source of this.#sources) {
      if (source.ofCall === undefined) continue;
      const chosen = this.#choices.choose<CallFault>({ where, source: source.name }, source.ofCall(call, this.#parts.struck()), source.chance);
      if (chosen === undefined) continue;
      if (source.isOrder !== true) this.#parts.trace.fault(`${where}: ${chosen.name}`);
      return chosen.fault;
    }
    return undefined;
  }

  /** Each event of a watch is a point of choice of its own. */
  #watch(call: ProcessCall): Fault | undefined {
    const sources = [...this.#sources].filter(({ ofEvent }) => ofEvent !== undefined);
    if (sources.length === 0) return undefined;
    return { type: 'events', fate: (event) => this.#fateOf(call, event, sources) };
  }

  #fateOf(call: ProcessCall, event: WatchEvent<KubernetesObject>, sources: readonly FaultSource[]): EventFate {
    const { name, namespace } = event.object.metadata;
    const subject = event.type === 'BOOKMARK' ? '' : ` ${namespace === undefined ? '' : `${namespace}/`}${String(name)}`;
    const where = `${call.process.name}: event ${event.type.toLowerCase()} ${call.kind.plural}${subject}`;
    for (const source of sources) {
      if (!this.#sources.has(source)) continue;
      const chosen = this.#choices.choose<EventFault>({ where, source: source.name }, source.ofEvent?.(call, event) ?? [], source.chance);
      if (chosen === undefined) continue;
      if (source.isOrder !== true) this.#parts.trace.fault(`${where}: ${chosen.name}`);
      this.hold(typeof chosen.fate === 'number' ? chosen.fate : RECONNECT_MS);
      return chosen.fate;
    }
    return 0;
  }

  /** Looks every now and then whether something strikes; for as long as its source is there. */
  #strikeLater(source: FaultSource): () => void {
    let cancel: () => void = () => undefined;
    const schedule = (): void => {
      cancel = this.#parts.clock.after(source.everyMs ?? STRIKE_EVERY_MS, strike, { background: true });
    };
    const strike = (): void => {
      const chosen = this.#choices.choose({ where: 'cluster', source: source.name }, source.strikes?.(this.#parts.struck()) ?? [], source.chance);
      if (chosen !== undefined) {
        this.#parts.trace.fault(chosen.name);
        const heal = chosen.begin();
        this.hold(chosen.forMs + RECONNECT_MS);
        if (heal !== undefined) this.#healLater(heal, chosen.forMs);
      }
      schedule();
    };
    schedule();
    return () => cancel();
  }

  #healLater(heal: () => void, forMs: number): void {
    const once = (): void => {
      if (!this.#healers.delete(once)) return;
      cancel();
      heal();
    };
    this.#healers.add(once);
    const cancel = this.#parts.clock.after(forMs, once);
  }

  /** What a fault keeps under way. */
  #told(fault: Fault): Fault {
    switch (fault.type) {
      case 'silence':
      case 'stall':
        this.hold(IDLE_MS);
        break;
      case 'past':
        this.hold(fault.forMs + RECONNECT_MS);
        break;
      case 'slow':
        this.hold((fault.beforeMs ?? 0) + (fault.afterMs ?? 0));
        break;
      case 'lag':
        this.hold(fault.lagMs);
        break;
      default:
        this.hold(RECONNECT_MS);
    }
    return fault;
  }
}

const slow = (ms: number): Fault => ({ type: 'slow', beforeMs: ms, afterMs: ms });
