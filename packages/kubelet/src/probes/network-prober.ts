import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { CallOptions, Clock } from '@kybern/core';
import type { ProbeAnswer, Prober, ProbeRequest } from '@kybern/runtime-cri';
import { checkGrpcHealth } from './grpc-health.ts';

/**
 * Reaches the ports of Pods through the machine's network. HTTPS certificates are not checked, as Kubernetes does not; redirects count as success.
 *
 * @see kubernetes v1.36 pkg/probe/http/http.go, pkg/probe/tcp/tcp.go, pkg/probe/grpc/grpc.go
 */
export function createNetworkProber(clock: Clock): Prober {
  return {
    async probe(request, options) {
      options?.signal?.throwIfAborted();
      return within(clock, request, options);
    },
  };
}

/** A probe that takes too long has failed. */
async function within(clock: Clock, request: ProbeRequest, options: CallOptions = {}): Promise<ProbeAnswer> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(options.signal?.reason);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  let timedOut = false;
  const cancel = clock.after(request.timeoutMs, () => {
    timedOut = true;
    controller.abort();
  });
  try {
    return await ask(request, controller.signal);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (timedOut) return { ok: false, output: `timed out after ${request.timeoutMs / 1000}s` };
    return { ok: false, output: error instanceof Error ? error.message : String(error) };
  } finally {
    cancel();
    options.signal?.removeEventListener('abort', onAbort);
  }
}

function ask(request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer> {
  switch (request.type) {
    case 'http':
      return askHttp(request, signal);
    case 'tcp':
      return askTcp(request, signal);
    case 'grpc':
      return checkGrpcHealth(request, signal);
  }
}

function askHttp(request: Extract<ProbeRequest, { type: 'http' }>, signal: AbortSignal): Promise<ProbeAnswer> {
  const { scheme, host, port, path, headers = [] } = request;
  const send = scheme === 'HTTPS' ? httpsRequest : httpRequest;
  const given = Object.fromEntries(headers.map(({ name, value }) => [name, value]));
  const options = { host, port, path, signal, rejectUnauthorized: false, agent: false, headers: { 'User-Agent': 'kube-probe/1.36', Accept: '*/*', ...given } };
  return new Promise((resolve, reject) => {
    const outgoing = send(options, (answer) => {
      const status = answer.statusCode ?? 0;
      // The body does not matter; reading it frees the connection.
      answer.resume();
      const ok = status >= 200 && status < 400;
      resolve({ ok, output: ok ? `HTTP ${status}` : `HTTP probe failed with statuscode: ${status}` });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function askTcp({ host, port }: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal }, () => {
      socket.destroy();
      resolve({ ok: true, output: '' });
    });
    socket.on('error', reject);
  });
}
