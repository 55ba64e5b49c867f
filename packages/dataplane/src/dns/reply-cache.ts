import type { Answer } from 'dns-packet';
import { RCODE, type DnsReply } from './message.ts';

/** Options of {@link createReplyCache}. */
export interface ReplyCacheOptions {
  /** Replies that are kept; the one that was not asked for the longest goes first. Default: 10,000. */
  readonly capacity?: number;
  /** A reply is kept for at most this long, whatever its records say. Default: 30 s, as CoreDNS in a cluster. */
  readonly maxTtlSeconds?: number;
}

/** Keeps what other servers answered, for as long as they allow. */
export interface ReplyCache {
  /** The reply with what is left of its times to live; undefined when it is not known or too old. */
  readonly get: (key: string, nowMs: number) => DnsReply | undefined;
  /** Keeps a reply, if its records allow it. */
  readonly set: (key: string, reply: DnsReply, nowMs: number) => void;
  readonly size: number;
}

interface Kept {
  readonly reply: DnsReply;
  readonly atMs: number;
  readonly untilMs: number;
}

/** An empty cache; it holds at most `capacity` replies. */
export function createReplyCache({ capacity = 10_000, maxTtlSeconds = 30 }: ReplyCacheOptions = {}): ReplyCache {
  const kept = new Map<string, Kept>(); // in the order of use: the first is the one that goes
  return {
    get size() {
      return kept.size;
    },
    get: (key, nowMs) => {
      const entry = kept.get(key);
      if (entry === undefined) return undefined;
      kept.delete(key);
      if (entry.untilMs <= nowMs) return undefined;
      kept.set(key, entry);
      return aged(entry.reply, Math.floor((nowMs - entry.atMs) / 1000));
    },
    set: (key, reply, nowMs) => {
      const ttl = Math.min(ttlOf(reply), maxTtlSeconds);
      if (ttl <= 0) return;
      kept.delete(key);
      kept.set(key, { reply, atMs: nowMs, untilMs: nowMs + ttl * 1000 });
      for (const oldest of kept.keys()) {
        if (kept.size <= capacity) break;
        kept.delete(oldest);
      }
    },
  };
}

const ttlField = (answer: Answer): number | undefined => ('ttl' in answer ? answer.ttl : undefined);

/** Seconds that a reply may be kept: the shortest of its records; of one that says "there is nothing", what the zone's SOA says. */
function ttlOf({ rcode, answers, authorities, additionals }: DnsReply): number {
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return 0;
  if (answers.length === 0 || rcode === RCODE.NXDOMAIN) {
    const soa = authorities.find((each) => each.type === 'SOA');
    return soa?.type === 'SOA' ? Math.min(soa.ttl ?? 0, soa.data.minimum ?? 0) : 0;
  }
  return Math.min(...[...answers, ...authorities, ...additionals].map((each) => ttlField(each) ?? 0));
}

function aged(reply: DnsReply, bySeconds: number): DnsReply {
  if (bySeconds === 0) return reply;
  const age = (answer: Answer): Answer =>
    ttlField(answer) === undefined ? answer : ({ ...answer, ttl: Math.max(0, (ttlField(answer) ?? 0) - bySeconds) } as Answer);
  return { ...reply, answers: reply.answers.map(age), authorities: reply.authorities.map(age), additionals: reply.additionals.map(age) };
}
