import type { ConnectEnvironment } from './connect-environment.ts';
import { badRequest } from '../errors.ts';
import type { Connection, ConnectRequest } from './connect.ts';
import { nodesOf, onNode, podOf } from './pod-container.ts';

/** `pods/portforward`. @see kubernetes v1.36 pkg/registry/core/pod/rest/subresources.go (PortForwardREST) */
export async function connectPorts(env: ConnectEnvironment, request: ConnectRequest): Promise<Connection> {
  const ports = parsePorts(request.query.getAll('ports'));
  const pod = onNode(await podOf(env, request));
  const nodes = nodesOf(env);
  return { type: 'ports', ports, about: `pod ${pod.name}, uid ${pod.uid}`, connect: (port, options) => nodes.connect(pod, port, options) };
}

/** Ports of a query: `ports=1&ports=2` or `ports=1,2`. @throws {ApiError} `BadRequest` */
function parsePorts(values: readonly string[]): readonly number[] {
  const texts = values.flatMap((value) => value.split(',')).filter((text) => text !== '');
  return texts.map((text) => {
    const port = portNumber(text);
    if (port === undefined) throw badRequest(`query parameter "ports" has an invalid port: ${text}`);
    return port;
  });
}

/** A port's number; undefined when it is none. */
export function portNumber(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
