import type { Answer } from 'dns-packet';
import type { DnsAnswer, DnsRecord, DnsZone } from '@kybern/netmodel';
import { RCODE, type DnsQuery, type DnsReply } from './message.ts';

/** What the zone says, and the name outside of it that a CNAME leads to, which somebody else has to be asked about. */
export interface ZoneReply {
  readonly reply: DnsReply;
  readonly elsewhere?: string;
}

/** So many aliases in a row are followed. */
const MAX_ALIASES = 8;

/** The zone's answer to a query, aliases inside of it followed; undefined when the name is none of the cluster's. */
export function zoneReply(zone: DnsZone, { question }: DnsQuery): ZoneReply | undefined {
  const found = zone.answer({ name: question.name, type: question.type });
  if (found === undefined) return undefined;
  const { elsewhere, answers } = follow(zone, found, question.type);
  const name = question.name.toLowerCase();
  const toRecord = (record: DnsRecord): Answer => wireRecord(record.name === name ? { ...record, name: question.name } : record, found.ttlSeconds);
  const negative = answers.length === 0 && (name === zone.domain || name.endsWith(`.${zone.domain}`));
  return {
    ...(elsewhere === undefined ? {} : { elsewhere }),
    reply: {
      rcode: RCODE[found.code],
      authoritative: true,
      answers: answers.map(toRecord),
      authorities: negative ? [startOfAuthority(zone.domain, found.ttlSeconds)] : [],
      additionals: found.additionals.map((record) => wireRecord(record, found.ttlSeconds)),
    },
  };
}

function follow(zone: DnsZone, first: DnsAnswer, type: string): { readonly answers: readonly DnsRecord[]; readonly elsewhere?: string } {
  const answers = [...first.answers];
  if (type === 'CNAME' || type === 'ANY') return { answers };
  for (let steps = 0; steps < MAX_ALIASES; steps++) {
    const last = answers.at(-1);
    if (last?.type !== 'CNAME') return { answers };
    const next = zone.answer({ name: last.target, type });
    if (next === undefined) return { answers, elsewhere: last.target };
    if (next.answers.length === 0) return { answers };
    answers.push(...next.answers);
  }
  return { answers };
}

/** A record of the zone as it is sent. */
export function wireRecord(record: DnsRecord, ttl: number): Answer {
  const { name } = record;
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return { name, type: record.type, ttl, data: record.address };
    case 'CNAME':
    case 'PTR':
      return { name, type: record.type, ttl, data: record.target };
    case 'SRV':
      return { name, type: 'SRV', ttl, data: { target: record.target, port: record.port, priority: record.priority, weight: record.weight } };
    case 'TXT':
      return { name, type: 'TXT', ttl, data: record.text };
  }
}

/** Tells resolvers for how long they may keep that there is nothing. */
function startOfAuthority(domain: string, ttl: number): Answer {
  const data = { mname: `ns.dns.${domain}`, rname: `hostmaster.${domain}`, serial: 1, refresh: 7200, retry: 1800, expire: 86_400, minimum: ttl };
  return { name: domain, type: 'SOA', ttl, data };
}
