import packet from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readQuery, writeReply, MIN_UDP_BYTES } from './message.ts';

describe('readQuery', () => {
  it('makes something of any bytes, and never throws', () => {
    const header = fc.constantFrom(Buffer.from('000701000001000000000000', 'hex'), Buffer.from('000701000001ffffffffffff', 'hex'), Buffer.alloc(0));
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 300 }), (start, rest) => {
        expect(['query', 'refuse', 'drop']).toContain(readQuery(Buffer.concat([start, rest])).type);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('writeReply', () => {
  it('never exceeds the limit, can be read, and says when something is missing', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.integer({ min: MIN_UDP_BYTES, max: 4096 }), fc.boolean(), (count, limit, edns) => {
        const question = { name: 'peers.web.svc.cluster.local', type: 'A' as const };
        const answers = Array.from({ length: count }, (_, i) => ({ ...question, ttl: 5, data: `10.0.0.${String(i)}` }));
        const query = { id: 1, question, recursionDesired: true, edns: edns ? { udpBytes: limit, dnssecOk: false } : undefined };
        const bytes = writeReply(query, { rcode: 0, answers, authorities: [], additionals: answers, authoritative: true }, limit);
        const read = packet.decode(bytes);
        expect(bytes.length).toBeLessThanOrEqual(limit);
        expect(read.flag_tc).toBe((read.answers?.length ?? 0) < count);
      }),
    );
  });
});
