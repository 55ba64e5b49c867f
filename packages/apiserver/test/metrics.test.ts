import { ConfigMap } from '@kybern/core/kinds';
import { createApiServer, tokenFileAuthenticator } from '@kybern/apiserver';
import { request } from 'node:https';
import { expect, it } from 'vitest';
import { openDoor } from './wire.ts';

it('tells Prometheus of requests, objects and the process', async () => {
  await using door = await openDoor();
  await door.api.client.create(ConfigMap, { metadata: { name: 'a', namespace: 'default' } });
  for (const name of ['a', 'a', 'nobody']) await door.http2(`/api/v1/namespaces/default/configmaps/${name}`);
  const { code, headers, text } = await door.http2('/metrics');
  expect(code).toBe(200);
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(text).toMatch(/^apiserver_request_total\{code="200",.*resource="configmaps",scope="resource",subresource="",verb="GET",version="v1"\} 2$/m);
  expect(text).toMatch(/^apiserver_request_total\{code="404",.*resource="configmaps".*\} 1$/m);
  expect(text).toMatch(/^apiserver_resource_objects\{group="",resource="namespaces"\} 4$/m);
  expect(text).toMatch(/^process_resident_memory_bytes \d{7,}$/m);
  expect(text).toMatch(/^process_cpu_seconds_total \d/m);
});

it('is for those who may', async () => {
  await using api = await createApiServer({ authenticators: [tokenFileAuthenticator('token,jane,1\nmonitor,prometheus,2,system:monitoring\n')] });
  const { url, certificateAuthority: ca } = await api.listen();
  const ask = (token: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = request(new URL('/metrics', url), { ca, headers: { authorization: `Bearer ${token}` } }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      });
      sent.on('error', reject);
      sent.end();
    });
  expect(await ask('token')).toBe(403);
  expect(await ask('monitor')).toBe(200);
});
