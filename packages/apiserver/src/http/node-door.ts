import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ApiError, type Clock, type Logger, type NodeConnections, type NodeRequest } from '@kybern/core';
import { badRequest } from '../errors.ts';
import type { Connection } from '../subresources/connect.ts';
import { commandConnection, streamsOf } from '../subresources/pod-command.ts';
import { portNumber } from '../subresources/pod-ports.ts';
import { createCertificateReader } from './authenticate.ts';
import type { CertifiedKey } from './certificates.ts';
import { createCaller } from './caller.ts';
import { sendError } from './respond.ts';
import { answerNode } from './streams/answer.ts';
import { answerUpgrade } from './streams/upgrade.ts';
import type { WireRequest, WireResponse } from './wire.ts';

/** What the kubelet port of a node serves. */
export interface NodeDoorOptions {
  /** The Node's name. */
  readonly name: string;
  /** The agent, once there is one. */
  connections(): NodeConnections | undefined;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. Kubernetes' own is 10250. */
  readonly port?: number;
  /** The node's serving certificate. */
  readonly serving: CertifiedKey;
  /** PEM of the authority of those who may come in. */
  readonly certificateAuthority: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The kubelet port while it is open. */
export interface NodeDoor extends AsyncDisposable {
  readonly port: number;
}

/** Such come in: API servers, and administrators. */
const TRUSTED_GROUP = 'system:masters';
const MAX_HEADER_BYTES = 65_536;

/**
 * Opens the kubelet port: HTTPS with the paths of a kubelet (`/containerLogs`, `/exec`, `/attach`, `/portForward`, `/pods`, `/stats/summary`, …), for clients
 * with a certificate of the cluster's authority and the group `system:masters`.
 *
 * Differs from Kubernetes: there others may be let in by the API server's word, and tokens are looked at too.
 *
 * @throws what the system says (`EADDRINUSE`, `EACCES`) when it cannot listen there
 * @see kubernetes v1.36 pkg/kubelet/server/server.go
 */
export async function openNodeDoor(options: NodeDoorOptions): Promise<NodeDoor> {
  const closing = new AbortController();
  const sockets = new Set<Socket>();
  const { serving, certificateAuthority: ca, clock, logger } = options;
  const server: Server = createServer({
    cert: serving.certificate,
    key: serving.key,
    ca,
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: 30_000,
    headersTimeout: 32_000,
    requestTimeout: 60_000,
    keepAliveTimeout: 90_000,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  const check = createGuard();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', (error: Error) => logger.debug('a TLS handshake failed', { error }));
  server.on('request', (request, response) => void answer(options, { request, response, closing: closing.signal, check }));
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    void answerUpgrade({ clock, logger }, { request, socket, head, closing: closing.signal }, (url) => {
      check(request);
      return Promise.resolve(connectionFor(url, options));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  let closed: Promise<void> | undefined;
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      (closed ??= new Promise((resolve) => {
        closing.abort();
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      })),
  };
}

/** @returns what throws `Unauthorized` or `Forbidden` of a request whose sender may not come in */
function createGuard(): (request: IncomingMessage) => void {
  const certificateOf = createCertificateReader();
  return (request) => {
    const subject = certificateOf(request as unknown as WireRequest);
    if (subject === undefined) throw new ApiError('Unauthorized', 'Unauthorized');
    if (!subject.organizations.includes(TRUSTED_GROUP))
      throw new ApiError('Forbidden', `Forbidden (user=${subject.commonName}, resource=nodes, subresource=proxy)`);
  };
}

interface DoorExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly closing: AbortSignal;
  readonly check: (request: IncomingMessage) => void;
}

/** Never rejects: what goes wrong is the answer. */
async function answer(options: NodeDoorOptions, { request: incoming, response: outgoing, closing, check }: DoorExchange): Promise<void> {
  const { name, clock, logger } = options;
  const [request, response] = [incoming as unknown as WireRequest, outgoing as unknown as WireResponse];
  const caller = createCaller(response, closing);
  try {
    check(incoming);
    const url = URL.parse(`https://localhost${request.url ?? '/'}`);
    if (url === null) throw badRequest('the URL of the request is malformed');
    const agent = agentOf(options);
    const ask = { request: (asked: Omit<NodeRequest, 'path'>) => agent.request(name, { ...asked, path: url.pathname }) };
    await answerNode(ask, { request, response, url, signal: caller.signal, clock });
  } catch (error) {
    if (!caller.gone) sendError(response, error, { logger });
  }
}

function agentOf({ name, connections }: NodeDoorOptions): NodeConnections {
  const agent = connections();
  if (agent === undefined) throw new ApiError('ServiceUnavailable', `the kubelet of node ${JSON.stringify(name)} is not ready`);
  return agent;
}

/** @see kubernetes v1.36 staging/src/k8s.io/kubelet/pkg/cri/streaming/remotecommand/httpstream.go (NewOptions): the kubelet's names differ from the API's */
const STREAM_NAMES = { stdin: 'input', stdout: 'output', stderr: 'error' } as const;

/** What `/exec/NAMESPACE/POD/UID/CONTAINER`, `/attach/…` or `/portForward/NAMESPACE/POD/UID` asks for. @throws {ApiError} `NotFound` for other paths */
function connectionFor(url: URL | null, options: NodeDoorOptions): Connection {
  const parts = (url?.pathname ?? '').split('/').slice(1).map(decode);
  const [what = '', namespace = '', pod = '', uid = '', container = ''] = parts;
  if (url === null || parts.some((part) => part === '') || !['exec:5', 'attach:5', 'portForward:4'].includes(`${what}:${String(parts.length)}`))
    throw new ApiError('NotFound', `404 page not found: ${url?.pathname ?? ''}`);
  const agent = agentOf(options);
  const where = { node: options.name, namespace, name: pod, uid };
  const { searchParams: query } = url;
  if (what === 'portForward') {
    const ports = query.getAll('port').map(portNumber);
    if (ports.includes(undefined)) throw badRequest('query parameter "port" has an invalid port');
    const about = `pod ${pod}, uid ${uid}`;
    return { type: 'ports', ports: ports.flatMap((port) => port ?? []), about, connect: (port, call) => agent.connect(where, port, call) };
  }
  const wanted = streamsOf(query, STREAM_NAMES);
  const command = what === 'attach' ? undefined : query.getAll('command');
  if (command?.length === 0) throw badRequest('you must specify at least 1 command for the container');
  return commandConnection(agent, { ...where, container }, { wanted, command });
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return ''; // which is no name
  }
}
