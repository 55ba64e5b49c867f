import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import packet from 'dns-packet';
import { createDnsServer } from '@kybern/dataplane';
import { createDnsZone } from '@kybern/netmodel';
import type { Benchmark, Measured } from '../../../scripts/benchmark.ts';

const SERVICES = 1000;
const QUERIES = 60_000;
const IN_FLIGHT = 64;

/** The server, in a process of its own. */
async function serve(): Promise<void> {
  const zone = createDnsZone();
  zone.setNamespace('web');
  for (let i = 0; i < SERVICES; i++) {
    zone.setService(
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { namespace: 'web', name: `svc-${String(i)}` },
        spec: { clusterIP: `10.96.${String(i >> 8)}.${String(i & 255)}`, ports: [{ name: 'http', port: 80 }] },
      },
      [],
    );
  }
  const server = createDnsServer({ zone, port: 0 });
  const stop = new AbortController();
  process.on('disconnect', () => stop.abort());
  process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
  const run = server.run(stop.signal);
  process.send?.(await server.address);
  await run;
}

/** Answers a second as a client on another core sees it; `cpu` is what the server alone would give on a core of its own. */
async function measure(): Promise<Measured> {
  const child = fork(fileURLToPath(import.meta.url), ['serve'], { execArgv: process.execArgv });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const cpu = async (): Promise<number> => {
    child.send('cpu');
    const [{ cpu: used }] = (await once(child, 'message')) as [{ cpu: NodeJS.CpuUsage }];
    return used.user + used.system;
  };
  const questions = Array.from({ length: SERVICES }, (_, i) =>
    packet.encode({ type: 'query', id: i, flags: packet.RECURSION_DESIRED, questions: [{ name: `svc-${String(i)}.web.svc.cluster.local`, type: 'A' }] }),
  );
  await burst(port, questions, QUERIES / 4);
  const before = await cpu();
  const began = performance.now();
  await burst(port, questions, QUERIES);
  const seconds = (performance.now() - began) / 1000;
  const used = (await cpu()) - before;
  child.disconnect();
  await once(child, 'exit');
  return { value: QUERIES / seconds, more: { perCpuSecond: (QUERIES / used) * 1e6 } };
}

function burst(port: number, questions: readonly Buffer[], count: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    let sent = 0;
    let received = 0;
    const ask = (): void => {
      if (sent < count) socket.send(questions[sent++ % questions.length] ?? '');
    };
    // What a datagram's loss leaves unanswered is asked again.
    const again = setInterval(() => socket.send(questions[0] ?? ''), 500);
    socket.on('message', () => {
      received++;
      if (received < count) return ask();
      clearInterval(again);
      socket.close(() => resolve());
    });
    socket.connect(port, '127.0.0.1', () => {
      for (let i = 0; i < IN_FLIGHT; i++) ask();
    });
  });
}

if (process.argv[2] === 'serve') await serve();

export const benchmarks: readonly Benchmark[] = [{ name: 'DNS answers from the zone', unit: 'answers/s', better: 'higher', aim: 15_000, run: measure }];
