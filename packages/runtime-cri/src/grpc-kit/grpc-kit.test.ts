import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import { RuntimeError } from '../errors.ts';
import { createGrpcClient } from './grpc-client.ts';
import { serveGrpc, type GrpcHandler } from './grpc-server.ts';
import { parseProtoTable } from './proto-table.ts';

const protocol = parseProtoTable(
  `service Plugin
  Allocate AllocateRequest AllocateResponse
  Watch Empty stream Devices
  Missing Empty Empty
msg AllocateRequest: devices_ids=1 []string
msg AllocateResponse: envs=1 map<string,string>, mode=2 Mode, spec=3 Spec
msg Devices: IDs=1 []string
msg Spec: size=1 int64, volume=2 string (oneof kind)
msg Empty: 
enum Mode: OFF=0, ON=1
`,
  { package: 'test.v1' },
);

async function withServer(handlers: Readonly<Record<string, GrpcHandler>>, use: (client: ReturnType<typeof createGrpcClient>) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kybern-grpc-'));
  const server = await serveGrpc({ path: join(folder, 's.sock'), protocol, handlers });
  const client = createGrpcClient({ endpoint: server.endpoint, protocol, clock: systemClock() });
  try {
    await use(client);
  } finally {
    client[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose](); // idempotent
    await rm(folder, { recursive: true });
  }
}

describe('a protocol from its table', () => {
  it('names methods by service and fields as proto JSON does', () => {
    expect(protocol.methods['Plugin/Watch']).toEqual({ path: '/test.v1.Plugin/Watch', request: 'Empty', response: 'Devices', stream: true });
    expect(protocol.schema.messages['AllocateRequest']).toEqual([{ number: 1, key: 'devicesIds', type: 'string', label: 'repeated', required: true }]);
    expect(protocol.schema.messages['Spec']).toEqual([
      { number: 1, key: 'size', type: 'int64', required: true },
      { number: 2, key: 'volume', type: 'string' },
    ]);
    expect(protocol.schema.messages['Empty']).toEqual([]);
    expect(protocol.schema.enums).toEqual({ Mode: { OFF: 0, ON: 1 } });
  });

  it.each([
    { name: 'a method without an answer', text: 'service A\n  Get Empty' },
    { name: 'a field without a number', text: 'msg A: name string' },
    { name: 'a map of numbers', text: 'msg A: counts=1 map<string,int64>' },
  ])('refuses $name', ({ text }) => {
    expect(() => parseProtoTable(text, { package: 'p' })).toThrow(SyntaxError);
  });
});

describe('a server and its client', () => {
  it('carry requests, answers, and the zero values that the wire leaves out', () =>
    withServer(
      {
        'Plugin/Allocate': ({ devicesIds }: { devicesIds: string[] }) =>
          Promise.resolve({ envs: { IDS: devicesIds.join(',') }, mode: devicesIds.length > 1 ? 'ON' : 'OFF' }),
      },
      async (client) => {
        expect(await client.call('Plugin/Allocate', { devicesIds: ['a', 'b'] })).toEqual({ envs: { IDS: 'a,b' }, mode: 'ON' });
        expect(await client.call('Plugin/Allocate', {})).toEqual({ envs: { IDS: '' }, mode: 'OFF' });
      },
    ));

  it('carry errors by their codes', () =>
    withServer(
      {
        'Plugin/Allocate': ({ devicesIds }: { devicesIds: string[] }) =>
          Promise.reject(devicesIds.length === 0 ? new RuntimeError('RESOURCE_EXHAUSTED', 'no device is free: 100 %') : new Error('boom')),
      },
      async (client) => {
        await expect(client.call('Plugin/Allocate', {})).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', message: 'no device is free: 100 %' });
        await expect(client.call('Plugin/Allocate', { devicesIds: ['x'] })).rejects.toMatchObject({ code: 'UNKNOWN', message: 'boom' });
        await expect(client.call('Plugin/Missing', {})).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
        await expect(client.call('Plugin/None', {})).rejects.toThrow(TypeError);
      },
    ));

  it('carry a stream in order, whose end either side may say', async () => {
    let left: unknown;
    const watch: GrpcHandler = async function* (_request, { signal }) {
      for (let i = 0; i < 500; i++) yield { IDs: [String(i), 'x'.repeat(10_000)] };
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      left = signal.reason;
    };
    await withServer({ 'Plugin/Watch': watch }, async (client) => {
      const seen: string[] = [];
      await new Promise<void>((resolve, reject) => {
        const end = client.stream<{ IDs: string[] }>(
          'Plugin/Watch',
          {},
          {
            onMessage({ IDs }) {
              seen.push(IDs[0] ?? '');
              if (seen.length < 500) return;
              end();
              resolve();
            },
            onEnd: reject,
          },
        );
      });
      expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => String(i)));
      await expect.poll(() => left).toMatchObject({ code: 'CANCELLED' });
    });
  });

  it('tell the end of a stream with its reason', () =>
    withServer(
      {
        'Plugin/Watch': async function* () {
          await Promise.resolve();
          throw new RuntimeError('FAILED_PRECONDITION', 'not ready');
        },
      },
      async (client) => {
        const error = await new Promise((resolve) => client.stream('Plugin/Watch', {}, { onMessage: () => undefined, onEnd: resolve }));
        expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', message: 'not ready' });
      },
    ));
});
