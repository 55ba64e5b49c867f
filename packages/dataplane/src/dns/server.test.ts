import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import packet, { type Answer, type DecodedPacket } from 'dns-packet';
import { createFakeClock } from '@kybern/core/testing';
import type { EndpointSlice, Service } from '@kybern/core/kinds';
import { createDnsZone, type DnsZone } from '@kybern/netmodel';
import { createMetricsRegistry } from '@kybern/reconcile';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askTcp, askUdp, question, rawUdp, rcodeOf, shortly, type At } from '../../test/dns-client.ts';
import { createDnsServer, type DnsServerOptions } from './server.ts';

const service = (name: string, spec: Service['spec']): Service => ({ apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'web', name }, spec });
const slice = (name: string, ips: readonly string[]): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'web', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: ips.map((ip) => ({ addresses: [ip] })),
});

const filledZone = (): DnsZone => {
  const zone = createDnsZone();
  zone.setNamespace('web');
  zone.setService(service('front', { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80 }] }), []);
  const many = Array.from({ length: 200 }, (_, i) => `10.1.0.${String(i + 1)}`);
  zone.setService(service('peers', { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] }), [slice('peers', many)]);
  zone.setService(service('alias', { type: 'ExternalName', externalName: 'front.web.svc.cluster.local' }), []);
  zone.setService(service('outside', { type: 'ExternalName', externalName: 'www.example.com' }), []);
  return zone;
};

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
const running: Promise<void>[] = [];
afterEach(async () => {
  stop.abort();
  await Promise.all(running.splice(0));
});

const serve = async (options: Partial<DnsServerOptions> = {}): Promise<At> => {
  const server = createDnsServer({ zone: filledZone(), port: 0, ...options });
  running.push(server.run(stop.signal));
  return await server.address;
};

describe('createDnsServer, from the zone', () => {
  it.each([
    { name: 'front.web.svc.cluster.local', type: 'A', code: 'NOERROR', answers: ['A 10.96.0.7'] },
    { name: 'FRONT.web.SVC.cluster.local', type: 'A', code: 'NOERROR', answers: ['A 10.96.0.7'] },
    { name: 'front.web.svc.cluster.local', type: 'AAAA', code: 'NOERROR', answers: [] },
    { name: 'none.web.svc.cluster.local', type: 'A', code: 'NXDOMAIN', answers: [] },
    { name: '7.0.96.10.in-addr.arpa', type: 'PTR', code: 'NOERROR', answers: ['PTR front.web.svc.cluster.local'] },
    { name: 'alias.web.svc.cluster.local', type: 'A', code: 'NOERROR', answers: ['CNAME front.web.svc.cluster.local', 'A 10.96.0.7'] },
    { name: 'outside.web.svc.cluster.local', type: 'A', code: 'NOERROR', answers: ['CNAME www.example.com'] },
    { name: 'www.example.com', type: 'A', code: 'REFUSED', answers: [] },
  ] as const)('answers $type $name with $code', async ({ name, type, code, answers }) => {
    const answer = await askUdp(await serve(), name, type);
    expect(rcodeOf(answer)).toBe(code);
    expect(shortly(answer)).toEqual(answers);
    expect(answer.questions?.[0]?.name).toBe(name);
    expect(answer.id).toBe(7);
  });

  it('answers SRV with the target in the additional section', async () => {
    const answer = await askUdp(await serve(), '_http._tcp.front.web.svc.cluster.local', 'SRV');
    expect(shortly(answer)).toEqual(['SRV {"priority":0,"weight":100,"port":80,"target":"front.web.svc.cluster.local"}']);
    expect(answer.additionals).toMatchObject([{ name: 'front.web.svc.cluster.local', type: 'A', data: '10.96.0.7' }]);
  });

  it('says with a negative answer for how long it holds', async () => {
    const answer = await askUdp(await serve(), 'none.web.svc.cluster.local');
    expect(answer.authorities).toMatchObject([{ type: 'SOA', name: 'cluster.local', data: { minimum: 5 } }]);
  });

  it('cuts an answer that is too long for UDP, and gives the whole over TCP', async () => {
    const at = await serve();
    const [plain, edns] = [await askUdp(at, 'peers.web.svc.cluster.local'), await askUdp(at, 'peers.web.svc.cluster.local', 'A', withEdns(4096))];
    expect(plain.flag_tc && edns.flag_tc).toBe(true);
    const few = plain.answers?.length ?? 0;
    expect(few).toBeGreaterThan(5);
    expect(edns.answers?.length).toBeGreaterThan(few);
    const [whole] = await askTcp(at, question('peers.web.svc.cluster.local'));
    expect(whole?.flag_tc).toBe(false);
    expect(whole?.answers).toHaveLength(200);
  });

  it('speaks EDNS(0) to those who do, and refuses versions that it does not know', async () => {
    const at = await serve();
    const answer = await askUdp(at, 'front.web.svc.cluster.local', 'A', withEdns(1400));
    expect(answer.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1232, ednsVersion: 0 }]);
    const bad = await askUdp(at, 'front.web.svc.cluster.local', 'A', withEdns(1400, 1));
    expect(bad.additionals).toMatchObject([{ type: 'OPT', extendedRcode: 1 }]);
    expect(shortly(bad)).toEqual([]);
    expect((await askUdp(at, 'front.web.svc.cluster.local')).additionals).toEqual([]);
  });

  it('answers several questions of one connection in order, however the bytes are cut', async () => {
    const at = await serve();
    const names = ['front', 'none', 'alias'].map((name) => `${name}.web.svc.cluster.local`);
    const answers = await askTcp(at, ...names.map((name) => question(name)));
    expect(answers.map((each) => each.questions?.[0]?.name)).toEqual(names);
    expect(answers.map(rcodeOf)).toEqual(['NOERROR', 'NXDOMAIN', 'NOERROR']);
  });

  it.each([
    { name: 'a question that breaks off', bytes: question('front.web.svc.cluster.local').subarray(0, 20), code: 'FORMERR' },
    { name: 'two questions', bytes: packet.encode({ type: 'query', id: 7, questions: [q('a.'), q('b.')] }), code: 'FORMERR' },
    { name: 'no question', bytes: packet.encode({ type: 'query', id: 7, questions: [] }), code: 'FORMERR' },
    { name: 'another opcode', bytes: packet.encode({ type: 'query', id: 7, flags: 2 << 11, questions: [q('front.web.svc.cluster.local')] }), code: 'NOTIMP' },
    { name: 'a zone transfer', bytes: question('cluster.local', 'AXFR'), code: 'REFUSED' },
  ])('refuses $name', async ({ bytes, code }) => {
    const answer = await rawUdp(await serve(), bytes);
    expect(answer === undefined ? undefined : rcodeOf(packet.decode(answer))).toBe(code);
  });

  it('drops what is no query at all, and goes on', async () => {
    const at = await serve();
    const noise = [Buffer.from('x'), Buffer.alloc(0), packet.encode({ type: 'response', id: 7, questions: [q('front.web.svc.cluster.local')] })];
    for (const bytes of noise) expect(await rawUdp(at, bytes, 50)).toBeUndefined();
    expect(shortly(await askUdp(at, 'front.web.svc.cluster.local'))).toEqual(['A 10.96.0.7']);
  });

  it('closes connections beyond its limit', async () => {
    const at = await serve({ maxTcpConnections: 0 });
    await expect(askTcp(at, question('front.web.svc.cluster.local'))).rejects.toThrow(/closed|ECONNRESET|EPIPE/);
  });

  it('closes connections that ask nothing', async () => {
    const clock = createFakeClock();
    const at = await serve({ clock, tcpIdleMs: 5000 });
    const socket = connect(at);
    const closed = once(socket, 'close');
    socket.on('error', () => undefined);
    await expect.poll(() => clock.nextDueMs({ includeBackground: true }), { timeout: 10_000 }).toBe(5000);
    await clock.advance(5000);
    await closed;
    expect(socket.destroyed).toBe(true);
  });

  it('counts its answers', async () => {
    const metrics = createMetricsRegistry();
    const at = await serve({ metrics });
    await askUdp(at, 'front.web.svc.cluster.local');
    await askUdp(at, 'none.web.svc.cluster.local');
    expect(metrics.text()).toContain('coredns_dns_responses_total{rcode="NXDOMAIN"} 1');
  });

  it('cannot run twice, and frees its port at the end', async () => {
    const server = createDnsServer({ zone: filledZone(), port: 0 });
    const own = new AbortController();
    const run = server.run(own.signal);
    const { port } = await server.address;
    await expect(server.run(own.signal)).rejects.toThrow('ran already');
    own.abort();
    await run;
    const again = createDnsServer({ zone: filledZone(), port });
    running.push(again.run(stop.signal));
    expect((await again.address).port).toBe(port);
  });
});

describe('createDnsServer, for names outside of the cluster', () => {
  it('asks another server, keeps the answer, and lets it age', async () => {
    const clock = createFakeClock();
    const upstream = await fakeUpstream(() => ({ answers: [a('www.example.com', '192.0.2.1', 20)] }));
    const at = await serve({ upstreams: [upstream.at], clock });
    expect(shortly(await askUdp(at, 'www.example.com'))).toEqual(['A 192.0.2.1']);
    await clock.advance(4000);
    expect((await askUdp(at, 'WWW.example.com')).answers).toMatchObject([{ ttl: 16 }]);
    expect(upstream.asked).toEqual(['A www.example.com']);
    await clock.advance(17_000);
    await askUdp(at, 'www.example.com');
    expect(upstream.asked).toHaveLength(2);
  });

  it('follows an alias out of the zone', async () => {
    const upstream = await fakeUpstream(() => ({ answers: [a('www.example.com', '192.0.2.1', 20)] }));
    const at = await serve({ upstreams: [upstream.at] });
    expect(shortly(await askUdp(at, 'outside.web.svc.cluster.local'))).toEqual(['CNAME www.example.com', 'A 192.0.2.1']);
  });

  it('asks once for what many want at the same time', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const upstream = await fakeUpstream(async () => {
      await gate;
      return { answers: [a('www.example.com', '192.0.2.1', 20)] };
    });
    const at = await serve({ upstreams: [upstream.at], upstreamTimeoutMs: 15_000 });
    const asked = Array.from({ length: 10 }, () => askUdp(at, 'www.example.com'));
    await expect.poll(() => upstream.asked.length).toBe(1);
    open();
    expect((await Promise.all(asked)).map(shortly).flat()).toEqual(Array(10).fill('A 192.0.2.1'));
    expect(upstream.asked).toHaveLength(1);
  });

  it('asks again over TCP when the answer was cut', async () => {
    const upstream = await fakeUpstream(() => ({ flags: packet.TRUNCATED_RESPONSE }));
    const tcp = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes: Buffer) => {
        const query = packet.decode(bytes.subarray(2));
        socket.end(
          packet.streamEncode({ type: 'response', id: query.id ?? 0, questions: query.questions ?? [], answers: [a('www.example.com', '192.0.2.9', 20)] }),
        );
      });
    });
    tcp.listen(upstream.at.port, '127.0.0.1');
    await once(tcp, 'listening');
    try {
      expect(shortly(await askUdp(await serve({ upstreams: [upstream.at] }), 'www.example.com'))).toEqual(['A 192.0.2.9']);
    } finally {
      tcp.close();
    }
  });

  it('goes to the next server when one fails or is silent', async () => {
    const failing = await fakeUpstream(() => ({ flags: 2 }));
    const silent = await fakeUpstream(() => undefined);
    const good = await fakeUpstream(() => ({ answers: [a('www.example.com', '192.0.2.1', 20)] }));
    const at = await serve({ upstreams: [failing.at, silent.at, good.at], upstreamTimeoutMs: 100 });
    expect(shortly(await askUdp(at, 'www.example.com'))).toEqual(['A 192.0.2.1']);
  });

  it('says SERVFAIL when nobody answers, and passes over answers to other questions', async () => {
    const lying = await fakeUpstream(() => ({ questions: [q('evil.example.com')], answers: [a('evil.example.com', '192.0.2.66', 20)] }));
    expect(rcodeOf(await askUdp(await serve({ upstreams: [lying.at], upstreamTimeoutMs: 100 }), 'www.example.com'))).toBe('SERVFAIL');
  });

  it('does not wait for more questions at a time than it may', async () => {
    const silent = await fakeUpstream(() => undefined);
    const at = await serve({ upstreams: [silent.at], upstreamTimeoutMs: 15_000, maxConcurrentUpstream: 1 });
    const first = rawUdp(at, question('one.example.com'), 1);
    await expect.poll(() => silent.asked.length).toBe(1);
    expect(rcodeOf(await askUdp(at, 'two.example.com'))).toBe('SERVFAIL');
    await first;
    expect(silent.asked).toEqual(['A one.example.com']);
  });

  it('keeps that a name does not exist for as long as the SOA says', async () => {
    const soa: Answer = { name: 'example.com', type: 'SOA', ttl: 60, data: { mname: 'ns.example.com', rname: 'h.example.com', minimum: 9 } };
    const upstream = await fakeUpstream(() => ({ flags: 3, authorities: [soa] }));
    const clock = createFakeClock();
    const at = await serve({ upstreams: [upstream.at], clock });
    for (const waitMs of [0, 8000, 2000]) {
      await clock.advance(waitMs);
      expect(rcodeOf(await askUdp(at, 'gone.example.com'))).toBe('NXDOMAIN');
    }
    expect(upstream.asked).toHaveLength(2);
  });
});

function q(name: string): { readonly name: string; readonly type: 'A' } {
  return { name, type: 'A' };
}
const a = (name: string, data: string, ttl: number): Answer => ({ name, type: 'A', ttl, data });
function withEdns(udpPayloadSize: number, ednsVersion = 0): { readonly additionals: Answer[] } {
  return { additionals: [{ type: 'OPT', name: '.', udpPayloadSize, extendedRcode: 0, ednsVersion, flags: 0, options: [] } as unknown as Answer] };
}

type Reply = Partial<Omit<DecodedPacket, 'flags'>> & { readonly flags?: number };

/** A DNS server that answers what the test says. */
async function fakeUpstream(answer: () => Promise<Reply> | Reply | undefined): Promise<{ readonly at: At; readonly asked: readonly string[] }> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (bytes, from) => {
    const query = packet.decode(bytes);
    asked.push(`${query.questions?.[0]?.type ?? ''} ${query.questions?.[0]?.name.toLowerCase() ?? ''}`);
    void (async () => {
      const reply = await answer();
      if (reply !== undefined)
        socket.send(packet.encode({ type: 'response', id: query.id ?? 0, questions: query.questions ?? [], ...reply } as never), from.port, from.address);
    })();
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  stop.signal.addEventListener('abort', () => socket.close());
  return { at: { host: '127.0.0.1', port: socket.address().port }, asked };
}
