// Runs in a Pod's network namespace: answers on ports 80 and 81 with the Pod's name, and connects to others when it is told to.
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

/** What the agent is told to try. */
export interface Attempt {
  readonly id: number;
  readonly ip: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly timeoutMs: number;
}

/** What came of it: what the other side said, an error's code, or `timeout`. */
export interface AttemptResult {
  readonly id: number;
  readonly answer: string;
}

const name = process.argv[2] ?? '';
for (const port of [80, 81]) {
  createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(`${name} to ${String(socket.remoteAddress)}`);
  }).listen(port, '0.0.0.0');
  const udp = createSocket('udp4');
  udp.on('message', (_bytes, from) => udp.send(`${name} to ${from.address}`, from.port, from.address));
  udp.bind(port, '0.0.0.0');
}

function overTcp({ ip, port }: Attempt, done: (answer: string) => void): () => void {
  const socket = connect({ host: ip, port });
  let text = '';
  socket.on('data', (bytes) => (text += bytes.toString()));
  socket.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
  socket.on('end', () => done(text));
  return () => socket.destroy();
}

function overUdp({ ip, port }: Attempt, done: (answer: string) => void): () => void {
  const socket = createSocket('udp4');
  socket.on('message', (bytes) => done(bytes.toString()));
  socket.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
  socket.connect(port, ip, (error?: Error) => {
    if (error === undefined || error === null) socket.send('?', () => undefined);
    else done((error as NodeJS.ErrnoException).code ?? error.message);
  });
  return () => socket.close();
}

process.on('message', (attempt: Attempt) => {
  let settled = false;
  const done = (answer: string): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    close();
    process.send?.({ id: attempt.id, answer } satisfies AttemptResult);
  };
  const timer = setTimeout(() => done('timeout'), attempt.timeoutMs);
  const close = (attempt.protocol === 'TCP' ? overTcp : overUdp)(attempt, done);
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
