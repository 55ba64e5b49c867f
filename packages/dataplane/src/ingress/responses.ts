import { STATUS_CODES, type ServerResponse } from 'node:http';
import { constants, type Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { EndpointResponse } from './attempt.ts';

/** A response to a client, whatever it speaks. */
export type Response = Http2ServerResponse | ServerResponse;

/** An answer of the proxy's own. */
export function answer(response: Response, status: number, headers: readonly string[] = []): void {
  const text = `${String(status)} ${STATUS_CODES[status] ?? ''}\n`;
  response.statusCode = status;
  for (let i = 0; i + 1 < headers.length; i += 2) if (headers[i + 1] !== '') response.setHeader(headers[i] as string, headers[i + 1] as string);
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end(text);
}

/** Ends a response so that its client sees that it is not whole. */
export function breakOff(response: Response): void {
  if ('stream' in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}

/** Passes an endpoint's response on. Rejects when it breaks off. */
export function pass(from: EndpointResponse, to: Response, headers: readonly string[]): Promise<void> {
  to.statusCode = from.statusCode ?? 502;
  const grouped = new Map<string, string[]>();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name, value] = [headers[i] as string, headers[i + 1] as string];
    const key = name.toLowerCase();
    const values = grouped.get(key);
    if (values === undefined) grouped.set(key, [name, value]);
    else values.push(value);
  }
  for (const [name = '', ...values] of grouped.values()) to.setHeader(name, values.length === 1 ? (values[0] as string) : values);
  return new Promise((resolve, reject) => {
    from.body.on('error', reject);
    from.body.on('end', () => {
      if (!from.isWhole()) return reject(new Error('the endpoint broke off'));
      const trailers = from.trailers();
      if (Object.keys(trailers).length > 0) to.addTrailers(trailers as Record<string, string>);
      to.end(resolve);
    });
    to.on('close', () => resolve());
    from.body.pipe(to as unknown as NodeJS.WritableStream, { end: false });
  });
}

/** Status line and headers, as they go over the wire. */
export function responseHead(status: number, headers: readonly string[]): string {
  let text = `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i] ?? ''}: ${headers[i + 1] ?? ''}\r\n`;
  return `${text}\r\n`;
}

/** An answer of the proxy's own to who asked for another protocol; it ends the connection. */
export function refuse(socket: Duplex, status: number): void {
  if (socket.writable) socket.end(responseHead(status, ['Connection', 'close', 'Content-Length', '0']));
  else socket.destroy();
}
