import type { NodeConnections } from '@kybern/core';
import { unreachable } from './unreachable.ts';

/** The agents of one process, for an API server in the same process. */
export interface LocalConnections extends NodeConnections {
  /** From now on `agent` answers for the node, until the returned function is called (idempotent). */
  add(agent: { readonly name: string; readonly connections: NodeConnections }): () => void;
}

/**
 * Makes a {@link NodeConnections} that hands everything to agents of this process. A node without one is a node that does not answer.
 *
 * @example
 * const nodes = createLocalConnections();
 * const api = await createApiServer({ nodes });
 * nodes.add(createKubelet({ name: 'node-1', client: api.client, runtime }));
 */
export function createLocalConnections(): LocalConnections {
  const agents = new Map<string, NodeConnections>();
  const agentOf = (node: string): NodeConnections => {
    const agent = agents.get(node);
    if (agent === undefined) throw unreachable(node);
    return agent;
  };
  return {
    add({ name, connections }) {
      agents.set(name, connections);
      return () => {
        if (agents.get(name) === connections) agents.delete(name);
      };
    },
    logs: async (container, options) => agentOf(container.node).logs(container, options),
    exec: async (container, options) => agentOf(container.node).exec(container, options),
    attach: async (container, options) => agentOf(container.node).attach(container, options),
    connect: async (pod, port, options) => agentOf(pod.node).connect(pod, port, options),
    request: async (node, request) => agentOf(node).request(node, request),
    usage: async (node, options) => agentOf(node).usage(node, options),
  };
}
