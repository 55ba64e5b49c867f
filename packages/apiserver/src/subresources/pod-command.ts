import type { AttachOptions, ContainerOnNode, NodeConnections } from '@kybern/core';
import type { ConnectEnvironment } from './connect-environment.ts';
import { badRequest } from '../errors.ts';
import type { Connection, ConnectRequest } from './connect.ts';
import { chooseContainer, containerOnNode, nodesOf, podOf } from './pod-container.ts';
import { flag } from './query-values.ts';

/** `pods/exec` and `pods/attach`. @see kubernetes v1.36 pkg/registry/core/pod/rest/subresources.go (ExecREST, AttachREST) */
export async function connectCommand(env: ConnectEnvironment, request: ConnectRequest): Promise<Connection> {
  const { query } = request;
  const attach = request.subresource === 'attach';
  const wanted = streamsOf(query, { stdin: 'stdin', stdout: 'stdout', stderr: 'stderr' });
  const command = query.getAll('command');
  const pod = await podOf(env, request);
  const container = containerOnNode(pod, chooseContainer(pod, query.get('container')));
  if (!attach && command.length === 0) throw badRequest('you must specify at least 1 command for the container');
  return commandConnection(nodesOf(env), container, { wanted, command: attach ? undefined : command });
}

/** A command in a container, or, without one, what runs there. */
export function commandConnection(
  nodes: NodeConnections,
  container: ContainerOnNode,
  { wanted, command }: { readonly wanted: AttachOptions; readonly command: readonly string[] | undefined },
): Connection {
  return {
    type: 'command',
    wanted,
    attach: command === undefined,
    start: ({ signal }) => {
      const options = { ...wanted, ...(signal === undefined ? {} : { signal }) };
      return command === undefined ? nodes.attach(container, options) : nodes.exec(container, { ...options, command });
    },
  };
}

/** @see kubernetes v1.36 staging/src/k8s.io/kubelet/pkg/cri/streaming/remotecommand/httpstream.go (NewOptions) */
export function streamsOf(query: URLSearchParams, names: Readonly<Record<'stdin' | 'stdout' | 'stderr', string>>): AttachOptions {
  const tty = flag(query, 'tty');
  const stdin = flag(query, names.stdin);
  const stdout = flag(query, names.stdout);
  // A terminal has one output.
  const stderr = flag(query, names.stderr) && !tty;
  if (!stdin && !stdout && !stderr) throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  return { tty, stdin, stdout, stderr };
}
