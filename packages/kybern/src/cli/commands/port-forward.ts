import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ObjectKey, PodStreams } from '@kybern/core';
import { CliError } from '../errors.ts';
import { line, type CliIo } from '../io.ts';
import { podKey } from '../pod-argument.ts';
import { clusterOptions, withClient, type ClusterArgs, type Command } from './command.ts';

interface PortForwardArgs extends ClusterArgs {
  readonly pod: string;
  readonly ports: readonly string[];
}

/** `kybern port-forward`: makes ports of a Pod ports of this machine, until it is interrupted. */
export const portForwardCommand: Command<PortForwardArgs> = {
  command: 'port-forward <pod> <ports..>',
  describe: 'Reach ports of a Pod from this machine',
  examples: [['kybern port-forward web-0 8080:80', 'port 8080 of this machine is port 80 of the Pod']],
  options: (yargs) =>
    clusterOptions(yargs)
      .positional('pod', { type: 'string', demandOption: true, describe: 'the Pod: "web-0" or "pod/web-0"' })
      .positional('ports', { type: 'string', array: true, describe: 'LOCAL:REMOTE, PORT for the same on both sides, :REMOTE for any free one' }),
  run: (args, io) => withClient(args, io, (client) => forward(client.podStreams, args, io)),
};

async function forward(streams: PodStreams, args: PortForwardArgs, io: CliIo): Promise<number> {
  const pairs = args.ports.map(parsePair);
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  try {
    for (const pair of pairs) servers.push(await listen(pair, (socket) => serve(socket, { streams, pod: podKey(args), port: pair.remote, io, sockets }), io));
    await new Promise<void>((resolve) => {
      if (io.interrupted.aborted) resolve();
      io.interrupted.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    for (const server of servers) server.close();
    for (const socket of sockets) socket.destroy();
  }
  return 0;
}

interface Pair {
  readonly local: number;
  readonly remote: number;
}

/** @throws {CliError} */
function parsePair(text: string): Pair {
  const match = /^(?:(\d{0,5}):)?(\d{1,5})$/.exec(text);
  const remote = Number(match?.[2] ?? 0);
  const local = match?.[1] === undefined ? remote : Number(match[1]);
  if (match === null || remote < 1 || remote > 65_535 || local > 65_535) throw new CliError(`"${text}" is no pair of ports: say LOCAL:REMOTE`);
  return { local, remote };
}

function listen({ local, remote }: Pair, onSocket: (socket: Socket) => void, io: CliIo): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, onSocket);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(local, '127.0.0.1', () => {
      line(io.stdout, `Forwarding from 127.0.0.1:${String((server.address() as AddressInfo).port)} -> ${String(remote)}`);
      resolve(server);
    });
  });
}

interface Serving {
  readonly streams: PodStreams;
  readonly pod: ObjectKey;
  readonly port: number;
  readonly io: CliIo;
  readonly sockets: Set<Socket>;
}

function serve(socket: Socket, { streams, pod, port, io, sockets }: Serving): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
  streams
    .connect(pod, port, { signal: io.interrupted })
    .then((connection) => pipeline(socket, Duplex.fromWeb(connection), socket))
    .catch((error: unknown) => {
      socket.destroy();
      if (!io.interrupted.aborted) line(io.stderr, `kybern: ${error instanceof Error ? error.message : String(error)}`);
    });
}
