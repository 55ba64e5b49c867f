import type { Fault } from '@kybern/reconcile/testing';
import { parseDuration, type Clock, type Duration, type Kind } from '@kybern/core';
import { seededChoices, usualChoices } from './choices.ts';
import { chaos, type ChaosProfile } from './faults/chaos.ts';
import type { FaultSource, ProcessCall } from './faults/fault-source.ts';
import type { FaultWorld } from './faults/fault-world.ts';

/** Which calls a scripted fault is for; what is unset fits all. */
export interface CallMatch {
  /** The name of the process that asks. */
  readonly process?: string;
  readonly verb?: ProcessCall['verb'];
  readonly kind?: Kind;
  /** `namespace/name`, or only `name`. */
  readonly key?: string;
  /** Which of the calls that fit it begins with, from 1. Default 1. */
  readonly nth?: number;
  /** How many of them it hits. Default: all that come. */
  readonly times?: number;
}

/** What goes wrong in a cluster, on demand. */
export interface ClusterFaults {
  /** What went wrong so far, in words. */
  readonly log: readonly string[];
  /** Makes calls that match go wrong, until the returned function is called. @example faults.inject({ verb: 'create', kind: Pod, times: 1 }, { type: 'lose' }) */
  inject(match: CallMatch, fault: Fault): () => void;
  /** Decides about every call; what gives undefined goes on. */
  script(decide: (call: ProcessCall) => Fault | undefined): () => void;
  /** Lets things go wrong by chance, by the cluster's seed, until the returned function is called. */
  add(...sources: readonly FaultSource[]): () => void;
  /** Many faults together, for so long. @returns ends it earlier */
  chaos(profile: ChaosProfile, options: { readonly for: Duration }): () => void;
  /** Ends all faults, and makes good what can be: cut-off processes are connected, dead nodes come back. */
  calm(): void;
}

/** Makes a {@link ClusterFaults}. */
export function createClusterFaults(
  world: FaultWorld,
  parts: { readonly clock: Clock; readonly seed: number | string; readonly log: () => readonly string[] },
): ClusterFaults {
  const add = (sources: readonly FaultSource[]): (() => void) => {
    if (world.choices === usualChoices) world.decideBy(seededChoices(parts.seed, { nowMs: () => parts.clock.monotonicMs() }));
    const removals = sources.map((source) => world.add(source));
    return () => {
      for (const remove of removals) remove();
    };
  };
  return {
    get log() {
      return parts.log();
    },
    inject(match, fault) {
      let seen = 0;
      const first = match.nth ?? 1;
      const last = first + (match.times ?? Infinity);
      return world.script((call) => {
        if (!fits(match, call)) return undefined;
        seen += 1;
        return seen >= first && seen < last ? fault : undefined;
      });
    },
    script: (decide) => world.script(decide),
    add: (...sources) => add(sources),
    chaos(profile, options) {
      const end = add(chaos(profile));
      const cancel = parts.clock.after(parseDuration(options.for), end, { background: true });
      return () => {
        cancel();
        end();
      };
    },
    calm: () => world.calm(),
  };
}

function fits(match: CallMatch, call: ProcessCall): boolean {
  if (match.process !== undefined && match.process !== call.process.name) return false;
  if (match.verb !== undefined && match.verb !== call.verb) return false;
  if (match.kind !== undefined && (match.kind.plural !== call.kind.plural || match.kind.group !== call.kind.group)) return false;
  return match.key === undefined || match.key === keyText(call);
}

function keyText({ key }: ProcessCall): string | undefined {
  if (key === undefined || typeof key === 'string') return key;
  const { namespace, name } = 'metadata' in key ? key.metadata : key;
  return namespace === undefined ? String(name) : `${namespace}/${String(name)}`;
}
