import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createUserspaceProxy } from '@kybern/dataplane';
import type { Benchmark, Measured } from '../../../scripts/benchmark.ts';
import { rulesFor, tcpEcho } from '../test/echo.ts';

const ROUNDS = 4000;

/** One part in a process of its own: the server, or the proxy before it. */
async function part(): Promise<void> {
  process.on('disconnect', () => process.exit(0));
  if (process.argv[3] === undefined) return void process.send?.((await tcpEcho('a')).port);
  const proxy = createUserspaceProxy();
  const run = proxy.run(new AbortController().signal);
  proxy.set('web/front', rulesFor([Number(process.argv[3])]));
  await proxy.settled();
  process.send?.(proxy.locate({ ip: '10.96.0.7', port: 80 })?.port);
  await run;
}

async function start(...args: readonly string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(fileURLToPath(import.meta.url), ['part', ...args], { execArgv: process.execArgv });
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}

/** Milliseconds of one round trip over an open connection. */
async function roundTrips(port: number, rounds: number): Promise<number[]> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'data');
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const began = performance.now();
    const answered = once(socket, 'data');
    socket.write('ping');
    await answered;
    times.push(performance.now() - began);
  }
  socket.destroy();
  return times;
}

/** Milliseconds until a new connection is greeted. */
async function connections(port: number, rounds: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const began = performance.now();
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'data');
    times.push(performance.now() - began);
    socket.destroy();
  }
  return times;
}

const quantile = (times: readonly number[], share: number): number => [...times].sort((a, b) => a - b)[Math.floor(times.length * share)] ?? 0;

/** Direct and through the proxy in turns, so that both meet the same machine. */
async function measure(ask: (port: number, rounds: number) => Promise<number[]>): Promise<Measured> {
  const server = await start();
  const proxy = await start(String(server.port));
  const direct: number[] = [];
  const proxied: number[] = [];
  for (const port of [server.port, proxy.port]) await ask(port, ROUNDS / 4);
  for (let i = 0; i < 8; i++) {
    direct.push(...(await ask(server.port, ROUNDS / 8)));
    proxied.push(...(await ask(proxy.port, ROUNDS / 8)));
  }
  for (const { child } of [proxy, server]) child.disconnect();
  const more = { directP50: quantile(direct, 0.5), proxiedP50: quantile(proxied, 0.5), directP99: quantile(direct, 0.99), proxiedP99: quantile(proxied, 0.99) };
  return { value: more.proxiedP50 - more.directP50, more };
}

if (process.argv[2] === 'part') await part();

export const benchmarks: readonly Benchmark[] = [
  { name: 'userspace proxy, added to a round trip, p50', unit: 'ms', better: 'lower', aim: 0.3, run: () => measure(roundTrips) },
  { name: 'userspace proxy, added to a new connection, p50', unit: 'ms', better: 'lower', aim: 0.3, run: () => measure(connections) },
];
