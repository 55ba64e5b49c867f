import { createFakeClock } from '@kybern/core/testing';
import { isConflict, type IdSource } from '@kybern/core';
import { ConfigMap, Deployment, Endpoints, Event, HorizontalPodAutoscaler, Job, Pod, ReplicationController, Secret } from '@kybern/core/kinds';
import { HorizontalPodAutoscaler as V1Autoscaler } from '@kybern/core/kinds/autoscaling-v1';
import { describe, expect, it } from 'vitest';
import { EventsV1Event } from './kinds.ts';
import { causesOf, changed, loose, rejection, startServer, VALID } from './fixtures.ts';

describe('optimistic concurrency', () => {
  it('loses no write of many writers', async () => {
    await using server = await startServer();
    const { client } = server;
    await client.create(ConfigMap, { metadata: { name: 'counter' }, data: { n: '0' } });
    const writer = async (): Promise<void> => {
      for (let done = 0; done < 10; ) {
        const read = await client.get(ConfigMap, 'counter');
        try {
          await client.update(ConfigMap, { ...read, data: { n: String(Number(read.data?.['n']) + 1) } });
          done += 1;
        } catch (error) {
          if (!isConflict(error)) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: 20 }, writer));
    expect((await client.get(ConfigMap, 'counter')).data).toEqual({ n: '200' });
  });

  it('merges the patches of many writers', async () => {
    await using server = await startServer();
    await server.client.create(ConfigMap, { metadata: { name: 'a' } });
    await Promise.all(Array.from({ length: 5 }, (_, i) => server.client.patch(ConfigMap, 'a', { type: 'merge', patch: { data: { [`k${i}`]: 'v' } } })));
    expect(Object.keys((await server.client.get(ConfigMap, 'a')).data ?? {}).sort()).toEqual(['k0', 'k1', 'k2', 'k3', 'k4']);
  });

  it('lets many replace what they do not name the state of', async () => {
    await using server = await startServer();
    await server.client.create(ConfigMap, { metadata: { name: 'a' } });
    await Promise.all(Array.from({ length: 30 }, (_, i) => server.client.update(ConfigMap, { metadata: { name: 'a' }, data: { last: String(i) } })));
    const late = await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) => server.client.patch(ConfigMap, 'a', { type: 'merge', patch: { data: { [`k${i}`]: '' } } })),
    );
    for (const result of late) if (result.status === 'rejected') expect(isConflict(result.reason)).toBe(true);
  });

  it('lets one of many creates win', async () => {
    await using server = await startServer();
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => server.client.create(ConfigMap, { metadata: { name: 'a' } })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('names that the server makes', () => {
  it('are tried again when they are taken', async () => {
    const suffixes = ['aaaaa', 'aaaaa', 'aaaaa', 'bbbbb'];
    const ids: IdSource = { uid: () => crypto.randomUUID(), suffix: () => suffixes.shift() ?? 'ccccc' };
    await using server = await startServer({ ids });
    const create = (): Promise<ConfigMap> => server.client.create(ConfigMap, { metadata: { generateName: 'a-' } });
    expect((await create()).metadata).toMatchObject({ name: 'a-aaaaa', generateName: 'a-' });
    expect((await create()).metadata.name).toBe('a-bbbbb');
  });

  it('give up in the end', async () => {
    await using server = await startServer({ ids: { uid: () => crypto.randomUUID(), suffix: () => 'aaaaa' } });
    const create = (): Promise<ConfigMap> => server.client.create(ConfigMap, { metadata: { generateName: 'a-' } });
    await create();
    expect(await rejection(create())).toMatchObject({
      reason: 'AlreadyExists',
      message: 'configmaps "a-aaaaa" already exists, the server was not able to generate a unique name for the object',
      details: { retryAfterSeconds: 1 },
    });
  });

  it('keep to 63 characters', async () => {
    await using server = await startServer();
    expect((await server.client.create(ConfigMap, { metadata: { generateName: 'x'.repeat(80) } })).metadata.name).toMatch(/^x{58}[a-z0-9]{5}$/);
    expect(await causesOf(server.client.create(ConfigMap, { metadata: { generateName: 'X-' } }))).toHaveLength(2);
  });
});

describe('bodies', () => {
  it('may hold any key', async () => {
    await using server = await startServer();
    const data = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}') as Record<string, string>;
    const created = await server.client.create(ConfigMap, { metadata: { name: 'a', annotations: { constructor: 'x' } as Record<string, string> }, data });
    expect(Object.keys(created.data ?? {})).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Object.getPrototypeOf(created.data)).toBe(Object.prototype);
    const updated = await server.client.patch(ConfigMap, 'a', { type: 'merge', patch: JSON.parse('{"data":{"__proto__":"z"}}') as never });
    expect(Object.entries(updated.data ?? {})[0]).toEqual(['__proto__', 'z']);
    expect(({} as Record<string, unknown>)['z']).toBeUndefined();
  });

  it.each([
    { name: 'no object', body: [] },
    { name: 'of another kind', body: { kind: 'Pod', metadata: { name: 'a' } } },
    { name: 'of another version', body: { apiVersion: 'v2', metadata: { name: 'a' } } },
    { name: 'in another namespace', body: { metadata: { name: 'a', namespace: 'other' } } },
    { name: 'with metadata that is none', body: { metadata: 'a' } },
    { name: 'not JSON', body: { metadata: { name: 'a' }, data: { f: () => 1 } } },
    { name: 'not a number', body: { metadata: { name: 'a', generation: NaN } } },
  ])('that are $name are refused', async ({ body }) => {
    await using server = await startServer();
    const error = await rejection(
      server.api.execute({ verb: 'create', kind: loose(ConfigMap), namespace: 'default', body, user: { username: 'u', groups: ['system:masters'] } }),
    );
    expect(error.code).toBe(400);
  });

  it('may be cyclic or too deep without harm', async () => {
    await using server = await startServer();
    const cyclic: Record<string, unknown> = { metadata: { name: 'a' } };
    cyclic['data'] = cyclic;
    expect((await rejection(server.client.create(loose(ConfigMap), cyclic as never))).code).toBe(400);
  });

  it('lose nulls, and what is empty in metadata', async () => {
    await using server = await startServer();
    const created = await server.client.create(loose(ConfigMap), {
      metadata: { name: 'a', creationTimestamp: null, labels: {}, finalizers: [], annotations: { a: 'b' } },
      data: null,
    } as never);
    expect(created).not.toHaveProperty('data');
    expect(Object.keys(created.metadata)).toEqual(['name', 'namespace', 'uid', 'creationTimestamp', 'annotations', 'resourceVersion']);
  });
});

describe('Secrets', () => {
  it('take plain text, and keep it encoded', async () => {
    await using server = await startServer();
    const created = await server.client.create(Secret, { metadata: { name: 'a' }, data: { a: 'YQ==', b: 'Yg==' }, stringData: { b: 'grüße', c: '' } });
    expect(created).toMatchObject({ type: 'Opaque', data: { a: 'YQ==', b: 'Z3LDvMOfZQ==', c: '' } });
    expect(created).not.toHaveProperty('stringData');
    expect((await server.client.patch(Secret, 'a', { type: 'merge', patch: { stringData: { a: 'x' } } })).data).toMatchObject({ a: 'eA==', c: '' });
  });
});

describe('Jobs', () => {
  it('select their own Pods', async () => {
    await using server = await startServer();
    const created = await server.client.create(Job, VALID.Job as never);
    const { uid } = created.metadata;
    expect(created.spec.selector).toEqual({ matchLabels: { 'batch.kubernetes.io/controller-uid': uid } });
    expect(created.spec.template.metadata?.labels).toEqual({
      'batch.kubernetes.io/controller-uid': uid,
      'controller-uid': uid,
      'batch.kubernetes.io/job-name': 'web',
      'job-name': 'web',
    });
  });
});

describe('scale', () => {
  it('shows and sets replicas of whatever has them', async () => {
    await using server = await startServer();
    const { client } = server;
    await client.create(Deployment, VALID.Deployment);
    await client.create(ReplicationController, VALID.ReplicationController);
    expect(await client.get(loose(ReplicationController), 'web', { subresource: 'scale' })).toMatchObject({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      spec: { replicas: 1 },
      status: { replicas: 0, selector: 'app=web' },
    });
    const scale = await client.get(loose(Deployment), 'web', { subresource: 'scale' });
    const scaled = await client.update(loose(Deployment), changed(scale, { 'spec.replicas': 4 }), { subresource: 'scale' });
    expect(scaled).toMatchObject({ kind: 'Scale', spec: { replicas: 4 } });
    expect(await client.get(Deployment, 'web')).toMatchObject({
      spec: { replicas: 4 },
      metadata: { generation: 2, resourceVersion: scaled.metadata.resourceVersion },
    });
    expect((await rejection(client.update(loose(Deployment), scale, { subresource: 'scale' }))).code).toBe(409);
    expect(await causesOf(client.patch(loose(Deployment), 'web', { type: 'merge', patch: { spec: { replicas: -1 } } }, { subresource: 'scale' }))).toEqual([
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ]);
  });
});

describe('one object in two groups', () => {
  it('shows Events of both alike', async () => {
    await using server = await startServer();
    const { client } = server;
    const seen: unknown[] = [];
    client.watch(loose(EventsV1Event), { resourceVersion: '1' }).subscribe(({ type, object }) => seen.push([type, (object as { note?: string }).note]));
    const core = await client.create(Event, { ...VALID.Event, message: 'hello', count: 2, source: { component: 'kubelet' } });
    const other = await client.get(EventsV1Event, 'web');
    expect(other).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      note: 'hello',
      regarding: { name: 'web' },
      deprecatedCount: 2,
      deprecatedSource: { component: 'kubelet' },
      metadata: core.metadata,
    });
    expect(await client.get(EventsV1Event, 'web')).toBe(other);
    expect((await client.list(EventsV1Event)).items).toEqual([other]);
    await client.patch(EventsV1Event, 'web', { type: 'merge', patch: { note: 'bye' } });
    expect(await client.get(Event, 'web')).toMatchObject({ apiVersion: 'v1', message: 'bye', count: 2 });
    await server.clock.settleNow();
    expect(seen).toEqual([
      ['ADDED', 'hello'],
      ['MODIFIED', 'bye'],
    ]);
    expect(await client.patch(EventsV1Event, 'web', { type: 'merge', patch: { note: 'bye' } })).toBe(await client.get(EventsV1Event, 'web'));
    await client.delete(EventsV1Event, 'web');
    expect((await client.list(Event)).items).toEqual([]);
  });

  it('shows autoscalers in both versions, and loses nothing', async () => {
    await using server = await startServer();
    const { client } = server;
    const scaleTargetRef = { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' };
    await client.create(V1Autoscaler, { metadata: { name: 'a' }, spec: { maxReplicas: 5, scaleTargetRef, targetCPUUtilizationPercentage: 70 } });
    const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } };
    expect((await client.get(HorizontalPodAutoscaler, 'a')).spec.metrics).toEqual([cpu]);
    const memory = { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } };
    await client.patch(HorizontalPodAutoscaler, 'a', {
      type: 'merge',
      patch: { spec: { metrics: [cpu, memory], behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } } },
    });
    const before = await client.get(HorizontalPodAutoscaler, 'a');
    const old = await client.get(V1Autoscaler, 'a');
    expect(old.spec).toMatchObject({ targetCPUUtilizationPercentage: 70 });
    await client.update(V1Autoscaler, { ...old, spec: { ...old.spec, maxReplicas: 9 } });
    const after = await client.get(HorizontalPodAutoscaler, 'a');
    expect(after.spec).toEqual({ ...before.spec, maxReplicas: 9 });
    expect(after.metadata.annotations).toBeUndefined();
  });
});

describe('an update of what does not exist', () => {
  it('creates it where Kubernetes does', async () => {
    await using server = await startServer();
    expect((await server.client.update(Endpoints, { metadata: { name: 'a' } })).metadata.uid).toBeDefined();
    expect((await rejection(server.client.update(ConfigMap, { metadata: { name: 'a' } }))).reason).toBe('NotFound');
  });
});

describe('faults', () => {
  it('leave as InternalError, with a log line and without harm', async () => {
    const lines: unknown[] = [];
    const logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (message: string, fields?: object) => lines.push([message, fields]),
      with: () => logger,
    };
    const broken = {
      name: 'Broken',
      handles: () => true,
      mutate: () => {
        throw new TypeError('oops');
      },
    };
    await using server = await startServer({ logger, admission: [broken], clock: createFakeClock() });
    expect(await rejection(server.client.create(Pod, VALID.Pod))).toMatchObject({
      code: 500,
      reason: 'InternalError',
      message: 'Internal error occurred: oops',
    });
    expect(lines).toMatchObject([['request failed', { verb: 'create', kind: 'Pod', namespace: 'default', name: 'web' }]]);
  });

  it('of a server that is gone are Unavailable', async () => {
    const server = await startServer();
    await server[Symbol.asyncDispose]();
    expect(await rejection(server.client.get(Pod, 'a'))).toMatchObject({ code: 503 });
  });
});
