import type { Clock, Random } from '@kybern/core';
import type { Behavior, SimulatedBehaviors } from '../behaviors.ts';
import type { ContainerEnd } from '../containers.ts';
import type { ContainerRecord } from '../records.ts';
import { playStages } from './play-stages.ts';
import type { ContainerChange, ContainerStage, ContainerUsageScript, SimulationScript } from './read-script.ts';

/** What a script does to a container. */
export interface ContainerEffects {
  readonly clock: Clock;
  readonly random: Random;
  write(line: string): void;
  hang(hung: boolean): void;
  end(end: ContainerEnd): void;
}

/** The part of a script that one running container plays. */
export interface ScriptedContainer {
  /** What the stages so far made of its behaviour. */
  behavior: Behavior;
  /** What it uses, and since when. */
  usage: { readonly script: Omit<ContainerUsageScript, 'selects'>; readonly replicas: ReadonlySet<ContainerRecord>; readonly sinceMs: number } | undefined;
}

/** A script as the containers of a whole cluster play it: share one among its runtimes, so that shared loads are divided among all replicas. */
export interface ContainerScripts {
  /** A container runs from now on. */
  started(record: ContainerRecord, effects: ContainerEffects): void;
  /** It runs no more. */
  ended(record: ContainerRecord): void;
}

const ALONE: ReadonlySet<ContainerRecord> = new Set();

/** Makes {@link ContainerScripts}. */
export function createContainerScripts({ containers, usages }: Pick<SimulationScript, 'containers' | 'usages'>): ContainerScripts {
  const replicas = new Map<ContainerUsageScript, Set<ContainerRecord>>(usages.map((usage) => [usage, new Set()]));
  const cancels = new Map<ContainerRecord, () => void>();
  return {
    started(record, effects) {
      // Of several the last one holds, as with behaviours.
      const usage = usages.findLast(({ selects }) => selects(record));
      const stages = containers.filter(({ selects }) => selects(record));
      if (usage === undefined && stages.length === 0) return;
      const nowMs = effects.clock.now();
      const own = usage === undefined ? ALONE : (replicas.get(usage)?.add(record) ?? ALONE);
      const scripted: ScriptedContainer = {
        behavior: {},
        usage: usage === undefined ? undefined : { script: usage, replicas: own, sinceMs: nowMs },
      };
      record.scripted = scripted;
      if (stages.length > 0) cancels.set(record, play(stages, { record, scripted, effects }));
    },
    ended(record) {
      cancels.get(record)?.();
      cancels.delete(record);
      for (const running of replicas.values()) running.delete(record);
      record.scripted = undefined;
    },
  };
}

interface Played {
  readonly record: ContainerRecord;
  readonly scripted: ScriptedContainer;
  readonly effects: ContainerEffects;
}

function play(stages: readonly ContainerStage[], { record, scripted, effects }: Played): () => void {
  const { subject, config } = record;
  const random = effects.random.fork(`${subject.namespace ?? ''}/${subject.pod ?? ''}/${config.metadata.name}/${String(config.metadata.attempt)}`);
  return playStages(stages, {
    clock: effects.clock,
    random,
    play({ next }) {
      const { hang, log, exit, usage } = next;
      scripted.behavior = { ...scripted.behavior, ...probesOf(scripted.behavior, next), ...(hang === undefined ? {} : { hang }) };
      if (hang !== undefined) effects.hang(hang);
      if (usage !== undefined) scripted.usage = { script: usage, replicas: scripted.usage?.replicas ?? ALONE, sinceMs: effects.clock.now() };
      if (log !== undefined) effects.write(log);
      if (exit !== undefined) effects.end(exit);
      return exit === undefined;
    },
  });
}

function probesOf({ probes = [] }: Behavior, { ready, live }: Pick<ContainerChange, 'ready' | 'live'>): Pick<Behavior, 'probes'> {
  if (ready === undefined && live === undefined) return {};
  const others = probes.filter(({ purpose }) => (ready === undefined ? purpose === 'readiness' : purpose !== 'readiness' && live === undefined));
  const result = (ok: boolean): 'success' | 'failure' => (ok ? 'success' : 'failure');
  return {
    probes: [
      ...(ready === undefined ? [] : [{ purpose: 'readiness' as const, result: result(ready) }]),
      ...(live === undefined ? [] : (['liveness', 'startup'] as const).map((purpose) => ({ purpose, result: result(live) }))),
      ...others,
    ],
  };
}

/** How a container behaves now: as it was told, but for what its script says. */
export function behaviorOf(record: ContainerRecord, behaviors: SimulatedBehaviors): Behavior {
  const told = behaviors.resolve(record.subject);
  return record.scripted === undefined ? told : { ...told, ...record.scripted.behavior };
}
