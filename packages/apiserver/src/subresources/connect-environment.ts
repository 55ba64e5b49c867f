import type { NodeConnections } from '@kybern/core';
import type { Environment } from '../environment.ts';

/** What connections work with besides what every request does. */
export interface ConnectEnvironment extends Environment {
  /** The way to the agents of nodes; undefined where there are none. */
  readonly nodes: NodeConnections | undefined;
}
