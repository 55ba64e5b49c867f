import { expect } from 'vitest';
import { isConflict, isInvalid, isNotFound } from '../api-error.ts';
import { ConfigMap, Deployment, Pod } from '../kinds/index.ts';
import { configMap, deployment, named, pod, record, rejection, revisionNow, summary, type ConformanceCase } from './fixture.ts';

/** What `update` promises, on objects and on their status. */
export const updateCases: readonly ConformanceCase[] = [
  {
    name: 'replaces the object, except for its identity',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a', { labels: { x: '1' } }));
      const updated = await t.client.update(ConfigMap, { metadata: { name: 'a', namespace: t.namespace }, data: { other: 'w' } });
      expect(updated.data).toEqual({ other: 'w' });
      expect(updated.metadata.labels).toBeUndefined();
      expect(updated.metadata).toMatchObject({ uid: created.metadata.uid, creationTimestamp: created.metadata.creationTimestamp });
      expect(Number(updated.metadata.resourceVersion)).toBeGreaterThan(Number(created.metadata.resourceVersion));
      expect(await t.client.get(ConfigMap, created)).toEqual(updated);
    },
  },
  {
    name: 'refuses an update of what has changed since it was read',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      const updated = await t.client.update(ConfigMap, { ...created, data: { k: '2' } });
      const error = await rejection(t.client.update(ConfigMap, { ...created, data: { k: '3' } }));
      expect(isConflict(error)).toBe(true);
      expect(error).toMatchObject({ code: 409, details: { name: 'a', kind: 'configmaps' } });
      expect(await t.client.get(ConfigMap, created)).toEqual(updated);
    },
  },
  {
    name: 'refuses an update of another object of the same name',
    async run(t) {
      const first = await t.client.create(ConfigMap, configMap(t, 'a'));
      await t.client.delete(ConfigMap, first);
      await t.client.create(ConfigMap, configMap(t, 'a'));
      const { resourceVersion: _, ...metadata } = first.metadata;
      expect(isConflict(await rejection(t.client.update(ConfigMap, { ...first, metadata })))).toBe(true);
    },
  },
  {
    name: 'cannot update what does not exist',
    async run(t) {
      expect(isNotFound(await rejection(t.client.update(ConfigMap, configMap(t, 'none'))))).toBe(true);
    },
  },
  {
    name: 'makes no revision and no event of an update that changes nothing',
    async run(t) {
      const from = await revisionNow(t);
      using watch = record(t.client.watch(ConfigMap, { namespace: t.namespace, resourceVersion: from }));
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      expect(await t.client.update(ConfigMap, created)).toEqual(created);
      expect((await t.client.update(ConfigMap, configMap(t, 'a'))).metadata.resourceVersion).toBe(created.metadata.resourceVersion);
      await t.client.create(ConfigMap, configMap(t, 'last'));
      expect(summary(await watch.until(named('last')))).toEqual(['ADDED a', 'ADDED last']);
    },
  },
  {
    name: 'raises the generation with the spec only',
    async run(t) {
      const created = await t.client.create(Deployment, deployment(t, 'a'));
      const labelled = await t.client.update(Deployment, { ...created, metadata: { ...created.metadata, labels: { x: '1' } } });
      expect(labelled.metadata.generation).toBe(1);
      const scaled = await t.client.update(Deployment, { ...labelled, spec: { ...labelled.spec, replicas: 2 } });
      expect(scaled.metadata.generation).toBe(2);
      const forged = await t.client.update(Deployment, { ...scaled, metadata: { ...scaled.metadata, generation: 99 } });
      expect(forged.metadata.generation).toBe(2);
    },
  },
  {
    name: 'does not take the status with the object',
    async run(t) {
      const created = await t.client.create(Deployment, { ...deployment(t, 'a'), status: { replicas: 7 } });
      expect(created.status?.replicas).toBeUndefined();
      const updated = await t.client.update(Deployment, { ...created, spec: { ...created.spec, paused: true }, status: { replicas: 7 } });
      expect(updated.spec.paused).toBe(true);
      expect(updated.status?.replicas).toBeUndefined();
    },
  },
  {
    name: 'takes only the status on the status subresource, and keeps the generation',
    async run(t) {
      const created = await t.client.create(Deployment, deployment(t, 'a'));
      const changed = { ...created, spec: { ...created.spec, replicas: 9 }, status: { replicas: 1, observedGeneration: 1 } };
      const updated = await t.client.update(Deployment, changed, { subresource: 'status' });
      expect(updated.status).toMatchObject({ replicas: 1, observedGeneration: 1 });
      expect(updated.spec.replicas).toBe(1);
      expect(updated.metadata.generation).toBe(1);
      expect(updated.metadata.resourceVersion).not.toBe(created.metadata.resourceVersion);
      expect(isConflict(await rejection(t.client.update(Deployment, changed, { subresource: 'status' })))).toBe(true);
    },
  },
  {
    name: 'makes no revision of a status that stays the same',
    async run(t) {
      const created = await t.client.create(Deployment, deployment(t, 'a'));
      const once = await t.client.update(Deployment, { ...created, status: { replicas: 1 } }, { subresource: 'status' });
      expect(await t.client.update(Deployment, { ...once, spec: { ...once.spec, replicas: 5 } }, { subresource: 'status' })).toEqual(once);
    },
  },
  {
    name: 'stores nothing in a dry run of an update',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      expect((await t.client.update(ConfigMap, { ...created, data: { k: 'w' } }, { dryRun: true })).data).toEqual({ k: 'w' });
      expect(await t.client.get(ConfigMap, created)).toEqual(created);
    },
  },
  {
    name: 'refuses an update that is not valid',
    async run(t) {
      const created = await t.client.create(Deployment, deployment(t, 'a'));
      const error = await rejection(t.client.update(Deployment, { ...created, spec: { ...created.spec, replicas: 'many' as never } }));
      expect(isInvalid(error) || error.reason === 'BadRequest').toBe(true);
      expect(await t.client.get(Deployment, created)).toEqual(created);
    },
  },
  {
    name: 'binds a Pod to a node once',
    async run(t) {
      const created = await t.client.create(Pod, pod(t, 'a'));
      const binding = (node: string, name = 'a'): object => ({
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace: t.namespace },
        target: { kind: 'Node', name: node },
      });
      await t.client.createSubresource(Pod, created, 'binding', binding('node-1'));
      const bound = await t.client.get(Pod, created);
      expect(bound.spec.nodeName).toBe('node-1');
      expect(bound.status?.conditions).toContainEqual(expect.objectContaining({ type: 'PodScheduled', status: 'True' }));
      expect(isConflict(await rejection(t.client.createSubresource(Pod, created, 'binding', binding('node-2'))))).toBe(true);
      expect((await t.client.get(Pod, created)).spec.nodeName).toBe('node-1');
      expect(isNotFound(await rejection(t.client.createSubresource(Pod, `${t.namespace}/none`, 'binding', binding('node-1', 'none'))))).toBe(true);
    },
  },
];
