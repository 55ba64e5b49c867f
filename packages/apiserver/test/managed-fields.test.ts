import { isConflict, LAST_APPLIED_ANNOTATION, type Kind, type KubernetesObject, type ManagedFieldsEntry, type WatchEvent } from '@kybern/core';
import { ConfigMap, Deployment, Pod } from '@kybern/core/kinds';
import { HorizontalPodAutoscaler } from '@kybern/core/kinds/autoscaling-v1';
import { createFakeClock } from '@kybern/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createApiServer } from '@kybern/apiserver';
import { createMemoryStore } from '@kybern/state';
import { rejection } from './fixtures.ts';

const server = () => createApiServer({ clock: createFakeClock() });
const web = (image = 'nginx:1') => {
  const labels = { app: 'web' };
  return {
    metadata: { name: 'web' },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'nginx', image }] } } },
  };
};
const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'main', image: 'x' }] } };
const entries = ({ metadata }: KubernetesObject): readonly ManagedFieldsEntry[] => metadata.managedFields ?? [];
const fieldsOf = (object: KubernetesObject, manager: string, subresource?: string): unknown =>
  entries(object).find((entry) => entry.manager === manager && entry.subresource === subresource)?.fieldsV1;

describe('managedFields', () => {
  it('of a create are those that Kubernetes notes, in its order', async () => {
    await using api = await server();
    const created = await api.client.create(Deployment, web(), { fieldManager: 'kubectl-create', managedFields: true });
    expect(JSON.stringify(entries(created))).toBe(
      JSON.stringify([
        {
          manager: 'kubectl-create',
          operation: 'Update',
          apiVersion: 'apps/v1',
          time: '2026-01-01T00:00:00Z',
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:spec': {
              'f:progressDeadlineSeconds': {},
              'f:replicas': {},
              'f:revisionHistoryLimit': {},
              'f:selector': {},
              'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {}, 'f:maxUnavailable': {} }, 'f:type': {} },
              'f:template': {
                'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
                'f:spec': {
                  'f:containers': {
                    'k:{"name":"nginx"}': {
                      '.': {},
                      'f:image': {},
                      'f:imagePullPolicy': {},
                      'f:name': {},
                      'f:resources': {},
                      'f:terminationMessagePath': {},
                      'f:terminationMessagePolicy': {},
                    },
                  },
                  'f:dnsPolicy': {},
                  'f:restartPolicy': {},
                  'f:schedulerName': {},
                  'f:securityContext': {},
                  'f:terminationGracePeriodSeconds': {},
                },
              },
            },
          },
        },
      ]),
    );
  });

  it('are not kept in objects, which remain plain data', async () => {
    await using api = await server();
    const created = await api.client.create(Pod, pod);
    expect(created.metadata.managedFields).toBeUndefined();
    expect(Reflect.ownKeys(created)).toEqual(Object.keys(created));
    expect((await api.client.get(Pod, 'p', { managedFields: true })).metadata.managedFields).toHaveLength(1);
    expect(await api.client.get(Pod, 'p')).toBe(await api.client.get(Pod, 'p'));
  });

  it('have nothing that the system filled in', async () => {
    await using api = await server();
    await api.client.create(Pod, pod, { fieldManager: 'me' });
    await api.client.createSubresource(Pod, 'p', 'binding', { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } }, { fieldManager: 'scheduler' });
    const found = await api.client.get(Pod, 'p', { managedFields: true });
    expect(found.spec).toMatchObject({ serviceAccountName: 'default', nodeName: 'n' });
    expect(entries(found).map(({ manager }) => manager)).toEqual(['me']);
    const spec = (fieldsOf(found, 'me') as Record<string, object>)['f:spec'] ?? {};
    expect(Object.keys(spec)).toContain('f:restartPolicy');
    for (const field of ['serviceAccountName', 'tolerations', 'priority', 'nodeName']) expect(Object.keys(spec)).not.toContain(`f:${field}`);
    expect(fieldsOf(found, 'me')).not.toHaveProperty('f:status');
  });

  it('say who wrote what of custom kinds, too, and survive in a store that another server takes over', async () => {
    const state = createMemoryStore();
    {
      await using api = await createApiServer({ state });
      await api.client.apply(ConfigMap, { metadata: { name: 'a' }, data: { k: '1' } }, { fieldManager: 'me' });
    }
    await using other = await createApiServer({ state });
    expect(fieldsOf(await other.client.get(ConfigMap, 'a', { managedFields: true }), 'me')).toEqual({ 'f:data': { 'f:k': {} } });
    await using forked = await createApiServer({ state: state.fork() });
    expect(isConflict(await rejection(forked.client.apply(ConfigMap, { metadata: { name: 'a' }, data: { k: '2' } }, { fieldManager: 'you' })))).toBe(true);
  });

  it('come with the events of a watch, also with the last', async () => {
    await using api = await server();
    const events: WatchEvent<ConfigMap>[] = [];
    const last: WatchEvent<ConfigMap>[] = [];
    const created = await api.client.create(ConfigMap, { metadata: { name: 'a', labels: { l: '1' } }, data: { k: '1' } }, { fieldManager: 'me' });
    const from = { namespace: 'default', resourceVersion: created.metadata.resourceVersion ?? '', managedFields: true };
    api.client.watch(ConfigMap, from).subscribe((event) => events.push(event));
    api.client.watch(ConfigMap, { ...from, labels: { l: '1' } }).subscribe((event) => last.push(event));
    await api.client.patch(ConfigMap, 'a', { type: 'merge', patch: { metadata: { labels: { l: '2' } } } }, { fieldManager: 'you' });
    await api.client.delete(ConfigMap, 'a');
    await new Promise((resolve) => setImmediate(resolve));
    const managers = (all: readonly WatchEvent<ConfigMap>[]) =>
      all.map((event) =>
        event.type === 'BOOKMARK'
          ? ''
          : `${event.type} ${entries(event.object)
              .map(({ manager }) => manager)
              .join()}`,
      );
    expect(managers(events)).toEqual(['MODIFIED me,you', 'DELETED me,you']);
    expect(managers(last)).toEqual(['DELETED me']);
  });

  it('of a scale are those of the object that is scaled', async () => {
    await using api = await server();
    await api.client.apply(Deployment, web(), { fieldManager: 'me' });
    const scale = (replicas: number) => ({ apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'web' }, spec: { replicas } });
    const request = {
      verb: 'patch',
      kind: Deployment as unknown as Kind,
      namespace: 'default',
      name: 'web',
      subresource: 'scale',
      user: { username: 'x', groups: ['system:masters'] },
    } as const;
    const answer = await api.execute({ ...request, patchType: 'apply', body: scale(3), options: { fieldManager: 'hpa', force: true } });
    expect(answer).toMatchObject({ object: { kind: 'Scale', spec: { replicas: 3 } } });
    const found = await api.client.get(Deployment, 'web', { managedFields: true });
    expect(fieldsOf(found, 'hpa', 'scale')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(found.spec.replicas).toBe(3);
    const conflict = await rejection(api.client.apply(Deployment, { ...web(), spec: { ...web().spec, replicas: 1 } }, { fieldManager: 'me' }));
    expect(conflict.message).toBe('Apply failed with 1 conflict: conflict with "hpa" with subresource "scale": .spec.replicas');
  });

  it('are about the API version through which somebody wrote', async () => {
    await using api = await server();
    const autoscaler = {
      metadata: { name: 'a' },
      spec: { maxReplicas: 3, targetCPUUtilizationPercentage: 50, scaleTargetRef: { kind: 'Deployment', name: 'web' } },
    };
    await api.client.create(HorizontalPodAutoscaler, autoscaler, { fieldManager: 'me' });
    const found = await api.client.get(HorizontalPodAutoscaler, 'a', { managedFields: true });
    const dry = await api.client.create(
      HorizontalPodAutoscaler,
      { ...autoscaler, metadata: { name: 'b' } },
      { fieldManager: 'me', dryRun: true, managedFields: true },
    );
    expect(entries(dry)).toEqual(entries(found));
    expect(entries(found)).toMatchObject([{ apiVersion: 'autoscaling/v1', fieldsV1: { 'f:spec': { 'f:targetCPUUtilizationPercentage': {} } } }]);
  });

  it('are the same whether somebody asks after every write or only at the end', async () => {
    const write = fc.record({
      manager: fc.constantFrom('a', 'b', 'c'),
      data: fc.dictionary(fc.constantFrom('k', 'l', 'm'), fc.constantFrom('1', '2'), { maxKeys: 3 }),
      applies: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 30 }), async (writes) => {
        await using curious = await server();
        await using patient = await server();
        for (const { manager: fieldManager, data, applies } of writes) {
          for (const { client } of [curious, patient]) {
            const object = { metadata: { name: 'a' }, data: { ...data } };
            if (applies) await client.apply(ConfigMap, object, { fieldManager, force: true });
            else await client.update(ConfigMap, object, { fieldManager }).catch(() => client.create(ConfigMap, object, { fieldManager }));
          }
          await curious.client.get(ConfigMap, 'a', { managedFields: true });
        }
        const [one, two] = await Promise.all([curious, patient].map(({ client }) => client.get(ConfigMap, 'a', { managedFields: true })));
        expect(entries(one as ConfigMap)).toEqual(entries(two as ConfigMap));
        expect(one?.metadata.resourceVersion).toBe(two?.metadata.resourceVersion);
      }),
      { numRuns: 30 },
    );
  });

  it('of many objects and many writes are closed and opened again without loss', async () => {
    await using api = await server();
    const names = Array.from({ length: 1200 }, (_, i) => `c-${i}`);
    for (const name of names) await api.client.apply(ConfigMap, { metadata: { name }, data: { [name]: '1' } }, { fieldManager: 'me' });
    for (let i = 0; i < 200; i++)
      await api.client.patch(ConfigMap, 'c-0', { type: 'merge', patch: { data: { [`k-${i}`]: '1' } } }, { fieldManager: `m-${i % 3}` });
    for (const name of names.slice(1))
      expect(fieldsOf(await api.client.get(ConfigMap, name, { managedFields: true }), 'me')).toEqual({ 'f:data': { [`f:${name}`]: {} } });
    const busy = await api.client.get(ConfigMap, 'c-0', { managedFields: true });
    expect(entries(busy).map(({ manager }) => manager)).toEqual(['me', 'm-0', 'm-1', 'm-2']);
    expect(Object.keys((fieldsOf(busy, 'm-0') as { 'f:data': object })['f:data'])).toHaveLength(67);
  });
});

describe('kubectl', () => {
  it('goes from applying on its side to applying on the server', async () => {
    await using api = await server();
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' }, data: { k: '1', l: '1' } };
    const annotations = { [LAST_APPLIED_ANNOTATION]: JSON.stringify(manifest) };
    await api.client.create(ConfigMap, { ...manifest, metadata: { ...manifest.metadata, annotations } } as never, {
      fieldManager: 'kubectl-client-side-apply',
    });
    const next = { ...manifest, data: { k: '2', l: '1' } };
    expect(isConflict(await rejection(api.client.apply(ConfigMap, next as never, { fieldManager: 'somebody' })))).toBe(true);
    const applied = await api.client.apply(ConfigMap, next as never, { fieldManager: 'kubectl' });
    expect(applied.data).toEqual({ k: '2', l: '1' });
    expect(JSON.parse(applied.metadata.annotations?.[LAST_APPLIED_ANNOTATION] ?? '')).toMatchObject({ data: { k: '2', l: '1' } });
  });
});

describe('an apply', () => {
  it.each([
    {
      name: 'another API version',
      body: { apiVersion: 'v2' },
      code: 400,
      message: 'Incorrect version specified in apply patch. Specified patch version: v2, expected: v1',
    },
    { name: 'managedFields', body: { metadata: { name: 'a', managedFields: [] } }, code: 400, message: 'metadata.managedFields must be nil' },
    { name: 'another name', body: { metadata: { name: 'b' } }, code: 400, message: 'the name of the object (b) does not match the name on the URL (a)' },
    {
      name: 'a field that there is not',
      body: { dada: {} },
      code: 400,
      message: 'failed to create typed patch object (/a; v1, Kind=ConfigMap): .dada: field not declared in schema',
    },
    {
      name: 'a value of the wrong type',
      body: { data: { k: 1 } },
      code: 400,
      message: 'cannot unmarshal number into Go struct field ConfigMap.data of type string',
    },
    { name: 'no object', body: [], code: 400, message: 'not an object' },
  ])('is refused with $name', async ({ body, code, message }) => {
    await using api = await server();
    const request = {
      verb: 'patch',
      kind: ConfigMap as unknown as Kind,
      namespace: 'default',
      name: 'a',
      user: { username: 'x', groups: ['system:masters'] },
      patchType: 'apply',
    } as const;
    const whole = Array.isArray(body) ? body : { metadata: { name: 'a' }, ...body };
    const error = await rejection(api.execute({ ...request, body: whole, options: { fieldManager: 'me' } }));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it.each([
    { name: 'nobody', options: {}, message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch' },
    { name: 'too long a name', options: { fieldManager: 'x'.repeat(129) }, message: 'fieldManager: Too long' },
    { name: 'a name that cannot be printed', options: { fieldManager: 'a\n' }, message: 'invalid character U+000A (at position 1)' },
  ])('is refused by $name', async ({ options, message }) => {
    await using api = await server();
    const request = {
      verb: 'patch',
      kind: ConfigMap as unknown as Kind,
      namespace: 'default',
      name: 'a',
      user: { username: 'x', groups: ['system:masters'] },
      patchType: 'apply',
    } as const;
    const error = await rejection(api.execute({ ...request, body: { metadata: { name: 'a' } }, options }));
    expect(error.code).toBe(422);
    expect(error.message).toContain(message);
  });

  it('of a subresource does not create the object, and other patches have no force', async () => {
    await using api = await server();
    expect(
      (await rejection(api.client.apply(Deployment, { metadata: { name: 'web' }, status: { replicas: 1 } }, { fieldManager: 'me', subresource: 'status' })))
        .code,
    ).toBe(404);
    const request = {
      verb: 'patch',
      kind: ConfigMap as unknown as Kind,
      namespace: 'default',
      name: 'a',
      user: { username: 'x', groups: ['system:masters'] },
      patchType: 'merge',
    } as const;
    expect((await rejection(api.execute({ ...request, body: {}, options: { force: true } }))).message).toContain(
      'force: Forbidden: may not be specified for non-apply patch',
    );
  });

  it('needs the right to create where it creates', async () => {
    await using api = await createApiServer({
      authorizer: { authorize: ({ verb, user }) => ({ decision: user.username === 'patcher' && verb === 'create' ? 'Deny' : 'Allow' }) },
    });
    const client = api.clientFor({ username: 'patcher' });
    expect((await rejection(client.apply(ConfigMap, { metadata: { name: 'a' }, data: {} }, { fieldManager: 'me' }))).code).toBe(403);
    await api.client.create(ConfigMap, { metadata: { name: 'a' } });
    expect((await client.apply(ConfigMap, { metadata: { name: 'a' }, data: { k: '1' } }, { fieldManager: 'me' })).data).toEqual({ k: '1' });
  });
});
