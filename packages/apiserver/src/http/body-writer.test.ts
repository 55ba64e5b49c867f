import { Writable } from 'node:stream';
import { createFakeClock } from '@kybern/core/testing';
import { describe, expect, it } from 'vitest';
import { sendPieces, type Transport } from './body-writer.ts';
import type { WireResponse } from './wire.ts';

const PIECE = 'x'.repeat(100_000);
const BODY = { code: 200, contentType: 'application/json' };

/** A client that takes what it is told to take. */
function slowClient(): { readonly response: WireResponse; take(): void; readonly taken: () => number } {
  let [done, taken] = [undefined as (() => void) | undefined, 0];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      taken += chunk.length;
      done = callback;
    },
  });
  const response = Object.assign(sink, { headersSent: false, writeHead: () => undefined, appendHeader: () => undefined, flushHeaders: () => undefined });
  return { response: response as unknown as WireResponse, take: () => done?.(), taken: () => taken };
}

function setup(): { transport: Transport; clock: ReturnType<typeof createFakeClock>; leave: () => void } {
  const clock = createFakeClock();
  const controller = new AbortController();
  const caller = { gone: false, signal: controller.signal };
  return { transport: { head: false, gzip: false, clock, caller }, clock, leave: () => controller.abort(new Error('gone')) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('sendPieces', () => {
  it('makes no more than the client takes', async () => {
    const { transport } = setup();
    const { response, take, taken } = slowClient();
    let made = 0;
    const pieces = (function* () {
      for (let i = 0; i < 5; i++) {
        made += 1;
        yield PIECE;
      }
    })();
    const sent = sendPieces(response, pieces, { body: BODY, transport });
    await turn();
    expect({ made, taken: taken() }).toEqual({ made: 1, taken: PIECE.length });
    take();
    await turn();
    expect(made).toBe(2);
    for (let i = 0; i < 5; i++) {
      take();
      await turn();
    }
    await sent;
    expect(taken()).toBe(5 * PIECE.length);
  });

  it('gives up on a client that takes nothing for a minute', async () => {
    const { transport, clock } = setup();
    const sent = sendPieces(slowClient().response, [PIECE, PIECE], { body: BODY, transport });
    const failed = expect(sent).rejects.toThrow('the client does not read');
    await turn();
    await clock.advance(61_000);
    await failed;
  });

  it('ends when the client goes away', async () => {
    const { transport, leave } = setup();
    const sent = sendPieces(slowClient().response, [PIECE, PIECE], { body: BODY, transport });
    const failed = expect(sent).rejects.toThrow('gone');
    await turn();
    leave();
    await failed;
  });
});
