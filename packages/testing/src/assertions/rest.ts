import { parseDuration, type Duration } from '@kybern/core';
import { Event, Lease } from '@kybern/core/kinds';
import type { LogEntry } from '../event-log.ts';
import { describeChanges } from '../hot-loop.ts';
import type { TestCluster } from '../test-cluster.ts';
import type { TestProcess } from '../processes/process.ts';

/** Options of {@link writesNothing}. */
export interface WritesNothingOptions {
  /** How long it is looked at. Default one minute of virtual time. */
  readonly during?: Duration;
  /** Start every process but the nodes anew first, so that every object is reconciled again from empty caches. Default true. */
  readonly restart?: boolean;
}

/** What a check found. */
export interface Finding {
  readonly ok: boolean;
  /** What was found instead, for people. */
  readonly message: string;
}

/** Writes that go on for ever in a cluster where all is well: leases, the nodes' own heartbeats, and events about what happens. */
function isHeartbeat({ object, key }: LogEntry): boolean {
  return object.kind === Lease.kind || object.kind === Event.kind || key.startsWith('/registry/core/nodes/');
}

/**
 * Whether a settled cluster is left alone by its reconcilers: faults are ended, it settles, every controller starts anew, and then nothing may be written but
 * heartbeats. A reconciler that passes is idempotent, and has left nothing half done.
 */
export async function writesNothing(cluster: TestCluster, { during = '1m', restart = true }: WritesNothingOptions = {}): Promise<Finding> {
  cluster.faults.calm();
  await cluster.settle();
  // What was put off for longer than settling waits for is done now, or never.
  await cluster.advance(during);
  await cluster.settle();
  const from = cluster.log.length;
  if (restart) for (const process of controllersOf(cluster)) restartNow(process);
  await cluster.settle();
  await cluster.advance(during);
  const written = cluster.log.slice(from).filter((entry) => !isHeartbeat(entry));
  return { ok: written.length === 0, message: await describeWrites(cluster, written) };
}

/** Whether a cluster comes to rest within a time once nothing goes wrong any more: a minute without a write, and every object as it would be made from scratch. */
export async function converges(cluster: TestCluster, { within = '10m' }: { readonly within?: Duration } = {}): Promise<Finding> {
  cluster.faults.calm();
  const deadlineMs = cluster.clock.monotonicMs() + parseDuration(within);
  let written: readonly LogEntry[] = [];
  while (cluster.clock.monotonicMs() < deadlineMs) {
    const from = cluster.log.length;
    await cluster.settle();
    await cluster.advance('1m');
    written = cluster.log.slice(from).filter((entry) => !isHeartbeat(entry));
    if (written.length === 0) return await writesNothing(cluster);
  }
  return { ok: false, message: `it did not come to rest within ${String(within)}: ${await describeWrites(cluster, written)}` };
}

/** Whether nothing is written without end: a settled cluster makes at most so many writes, all objects together, in a minute. */
export async function hasNoHotLoop(cluster: TestCluster, { writesPerMinute = 30 }: { readonly writesPerMinute?: number } = {}): Promise<Finding> {
  await cluster.settle();
  const from = cluster.log.length;
  await cluster.advance('1m');
  const written = cluster.log.slice(from).filter((entry) => !isHeartbeat(entry));
  return { ok: written.length <= writesPerMinute, message: await describeWrites(cluster, written) };
}

function controllersOf({ processes }: TestCluster): readonly TestProcess[] {
  return processes.filter(({ name }) => !name.startsWith('node-'));
}

function restartNow(process: TestProcess): void {
  process.crash();
  process.restart();
}

const SHOWN = 5;

async function describeWrites(cluster: TestCluster, written: readonly LogEntry[]): Promise<string> {
  if (written.length === 0) return 'it wrote nothing';
  const { entries } = await cluster.timeline();
  const writes = new Map(entries.flatMap((entry) => (entry.type === 'write' ? [[entry.revision, entry] as const] : [])));
  const lines = written.slice(0, SHOWN).map((entry) => {
    const write = writes.get(entry.revision);
    const before = cluster.log.findLast(({ key, revision }) => key === entry.key && revision < entry.revision);
    const changes = before === undefined ? [] : describeChanges(before.object, entry.object);
    return `  ${write?.actor ?? 'API server'}: ${write?.operation ?? entry.type} ${entry.key} ${changes.slice(0, 2).join(', ')}`;
  });
  return [`it wrote ${String(written.length)} times:`, ...lines, ...(written.length > SHOWN ? ['  …'] : [])].join('\n');
}
