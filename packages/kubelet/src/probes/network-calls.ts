import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { ProbeAnswer, ProbeRequest } from '@kybern/runtime-cri';
import { checkGrpcHealth } from './grpc-health.ts';

/** Makes one probe through the network. @throws {Error} when the other side cannot be reached, or the signal aborts */
export function ask(request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer> {
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
