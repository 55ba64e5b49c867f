import type { Clock } from '@kybern/core';
import type { FaultWorld } from '../faults/fault-world.ts';
import type { Struck } from '../faults/fault-source.ts';
import type { LogEntry } from '../event-log.ts';
import type { TestNode } from '../test-node.ts';
import type { ManagedProcess, TestProcess } from './process.ts';

/** All processes and nodes of a cluster, by their names. */
export class ProcessTable {
  readonly processes: Map<string, ManagedProcess> = new Map();
  readonly nodes: Map<string, TestNode> = new Map();
  /** What several processes have in common; it does not crash by itself. */
  readonly shared: ManagedProcess[] = [];

  add(process: ManagedProcess): ManagedProcess {
    if (this.processes.has(process.name)) throw new RangeError(`there is a process "${process.name}" already`);
    this.processes.set(process.name, process);
    return process;
  }

  share(process: ManagedProcess): ManagedProcess {
    this.shared.push(process);
    return process;
  }

  get(name: string): ManagedProcess {
    const process = this.processes.get(name);
    if (process === undefined) throw new RangeError(`there is no process "${name}"; there are ${[...this.processes.keys()].join(', ') || 'none'}`);
    return process;
  }

  /** Everything ends where it is. */
  crashAll(): void {
    for (const process of [...this.processes.values(), ...this.shared]) process.crash();
  }

  /** Everything ends for good. Nothing is waited for that takes time, since no time passes any more. */
  end(): void {
    for (const process of [...this.processes.values(), ...this.shared]) process.end();
  }
}

/** What faults see of a cluster. */
export function createStruck(parts: {
  readonly table: ProcessTable;
  readonly world: FaultWorld;
  readonly clock: Clock;
  readonly entries: readonly LogEntry[];
  readonly revision: () => number;
}): Struck {
  const { table, world, clock, entries } = parts;
  return {
    get processes() {
      return [...table.processes.values()];
    },
    get nodes() {
      return [...table.nodes.values()];
    },
    get revision() {
      return parts.revision();
    },
    revisionsOf(prefix, limit) {
      const revisions: number[] = [];
      for (let at = entries.length - 1; at >= 0 && revisions.length < limit; at--) {
        const entry = entries[at];
        if (entry?.key.startsWith(prefix) === true) revisions.push(entry.revision);
      }
      return revisions;
    },
    stopApiServer: (forMs) => world.stopApiServer(forMs, [...table.processes.values(), ...table.shared]),
    crash(process: TestProcess, forMs) {
      process.crash();
      // Its call is still to be told of, and what it does then comes to nothing.
      clock.after(forMs, () => {
        const node = table.nodes.get(process.name);
        if (node === undefined || node.alive) process.restart();
      });
      world.hold(forMs);
    },
  };
}
