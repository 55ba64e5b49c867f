import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { EndpointSlice, Service } from '@kybern/core/kinds';
import { serviceRules, type ServiceRule } from '@kybern/netmodel';

/** A server that says who it is, and then gives back what it is sent. */
export interface Echo extends AsyncDisposable {
  readonly port: number;
}

/** Listens on 127.0.0.1; a connection is greeted with `name` and a line feed. */
export async function tcpEcho(name: string): Promise<Echo> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write(`${name}\n`);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Answers every datagram with `name`, a blank and what it was sent. */
export async function udpEcho(name: string): Promise<Echo> {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => socket.send(`${name} ${bytes.toString()}`, from.port, from.address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    async [Symbol.asyncDispose]() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

/** A connection of a test. */
export interface TestConnection {
  readonly socket: Socket;
  /** Everything that came so far. */
  readonly text: () => string;
  readonly closed: Promise<unknown>;
  /** The error's code with which it ended; empty for none. */
  readonly code: () => string;
}

/** Connects; problems are seen in `code()`. */
export function dial({ host, port }: { readonly host: string; readonly port: number }): TestConnection {
  const socket = connect({ host, port, allowHalfOpen: true });
  let [text, code] = ['', ''];
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
  socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code ?? error.message));
  return { socket, text: () => text, code: () => code, closed: new Promise((resolve) => socket.on('close', resolve)) };
}

/** The greeting of who answers; the error's code when nobody does. */
export async function whoAnswers(at: { readonly host: string; readonly port: number }): Promise<string> {
  const connection = dial(at);
  const greeted = new Promise<void>((resolve) => connection.socket.once('data', () => resolve()));
  await Promise.race([greeted, connection.closed]);
  connection.socket.destroy();
  return connection.text().trim() || connection.code();
}

/** A Service's rules, with endpoints at ports of 127.0.0.1 given by their numbers. */
export function rulesFor(ports: readonly number[], spec: Partial<Service['spec']> = {}, protocol: 'TCP' | 'UDP' = 'TCP'): readonly ServiceRule[] {
  const service: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'web', name: 'front' },
    spec: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'], ports: [{ port: 80, protocol }], ...spec },
  };
  const slices = ports.map(
    (port, i): EndpointSlice => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'web', name: `front-${String(i)}` },
      addressType: 'IPv4',
      ports: [{ name: '', port, protocol }],
      endpoints: [{ addresses: ['127.0.0.1'], nodeName: 'other' }],
    }),
  );
  return serviceRules(service, slices);
}
