import type { ContainerStats, PodSandboxStats } from '../generated/cri.ts';
import type { Behavior } from './behaviors.ts';
import type { ContainerRecord, SandboxRecord } from './records.ts';

const DEFAULT_USAGE = { cpuMillis: 1, memoryBytes: 16 * 2 ** 20 } as const;

/** What a running container has used by `nowMs`: its behaviour's usage, held since its start. */
export function containerStats(record: ContainerRecord, behavior: Behavior, nowMs: number): ContainerStats {
  const { cpuMillis, memoryBytes } = behavior.usage ?? DEFAULT_USAGE;
  const timestamp = nowMs * 1e6;
  const { metadata, labels = {}, annotations = {} } = record.config;
  return {
    attributes: { id: record.id, metadata, labels, annotations },
    cpu: {
      timestamp,
      usageCoreNanoSeconds: { value: Math.max(0, timestamp - record.startedAt) * (cpuMillis / 1000) },
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
