import type { SimulatedContainer } from '@kybern/runtime-cri';
import type { TestNode } from '../test-node.ts';
import type { FaultSource, Strike } from './fault-source.ts';

/** How likely a fault of nodes is each second, and for which nodes. */
export interface NodeFaultScope {
  /** Names of nodes. Default: all. */
  readonly nodes?: readonly string[];
  readonly chance?: number;
}

function nodeStrikes(
  name: string,
  { nodes: names, chance }: NodeFaultScope & { readonly chance: number },
  strikes: (node: TestNode) => readonly Strike[],
): FaultSource {
  return { name, chance, strikes: ({ nodes }) => nodes.filter((node) => node.alive && (names?.includes(node.name) ?? true)).flatMap(strikes) };
}

/** Machines that lose their power for half a minute, or for ten. */
export function deadNodes(scope: NodeFaultScope = {}): FaultSource {
  return nodeStrikes('dead nodes', { chance: 0.02, ...scope }, (node) =>
    [30_000, 600_000].map((forMs) => ({
      name: `${node.name} is without power for ${String(forMs)} ms`,
      forMs,
      begin: () => (node.kill(), () => node.restart()),
    })),
  );
}

/** Nodes with a slow way to the API server. */
export function slowNodes(scope: NodeFaultScope = {}): FaultSource {
  return nodeStrikes('slow nodes', { chance: 0.02, ...scope }, (node) => [
    { name: `${node.name} is slow`, forMs: 30_000, begin: () => (node.process.slowDown(3_000), () => node.process.slowDown(0)) },
  ]);
}

/** Disks without room: no image can be pulled and no Pod started there for a while. */
export function fullDisks(scope: NodeFaultScope = {}): FaultSource {
  return nodeStrikes('full disks', { chance: 0.02, ...scope }, (node) => [
    { name: `the disk of ${node.name} is full`, forMs: 60_000, begin: () => fillDisk(node) },
  ]);
}

/** Fills a node's disk. @returns what makes room again */
export function fillDisk(node: TestNode): () => void {
  const error = 'write /var/lib/containers: no space left on device';
  return node.runtime.behaviors.add({ pull: { error }, sandbox: { error } });
}

/** Image pulls that fail on a node for a while. */
export function failedPulls(scope: NodeFaultScope = {}): FaultSource {
  return nodeStrikes('failed pulls', { chance: 0.03, ...scope }, (node) => [
    { name: `no image can be pulled on ${node.name}`, forMs: 30_000, begin: () => node.runtime.failPulls('*') },
  ]);
}

const CONTAINER_RUNNING = 1;

/** Containers that end with an error, are killed for their memory, or do not react any more for a while. */
export function containerFaults(scope: NodeFaultScope = {}): FaultSource {
  return nodeStrikes('container faults', { chance: 0.03, ...scope }, (node) =>
    node.runtime
      .containers()
      .filter(({ state }) => Number(state) === CONTAINER_RUNNING)
      .flatMap((container) => strikesOf(node, container)),
  );
}

function strikesOf({ runtime }: TestNode, { id, name, namespace, pod }: SimulatedContainer): readonly Strike[] {
  const which = `container ${name} of ${namespace}/${pod}`;
  return [
    { name: `${which} crashes`, forMs: 0, begin: () => (runtime.crash(id), undefined) },
    { name: `${which} is OOM-killed`, forMs: 0, begin: () => (runtime.oomKill(id), undefined) },
    { name: `${which} hangs`, forMs: 60_000, begin: () => runtime.hang({ namespace, pod, container: name }) },
  ];
}
