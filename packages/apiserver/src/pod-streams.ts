import { toNamespacedName, type AttachOptions, type ContainerChoice, type Kind, type LogOptions, type ObjectKey, type PodStreams } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import type { UserInfo } from './request.ts';
import type { Connection, ConnectRequest } from './subresources/connect.ts';

type Connect = (request: ConnectRequest) => Promise<Connection>;

/** Logs, commands and ports of Pods in process: through the same checks as at a door. */
export function createPodStreams(connect: Connect, user: UserInfo): PodStreams {
  const open = async <T extends Connection['type']>(type: T, pod: ObjectKey, asked: Asked): Promise<Extract<Connection, { type: T }>> => {
    const { namespace = 'default', name } = toNamespacedName(Pod, pod);
    const connection = await connect({ ...asked, kind: Pod as Kind, namespace, name, path: '', user });
    if (connection.type !== type) throw new TypeError(`the connection is a ${connection.type}, not a ${type}`);
    return connection as Extract<Connection, { type: T }>;
  };
  return {
    async logs(pod, options = {}) {
      const connection = await open('log', pod, { method: 'GET', subresource: 'log', query: logQuery(options) });
      return connection.open(options);
    },
    async exec(pod, options) {
      const query = streamsQuery(options);
      for (const word of options.command) query.append('command', word);
      return (await open('command', pod, { method: 'POST', subresource: 'exec', query })).start(options);
    },
    async attach(pod, options = {}) {
      return (await open('command', pod, { method: 'POST', subresource: 'attach', query: streamsQuery(options) })).start(options);
    },
    async connect(pod, port, options = {}) {
      const query = new URLSearchParams({ ports: String(port) });
      return (await open('ports', pod, { method: 'POST', subresource: 'portforward', query })).connect(port, options);
    },
  };
}

type Asked = Pick<ConnectRequest, 'method' | 'subresource' | 'query'>;

function logQuery({ signal: _signal, managedFields: _managedFields, ...options }: LogOptions & ContainerChoice): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options)) if (value !== undefined) query.set(name, String(value));
  return query;
}

function streamsQuery({ container, stdin = false, stdout = true, stderr = true, tty = false }: AttachOptions & ContainerChoice): URLSearchParams {
  return new URLSearchParams({
    ...(container === undefined ? {} : { container }),
    stdin: String(stdin),
    stdout: String(stdout),
    stderr: String(stderr),
    tty: String(tty),
  });
}
