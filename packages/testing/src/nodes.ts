import type { ApiServer } from '@kybern/apiserver';
import { createKubelet, createPodSource, type LocalConnections, type PodSource } from '@kybern/kubelet';
import { createContainerScripts, createSimulatedBehaviors, createSimulatedRuntime, type ContainerScripts, type SimulationScript } from '@kybern/runtime-cri';
import type { Base } from './base.ts';
import { forkName, startProcess } from './control-plane.ts';
import { createGatedPods, type GatedPods } from './processes/gated-pods.ts';
import type { ManagedProcess } from './processes/process.ts';
import { createTestNode } from './test-node.ts';

/** What nodes are started with. */
export interface NodesParts {
  readonly connections: LocalConnections;
  readonly names: readonly string[];
  readonly script: SimulationScript | undefined;
}

/** Starts the cluster's nodes: one watch of Pods for all, an agent and a simulated runtime for each. */
export function startNodes(api: ApiServer, base: Base, { connections, names, script }: NodesParts): void {
  if (names.length === 0) return;
  const { backgroundLogger: logger, table } = base;
  let pods: PodSource | undefined;
  startProcess(api, base, {
    name: 'pods of all nodes',
    isShared: true,
    run({ client, clock, signal }) {
      pods = createPodSource(client, { clock, random: base.random.fork('pods'), logger });
      return pods.run(signal);
    },
  });
  const scripts = script === undefined ? undefined : createContainerScripts(script);
  for (const name of names) {
    const node = startNode(api, base, { name, connections, scripts, pods: pods as unknown as PodSource });
    table.nodes.set(name, node);
  }
}

interface StartedNode {
  readonly name: string;
  readonly connections: LocalConnections;
  readonly scripts: ContainerScripts | undefined;
  readonly pods: PodSource;
}

function startNode(api: ApiServer, base: Base, { name, connections, scripts, pods }: StartedNode): ReturnType<typeof createTestNode> {
  const random = base.random.fork(name);
  let gate: GatedPods | undefined;
  let powered = 0;
  // What containers of the node do is as it was told, whatever becomes of the machine.
  const behaviors = createSimulatedBehaviors();
  return createTestNode({
    name,
    makeRuntime: () =>
      createSimulatedRuntime({
        clock: base.clock,
        random: random.fork(forkName('runtime', ++powered)),
        behaviors,
        ...(scripts === undefined ? {} : { scripts }),
      }),
    startAgent(runtime): ManagedProcess {
      const process: ManagedProcess = startProcess(api, base, {
        name,
        run: async ({ client, clock, number, signal }) => {
          const isConnected = (): boolean => base.table.processes.get(name)?.connected ?? true;
          gate = createGatedPods(pods, isConnected);
          const own = number === 1 ? random : random.fork(String(number));
          const kubelet = createKubelet({
            name,
            client,
            runtime: runtime(),
            pods: gate,
            clock,
            random: own,
            logger: base.backgroundLogger,
            pending: (load) => base.time.pending(load),
          });
          const remove = connections.add(kubelet);
          await kubelet.run(signal).finally(remove);
        },
      });
      process.onConnect(() => gate?.update());
      return process;
    },
  });
}
