import {
  condition,
  customResourceDefinition,
  defineKind,
  dynamicKind,
  isConditionTrue,
  isNotFound,
  type Client,
  type KubernetesObject,
  type MutableJson,
  type WatchEvent,
} from '@kybern/core';
import { createMemoryStore } from '@kybern/state';
import { describe, expect, it } from 'vitest';
import { createApiServer } from '../src/index.ts';
import { define, Definition, GROUP, spec, Widget, widget, widgets } from './custom-resource-fixtures.ts';
import { causesOf, rejection, startServer } from './fixtures.ts';

const SIMPLE = spec({ size: { type: 'integer', default: 1 }, color: { type: 'string' } });
const WITH_STATUS = { version: { subresources: { status: {} } } };

/** Reads until it is true; the server works on its own meanwhile. */
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('it did not come about');
}

const isGone = (client: Client, name = `widgets.${GROUP}`): Promise<boolean> =>
  client.get(Definition, name).then(
    () => false,
    (error: unknown) => isNotFound(error as Error),
  );

describe('a definition', () => {
  it('is established with its names, and its kind is served at once', async () => {
    await using server = await startServer();
    const made = await define(
      server.client,
      widgets(SIMPLE, { spec: { names: { plural: 'widgets', kind: 'Widget', shortNames: ['wi'], categories: ['all'] } } }),
    );
    expect(made.spec.names).toMatchObject({ singular: 'widget', listKind: 'WidgetList' });
    expect(made.status.acceptedNames).toEqual(made.spec.names);
    expect(made.status.storedVersions).toEqual(['v1']);
    expect(made.status.conditions.map(({ type, status }: MutableJson) => `${type} ${status}`)).toEqual(['NamesAccepted True', 'Established True']);
    expect(server.api.kinds.resolve('wi')).toMatchObject({ kind: 'Widget', version: 'v1' });
    expect(server.api.kinds.byCategory('all').map(({ kind }) => kind)).toContain('Widget');
    expect(await server.client.create(Widget, widget({ spec: {} }))).toMatchObject({ apiVersion: `${GROUP}/v1`, kind: 'Widget', spec: { size: 1 } });
  });

  it('waits for names that others have, and gets them when they are free', async () => {
    await using server = await startServer();
    await define(server.client, widgets(SIMPLE));
    const rival = widgets(SIMPLE, { spec: { names: { plural: 'others', singular: 'other', kind: 'Widget' } } });
    rival.metadata.name = `others.${GROUP}`;
    const made = await define(server.client, rival);
    expect(made.status.conditions).toMatchObject([
      { type: 'NamesAccepted', status: 'False', reason: 'ListKindConflict', message: '"WidgetList" is already in use' },
      { type: 'Established', status: 'False', reason: 'NotAccepted' },
    ]);
    expect(server.api.kinds.byResource(GROUP, 'v1', 'others')).toBeUndefined();
    await server.client.delete(Definition, `widgets.${GROUP}`);
    await until(() => server.api.kinds.byResource(GROUP, 'v1', 'others') !== undefined);
    expect(await server.client.get(Definition, rival.metadata.name)).toMatchObject({ status: { acceptedNames: { kind: 'Widget' } } });
  });

  it('keeps what objects rely on', async () => {
    await using server = await startServer();
    const made = await define(server.client, widgets(SIMPLE));
    const changed = structuredClone(made);
    changed.spec.scope = 'Cluster';
    changed.spec.names.kind = 'Gadget';
    changed.spec.versions = [{ ...made.spec.versions[0], name: 'v2' }];
    expect(await causesOf(server.client.update(Definition, changed))).toEqual([
      'spec.scope: Invalid value: "Cluster": field is immutable',
      'spec.names.kind: Invalid value: "Gadget": field is immutable',
      expect.stringContaining('status.storedVersions[0]: Invalid value: "v1": missing from spec.versions'),
    ]);
    const { resourceVersion: _, ...metadata } = made.metadata;
    expect(await causesOf(server.client.update(Definition, { ...made, metadata }))).toEqual([
      'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    ]);
  });

  it('counts its generation, and cannot have its status set but through the status', async () => {
    await using server = await startServer();
    const made = await define(server.client, widgets(SIMPLE));
    const patched = await server.client.patch(Definition, made.metadata.name, {
      type: 'merge',
      patch: { metadata: { labels: { a: 'b' } }, status: { storedVersions: ['x'] } },
    });
    expect(patched).toMatchObject({ metadata: { generation: 1 }, status: { storedVersions: ['v1'] } });
    const more = { spec: { names: { shortNames: ['wi'] } } };
    expect(await server.client.patch(Definition, made.metadata.name, { type: 'merge', patch: more })).toMatchObject({
      metadata: { generation: 2 },
      status: { acceptedNames: { shortNames: ['wi'] } },
    });
  });

  it('is removed together with its objects, those with finalizers last', async () => {
    await using server = await startServer();
    await define(server.client, widgets(SIMPLE));
    await server.client.create(Widget, widget({}));
    await server.client.create(Widget, { metadata: { name: 'held', finalizers: ['example.com/hold'] } } as never);
    const marked = (await server.client.delete(Definition, `widgets.${GROUP}`)) as MutableJson;
    expect(marked.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    await until(async () => (await server.client.list(Widget)).items.length === 1);
    expect((await server.client.get(Widget, 'held')).metadata.deletionTimestamp).toBeDefined();
    expect(await rejection(server.client.create(Widget, widget({}, 'late')))).toMatchObject({ code: 405 });
    expect(await server.client.get(Definition, `widgets.${GROUP}`)).toMatchObject({
      status: { conditions: expect.arrayContaining([expect.objectContaining({ type: 'Terminating', reason: 'InstanceDeletionInProgress' })]) },
    });
    await server.client.patch(Widget, 'held', { type: 'merge', patch: { metadata: { finalizers: [] } } });
    await until(() => isGone(server.client));
    expect(await rejection(server.client.list(Widget))).toMatchObject({ code: 404 });
    await define(server.client, widgets(SIMPLE));
    expect((await server.client.list(Widget)).items).toEqual([]);
  });

  it('that was never established goes too', async () => {
    await using server = await startServer();
    const made = widgets(SIMPLE, { spec: { names: { plural: 'widgets', kind: 'Widget', shortNames: ['pr'] } } });
    await define(server.client, made);
    await server.client.delete(Definition, made.metadata.name);
    await until(() => isGone(server.client));
    expect(server.api.kinds.resolve('widgets')).toBeUndefined();
  });

  it('ends the watches of its kind when it changes', async () => {
    await using server = await startServer();
    await define(server.client, widgets(SIMPLE));
    const seen: string[] = [];
    const ended = new Promise<void>((resolve, reject) => {
      server.client.watch(Widget).subscribe({ next: ({ type }) => seen.push(type), complete: resolve, error: reject });
    });
    await server.client.create(Widget, widget());
    await until(() => seen.length === 1);
    await server.client.patch(Definition, `widgets.${GROUP}`, { type: 'merge', patch: { spec: { names: { shortNames: ['wi'] } } } });
    await ended;
    expect(seen).toEqual(['ADDED']);
  });

  it('is found by a server that starts later, and by another one at work', async () => {
    await using state = createMemoryStore();
    await using first = await createApiServer({ state });
    await using second = await createApiServer({ state });
    await define(first.client, widgets(SIMPLE));
    await first.client.create(Widget, widget({ spec: { color: 'red' } }));
    expect(await second.client.get(Widget, 'a')).toMatchObject({ spec: { color: 'red', size: 1 } });
    await using third = await createApiServer({ state });
    expect(third.kinds.resolve('widget')).toBeDefined();
    expect(await third.client.get(Widget, 'a')).toMatchObject({ spec: { size: 1 } });
    await third.client.delete(Definition, `widgets.${GROUP}`);
    await until(() => isGone(first.client));
    expect(await rejection(second.client.get(Widget, 'a'))).toMatchObject({ code: 404 });
  });
});

describe('objects of a definition', () => {
  it('get the defaults that came after them when they are read', async () => {
    await using server = await startServer();
    await define(server.client, widgets(spec({ color: { type: 'string' } })));
    const before = await server.client.create(Widget, widget({ spec: { color: 'red' } }));
    expect(before['spec']).toEqual({ color: 'red' });
    const patch = [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema', value: SIMPLE }];
    await server.client.patch(Definition, `widgets.${GROUP}`, { type: 'json', patch } as never);
    const after = await server.client.get(Widget, 'a');
    expect(after['spec']).toEqual({ color: 'red', size: 1 });
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect(await server.client.get(Widget, 'a')).toBe(after);
    expect((await server.client.list(Widget)).items[0]).toBe(after);
  });

  it('look the same in all versions but for the name, less what a version does not know', async () => {
    await using server = await startServer();
    const versions = [
      { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: SIMPLE } },
      { name: 'v2beta1', served: true, storage: false, deprecated: true, schema: { openAPIV3Schema: spec({ color: { type: 'string' } }) } },
    ];
    await define(server.client, widgets(SIMPLE, { spec: { versions } }));
    const Beta = dynamicKind({ group: GROUP, version: 'v2beta1', kind: 'Widget' });
    await server.client.create(Beta, widget({ spec: { color: 'red', size: 7 } }));
    expect(await server.client.get(Widget, 'a')).toMatchObject({ apiVersion: `${GROUP}/v1`, spec: { color: 'red', size: 1 } });
    expect(await server.client.get(Beta, 'a')).toMatchObject({ apiVersion: `${GROUP}/v2beta1`, spec: { color: 'red' } });
    expect(((await server.client.get(Beta, 'a')) as MutableJson).spec.size).toBeUndefined();
    const answer = await server.api.execute({ verb: 'get', kind: Beta, namespace: 'default', name: 'a', user: { username: 'x', groups: ['system:masters'] } });
    expect(answer.warnings).toEqual([`${GROUP}/v2beta1 Widget is deprecated`]);
    expect(
      server.api.kinds
        .list()
        .filter(({ group }) => group === GROUP)
        .map(({ version }) => version),
    ).toEqual(['v1', 'v2beta1']);
  });

  it('are written anew in the version that is stored now, by an update that changes nothing', async () => {
    await using server = await startServer();
    const versions = (stored: string): object[] =>
      ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === stored, schema: { openAPIV3Schema: SIMPLE } }));
    await define(server.client, widgets(SIMPLE, { spec: { versions: versions('v1') } }));
    const made = await server.client.create(Widget, widget({ spec: {} }));
    await server.client.patch(Definition, `widgets.${GROUP}`, { type: 'merge', patch: { spec: { versions: versions('v2') } } as never });
    const moved = await server.client.update(Widget, made);
    expect(moved).toMatchObject({ apiVersion: `${GROUP}/v1`, spec: made['spec'] });
    expect(moved.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
    expect((await server.client.update(Widget, moved)).metadata.resourceVersion).toBe(moved.metadata.resourceVersion);
    expect(await server.client.get(Definition, `widgets.${GROUP}`)).toMatchObject({ status: { storedVersions: ['v1', 'v2'] } });
  });

  it('can be changed elsewhere when a new schema does not take them any more', async () => {
    await using server = await startServer();
    await define(server.client, widgets(SIMPLE));
    await server.client.create(Widget, widget({ spec: { color: 'red' } }));
    const stricter = spec({ size: { type: 'integer' }, color: { type: 'string', maxLength: 2 } });
    await server.client.patch(Definition, `widgets.${GROUP}`, {
      type: 'json',
      patch: [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema', value: stricter }],
    } as never);
    expect(await server.client.patch(Widget, 'a', { type: 'merge', patch: { spec: { size: 2 } } })).toMatchObject({ spec: { color: 'red', size: 2 } });
    expect(await causesOf(server.client.patch(Widget, 'a', { type: 'merge', patch: { spec: { color: 'blue' } } }))).toEqual([
      'spec.color: Too long: may not be more than 2 bytes',
    ]);
  });

  it('have a status of their own where there is a status subresource', async () => {
    await using server = await startServer();
    await define(server.client, widgets(SIMPLE, WITH_STATUS));
    const made = await server.client.create(Widget, widget({ spec: {}, status: { phase: 'x' } }));
    expect(made['status']).toBeUndefined();
    const patch = { spec: { size: 5 }, status: { phase: 'Ready' } };
    expect(await server.client.patch(Widget, 'a', { type: 'merge', patch }, { subresource: 'status' })).toMatchObject({
      metadata: { generation: 1 },
      spec: { size: 1 },
      status: { phase: 'Ready' },
    });
    expect(await causesOf(server.client.patch(Widget, 'a', { type: 'merge', patch: { status: { phase: 1 } } }, { subresource: 'status' }))).toEqual([
      'status.phase: Invalid value: "integer": status.phase in body must be of type string: "integer"',
    ]);
  });

  it('count all but metadata where there is none', async () => {
    await using server = await startServer();
    await define(server.client, widgets(SIMPLE));
    await server.client.create(Widget, widget({ spec: {}, status: { phase: 'x' } }));
    expect(await server.client.patch(Widget, 'a', { type: 'merge', patch: { status: { phase: 'y' } } })).toMatchObject({
      metadata: { generation: 2 },
      status: { phase: 'y' },
    });
    expect(await server.client.patch(Widget, 'a', { type: 'merge', patch: { metadata: { labels: { a: 'b' } } } })).toMatchObject({
      metadata: { generation: 2 },
    });
    expect(await rejection(server.client.patch(Widget, 'a', { type: 'merge', patch: {} }, { subresource: 'status' }))).toMatchObject({ code: 404 });
  });

  it('are selected by the fields that the definition names', async () => {
    await using server = await startServer();
    await define(server.client, widgets(SIMPLE, { version: { selectableFields: [{ jsonPath: '.spec.color' }] } }));
    await server.client.create(Widget, widget({ spec: { color: 'red' } }, 'a'));
    await server.client.create(Widget, widget({ spec: { color: 'blue' } }, 'b'));
    expect((await server.client.list(Widget, { fieldSelector: 'spec.color=red' } as never)).items.map(({ metadata }) => metadata.name)).toEqual(['a']);
    expect(await rejection(server.client.list(Widget, { fieldSelector: 'spec.size=1' } as never))).toMatchObject({ code: 400 });
    const seen: WatchEvent<KubernetesObject>['type'][] = [];
    server.client
      .watch(Widget, { fieldSelector: 'spec.color=red', resourceVersion: (await server.client.list(Widget)).metadata.resourceVersion } as never)
      .subscribe(({ type }) => seen.push(type));
    await server.client.patch(Widget, 'a', { type: 'merge', patch: { spec: { color: 'blue' } } });
    await until(() => seen.length === 1);
    expect(seen).toEqual(['DELETED']);
  });

  it('are applied list by list, as the schema says', async () => {
    await using server = await startServer();
    const ports = {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, port: { type: 'integer' } } },
    };
    await define(server.client, widgets(spec({ ports, tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' } })));
    const mine = widget({ spec: { ports: [{ name: 'a', port: 1 }], tags: ['x'] } });
    const yours = widget({ spec: { ports: [{ name: 'b', port: 2 }], tags: ['y'] } });
    await server.client.apply(Widget, mine, { fieldManager: 'me' });
    const both = (await server.client.apply(Widget, yours, { fieldManager: 'you' })) as MutableJson;
    expect(both.spec).toEqual({
      ports: [
        { name: 'a', port: 1 },
        { name: 'b', port: 2 },
      ],
      tags: ['x', 'y'],
    });
    expect(await rejection(server.client.apply(Widget, widget({ spec: { ports: [{ name: 'a', port: 9 }] } }), { fieldManager: 'you' }))).toMatchObject({
      code: 409,
    });
    const gone = (await server.client.apply(Widget, widget({ spec: {} }), { fieldManager: 'you' })) as MutableJson;
    expect(gone.spec).toEqual({ ports: [{ name: 'a', port: 1 }], tags: ['x'] });
    expect(await causesOf(server.client.create(Widget, widget({ spec: { ports: [{ name: 'a' }, { name: 'a' }], tags: ['x', 'x'] } }, 'twice')))).toEqual([
      'spec.ports[1]: Duplicate value: {"name":"a"}',
      'spec.tags[1]: Duplicate value: "x"',
    ]);
  });

  it('take no strategic merge patch, and no update without a resourceVersion', async () => {
    await using server = await startServer();
    await define(server.client, widgets(SIMPLE));
    const made = await server.client.create(Widget, widget({ spec: {} }));
    expect(await rejection(server.client.patch(Widget, 'a', { type: 'strategic', patch: {} }))).toMatchObject({ code: 415 });
    const { resourceVersion: _, ...metadata } = made.metadata;
    expect(await causesOf(server.client.update(Widget, { ...made, metadata } as never))).toHaveLength(1);
  });

  it('may have fields of any name', async () => {
    await using server = await startServer();
    const open = spec({ any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } });
    await define(server.client, widgets(open));
    const text = '{"metadata":{"name":"a"},"spec":{"any":{"__proto__":{"polluted":true},"constructor":{"prototype":1}},"__proto__":{"size":1}}}';
    const made = await server.client.create(Widget, JSON.parse(text) as never);
    expect(JSON.stringify(made['spec'])).toBe('{"any":{"__proto__":{"polluted":true},"constructor":{"prototype":1}}}');
    expect(({} as MutableJson).polluted).toBeUndefined();
    expect(await rejection(server.client.create(Widget, JSON.parse(text) as never, { fieldValidation: 'Strict' }))).toMatchObject({
      code: 400,
      message: expect.stringContaining('strict decoding error: unknown field "spec.__proto__"'),
    });
  });

  it('obey rules that see what was before', async () => {
    await using server = await startServer();
    const rules = [
      { rule: 'self.size >= oldSelf.size', message: 'size may only grow', fieldPath: '.size' },
      { rule: "!has(self.color) || self.color.matches('^[a-z]+$')" },
    ];
    await define(
      server.client,
      widgets(spec({ size: { type: 'integer', default: 1 }, color: { type: 'string' } }, { 'x-kubernetes-validations': rules } as never)),
    );
    await server.client.create(Widget, widget({ spec: { size: 5 } }));
    expect(await causesOf(server.client.patch(Widget, 'a', { type: 'merge', patch: { spec: { size: 4 } } }))).toEqual([
      'spec.size: Invalid value: "object": size may only grow',
    ]);
    expect(await causesOf(server.client.create(Widget, widget({ spec: { color: 'RED' } }, 'b')))).toHaveLength(1);
    expect(await causesOf(server.client.create(Widget, widget({ spec: { color: 1 } }, 'b')))).toEqual([
      'spec.color: Invalid value: "integer": spec.color in body must be of type string: "integer"',
      expect.stringContaining('some validation rules were not checked'),
    ]);
  });

  it('scale by the paths of the definition', async () => {
    await using server = await startServer();
    const scale = { specReplicasPath: '.spec.shape.count', statusReplicasPath: '.status.count', labelSelectorPath: '.status.selector' };
    const schema = spec({ shape: { type: 'object', properties: { count: { type: 'integer', maximum: 9 } } } });
    (schema.properties as MutableJson).status.properties = { count: { type: 'integer' }, selector: { type: 'string' } };
    await define(server.client, widgets(schema, { version: { subresources: { status: {}, scale } } }));
    await server.client.create(Widget, widget({ spec: { shape: { count: 2 } } }));
    await server.client.patch(Widget, 'a', { type: 'merge', patch: { status: { count: 1, selector: 'app=a' } } }, { subresource: 'status' });
    expect(await server.client.get(Widget, 'a', { subresource: 'scale' } as never)).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 2 },
      status: { replicas: 1, selector: 'app=a' },
    });
    await server.client.patch(Widget, 'a', { type: 'merge', patch: { spec: { replicas: 3 } } }, { subresource: 'scale' });
    expect(await server.client.get(Widget, 'a')).toMatchObject({ metadata: { generation: 2 }, spec: { shape: { count: 3 } } });
    expect(await rejection(server.client.patch(Widget, 'a', { type: 'merge', patch: { spec: { replicas: 10 } } }, { subresource: 'scale' }))).toMatchObject({
      code: 422,
    });
  });
});

it('a definition made of a kind of one’s own serves that kind as if it had been given at the start', async () => {
  const Site = defineKind({
    group: 'sites.example.com',
    version: 'v1',
    kind: 'Site',
    scope: 'Cluster',
    spec: {
      type: 'object',
      required: ['domain'],
      properties: { domain: { type: 'string', minLength: 3 }, replicas: { type: 'integer', default: 1 }, port: { 'x-kubernetes-int-or-string': true } },
    },
    status: { type: 'object', properties: { url: { type: 'string' } } },
  });
  await using server = await startServer();
  await define(server.client, await customResourceDefinition(Site as never));
  const site = await server.client.create(Site, { metadata: { name: 'a' }, spec: { domain: 'example.com' } });
  expect(site.spec).toEqual({ domain: 'example.com', replicas: 1 });
  expect(await causesOf(server.client.create(Site, { metadata: { name: 'b' }, spec: { domain: 'x' } }))).toHaveLength(1);
  const updated = await server.client.mutateStatus(Site, 'a', (draft) => {
    draft.status.url = 'https://example.com';
    condition(draft, 'Ready', true);
  });
  expect(isConditionTrue(updated, 'Ready')).toBe(true);
});
