import type { NodeConnections } from '@kybern/core';
import type { AgentConnectionsDeps } from './agent-connections.ts';

/** Told of a load that takes real time. */
export type Pending = <T>(load: Promise<T>) => Promise<T>;

/** The connections of an agent, whose code is loaded with the first of them: most nodes are never asked. */
export function createLazyConnections(deps: AgentConnectionsDeps, pending: Pending = (load) => load): NodeConnections {
  let loading: Promise<NodeConnections> | undefined;
  const load = (): Promise<NodeConnections> =>
    (loading ??= pending(import('./agent-connections.ts')).then(({ createAgentConnections }) => createAgentConnections(deps)));
  return {
    logs: async (container, options) => (await load()).logs(container, options),
    exec: async (container, options) => (await load()).exec(container, options),
    attach: async (container, options) => (await load()).attach(container, options),
    connect: async (pod, port, options) => (await load()).connect(pod, port, options),
    request: async (node, request) => (await load()).request(node, request),
    usage: async (node, options) => (await load()).usage(node, options),
  };
}
