import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { ConfigMap } from '@kybern/core/kinds';
import { parse as parseYaml } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDoor, type Answer, type Ask, type Door } from './wire.ts';

let door: Door;
beforeAll(async () => {
  door = await openDoor();
  for (const name of ['a', 'b', 'c']) await door.api.client.create(ConfigMap, { metadata: { name, namespace: 'default' }, data: { name } });
});
afterAll(() => door[Symbol.asyncDispose]());

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const JSON_BODY = { 'content-type': 'application/json' };

describe.each([
  { protocol: 'HTTP/1.1', ask: (path: string, how?: Ask): Promise<Answer> => door.http1(path, how) },
  { protocol: 'HTTP/2', ask: (path: string, how?: Ask): Promise<Answer> => door.http2(path, how) },
])('over $protocol', ({ ask }) => {
  it('answers in the form that is wanted', async () => {
    expect((await ask(`${CONFIG_MAPS}/a`)).json()).toMatchObject({ kind: 'ConfigMap', data: { name: 'a' } });
    const yaml = await ask(`${CONFIG_MAPS}/a`, { headers: { accept: 'application/yaml' } });
    expect(yaml.headers['content-type']).toBe('application/yaml');
    expect(parseYaml(yaml.text)).toMatchObject({ kind: 'ConfigMap', data: { name: 'a' } });
    expect((await ask(`${CONFIG_MAPS}/a?pretty=true`)).text).toMatch(/^\{\n {2}"/);
    expect((await ask(`${CONFIG_MAPS}/a`, { headers: { 'user-agent': 'curl/8' } })).text).toMatch(/^\{\n {2}"/);
    expect((await ask(`${CONFIG_MAPS}/a?pretty=0`, { headers: { 'user-agent': 'curl/8' } })).text).toMatch(/^\{"/);
  });

  it('answers with tables and with metadata alone', async () => {
    const table = (await ask(`${CONFIG_MAPS}?fieldSelector=metadata.name=a`, { headers: { accept: TABLE } })).json();
    expect(table).toMatchObject({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      rows: [{ cells: ['a', 1, expect.any(String)], object: { kind: 'PartialObjectMetadata', metadata: { name: 'a' } } }],
    });
    expect((await ask(`${CONFIG_MAPS}/a?includeObject=None`, { headers: { accept: TABLE } })).json()).toMatchObject({ rows: [{ object: null }] });
    expect((await ask(`${CONFIG_MAPS}/a?includeObject=Object`, { headers: { accept: TABLE } })).json()).toMatchObject({
      rows: [{ object: { data: { name: 'a' } } }],
    });
    expect((await ask(`${CONFIG_MAPS}/a?includeObject=All`, { headers: { accept: TABLE } })).code).toBe(400);
    const page = (await ask(`${CONFIG_MAPS}?limit=2`, { headers: { accept: TABLE } })).json();
    expect(page).toMatchObject({ metadata: { continue: expect.any(String) as string, remainingItemCount: expect.any(Number) as number } });
    const partial = { headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' } };
    const list = (await ask(CONFIG_MAPS, partial)).json();
    expect(list).toMatchObject({ kind: 'PartialObjectMetadataList' });
    expect(JSON.stringify(list)).not.toContain('"data"');
    expect((await ask('/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers', { headers: { accept: TABLE } })).json()).toMatchObject({ rows: [] });
  });

  it('takes YAML', async () => {
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: yaml-}\ndata: {a: b}\n';
    expect((await ask(CONFIG_MAPS, { method: 'POST', headers: { 'content-type': 'application/yaml' }, body })).json()).toMatchObject({ data: { a: 'b' } });
  });

  it('compresses what is long, when that is wanted', async () => {
    const long = await ask('/openapi/v3/api/v1', { headers: { 'accept-encoding': 'gzip' } });
    expect(long.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(long.bytes).toString())).toMatchObject({ openapi: '3.0.0' });
    expect((await ask('/openapi/v3/api/v1')).headers['content-encoding']).toBeUndefined();
    expect((await ask(`${CONFIG_MAPS}/a`, { headers: { 'accept-encoding': 'gzip' } })).headers['content-encoding']).toBeUndefined();
  });

  it('sends no body for HEAD', async () => {
    const head = await ask(`${CONFIG_MAPS}/a`, { method: 'HEAD' });
    expect({ code: head.code, length: head.bytes.length }).toEqual({ code: 200, length: 0 });
    expect(Number(head.headers['content-length'])).toBeGreaterThan(10);
  });

  it('warns of fields that it does not know', async () => {
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'w-' }, nothing: 1, 'zwölf "': 2 });
    const { code, headers } = await ask(`${CONFIG_MAPS}?fieldValidation=Warn`, { method: 'POST', headers: JSON_BODY, body });
    expect(code).toBe(201);
    expect(String(headers['warning'])).toMatch(/^299 - "unknown field \\"nothing\\""/);
  });

  it('warns of fields that are there twice, and refuses them when it is to be strict', async () => {
    const body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}';
    const post = (validation: string): ReturnType<typeof ask> =>
      ask(`${CONFIG_MAPS}?fieldValidation=${validation}`, { method: 'POST', headers: JSON_BODY, body });
    const strict = await post('Strict');
    expect(strict.code).toBe(400);
    expect(strict.json()).toMatchObject({
      message: 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a"',
    });
    const warned = await post('Warn');
    expect(warned.code).toBe(201);
    expect(String(warned.headers['warning'])).toBe('299 - "duplicate field \\"data.a\\""');
    expect(warned.json()).toMatchObject({ data: { a: '2' } });
    expect((await ask(`${CONFIG_MAPS}/twice`, { method: 'DELETE' })).code).toBe(200);
    expect((await post('Ignore')).headers['warning']).toBeUndefined();
    await ask(`${CONFIG_MAPS}/twice`, { method: 'DELETE' });
  });

  it.each<{ name: string; path: string; how?: Ask; code: number; reason: string }>([
    { name: 'an unknown path', path: '/nothing', code: 404, reason: 'NotFound' },
    { name: 'an unknown group', path: '/apis/example.com/v1/things', code: 404, reason: 'NotFound' },
    { name: 'an unknown object', path: `${CONFIG_MAPS}/nothing`, code: 404, reason: 'NotFound' },
    { name: 'an unknown subresource', path: `${CONFIG_MAPS}/a/scale`, code: 404, reason: 'NotFound' },
    { name: 'a method that is never served', path: CONFIG_MAPS, how: { method: 'PROPFIND' }, code: 405, reason: 'MethodNotAllowed' },
    {
      name: 'a method that the resource does not have',
      path: '/api/v1/componentstatuses',
      how: { method: 'POST', headers: JSON_BODY, body: '{}' },
      code: 405,
      reason: 'MethodNotAllowed',
    },
    { name: 'an unknown form', path: CONFIG_MAPS, how: { headers: { accept: 'image/png' } }, code: 406, reason: 'NotAcceptable' },
    { name: 'events in YAML', path: `${CONFIG_MAPS}?watch=1`, how: { headers: { accept: 'application/yaml' } }, code: 406, reason: 'NotAcceptable' },
    {
      name: 'an unknown form of body',
      path: CONFIG_MAPS,
      how: { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'a,b' },
      code: 415,
      reason: 'UnsupportedMediaType',
    },
    {
      name: 'an unknown form of patch',
      path: `${CONFIG_MAPS}/a`,
      how: { method: 'PATCH', headers: JSON_BODY, body: '{}' },
      code: 415,
      reason: 'UnsupportedMediaType',
    },
    {
      name: 'an inherited name as a form of patch',
      path: `${CONFIG_MAPS}/a`,
      how: { method: 'PATCH', headers: { 'content-type': 'constructor' }, body: '{}' },
      code: 415,
      reason: 'UnsupportedMediaType',
    },
    { name: 'a body that is not JSON', path: CONFIG_MAPS, how: { method: 'POST', headers: JSON_BODY, body: '{' }, code: 400, reason: 'BadRequest' },
    {
      name: 'a body that is not YAML',
      path: CONFIG_MAPS,
      how: { method: 'POST', headers: { 'content-type': 'application/yaml' }, body: 'a: [' },
      code: 400,
      reason: 'BadRequest',
    },
    {
      name: 'a body that is no protocol buffer',
      path: CONFIG_MAPS,
      how: { method: 'POST', headers: { 'content-type': 'application/vnd.kubernetes.protobuf' }, body: 'k8s\0xyz' },
      code: 400,
      reason: 'BadRequest',
    },
    {
      name: 'a body that is not UTF-8',
      path: CONFIG_MAPS,
      how: { method: 'POST', headers: JSON_BODY, body: Buffer.from([0x22, 0xff, 0x22]) },
      code: 400,
      reason: 'BadRequest',
    },
    { name: 'deep JSON', path: CONFIG_MAPS, how: { method: 'POST', headers: JSON_BODY, body: '['.repeat(100_000) }, code: 400, reason: 'BadRequest' },
    {
      name: 'deep YAML',
      path: CONFIG_MAPS,
      how: { method: 'POST', headers: { 'content-type': 'application/yaml' }, body: `a: ${'['.repeat(20_000)}` },
      code: 400,
      reason: 'BadRequest',
    },
    {
      name: 'YAML that grows',
      path: CONFIG_MAPS,
      how: {
        method: 'POST',
        headers: { 'content-type': 'application/yaml' },
        body: `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
          .split('')
          .map((key, i) => `${key}: &${key} [${`*${'abcdefgh'[i] ?? ''},`.repeat(9)}]`)
          .join('\n')}\n`,
      },
      code: 400,
      reason: 'BadRequest',
    },
    {
      name: 'deep patches',
      path: `${CONFIG_MAPS}/a`,
      how: { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' }, body: `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}` },
      code: 400,
      reason: 'BadRequest',
    },
    {
      name: 'a body of more than 3 MB',
      path: CONFIG_MAPS,
      how: { method: 'POST', headers: JSON_BODY, body: Buffer.alloc(4 * 1_048_576, 0x20) },
      code: 413,
      reason: 'RequestEntityTooLarge',
    },
    { name: 'a place to go on from that nobody gave', path: `${CONFIG_MAPS}?continue=nonsense`, code: 400, reason: 'BadRequest' },
    {
      name: 'a place to go on from elsewhere',
      path: `${CONFIG_MAPS}?continue=${Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"../x"}').toString('base64url')}`,
      code: 400,
      reason: 'BadRequest',
    },
    { name: 'a limit that is no number', path: `${CONFIG_MAPS}?limit=many`, code: 400, reason: 'BadRequest' },
    { name: 'a path that is not encoded right', path: `${CONFIG_MAPS}/%zz`, code: 400, reason: 'BadRequest' },
    { name: 'a selector that makes no sense', path: `${CONFIG_MAPS}?labelSelector=a%20b%20c`, code: 400, reason: 'BadRequest' },
    { name: 'a future state', path: `${CONFIG_MAPS}?resourceVersion=999999999`, code: 504, reason: 'Timeout' },
  ])('refuses $name with $code', async ({ path, how, code, reason }) => {
    const answer = await ask(path, how);
    expect({ code: answer.code, ...answer.json() }).toMatchObject({ code, kind: 'Status', apiVersion: 'v1', status: 'Failure', reason });
    expect(answer.headers['content-type']).toBe('application/json');
  });
});

describe('documents', () => {
  it('tell everything at once, or group by group', async () => {
    const aggregated = await door.http2('/apis', {
      headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json' },
    });
    expect(aggregated.headers['content-type']).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    const { items } = aggregated.json() as unknown as {
      items: { metadata: { name: string }; versions: { version: string; resources: { resource: string; subresources?: { subresource: string }[] }[] }[] }[];
    };
    const apps = items.find(({ metadata }) => metadata.name === 'apps');
    expect(apps?.versions[0]?.resources.find(({ resource }) => resource === 'deployments')?.subresources?.map(({ subresource }) => subresource)).toEqual(
      expect.arrayContaining(['scale', 'status']),
    );
    expect((await door.http2('/apis')).json()).toMatchObject({ kind: 'APIGroupList' });
    expect((await door.http2('/apis/apps')).json()).toMatchObject({ kind: 'APIGroup', preferredVersion: { version: 'v1' } });
    expect((await door.http2('/apis/apps/v1')).json()).toMatchObject({ kind: 'APIResourceList', groupVersion: 'apps/v1' });
  });

  it('can be kept', async () => {
    const index = (await door.http2('/openapi/v3')).json() as unknown as { paths: Record<string, { serverRelativeURL: string }> };
    const url = index.paths['apis/apps/v1']?.serverRelativeURL ?? '';
    const first = await door.http2(url);
    expect(first.headers['cache-control']).toContain('immutable');
    const again = await door.http2(url, { headers: { 'if-none-match': String(first.headers.etag) } });
    expect({ code: again.code, length: again.bytes.length }).toEqual({ code: 304, length: 0 });
    const stale = await door.http2('/openapi/v3/apis/apps/v1?hash=OLD');
    expect({ code: stale.code, location: stale.headers.location }).toEqual({ code: 301, location: url });
    expect((await door.http2('/openapi/v3/apis/nothing/v1')).code).toBe(404);
  });

  it('name no type that they do not have', async () => {
    const index = (await door.http2('/openapi/v3')).json() as unknown as { paths: Record<string, { serverRelativeURL: string }> };
    for (const { serverRelativeURL } of Object.values(index.paths)) {
      const { text } = await door.http2(serverRelativeURL);
      const { schemas } = (JSON.parse(text) as { components: { schemas: Record<string, unknown> } }).components;
      for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) expect(schemas).toHaveProperty([name]);
    }
    const { text } = await door.http2('/openapi/v2');
    const { definitions } = JSON.parse(text) as { definitions: Record<string, unknown> };
    for (const [, name = ''] of text.matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)) expect(definitions).toHaveProperty([name]);
  });

  it('come as protocol buffers to those who want them', async () => {
    const { headers, bytes } = await door.http2('/openapi/v2', { headers: { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' } });
    expect(headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    expect(bytes.subarray(0, 5)).toEqual(Buffer.from([0x0a, 3, 0x32, 0x2e, 0x30]));
  });
});

/** How it ends does not matter. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

describe('hostile clients', () => {
  const served = async (): Promise<number> => (await door.http1(`${CONFIG_MAPS}/a`)).code;

  it('that flood the headers are cut off', async () => {
    const socket = await door.socket();
    const closed = closeOf(socket);
    let text = '';
    socket.on('data', (data: Buffer) => (text += data.toString()));
    socket.write(`GET /api HTTP/1.1\r\nhost: a\r\n${`x: ${'y'.repeat(1000)}\r\n`.repeat(200)}\r\n`);
    await closed;
    expect(text).toMatch(/^(HTTP\/1\.1 431 |$)/);
    expect(await served()).toBe(200);
  });

  it('that flood the headers of HTTP/2 lose their stream only', async () => {
    const headers = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x-${String(i)}`, 'y'.repeat(200)]));
    await expect(door.http2('/api', { headers })).rejects.toThrow();
    expect(await served()).toBe(200);
  });

  it('that send nothing, or half a request, hold nobody up', async () => {
    const { port } = new URL(door.listener.url);
    const silent = connect(Number(port), '127.0.0.1');
    const half = await door.socket();
    half.write('POST /api/v1/namespaces HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{');
    expect(await served()).toBe(200);
    silent.destroy();
    half.destroy();
  });

  it('that do not speak HTTP are cut off', async () => {
    const socket = await door.socket();
    socket.resume();
    const closed = closeOf(socket);
    socket.write('\0\0\0\0 not http at all\r\n\r\n');
    await closed;
    expect(await served()).toBe(200);
  });

  it('that stop reading a watch are cut off, and the others are not', async () => {
    const socket = await door.socket();
    socket.write(`GET ${CONFIG_MAPS}?watch=1&resourceVersion=1 HTTP/1.1\r\nhost: a\r\n\r\n`);
    await once(socket, 'data');
    socket.pause();
    let over = false;
    const closed = closeOf(socket).then(() => (over = true));
    const data = { text: 'x'.repeat(700_000) };
    for (let i = 0; i < 60 && !over; i++)
      await door.api.client.update(ConfigMap, { metadata: { name: 'b', namespace: 'default' }, data: { ...data, i: String(i) } });
    socket.resume(); // a paused socket does not tell that it was closed
    await closed;
    expect(await served()).toBe(200);
  });
});
