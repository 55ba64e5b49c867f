import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { MutableJson } from '@kybern/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { spec, widgets, GROUP } from './custom-resource-fixtures.ts';
import { openDoor, type Door } from './wire.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const JSON_TYPE = { 'content-type': 'application/json' };

const columns = [
  { name: 'Color', type: 'string', jsonPath: '.spec.color' },
  { name: 'Size', type: 'integer', jsonPath: '.spec.size', priority: 1, description: 'How large' },
  { name: 'Born', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];
const versions = ['v1', 'v1beta1', 'v2alpha1'].map((name) => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: {
    openAPIV3Schema: spec({
      color: { type: 'string', description: 'What it looks like.' },
      size: { type: 'integer' },
      port: { 'x-kubernetes-int-or-string': true },
      free: { type: 'string', nullable: true },
    }),
  },
  additionalPrinterColumns: columns,
  subresources: { status: {} },
}));

describe('custom resources on the wire', () => {
  let door: Door;
  const json = async (path: string, headers: Record<string, string> = {}): Promise<MutableJson> => (await door.http2(path, { headers })).json();
  const post = (path: string, body: unknown): ReturnType<Door['http2']> => door.http2(path, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) });

  beforeAll(async () => {
    door = await openDoor();
    return () => door[Symbol.asyncDispose]();
  });

  it('appear in discovery and in the documents, whose hashes change with them', async () => {
    const before = await json('/openapi/v3');
    const v2Before = (await door.http2('/openapi/v2', { headers: { accept: 'application/json' } })).headers.etag;
    expect((await door.http2(`/apis/${GROUP}`)).code).toBe(404);
    const made = widgets({ type: 'object' }, { spec: { versions, names: { plural: 'widgets', kind: 'Widget', shortNames: ['wi'], categories: ['all'] } } });
    expect((await post(DEFINITIONS, made)).code).toBe(201);
    expect(await json(`/apis/${GROUP}`)).toMatchObject({
      kind: 'APIGroup',
      versions: [{ version: 'v1' }, { version: 'v1beta1' }, { version: 'v2alpha1' }],
      preferredVersion: { version: 'v1' },
    });
    expect(await json(`/apis/${GROUP}/v1`)).toMatchObject({
      resources: [
        { name: 'widgets', singularName: 'widget', kind: 'Widget', shortNames: ['wi'], categories: ['all'], namespaced: true },
        { name: 'widgets/status' },
      ],
    });
    const aggregated = await json('/apis', { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' });
    expect(aggregated.items.find(({ metadata }: MutableJson) => metadata.name === GROUP).versions.map(({ version }: MutableJson) => version)).toEqual([
      'v1',
      'v1beta1',
      'v2alpha1',
    ]);
    const after = await json('/openapi/v3');
    expect(after.paths['apis/apps/v1']).toEqual(before.paths['apis/apps/v1']);
    const document = await json(after.paths[`apis/${GROUP}/v1`].serverRelativeURL);
    const type = document.components.schemas['com.example.tools.v1.Widget'];
    expect(type).toMatchObject({
      'x-kubernetes-group-version-kind': [{ group: GROUP, version: 'v1', kind: 'Widget' }],
      properties: {
        spec: { properties: { color: { description: 'What it looks like.' }, port: { 'x-kubernetes-int-or-string': true }, free: { nullable: true } } },
      },
    });
    expect(Object.keys(document.paths[`/apis/${GROUP}/v1/namespaces/{namespace}/widgets/{name}`].patch.requestBody.content)).not.toContain(
      'application/strategic-merge-patch+json',
    );
    const v2 = await door.http2('/openapi/v2', { headers: { accept: 'application/json' } });
    expect(v2.headers.etag).not.toBe(v2Before);
    expect((v2.json() as MutableJson).definitions['com.example.tools.v1.Widget'].properties.spec.properties.free).toEqual({});
  });

  it('are printed as their definition says', async () => {
    const path = `/apis/${GROUP}/v1/namespaces/default/widgets`;
    expect((await post(path, { metadata: { name: 'a' }, spec: { color: 'red' } })).code).toBe(201);
    const table = await json(path, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    expect(table.columnDefinitions).toMatchObject([
      { name: 'Name', format: 'name' },
      { name: 'Color', type: 'string', priority: 0, description: 'Custom resource definition column (in JSONPath format): .spec.color' },
      { name: 'Size', type: 'integer', priority: 1, description: 'How large' },
      { name: 'Born', type: 'date' },
    ]);
    expect(table.rows[0].cells.slice(0, 3)).toEqual(['a', 'red', null]);
  });

  it('tell of unknown fields in a header, or refuse them', async () => {
    const path = `/apis/${GROUP}/v1/namespaces/default/widgets`;
    const body = { apiVersion: `${GROUP}/v1`, kind: 'Widget', metadata: { name: 'b' }, spec: { sky: 'blue' } };
    expect((await post(`${path}?fieldValidation=Warn&dryRun=All`, body)).headers['warning']).toContain('unknown field');
    expect(await post(`${path}?fieldValidation=Strict`, body)).toMatchObject({ code: 400 });
    expect((await post(`${path}?fieldValidation=Ignore&dryRun=All`, body)).headers['warning']).toBeUndefined();
  });

  it('take the patches that they can', async () => {
    const path = `/apis/${GROUP}/v1/namespaces/default/widgets/a`;
    const patch = (type: string): ReturnType<Door['http2']> =>
      door.http2(path, { method: 'PATCH', headers: { 'content-type': type }, body: '{"spec":{"size":2}}' });
    expect((await patch('application/strategic-merge-patch+json')).code).toBe(415);
    expect((await patch('application/merge-patch+json')).code).toBe(200);
    expect(await json(path.replace('/v1/', '/v1beta1/'))).toMatchObject({ apiVersion: `${GROUP}/v1beta1`, spec: { color: 'red', size: 2 } });
  });
});

it('a server without definitions loads nothing that they need', () => {
  const script = `
    const { createApiServer } = await import('@kybern/apiserver');
    const { CustomResourceDefinition } = await import('@kybern/core/kinds');
    const heavy = () => ['cel-js', 're2js', 'custom-model.', 'validate-definition.'].filter((part) => loaded.some((url) => url.includes(part)));
    await using api = await createApiServer();
    const before = heavy();
    const openAPIV3Schema = { type: 'object', 'x-kubernetes-validations': [{ rule: "self.kind != ''" }] };
    const names = { plural: 'widgets', kind: 'Widget' };
    const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }];
    await api.client.create(CustomResourceDefinition, { metadata: { name: 'widgets.a.example' }, spec: { group: 'a.example', scope: 'Cluster', names, versions } });
    console.log(JSON.stringify([before, heavy()]));`;
  const recorder = `
    import { registerHooks } from 'node:module';
    globalThis.loaded = [];
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });`;
  const hooks = `data:text/javascript,${encodeURIComponent(recorder)}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=@kybern/source', '--import', hooks, '--input-type=module', '-e', script], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
    timeout: 150_000,
  });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual([[], ['cel-js', 're2js', 'custom-model.', 'validate-definition.']]);
}, 180_000);
