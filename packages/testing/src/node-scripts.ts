import { playStages, readSimulationScript, type NodeChange, type SimulationScript } from '@kybern/runtime-cri';
import type { Base } from './base.ts';
import { fillDisk } from './faults/node-faults.ts';
import { readSource } from './manifests.ts';
import type { TestNode } from './test-node.ts';

/** Reads the stages that a cluster is given. @throws {ScriptError} when they are not what they should be; says where */
export function loadScript(stages: string | URL, base: Base): Promise<SimulationScript> {
  return base.time.pending(readSimulationScript(readSource(stages), { file: stages instanceof URL ? stages.pathname : 'stages' }));
}

/** Lets nodes do what their stages say, from now on. */
export function playNodes({ nodes: stages }: SimulationScript, { table, clock, random, trace }: Base): void {
  for (const node of table.nodes.values()) {
    const own = stages.filter(({ selects }) => selects(node.name));
    if (own.length === 0) continue;
    const change = createChanges(node);
    playStages(own, {
      clock,
      random: random.fork(`stages of ${node.name}`),
      play({ name, next }) {
        trace.fault(`${node.name}: ${next.type} (stage ${name})`);
        change(next);
        return true;
      },
    });
  }
}

/** Does what stages say to a node. */
function createChanges(node: TestNode): (change: NodeChange) => void {
  let emptyDisk: (() => void) | undefined;
  return (change) => {
    switch (change.type) {
      case 'kill':
        return node.kill();
      case 'restart':
        return node.restart();
      case 'disconnect':
        return node.process.disconnect();
      case 'connect':
        return node.process.connect();
      case 'slowDown':
        return node.process.slowDown(change.ms);
      case 'skewClock':
        return node.process.skewClock(change.ms);
      case 'fillDisk':
        return void (emptyDisk ??= fillDisk(node));
      case 'emptyDisk':
        emptyDisk?.();
        emptyDisk = undefined;
    }
  };
}
