import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { createFakeClock } from '@kybern/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dial, rulesFor, tcpEcho, udpEcho, whoAnswers, type Echo } from '../../test/echo.ts';
import type { ListenAddress } from './proxy-plan.ts';
import { createUserspaceProxy, type UserspaceProxy, type UserspaceProxyOptions } from './userspace-proxy.ts';

let stop: AbortController;
const running: Promise<void>[] = [];
const echoes: Echo[] = [];
beforeEach(() => {
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running.splice(0));
  for (const echo of echoes.splice(0)) await echo[Symbol.asyncDispose]();
});

const start = (options: UserspaceProxyOptions = {}): UserspaceProxy => {
  const proxy = createUserspaceProxy(options);
  running.push(proxy.run(stop.signal));
  return proxy;
};
const echo = async (name: string, make: (name: string) => Promise<Echo> = tcpEcho): Promise<number> => {
  const made = await make(name);
  echoes.push(made);
  return made.port;
};
const VIP = { ip: '10.96.0.7', port: 80 } as const;
const located = async (proxy: UserspaceProxy, protocol: 'TCP' | 'UDP' = 'TCP'): Promise<ListenAddress> => {
  await proxy.settled();
  const at = proxy.locate({ ...VIP, protocol });
  if (at === undefined) throw new Error(`nothing is listened on: ${proxy.problems().join()}`);
  return at;
};
const generous = { timeout: 10_000 };

describe('createUserspaceProxy, TCP', () => {
  it('answers a ClusterIP on loopback and says where, taking the endpoints in turn', async () => {
    const [a, b] = [await echo('a'), await echo('b')];
    const proxy = start();
    proxy.set('web/front', rulesFor([a, b]));
    const at = await located(proxy);
    expect(at.host).toBe('127.0.0.1');
    const answers = [await whoAnswers(at), await whoAnswers(at), await whoAnswers(at), await whoAnswers(at)];
    expect(answers.filter((name) => name === 'a')).toHaveLength(2);
    expect(answers.filter((name) => name === 'b')).toHaveLength(2);
    expect(proxy.locate({ ip: '10.96.0.8', port: 80 })).toBeUndefined();
  });

  it('refuses connections while there is no endpoint, and answers at the same port when there is one again', async () => {
    const a = await echo('a');
    const proxy = start();
    proxy.set('web/front', rulesFor([a]));
    const at = await located(proxy);
    proxy.set('web/front', rulesFor([]));
    await proxy.settled();
    expect(await whoAnswers(at)).toBe('ECONNREFUSED');
    proxy.set('web/front', rulesFor([a]));
    expect(await located(proxy)).toEqual(at);
    expect(await whoAnswers(at)).toBe('a');
  });

  it('lets open connections to an endpoint that goes live on, and sends new ones elsewhere', async () => {
    const [a, b] = [await echo('a'), await echo('b')];
    const clock = createFakeClock();
    const proxy = start({ clock, drainMs: 5000 });
    proxy.set('web/front', rulesFor([a]));
    const at = await located(proxy);
    const old = dial(at);
    await expect.poll(old.text, generous).toBe('a\n');
    proxy.set('web/front', rulesFor([b]));
    await proxy.settled();
    expect(await whoAnswers(at)).toBe('b');
    old.socket.write('still here');
    await expect.poll(old.text, generous).toBe('a\nstill here');
    await clock.advance(5000);
    await old.closed;
    expect(old.code()).toBe('ECONNRESET');
  });

  it('lets open connections of a Service that is deleted live on for as long', async () => {
    const a = await echo('a');
    const proxy = start();
    proxy.set('web/front', rulesFor([a]));
    const at = await located(proxy);
    const old = dial(at);
    await expect.poll(old.text, generous).toBe('a\n');
    proxy.remove('web/front');
    await proxy.settled();
    expect(proxy.locate(VIP)).toBeUndefined();
    expect(await whoAnswers(at)).toBe('ECONNREFUSED');
    old.socket.write('x');
    await expect.poll(old.text, generous).toBe('a\nx');
  });

  it('keeps a client with its endpoint under session affinity, until its time is over or the endpoint goes', async () => {
    const ports = [await echo('a'), await echo('b'), await echo('c')];
    const clock = createFakeClock();
    const proxy = start({ clock });
    const sticky = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 100 } } } as const;
    proxy.set('web/front', rulesFor(ports, sticky));
    const at = await located(proxy);
    const first = await whoAnswers(at);
    expect([await whoAnswers(at), await whoAnswers(at)]).toEqual([first, first]);
    await clock.advance(100_000);
    expect(await whoAnswers(at)).not.toBe(first);
    const second = await whoAnswers(at);
    proxy.set(
      'web/front',
      rulesFor(
        ports.filter((_, i) => 'abc'[i] !== second),
        sticky,
      ),
    );
    await proxy.settled();
    expect(await whoAnswers(at)).not.toBe(second);
  });

  it('tries another endpoint when one does not accept', async () => {
    const gone = await tcpEcho('gone');
    await gone[Symbol.asyncDispose]();
    const a = await echo('a');
    const proxy = start();
    proxy.set('web/front', rulesFor([gone.port, a]));
    const at = await located(proxy);
    expect([await whoAnswers(at), await whoAnswers(at)]).toEqual(['a', 'a']);
  });

  it('resets the connection when no endpoint accepts', async () => {
    const gone = await tcpEcho('gone');
    await gone[Symbol.asyncDispose]();
    const proxy = start();
    proxy.set('web/front', rulesFor([gone.port]));
    expect(await whoAnswers(await located(proxy))).toBe('ECONNRESET');
  });

  it('passes on that a client has said everything, and still brings the answer', async () => {
    const a = await echo('a');
    const proxy = start();
    proxy.set('web/front', rulesFor([a]));
    const connection = dial(await located(proxy));
    const data = 'x'.repeat(1_000_000);
    connection.socket.end(data);
    await once(connection.socket, 'end');
    expect(connection.text().length).toBe(data.length + 2);
  });

  it('lets in only clients of the source ranges of a load balancer', async () => {
    const a = await echo('a');
    const proxy = start();
    const balanced = (range: string) => {
      const rules = rulesFor([a], { type: 'LoadBalancer', loadBalancerSourceRanges: [range] });
      return rules.map((rule) => ({ ...rule, frontends: rule.frontends.map((each) => ({ ...each, sourceRanges: [range] })) }));
    };
    proxy.set('web/front', balanced('127.0.0.0/8'));
    expect(await whoAnswers(await located(proxy))).toBe('a');
    proxy.set('web/front', balanced('192.0.2.0/24'));
    expect(await whoAnswers(await located(proxy))).toBe('ECONNRESET');
  });

  it('says what it cannot listen on, and tries again', async () => {
    const a = await echo('a');
    const taken = createServer();
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const clock = createFakeClock();
    const proxy = start({ clock, listenAt: () => ({ host: '127.0.0.1', port }) });
    proxy.set('web/front', rulesFor([a]));
    await proxy.settled();
    expect(proxy.problems()).toEqual([expect.stringMatching(/^TCP 10\.96\.0\.7:80: .*EADDRINUSE/)]);
    taken.close();
    await once(taken, 'close');
    await clock.advance(1000);
    await proxy.settled();
    expect(proxy.problems()).toEqual([]);
    expect(await whoAnswers(await located(proxy))).toBe('a');
  });

  it('ends everything with its signal', async () => {
    const a = await echo('a');
    const proxy = start();
    proxy.set('web/front', rulesFor([a]));
    const at = await located(proxy);
    const open = dial(at);
    await expect.poll(open.text, generous).toBe('a\n');
    stop.abort();
    await Promise.all(running);
    await open.closed;
    const refused = connect(at);
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
  });
});

describe('createUserspaceProxy, UDP', () => {
  const client = async (at: ListenAddress) => {
    const socket = createSocket('udp4');
    const heard: string[] = [];
    socket.on('message', (bytes) => heard.push(bytes.toString()));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    stop.signal.addEventListener('abort', () => socket.close());
    const ask = async (text: string): Promise<string> => {
      const before = heard.length;
      socket.send(text, at.port, at.host);
      await expect.poll(() => heard.length, generous).toBeGreaterThan(before);
      return heard.at(-1) ?? '';
    };
    return { ask };
  };

  it('keeps the datagrams of one client together, and goes elsewhere when the endpoint goes', async () => {
    const [a, b] = [await echo('a', udpEcho), await echo('b', udpEcho)];
    const proxy = start();
    proxy.set('web/front', rulesFor([a, b], {}, 'UDP'));
    const at = await located(proxy, 'UDP');
    const { ask } = await client(at);
    const first = (await ask('1')).charAt(0);
    expect(await ask('2')).toBe(`${first} 2`);
    const other = first === 'a' ? 'b' : 'a';
    proxy.set('web/front', rulesFor([other === 'a' ? a : b], {}, 'UDP'));
    await proxy.settled();
    expect(await ask('3')).toBe(`${other} 3`);
  });

  it('forgets flows beyond its limit', async () => {
    const a = await echo('a', udpEcho);
    const proxy = start({ maxConnections: 1 });
    proxy.set('web/front', rulesFor([a], {}, 'UDP'));
    const at = await located(proxy, 'UDP');
    const [one, two] = [await client(at), await client(at)];
    expect([await one.ask('1'), await two.ask('2'), await one.ask('3')]).toEqual(['a 1', 'a 2', 'a 3']);
  });
});
