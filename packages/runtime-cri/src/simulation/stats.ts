import type { ContainerStats, PodSandboxStats } from '../generated/cri.ts';
import type { Behavior } from './behaviors.ts';
import type { ContainerRecord, SandboxRecord } from './records.ts';

const DEFAULT_USAGE = { cpuMillis: 1, memoryBytes: 16 * 2 ** 20 } as const;

/** What a running container uses at a moment, by its script or else its behaviour. */
function usageOf({ scripted, config }: ContainerRecord, behavior: Behavior, nowMs: number): { readonly cpuMillis: number; readonly memoryBytes: number } {
  const told = behavior.usage ?? DEFAULT_USAGE;
  if (scripted?.usage === undefined) return told;
  const { script, replicas, sinceMs } = scripted.usage;
  const moment = { nowMs, ageMs: nowMs - sinceMs, replicas: replicas.size, attempt: config.metadata.attempt };
  const [cores, bytes] = [script.cpu?.(moment), script.memory?.(moment)];
  return {
    cpuMillis: cores === undefined ? told.cpuMillis : cores * 1_000,
    memoryBytes: bytes === undefined ? told.memoryBytes : Math.round(bytes),
  };
}

/** The time of its processor since its start: what is used now, since it was last counted. A container without a script always used the same. */
function countedNs(record: ContainerRecord, cpuMillis: number, nowMs: number): number {
  const before = record.scripted === undefined ? undefined : record.counted;
  const sinceMs = before?.atMs ?? record.startedAt / 1e6;
  const coreNs = (before?.coreNs ?? 0) + Math.max(0, nowMs - sinceMs) * 1e6 * (cpuMillis / 1_000);
  if (record.scripted !== undefined) record.counted = { coreNs, atMs: nowMs };
  return coreNs;
}

/** What a running container has used by `nowMs`, and uses now. */
export function containerStats(record: ContainerRecord, behavior: Behavior, nowMs: number): ContainerStats {
  const { cpuMillis, memoryBytes } = usageOf(record, behavior, nowMs);
  const timestamp = nowMs * 1e6;
  const { metadata, labels = {}, annotations = {} } = record.config;
  return {
    attributes: { id: record.id, metadata, labels, annotations },
    cpu: {
      timestamp,
      usageCoreNanoSeconds: { value: countedNs(record, cpuMillis, nowMs) },
      usageNanoCores: { value: cpuMillis * 1e6 },
    },
    memory: { timestamp, workingSetBytes: { value: memoryBytes }, usageBytes: { value: memoryBytes } },
  };
}

/** A sandbox uses what its containers use. */
export function sandboxStats(record: SandboxRecord, containers: readonly ContainerStats[], nowMs: number): PodSandboxStats {
  const timestamp = nowMs * 1e6;
  const { metadata, labels = {}, annotations = {} } = record.config;
  const sum = (pick: (stats: ContainerStats) => number | undefined): { value: number } => ({
    value: containers.reduce((total, stats) => total + (pick(stats) ?? 0), 0),
  });
  return {
    attributes: { id: record.id, metadata, labels, annotations },
    linux: {
      cpu: {
        timestamp,
        usageCoreNanoSeconds: sum((stats) => stats.cpu?.usageCoreNanoSeconds?.value),
        usageNanoCores: sum((stats) => stats.cpu?.usageNanoCores?.value),
      },
      memory: {
        timestamp,
        workingSetBytes: sum((stats) => stats.memory?.workingSetBytes?.value),
        usageBytes: sum((stats) => stats.memory?.usageBytes?.value),
      },
      containers,
    },
  };
}
