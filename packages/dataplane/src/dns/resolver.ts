import type { Answer } from 'dns-packet';
import type { Clock, Random } from '@kybern/core';
import type { DnsZone } from '@kybern/netmodel';
import { RCODE, type DnsQuery, type DnsReply } from './message.ts';
import { createReplyCache, type ReplyCacheOptions } from './reply-cache.ts';
import { askUpstreams, type Upstream } from './upstream.ts';
import { zoneReply } from './zone-reply.ts';

/** Options of {@link createResolver}. */
export interface ResolverOptions {
  /** Servers for names outside of the cluster, asked in this order. Default: none, and such names are refused. */
  readonly upstreams?: readonly Upstream[];
  /** One server is given this long, in ms. Default: 2000. */
  readonly upstreamTimeoutMs?: number;
  /** Questions that wait for other servers at one time; more are answered SERVFAIL at once. Default: 1000. */
  readonly maxConcurrentUpstream?: number;
  readonly cache?: ReplyCacheOptions;
}

/** Answers queries: from the zone at once, from the cache, or from other servers. */
export interface Resolver {
  /** Never rejects; without the promise when the answer is known. */
  readonly resolve: (query: DnsQuery) => DnsReply | Promise<DnsReply>;
}

const failed = (rcode: number): DnsReply => ({ rcode, answers: [], authorities: [], additionals: [], authoritative: false });

/** A resolver over a zone; questions to other servers end with `signal`. */
export function createResolver(
  { zone, clock, random, signal }: { readonly zone: DnsZone; readonly clock: Clock; readonly random: Random; readonly signal: AbortSignal },
  options: ResolverOptions = {},
): Resolver {
  const { upstreams = [], upstreamTimeoutMs = 2000, maxConcurrentUpstream = 1000 } = options;
  const cache = createReplyCache(options.cache);
  const waiting = new Map<string, Promise<DnsReply>>();

  const forward = (query: DnsQuery): DnsReply | Promise<DnsReply> => {
    if (upstreams.length === 0 || !query.recursionDesired) return failed(RCODE.REFUSED);
    const { name, type, class: dnsClass = 'IN' } = query.question;
    const key = [name.toLowerCase(), type, dnsClass, query.edns?.dnssecOk === true ? 'do' : '', query.checkingDisabled ? 'cd' : ''].join(' ');
    const known = cache.get(key, clock.monotonicMs());
    if (known !== undefined) return known;
    const same = waiting.get(key);
    if (same !== undefined) return same;
    if (waiting.size >= maxConcurrentUpstream) return failed(RCODE.SERVFAIL);
    const asked = askUpstreams(query, { clock, random, upstreams, timeoutMs: upstreamTimeoutMs }, signal)
      .then((reply) => {
        if (reply !== undefined) cache.set(key, reply, clock.monotonicMs());
        return reply ?? failed(RCODE.SERVFAIL);
      })
      .catch(() => failed(RCODE.SERVFAIL)) // such as a name that cannot be encoded: the client is told, the server goes on
      .finally(() => waiting.delete(key));
    waiting.set(key, asked);
    return asked;
  };

  return {
    resolve: (query) => {
      const { question } = query;
      if ((question.class ?? 'IN') !== 'IN' || question.type === 'AXFR' || question.type === 'IXFR') return failed(RCODE.REFUSED);
      const found = zoneReply(zone, query);
      if (found === undefined) return forward(query);
      if (found.elsewhere === undefined) return found.reply;
      const rest = forward({ ...query, question: { ...question, name: found.elsewhere } });
      return rest instanceof Promise ? rest.then((reply) => withRest(found.reply, reply)) : withRest(found.reply, rest);
    },
  };
}

/** The alias of the zone with what its target came to. That nobody can be asked about the target leaves the alias alone. */
function withRest(alias: DnsReply, rest: DnsReply): DnsReply {
  if (rest.rcode === RCODE.REFUSED) return alias;
  const answers: readonly Answer[] = [...alias.answers, ...rest.answers];
  return { ...alias, rcode: rest.rcode, answers, authorities: rest.authorities };
}
