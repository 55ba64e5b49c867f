import packet, { type Answer, type DecodedPacket, type OptAnswer, type Packet, type Question } from 'dns-packet';

/** DNS response codes that the server gives. */
export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;

/** A question that can be answered. */
export interface DnsQuery {
  readonly id: number;
  /** As it was asked: the case of the letters is given back, since some resolvers check it. */
  readonly question: Question;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
  /** The client speaks EDNS(0): its buffer in bytes, and whether it wants DNSSEC records. */
  readonly edns: { readonly udpBytes: number; readonly dnssecOk: boolean } | undefined;
}

/** What arrived: a question, something to refuse at once, or something that is not to be answered at all. */
export type ReadQuery =
  | { readonly type: 'query'; readonly query: DnsQuery }
  | { readonly type: 'refuse'; readonly query: Pick<DnsQuery, 'edns' | 'id' | 'recursionDesired'> & { readonly question?: Question }; readonly rcode: number }
  | { readonly type: 'drop' };

/** The sections of an answer. */
export interface DnsReply {
  readonly rcode: number;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  readonly additionals: readonly Answer[];
  /** The server's own zone answered. */
  readonly authoritative: boolean;
}

/** The smallest message that every client takes over UDP. */
export const MIN_UDP_BYTES = 512;
/** The largest that is sent over UDP: what passes every usual network in one piece. @see DNS flag day 2020 */
export const MAX_UDP_BYTES = 1232;

const HEADER_BYTES = 12;
const OPCODE_MASK = 0x7800;
const DNSSEC_OK = 0x8000;

/** Reads a datagram or the message of a stream. What is no DNS query (too short, or itself an answer) is dropped; what is one, but broken, is refused. */
export function readQuery(bytes: Uint8Array): ReadQuery {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < HEADER_BYTES) return { type: 'drop' };
  const id = buffer.readUInt16BE(0);
  const flags = buffer.readUInt16BE(2);
  if ((flags & 0x8000) !== 0) return { type: 'drop' }; // an answer: answering it could go on for ever
  const base = { id, recursionDesired: (flags & packet.RECURSION_DESIRED) !== 0, edns: undefined };
  if ((flags & OPCODE_MASK) !== 0) return { type: 'refuse', query: base, rcode: RCODE.NOTIMP };
  if (buffer.readUInt16BE(4) !== 1) return { type: 'refuse', query: base, rcode: RCODE.FORMERR };
  const decoded = decode(buffer);
  const [question] = decoded?.questions ?? [];
  if (decoded === undefined || question === undefined) return { type: 'refuse', query: base, rcode: RCODE.FORMERR };
  const opts = (decoded.additionals ?? []).filter((each): each is Answer & OptAnswer => each.type === 'OPT');
  const [opt] = opts;
  const edns = opt === undefined ? undefined : { udpBytes: opt.udpPayloadSize, dnssecOk: (opt.flags & DNSSEC_OK) !== 0 };
  const query: DnsQuery = { ...base, question, edns, checkingDisabled: (flags & packet.CHECKING_DISABLED) !== 0 };
  if (opts.length > 1) return { type: 'refuse', query, rcode: RCODE.FORMERR };
  if (opt !== undefined && opt.ednsVersion !== 0) return { type: 'refuse', query, rcode: RCODE.BADVERS };
  return { type: 'query', query };
}

/** A message, or undefined when it is malformed. */
export function decode(bytes: Buffer): DecodedPacket | undefined {
  try {
    return packet.decode(bytes);
  } catch {
    return undefined; // the library throws whatever its reading of the bytes comes to
  }
}

/** How many bytes a client takes over UDP. */
export function udpLimit(edns: DnsQuery['edns']): number {
  return edns === undefined ? MIN_UDP_BYTES : Math.min(Math.max(edns.udpBytes, MIN_UDP_BYTES), MAX_UDP_BYTES);
}

/**
 * The bytes of an answer. One that is longer than `limitBytes` loses its additional records, then its last answers, and says that it was cut, so
 * that the client asks again over TCP.
 */
export function writeReply(
  query: Pick<DnsQuery, 'edns' | 'id' | 'recursionDesired'> & { readonly question?: Question },
  reply: DnsReply,
  limitBytes: number,
): Buffer {
  const whole = encode(query, reply, false);
  if (whole.length <= limitBytes) return whole;
  const lean = encode(query, { ...reply, additionals: [] }, false);
  if (lean.length <= limitBytes) return lean;
  return encode(query, { ...reply, authorities: [], additionals: [], answers: fitting(reply.answers, limitBytes - encode(query, EMPTY, true).length) }, true);
}

const EMPTY: DnsReply = { rcode: 0, answers: [], authorities: [], additionals: [], authoritative: false };

function fitting(answers: readonly Answer[], bytes: number): readonly Answer[] {
  let left = bytes;
  const end = answers.findIndex((answer) => {
    left -= packet.encodingLength({ answers: [answer] }) - HEADER_BYTES;
    return left < 0;
  });
  return end < 0 ? answers : answers.slice(0, end);
}

function encode(query: Parameters<typeof writeReply>[0], reply: DnsReply, truncated: boolean): Buffer {
  const { rcode } = reply;
  const additionals = query.edns === undefined ? reply.additionals : [...reply.additionals, optRecord(query.edns, rcode)];
  const flags =
    (reply.authoritative ? packet.AUTHORITATIVE_ANSWER : 0) |
    (truncated ? packet.TRUNCATED_RESPONSE : 0) |
    (query.recursionDesired ? packet.RECURSION_DESIRED : 0) |
    packet.RECURSION_AVAILABLE |
    (rcode & 0xf);
  const message: Packet = {
    type: 'response',
    id: query.id,
    flags,
    questions: query.question === undefined ? [] : [query.question],
    answers: [...reply.answers],
    authorities: [...reply.authorities],
    additionals: [...additionals],
  };
  return packet.encode(message);
}

function optRecord({ dnssecOk }: { readonly dnssecOk: boolean }, rcode: number): Answer {
  const opt: OptAnswer = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: MAX_UDP_BYTES,
    extendedRcode: rcode >> 4,
    ednsVersion: 0,
    flags: dnssecOk ? DNSSEC_OK : 0,
    options: [],
  } as unknown as OptAnswer;
  return opt as unknown as Answer;
}
