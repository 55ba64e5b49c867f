import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer, type WebSocket } from 'ws';
import { badRequest } from '../../errors.ts';
import type { Connection } from '../../subresources/connect.ts';
import type { WireResponse } from '../body-writer.ts';
import { handle, type HandleTarget } from '../handle.ts';
import type { WireRequest } from '../request-body.ts';
import { parsePath } from '../request-url.ts';
import { sendError } from '../respond.ts';
import { openConnection } from './connect-request.ts';
import { isConnectRoute } from './connect-route.ts';
import { cutWhenIdle } from './idle.ts';
import { proxyUpgrade } from './proxy-upgrade.ts';
import { serveCommand } from './serve-command.ts';
import { spdyChannels, SPDY_COMMAND_PROTOCOLS } from './spdy-channels.ts';
import { createForwarder, SPDY_FORWARD_PROTOCOL, TUNNEL_PROTOCOL } from './spdy-forward.ts';
import { createSpdyConnection, type SpdyStream } from './spdy/connection.ts';
import { COMMAND_PROTOCOLS, webSocketChannels } from './websocket-channels.ts';
import { forwardChannels, WEBSOCKET_FORWARD_PROTOCOLS } from './websocket-forward.ts';

/** A request that wants another protocol on its connection. */
export interface UpgradeExchange {
  readonly request: IncomingMessage;
  readonly socket: Duplex & { readonly bytesRead: number; readonly bytesWritten: number };
  /** What came after the request's head already. */
  readonly head: Buffer;
  /** Aborts when the server stops. */
  readonly closing: AbortSignal;
}

/** Larger messages are no stream's: the client is cut off. */
const MAX_MESSAGE_BYTES = 4 * 2 ** 20;

/** An exchange on its way, with what ends it. */
interface Upgrade extends UpgradeExchange {
  readonly url: URL;
  /** Aborts with the socket, or with the server. */
  readonly signal: AbortSignal;
}

/** Answers one request with an `Upgrade` header. Never rejects. */
export async function handleUpgrade(target: HandleTarget, exchange: UpgradeExchange): Promise<void> {
  const request = exchange.request as unknown as WireRequest;
  return answerUpgrade(target, exchange, async (url, response) => {
    const route = url === null ? undefined : parsePath(url.pathname);
    if (url !== null && route !== undefined && isConnectRoute(route) && route.subresource !== 'log') return openConnection(target, request, { url, route });
    // Whatever has no use for another protocol is answered as if it had not been asked for one.
    await handle(target, { request, response: response as unknown as WireResponse, closing: exchange.closing });
    return undefined;
  });
}

/** What a door of streams needs. */
export type UpgradeTarget = Pick<HandleTarget, 'clock' | 'logger'>;

/** Finds the connection that is asked for, or answers by itself and gives undefined. @throws {ApiError} which is the answer then */
export type OpenUpgrade = (url: URL | null, response: ServerResponse) => Promise<Connection | undefined>;

/** Serves the connection that `open` finds over whichever protocol the client wants. Never rejects. */
export async function answerUpgrade(target: UpgradeTarget, exchange: UpgradeExchange, open: OpenUpgrade): Promise<void> {
  const { request, socket, closing } = exchange;
  const gone = new AbortController();
  const onClosing = (): void => {
    gone.abort(new Error('the server is shutting down'));
    socket.destroy();
  };
  socket.on('error', () => socket.destroy());
  socket.once('close', () => {
    closing.removeEventListener('abort', onClosing);
    stopIdle();
    gone.abort(new Error('the client went away'));
  });
  closing.addEventListener('abort', onClosing, { once: true });
  const stopIdle = cutWhenIdle(socket, target.clock);
  const url = URL.parse(`https://localhost${request.url ?? '/'}`);
  const response = plainResponse(exchange);
  try {
    const connection = await open(url, response);
    if (connection !== undefined && url !== null) await serve(target, connection, { ...exchange, url, signal: gone.signal });
  } catch (error) {
    if (!socket.destroyed) sendError(response as unknown as WireResponse, error, { logger: target.logger, headers: { connection: 'close' } });
  }
}

/** A way to answer in plain HTTP after all; the connection ends with the answer. */
function plainResponse({ request, socket }: UpgradeExchange): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as unknown as Parameters<ServerResponse['assignSocket']>[0]);
  response.once('finish', () => {
    response.detachSocket(socket as unknown as Parameters<ServerResponse['assignSocket']>[0]);
    socket.end();
  });
  return response;
}

async function serve(target: UpgradeTarget, connection: Connection, upgrade: Upgrade): Promise<void> {
  switch (connection.type) {
    case 'command':
      return isWebSocket(upgrade) ? commandOverWebSocket(connection, upgrade) : commandOverSpdy(target, connection, upgrade);
    case 'ports':
      return isWebSocket(upgrade) ? portsOverWebSocket(connection, upgrade) : portsOverSpdy(connection, upgrade);
    case 'proxy':
    case 'proxy-address':
      return proxyUpgrade(connection, upgrade);
    case 'log':
    case 'node':
      throw badRequest('this connection cannot be upgraded');
  }
}

type Command = Extract<Connection, { type: 'command' }>;
type Ports = Extract<Connection, { type: 'ports' }>;

async function commandOverWebSocket({ wanted, attach, start }: Command, upgrade: Upgrade): Promise<void> {
  const name = chooseWebSocketProtocol(
    upgrade,
    COMMAND_PROTOCOLS.map((each) => each.name),
  );
  const protocol = COMMAND_PROTOCOLS.find((each) => each.name === (name ?? 'channel.k8s.io'));
  if (protocol === undefined) throw badRequest('no protocol was chosen');
  const process = await start({ signal: upgrade.signal });
  process.exitCode.catch(() => undefined);
  const socket = await acceptWebSocket(upgrade, name);
  await serveCommand(webSocketChannels(socket, protocol, wanted), process, { attach });
}

async function commandOverSpdy(target: UpgradeTarget, { wanted, attach, start }: Command, upgrade: Upgrade): Promise<void> {
  const protocol = chooseSpdyProtocol(upgrade, SPDY_COMMAND_PROTOCOLS);
  const process = await start({ signal: upgrade.signal });
  process.exitCode.catch(() => undefined);
  const { connection, onStream } = acceptSpdy(upgrade, protocol);
  try {
    const channels = await spdyChannels({ connection, onStream, protocol, wanted, clock: target.clock });
    await serveCommand(channels, process, { attach });
  } catch {
    upgrade.socket.destroy(); // its streams did not come: there is nobody who could be told
  }
}

async function portsOverWebSocket(ports: Ports, upgrade: Upgrade): Promise<void> {
  const { signal } = upgrade;
  const forward = { about: ports.about, connect: (port: number) => ports.connect(port, { signal }) };
  const name = chooseWebSocketProtocol(upgrade, [TUNNEL_PROTOCOL, ...WEBSOCKET_FORWARD_PROTOCOLS]);
  if (name === TUNNEL_PROTOCOL) {
    const socket = await acceptWebSocket(upgrade, name);
    createSpdyConnection(createWebSocketStream(socket), { role: 'server', onStream: createForwarder(forward) });
    return;
  }
  if (ports.ports.length === 0) throw badRequest('query parameter "ports" is required');
  if (ports.ports.length > 100) throw badRequest('query parameter "ports" has too many ports');
  const socket = await acceptWebSocket(upgrade, name);
  await forwardChannels(socket, ports.ports, { ...forward, base64: name?.includes('base64') === true });
}

async function portsOverSpdy(ports: Ports, upgrade: Upgrade): Promise<void> {
  const { signal } = upgrade;
  const { onStream } = acceptSpdy(upgrade, chooseSpdyProtocol(upgrade, [SPDY_FORWARD_PROTOCOL]));
  onStream(createForwarder({ about: ports.about, connect: (port) => ports.connect(port, { signal }) }));
}

function isWebSocket({ request }: Upgrade): boolean {
  const upgrade = (request.headers.upgrade ?? '').toLowerCase();
  if (upgrade !== 'websocket' && upgrade !== 'spdy/3.1') throw badRequest('Upgrade request required');
  return upgrade === 'websocket';
}

/** The first that the client names and the server knows; undefined when it names none. */
function chooseWebSocketProtocol({ request }: Upgrade, known: readonly string[]): string | undefined {
  const offered = listOf(request.headers['sec-websocket-protocol']);
  if (offered.length === 0) return undefined;
  const chosen = offered.find((each) => known.includes(each));
  if (chosen === undefined) throw badRequest(`unable to upgrade: none of the protocols ${offered.join(', ')} is known; there are ${known.join(', ')}`);
  return chosen;
}

function chooseSpdyProtocol({ request }: Upgrade, known: readonly string[]): string {
  const offered = listOf(request.headers['x-stream-protocol-version']);
  const chosen = offered.length === 0 ? known.at(-1) : offered.find((each) => known.includes(each));
  if (chosen === undefined)
    throw badRequest(`unable to upgrade: unable to negotiate protocol: client supports ${offered.join(', ')}, server accepts ${known.join(', ')}`);
  return chosen;
}

function listOf(header: string | readonly string[] | undefined): readonly string[] {
  return (typeof header === 'string' ? header : (header?.join(',') ?? ''))
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

/** Becomes a WebSocket. Rejects when the handshake is not in order, which the client is told. */
function acceptWebSocket({ request, socket, head, signal }: Upgrade, protocol: string | undefined): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  // The tunnel's name has a slash, which the library takes for a mistake: so the names are kept from it, and the chosen one is put into its answer.
  delete request.headers['sec-websocket-protocol'];
  if (protocol !== undefined) server.once('headers', (lines) => void lines.push(`Sec-WebSocket-Protocol: ${protocol}`));
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    server.handleUpgrade(request, socket, head, resolve);
  });
}

/** Becomes a SPDY connection. */
function acceptSpdy(
  { socket, head }: Upgrade,
  protocol: string,
): { readonly connection: ReturnType<typeof createSpdyConnection>; onStream(listener: (stream: SpdyStream) => void): void } {
  let listener = (stream: SpdyStream): void => stream.reset();
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
  const connection = createSpdyConnection(socket, { role: 'server', onStream: (stream) => listener(stream) });
  return {
    connection,
    onStream(next) {
      listener = next;
    },
  };
}
