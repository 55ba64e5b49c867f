import { request as httpRequest } from 'node:http';
import { ForwardError, isIdempotent, type Answer, type Attempt, type ForwardParts, type Outgoing } from './attempt.ts';
import type { Endpoint } from './endpoint-book.ts';

/** Asks an endpoint in HTTP/1.1. */
export function askHttp1({ method, target, headers, body }: Outgoing, endpoint: Endpoint, parts: ForwardParts, attempt: Attempt): Promise<Answer> {
  const { clock, agent, signal, connectMs, answerMs } = parts;
  return new Promise((resolve, reject) => {
    // Where the request must not be sent twice it must not meet a connection that its peer is closing either.
    const own = body === undefined || isIdempotent(method) ? agent : false;
    const request = httpRequest({
      host: endpoint.ip,
      port: endpoint.port,
      method,
      path: target,
      headers: headers as string[],
      agent: own,
      signal,
      setHost: false,
    });
    const giveUp = (message: string): void => {
      attempt.timedOut = attempt.connected;
      request.destroy(new ForwardError(504, message));
    };
    let isAnswered = false;
    let cancel = clock.after(connectMs, () => giveUp(`${endpoint.ip} does not accept connections`), { background: true });
    const connected = (): void => {
      attempt.connected = true;
      cancel();
      cancel = (): void => undefined;
      request.once('finish', () => {
        if (!isAnswered) cancel = clock.after(answerMs, () => giveUp(`${endpoint.ip} does not answer`), { background: true });
      });
      if (body === undefined) request.end();
      else body.on('error', () => request.destroy()).pipe(request);
    };
    request.on('socket', (socket) => (socket.connecting ? socket.once('connect', connected) : connected()));
    const answered = (): void => {
      isAnswered = true;
      cancel();
    };
    request.on('response', (response) => {
      answered();
      const { statusCode, rawHeaders } = response;
      resolve({
        type: 'response',
        response: { statusCode, rawHeaders, trailers: () => response.trailers, body: response, isWhole: () => response.complete },
        endpoint,
      });
    });
    request.on('upgrade', (response, socket, head) => {
      answered();
      resolve({ type: 'upgrade', response, socket, head, endpoint });
    });
    request.on('error', (error) => {
      answered();
      reject(error);
    });
  });
}
