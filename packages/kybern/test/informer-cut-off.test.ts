import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { request as requestTls } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { createApiServer, type Listener } from '@kybern/apiserver';
import { createHttpClient } from '@kybern/client';
import { isNotFound, type Client } from '@kybern/core';
import { ConfigMap } from '@kybern/core/kinds';
import { createFakeClock } from '@kybern/core/testing';
import { createInformer, type InformerEvent } from '@kybern/reconcile';
import fc from 'fast-check';
import { expect, it } from 'vitest';

/** How an answer goes wrong after so many bytes of its body. */
interface Cut {
  readonly afterBytes: number;
  readonly how: /** The connection is reset. */
    | 'reset'
    /** The connection is closed in the middle of what was announced. */
    | 'close'
    /** The answer ends as if that were all of it. */
    | 'end'
    /** The same, with a line's end, so that half an object looks like a whole one. */
    | 'line';
}

/** A server on a bare socket that passes requests on to an API server, and its answers back as far as it is told. */
interface CuttingServer extends AsyncDisposable {
  readonly url: string;
  /** The next answers, in order; those after them are whole. */
  readonly cuts: Cut[];
  /** How many of them are over: cut, or whole because the answer was shorter. */
  readonly done: number;
}

async function startCuttingServer(target: Listener): Promise<CuttingServer> {
  const cuts: Cut[] = [];
  const sockets = new Set<Socket>();
  let done = 0;
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    let head = '';
    socket.on('data', (bytes: Buffer) => {
      head += bytes.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      const [method = '', path = ''] = head.split(' ', 2);
      head = '';
      void forward(target, { method, path }, socket).then((answer) => {
        passBack(answer, socket, cuts.shift(), () => (done += 1));
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return {
    url: `http://127.0.0.1:${address.port}`,
    cuts,
    get done() {
      return done;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function forward(target: Listener, { method, path }: { readonly method: string; readonly path: string }, socket: Socket): Promise<IncomingMessage> {
  const { url, certificateAuthority, admin } = target;
  const send = url.startsWith('https:') ? requestTls : request;
  return new Promise((resolve) => {
    const outgoing = send(`${url}${path}`, { method, ca: certificateAuthority, cert: admin.certificate, key: admin.key, agent: false }, resolve);
    outgoing.on('error', () => socket.destroy());
    socket.on('close', () => outgoing.destroy());
    outgoing.end();
  });
}

/** Each answer has a connection of its own and pieces of its own length, so that it can end anywhere. */
function passBack(answer: IncomingMessage, socket: Socket, cut: Cut | undefined, onOver: () => void): void {
  let left = cut?.afterBytes ?? Infinity;
  const piece = (bytes: Buffer): void => void socket.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]));
  socket.write(`HTTP/1.1 ${answer.statusCode ?? 500} X\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n`);
  answer.on('data', (bytes: Buffer) => {
    if (left <= 0) return;
    const part = bytes.subarray(0, Math.min(left, bytes.length));
    left -= bytes.length;
    if (part.length > 0) piece(part);
    if (left > 0 || cut === undefined) return;
    onOver();
    answer.destroy();
    if (cut.how === 'line') piece(Buffer.from('\n'));
    if (cut.how === 'reset') socket.resetAndDestroy();
    else if (cut.how === 'close') socket.destroySoon();
    else socket.end('0\r\n\r\n');
  });
  answer.on('end', () => {
    if (cut !== undefined && left > 0) onOver();
    socket.end('0\r\n\r\n');
  });
  answer.on('error', () => socket.destroy());
}

type Change = { readonly type: 'put' | 'delete'; readonly name: string };

async function carryOut(client: Client, { type, name }: Change, nth: number): Promise<void> {
  const data = { nth: String(nth), padding: 'ä'.repeat(200) };
  try {
    if (type === 'delete') await client.delete(ConfigMap, `default/${name}`);
    else await client.mutate(ConfigMap, `default/${name}`, (draft) => void (draft.data = data));
  } catch (error) {
    if (!isNotFound(error)) throw error;
    if (type === 'put') await client.create(ConfigMap, { metadata: { name, namespace: 'default' }, data });
  }
}

/** Object names and what they hold, as the informer's events tell. */
function follow(told: Map<string, string | undefined>, event: InformerEvent<ConfigMap>): void {
  const { name } = event.object.metadata;
  if (event.type === 'added') expect(told.has(name)).toBe(false);
  else expect(told.has(name)).toBe(true);
  if (event.type === 'deleted') told.delete(name);
  else told.set(name, event.object.data?.['nth']);
}

const cut = fc.record({ afterBytes: fc.integer({ min: 1, max: 2_500 }), how: fc.constantFrom<Cut['how']>('reset', 'close', 'end', 'line') });
const change = fc.record({ type: fc.constantFrom('put' as const, 'put' as const, 'delete' as const), name: fc.constantFrom('a', 'b', 'c', 'd', 'e') });

it('property: an informer over a socket that is cut in the middle of JSON ends with exactly what the server has, and told all of it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 6 }), fc.array(change, { minLength: 1, maxLength: 12 }), async (cuts, changes) => {
      await using api = await createApiServer();
      await using listener = await api.listen();
      await using server = await startCuttingServer(listener);
      await using client = createHttpClient({ server: server.url, namespace: 'default' });
      server.cuts.push(...cuts);
      const clock = createFakeClock();
      const stop = new AbortController();
      const informer = createInformer({ client, kind: ConfigMap, namespace: 'default', clock, onError: () => undefined });
      const told = new Map<string, string | undefined>();
      const errors: unknown[] = [];
      informer.events$.subscribe((event) => {
        try {
          follow(told, event);
        } catch (error) {
          errors.push(error);
        }
      });
      for (const name of ['a', 'b']) await carryOut(api.client, { type: 'put', name }, -1);
      const ended = informer.run(stop.signal);
      for (const [nth, each] of changes.entries()) {
        await carryOut(api.client, each, nth);
        await clock.advance(500);
        await new Promise((resolve) => setImmediate(resolve));
      }
      // Until every cut is over: there are changes for watches to tell of.
      const expected = async (): Promise<string> => {
        const { items } = await api.client.list(ConfigMap, { namespace: 'default' });
        return JSON.stringify(items.map(({ metadata, data }) => [metadata.name, metadata.resourceVersion, data?.['nth']]));
      };
      const seen = (): string =>
        JSON.stringify(
          informer
            .list()
            .map(({ metadata, data }) => [metadata.name, metadata.resourceVersion, data?.['nth']])
            .sort(),
        );
      for (let round = 0; round < 3_000; round++) {
        if (server.done < cuts.length) await carryOut(api.client, { type: 'put', name: 'a' }, 1_000 + round);
        else if (seen() === (await expected())) break;
        // Slower than the network, so that nothing counts as silent while its answer is on its way.
        await clock.advance(200);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      expect(server.done).toBe(cuts.length);
      expect(seen()).toBe(await expected());
      expect(errors).toEqual([]);
      expect(new Map([...told].sort())).toEqual(
        new Map(
          informer
            .list()
            .map(({ metadata, data }) => [metadata.name, data?.['nth']] as const)
            .sort(),
        ),
      );
      stop.abort();
      await ended;
    }),
    { numRuns: 5 },
  );
}, 120_000);
