import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import packet, { type Answer, type DecodedPacket, type Question } from 'dns-packet';
import { randomInt, type Clock, type Random } from '@kybern/core';
import { decode, MAX_UDP_BYTES, type DnsQuery, type DnsReply } from './message.ts';

/** A server that is asked for names outside of the cluster. */
export interface Upstream {
  readonly host: string;
  /** Default: 53. */
  readonly port?: number;
}

/** What {@link askUpstreams} needs. */
export interface UpstreamDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly upstreams: readonly Upstream[];
  /** One server is given this long before the next is asked. */
  readonly timeoutMs: number;
}

/**
 * Asks the servers one after the other until one answers, over UDP, and again over TCP when the answer was cut. A server that fails (SERVFAIL,
 * REFUSED) passes the question on to the next; its answer counts if no other is better.
 *
 * @returns undefined when none answered
 */
export async function askUpstreams(
  query: Pick<DnsQuery, 'checkingDisabled' | 'edns' | 'question'>,
  deps: UpstreamDeps,
  signal: AbortSignal,
): Promise<DnsReply | undefined> {
  let worst: DnsReply | undefined;
  for (const upstream of deps.upstreams) {
    const id = randomInt(deps.random, 65_536);
    const ask = { id, message: request(id, query), question: query.question, upstream, timeoutMs: deps.timeoutMs, clock: deps.clock, signal };
    let answer = await overUdp(ask);
    if (answer?.flag_tc === true) answer = (await overTcp(ask)) ?? answer;
    if (signal.aborted) return undefined;
    if (answer === undefined) continue;
    const reply = replyOf(answer);
    if (reply.rcode === 0 || reply.rcode === 3) return reply;
    worst ??= reply;
  }
  return worst;
}

function request(id: number, { question, edns, checkingDisabled }: Pick<DnsQuery, 'checkingDisabled' | 'edns' | 'question'>): Buffer {
  const opt = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: MAX_UDP_BYTES,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: edns?.dnssecOk === true ? 0x8000 : 0,
    options: [],
  };
  const flags = packet.RECURSION_DESIRED | (checkingDisabled ? packet.CHECKING_DISABLED : 0);
  return packet.encode({ type: 'query', id, flags, questions: [question], additionals: [opt as unknown as Answer] });
}

function replyOf(answer: DecodedPacket): DnsReply {
  const rest = (answer.additionals ?? []).filter((each) => each.type !== 'OPT');
  return { rcode: rcodeOf(answer), answers: answer.answers ?? [], authorities: answer.authorities ?? [], additionals: rest, authoritative: false };
}

const rcodeOf = (answer: DecodedPacket): number => (answer.flags ?? 0) & 0xf;

interface Ask {
  readonly id: number;
  readonly message: Buffer;
  readonly question: Question;
  readonly upstream: Upstream;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Only an answer to this very question counts; anything else on the socket is passed over. */
function matching(bytes: Buffer, { id, question }: Ask): DecodedPacket | undefined {
  const answer = decode(bytes);
  const [asked] = answer?.questions ?? [];
  if (answer?.type !== 'response' || answer.id !== id || asked?.type !== question.type) return undefined;
  return asked.name.toLowerCase() === question.name.toLowerCase() ? answer : undefined;
}

/** A socket of its own for each question: the port, which an attacker would have to guess, is another each time. */
function overUdp(ask: Ask): Promise<DecodedPacket | undefined> {
  return bounded(ask, (settle) => {
    const { host, port = 53 } = ask.upstream;
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    socket.on('error', () => settle(undefined));
    socket.on('message', (bytes) => {
      const answer = matching(bytes, ask);
      if (answer !== undefined) settle(answer);
    });
    socket.connect(port, host, () => socket.send(ask.message));
    return () => socket.close();
  });
}

function overTcp(ask: Ask): Promise<DecodedPacket | undefined> {
  return bounded(ask, (settle) => {
    const { host, port = 53 } = ask.upstream;
    const socket = connect({ host, port });
    let received: Buffer = Buffer.alloc(0);
    socket.on('error', () => settle(undefined));
    socket.on('close', () => settle(undefined));
    socket.on('connect', () => socket.write(Buffer.concat([lengthPrefix(ask.message), ask.message])));
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2) settle(matching(received.subarray(2, received.readUInt16BE(0) + 2), ask));
    });
    return () => socket.destroy();
  });
}

/** The two bytes that go before a message in a stream. */
export function lengthPrefix(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(message.length);
  return prefix;
}

/** Runs until it settles, its time is over, or the signal aborts; then what it opened is closed. */
function bounded(
  { timeoutMs, clock, signal }: Ask,
  open: (settle: (answer: DecodedPacket | undefined) => void) => () => void,
): Promise<DecodedPacket | undefined> {
  return new Promise((resolve) => {
    let settled = false;
    const settle = (answer: DecodedPacket | undefined): void => {
      if (settled) return;
      settled = true;
      cancel();
      signal.removeEventListener('abort', abort);
      close();
      resolve(answer);
    };
    const abort = (): void => settle(undefined);
    const cancel = clock.after(timeoutMs, abort);
    signal.addEventListener('abort', abort, { once: true });
    const close = open(settle);
    if (signal.aborted) abort();
  });
}
