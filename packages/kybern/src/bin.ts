#!/usr/bin/env node
import { homedir } from 'node:os';
import { Readable } from 'node:stream';
import { main } from './cli/main.ts';

const interrupted = new AbortController();
let signals = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    signals += 1;
    // The first asks for a clean end; whoever asks a second time does not want to wait for it.
    if (signals > 1) process.exit(130);
    interrupted.abort(new Error(`ended by ${signal}`));
  });
}
// A reader that went away (`kybern get pods | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await main(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: () => Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>,
  env: process.env,
  homeDir: homedir(),
  cwd: process.cwd(),
  interrupted: interrupted.signal,
});
