import { once } from 'node:events';
import { systemClock } from '@kybern/core';
import { ConfigMap } from '@kybern/core/kinds';
import { createFakeClock, type FakeClock } from '@kybern/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDoor, type Door } from './wire.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const LARGE = { note: 'x'.repeat(700_000) };

let door: Door;
let clock: FakeClock;
beforeEach(async () => {
  // Certificates have to be valid today.
  clock = createFakeClock({ startMs: systemClock().now() });
  door = await openDoor({ clock });
});
afterEach(() => door[Symbol.asyncDispose]());

const isServed = async (): Promise<boolean> => (await door.http1('/api/v1/namespaces/default')).code === 200;

/** Lets time pass until something has happened. */
async function passTimeUntil(happened: () => boolean): Promise<void> {
  while (!happened()) {
    await clock.advance(10_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a body that does not end', () => {
  it('is given up over HTTP/1.1, with its connection', async () => {
    const socket = await door.socket();
    let text = '';
    socket.on('data', (data: Buffer) => (text += data.toString()));
    let closed = false;
    socket.on('close', () => (closed = true));
    socket.write(`POST ${CONFIG_MAPS} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{`);
    await passTimeUntil(() => closed);
    expect(text).toMatch(/^HTTP\/1\.1 504 /);
    expect(text).toContain('"reason":"Timeout"');
    expect(await isServed()).toBe(true);
  });

  it('is given up over HTTP/2, with its stream alone', async () => {
    const stream = door.session.request({ ':path': CONFIG_MAPS, ':method': 'POST', 'content-type': 'application/json' });
    let status: unknown;
    stream.on('response', (headers) => (status = headers[':status'])).on('error', () => undefined);
    stream.resume();
    stream.write('{');
    await passTimeUntil(() => status !== undefined);
    expect(status).toBe(504);
    expect((await door.http2('/version')).code).toBe(200);
    stream.destroy();
  });
});

describe('a client that stops reading', () => {
  it('a list over HTTP/2 is cut off after a minute, and the others are served meanwhile', async () => {
    for (let i = 0; i < 70; i++) await door.api.client.create(ConfigMap, { metadata: { name: `c-${String(i)}`, namespace: 'default' }, data: LARGE });
    const stream = door.session.request({ ':path': CONFIG_MAPS });
    const failed = once(stream, 'error');
    await once(stream, 'response');
    stream.pause();
    expect((await door.http2('/version')).code).toBe(200);
    for (let i = 0; i < 7; i++) await clock.advance(10_000);
    expect((await door.http2('/version')).code).toBe(200);
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    await failed;
    expect(bytes).toBeLessThan(10_000_000);
    expect(await isServed()).toBe(true);
  });

  it('a watch over HTTP/2 is cut off, and those of the same connection are not', async () => {
    const path = `${CONFIG_MAPS}?watch=1&resourceVersion=1`;
    const [stalled, other] = [door.session.request({ ':path': path }), door.session.request({ ':path': path })];
    const failed = once(stalled, 'error');
    let seen = 0;
    other.on('data', (chunk: Buffer) => (seen += chunk.length));
    await Promise.all([once(stalled, 'response'), once(other, 'response')]);
    stalled.pause();
    await door.api.client.create(ConfigMap, { metadata: { name: 'b', namespace: 'default' }, data: { ...LARGE, i: '' } });
    for (let i = 0; i < 30; i++) {
      const before = seen;
      await door.api.client.update(ConfigMap, { metadata: { name: 'b', namespace: 'default' }, data: { ...LARGE, i: String(i) } });
      while (seen < before + 700_000) await once(other, 'data');
    }
    stalled.resume(); // a stream that is not read does not tell that it was closed
    await failed;
    expect(other.closed).toBe(false);
    expect(await isServed()).toBe(true);
  });
});
