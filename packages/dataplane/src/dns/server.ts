import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6, type AddressInfo, type Server, type Socket } from 'node:net';
import { noopLogger, systemClock, systemRandom, type Clock, type Logger, type Random } from '@kybern/core';
import type { DnsZone } from '@kybern/netmodel';
import { noopMetrics, type Counter, type Metrics } from '@kybern/reconcile';
import { RCODE, readQuery, udpLimit, writeReply, type DnsReply } from './message.ts';
import { createResolver, type Resolver, type ResolverOptions } from './resolver.ts';
import { serveTcpConnection } from './tcp-connection.ts';

/** Options of {@link createDnsServer}. */
export interface DnsServerOptions extends ResolverOptions {
  /** What the server knows itself; kept up to date by {@link feedDnsZone} or by the caller. */
  readonly zone: DnsZone;
  /** Default: `127.0.0.1`. */
  readonly host?: string;
  /** The same for UDP and TCP. Default: 53; 0 takes a free one. */
  readonly port?: number;
  /** Connections at one time; more are closed at once. Default: 256. */
  readonly maxTcpConnections?: number;
  /** A connection without a question for so long, in ms, is closed. Default: 10,000. */
  readonly tcpIdleMs?: number;
  /** Queries over UDP that are being worked on at one time; more are dropped, and asked again by their clients. Default: 5000. */
  readonly maxConcurrentQueries?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
  /** Counts answers as CoreDNS does: `coredns_dns_responses_total` by `rcode`. */
  readonly metrics?: Metrics;
}

/** A DNS server. */
export interface DnsServer {
  /** Where it listens. Rejects when it cannot, or when `run` ends before. */
  readonly address: Promise<{ readonly host: string; readonly port: number }>;
  /** Listens and answers until `signal` aborts; resolves when every socket is closed. @throws {Error} when it cannot listen, or ran already */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** A server over UDP and TCP for a zone; names that are not the zone's are asked of other servers. It does nothing before `run`. */
export function createDnsServer(options: DnsServerOptions): DnsServer {
  const { host = '127.0.0.1', port = 53, logger = noopLogger } = options;
  const { promise: address, resolve, reject } = Promise.withResolvers<{ host: string; port: number }>();
  address.catch(() => undefined);
  let ran = false;
  return {
    address,
    run: async (signal) => {
      if (ran) throw new Error('the DNS server runs or ran already');
      ran = true;
      signal.throwIfAborted();
      const answerer = createAnswerer(options, signal);
      try {
        const { udp, tcp } = await listen(host, port);
        serveUdp(udp, answerer, { maxConcurrent: options.maxConcurrentQueries ?? 5000, signal });
        const connections = serveTcp(tcp, answerer, options);
        const bound = { host, port: udp.address().port };
        logger.info('DNS server listens', bound);
        resolve(bound);
        await aborted(signal);
        for (const socket of connections) socket.destroy();
        const closed = [once(udp, 'close'), once(tcp, 'close')];
        udp.close();
        tcp.close();
        await Promise.all(closed);
      } catch (error) {
        reject(error);
        throw error;
      }
    },
  };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));

/** Both sockets on one port; when a free one is asked for, one that is free for both. */
async function listen(host: string, port: number, tries = 20): Promise<{ udp: UdpSocket; tcp: Server }> {
  const udp = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
  udp.bind(port, host);
  await once(udp, 'listening');
  const tcp = createServer();
  tcp.listen((udp.address() as AddressInfo).port, host);
  try {
    await once(tcp, 'listening');
    return { udp, tcp };
  } catch (error) {
    udp.close();
    if (port !== 0 || tries <= 1) throw error;
    return await listen(host, port, tries - 1);
  }
}

type Answerer = (message: Uint8Array, transport: 'tcp' | 'udp') => Buffer | undefined | Promise<Buffer>;

/** From bytes to bytes; undefined for what is not to be answered. */
function createAnswerer(options: DnsServerOptions, signal: AbortSignal): Answerer {
  const { zone, clock = systemClock(), random = systemRandom(), metrics = noopMetrics } = options;
  const resolver: Resolver = createResolver({ zone, clock, random, signal }, options);
  const counters = new Map<number, Counter>();
  const count = (rcode: number): void => {
    let counter = counters.get(rcode);
    if (counter === undefined)
      counters.set(rcode, (counter = metrics.counter('coredns_dns_responses_total', { rcode: RCODE_NAMES.get(rcode) ?? String(rcode) })));
    counter.add(1);
  };
  return (message, transport) => {
    const read = readQuery(message);
    if (read.type === 'drop') return undefined;
    const limit = transport === 'tcp' ? 65_535 : udpLimit(read.query.edns);
    const write = (reply: DnsReply): Buffer => {
      count(reply.rcode);
      return writeReply(read.query, reply, limit);
    };
    if (read.type === 'refuse') return write({ rcode: read.rcode, answers: [], authorities: [], additionals: [], authoritative: false });
    const reply = resolver.resolve(read.query);
    return reply instanceof Promise ? reply.then(write) : write(reply);
  };
}

const RCODE_NAMES: ReadonlyMap<number, string> = new Map(Object.entries(RCODE).map(([name, code]) => [code, name]));

function serveUdp(socket: UdpSocket, answer: Answerer, { maxConcurrent, signal }: { readonly maxConcurrent: number; readonly signal: AbortSignal }): void {
  let waiting = 0;
  const send = (bytes: Buffer, { address, port }: RemoteInfo): void => {
    if (!signal.aborted) socket.send(bytes, port, address, ignore); // a client that cannot be reached asks again
  };
  socket.on('error', ignore); // such as ICMP's "port unreachable" from a client that is gone
  socket.on('message', (message, from) => {
    const bytes = waiting < maxConcurrent ? answer(message, 'udp') : undefined;
    if (bytes === undefined) return;
    if (!(bytes instanceof Promise)) return send(bytes, from);
    waiting++;
    bytes.then(
      (done) => {
        waiting--;
        send(done, from);
      },
      () => waiting--,
    );
  });
}

const ignore = (): void => undefined;

function serveTcp(
  server: Server,
  answer: Answerer,
  { clock = systemClock(), maxTcpConnections = 256, tcpIdleMs = 10_000 }: DnsServerOptions,
): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    if (connections.size >= maxTcpConnections) return void socket.destroy();
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    serveTcpConnection(socket, { clock, idleMs: tcpIdleMs, answer: (message) => answer(message, 'tcp') });
  });
  return connections;
}
