import { request as httpRequest } from 'node:http';
import { ForwardError, type Answer, type Attempt, type ForwardParts, type Outgoing } from './attempt.ts';
import type { Endpoint } from './endpoint-book.ts';

/** Asks an endpoint in HTTP/1.1. */
export function askHttp1({ method, target, headers, body }: Outgoing, endpoint: Endpoint, parts: ForwardParts, attempt: Attempt): Promise<Answer> {
  const { clock, agent, signal, connectMs, answerMs } = parts;
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: endpoint.ip, port: endpoint.port, method, path: target, headers: headers as string[], agent, signal, setHost: false });
    const giveUp = (message: string): void => {
      attempt.timedOut = attempt.connected;
      request.destroy(new ForwardError(504, message));
    };
    let cancel = clock.after(connectMs, () => giveUp(`${endpoint.ip} does not accept connections`), { background: true });
    const connected = (): void => {
      attempt.connected = true;
      cancel();
      cancel = clock.after(answerMs, () => giveUp(`${endpoint.ip} does not answer`), { background: true });
      if (body === undefined) request.end();
      else body.on('error', () => request.destroy()).pipe(request);
    };
    request.on('socket', (socket) => (socket.connecting ? socket.once('connect', connected) : connected()));
    request.on('response', (response) => {
      cancel();
      const { statusCode, rawHeaders } = response;
      resolve({ type: 'response', response: { statusCode, rawHeaders, trailers: () => response.trailers, body: response }, endpoint });
    });
    request.on('upgrade', (response, socket, head) => {
      cancel();
      resolve({ type: 'upgrade', response, socket, head, endpoint });
    });
    request.on('error', (error) => {
      cancel();
      reject(error);
    });
  });
}
