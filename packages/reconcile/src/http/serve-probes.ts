import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toError } from '../errors.ts';
import type { HealthCheck, Manager } from '../manager.ts';
import { probeAnswer, type ProbeAnswer } from './probe-answer.ts';

/** Options of {@link serveProbes}. */
export interface ProbeServerOptions {
  readonly manager: Pick<Manager, 'health'>;
  /** What `/metrics` prints; unset: there is no such path. Anybody who reaches the port can read it. */
  readonly metrics?: { text(): string };
  /** Checks of one's own, beside the manager's: each returns what is wrong, or undefined. One that throws fails. */
  readonly checks?: {
    readonly live?: Readonly<Record<string, () => string | undefined>>;
    readonly ready?: Readonly<Record<string, () => string | undefined>>;
  };
  /** Default: this machine only. A kubelet that probes from outside needs `0.0.0.0`. */
  readonly host?: string;
  /** Default: any that is free. */
  readonly port?: number;
}

/** A server of probes and metrics; dispose it to close it. */
export interface ProbeServer extends AsyncDisposable {
  /** Such as `http://127.0.0.1:8081`. */
  readonly url: string;
}

/**
 * Serves `/healthz` and `/livez` (would a restart help?), `/readyz` (does it do its work?), and `/metrics` for Prometheus. Answers 200 `ok`, or 500 with the checks that
 * fail; `?verbose` lists all checks, `?exclude=name` leaves one out, and `/readyz/name` is one check alone, as with Kubernetes' own programs.
 *
 * @returns when it listens; it does not keep the process alive
 * @throws {Error} when the port is taken
 * @see controller-runtime v0.21 pkg/healthz/healthz.go
 */
export async function serveProbes(options: ProbeServerOptions): Promise<ProbeServer> {
  const { host = '127.0.0.1', port = 0 } = options;
  const server = createServer((request, response) => respond(answer(options, request), response));
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { address, family, port: actual } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`,
    [Symbol.asyncDispose]: () => close(server),
  };
}

function answer(options: ProbeServerOptions, { method, url = '/' }: IncomingMessage): ProbeAnswer {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, type: 'text/plain', text: 'method not allowed\n' };
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const [, endpoint = '', ...rest] = pathname.split('/');
  const { metrics, manager, checks } = options;
  if (endpoint === 'metrics' && rest.length === 0 && metrics !== undefined) return { status: 200, type: 'text/plain; version=0.0.4', text: metrics.text() };
  const query = { name: rest.join('/'), verbose: searchParams.has('verbose'), exclude: searchParams.getAll('exclude') };
  if (endpoint === 'healthz' || endpoint === 'livez') return probeAnswer(endpoint, [...manager.health().live, ...made(checks?.live)], query);
  if (endpoint === 'readyz') return probeAnswer(endpoint, [...manager.health().ready, ...made(checks?.ready)], query);
  return { status: 404, type: 'text/plain', text: 'not found\n' };
}

function made(checks: Readonly<Record<string, () => string | undefined>> = {}): readonly HealthCheck[] {
  return Object.entries(checks).map(([name, check]) => {
    try {
      return { name, failure: check() };
    } catch (error) {
      return { name, failure: toError(error).message };
    }
  });
}

function respond({ status, type, text }: ProbeAnswer, response: ServerResponse): void {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache' });
  response.end(text);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
