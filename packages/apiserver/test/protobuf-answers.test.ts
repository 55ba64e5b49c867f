import { Pod } from '@kybern/core/kinds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeMessage, openEnvelope } from '../src/http/protobuf/decode.ts';
import { readFieldTable } from '../src/http/protobuf/field-table.ts';
import { readFields } from '../src/http/protobuf/wire-reader.ts';
import { openDoor, type Answer, type Ask, type Door } from './wire.ts';

const PODS = '/api/v1/namespaces/default/pods';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const table = readFieldTable();
const headers = { accept: `${PROTOBUF},application/json` };

let door: Door;
beforeAll(async () => {
  door = await openDoor();
  for (const name of ['a', 'b']) {
    await door.api.client.create(Pod, { metadata: { name, namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'i' }] } }, { fieldManager: 'me' });
  }
});
afterAll(() => door[Symbol.asyncDispose]());

async function podIn(bytes: Buffer): Promise<Record<string, unknown>> {
  const { apiVersion, kind, raw } = openEnvelope(bytes);
  return { apiVersion, kind, ...decodeMessage(raw, (await Pod.model()).schema, table) };
}

describe.each([
  { protocol: 'HTTP/1.1', ask: (path: string, how?: Ask): Promise<Answer> => door.http1(path, how) },
  { protocol: 'HTTP/2', ask: (path: string, how?: Ask): Promise<Answer> => door.http2(path, how) },
])('protocol buffers over $protocol', ({ ask }) => {
  it('are the same object as JSON', async () => {
    const answer = await ask(`${PODS}/a`, { headers });
    expect(answer.headers['content-type']).toBe(PROTOBUF);
    const json = (await ask(`${PODS}/a`)).json();
    expect(await podIn(answer.bytes)).toEqual(json);
    expect(JSON.stringify(json)).toContain('"managedFields":[{"manager":"me"');
  });

  it('hold lists', async () => {
    const { headers: answered, bytes } = await ask(`${PODS}?limit=1`, { headers });
    expect(answered['content-type']).toBe(PROTOBUF);
    const { kind, raw } = openEnvelope(bytes);
    const fields = [...readFields(raw)];
    expect(kind).toBe('PodList');
    expect(fields.map(({ number }) => number)).toEqual([1, 2]);
    const { schema } = await Pod.model();
    expect(decodeMessage(fields[1]?.value as Buffer, schema, table)).toMatchObject({ metadata: { name: 'a' } });
  });

  it('hold events and bookmarks', async () => {
    const path = `${PODS}?watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
    const { headers: answered, bytes } = await ask(path, { headers });
    expect(answered['content-type']).toBe(`${PROTOBUF};stream=watch`);
    expect(eventsIn(bytes).map(({ type, kind }) => `${type} ${kind}`)).toEqual(['ADDED Pod', 'ADDED Pod', 'BOOKMARK Pod']);
  });

  it('are not what custom kinds, tables and errors come in', async () => {
    expect((await ask(`${PODS}/nobody`, { headers })).json()).toMatchObject({ kind: 'Status', reason: 'NotFound' });
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    expect((await ask(definitions, { headers })).json()).toMatchObject({ kind: 'CustomResourceDefinitionList' });
    expect((await ask(definitions, { headers: { accept: PROTOBUF } })).code).toBe(406);
    const table = `${PROTOBUF};as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1;g=meta.k8s.io`;
    expect((await ask(PODS, { headers: { accept: table } })).json()).toMatchObject({ kind: 'Table' });
  });
});

it('tells of a deletion with a Status', async () => {
  await door.api.client.create(Pod, { metadata: { name: 'gone', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  const { bytes } = await door.http2(`${PODS}/gone?gracePeriodSeconds=0`, { method: 'DELETE', headers });
  expect(openEnvelope(bytes)).toMatchObject({ apiVersion: 'v1', kind: 'Status' });
});

function eventsIn(bytes: Buffer): { readonly type: string; readonly kind: string }[] {
  const events = [];
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at)) {
    const [type, object] = [...readFields(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at)))];
    const [raw] = [...readFields(object?.value as Buffer)];
    events.push({ type: String(type?.value), kind: openEnvelope(raw?.value as Buffer).kind });
  }
  return events;
}
