import { expect } from 'vitest';
import { isConflict, isInvalid, isNotFound } from '../api-error.ts';
import { ConfigMap, Pod } from '../kinds/index.ts';
import { configMap, named, names, pod, record, rejection, revisionNow, summary, type ConformanceCase, type ConformanceContext } from './fixture.ts';

const withFinalizer = (t: ConformanceContext, name: string): Parameters<typeof t.client.create<ConfigMap>>[1] => ({
  metadata: { name, namespace: t.namespace, finalizers: ['example.com/hold'] },
});

/** What `delete` and `deleteCollection` promise. */
export const deleteCases: readonly ConformanceCase[] = [
  {
    name: 'deletes at once what nothing holds',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      const deleted = await t.client.delete(ConfigMap, created);
      expect(deleted.metadata).toMatchObject({ name: 'a', uid: created.metadata.uid });
      expect(isNotFound(await rejection(t.client.get(ConfigMap, created)))).toBe(true);
      expect(isNotFound(await rejection(t.client.delete(ConfigMap, created)))).toBe(true);
    },
  },
  {
    name: 'makes another object when a name is used again',
    async run(t) {
      const first = await t.client.create(ConfigMap, configMap(t, 'a'));
      await t.client.delete(ConfigMap, first);
      const second = await t.client.create(ConfigMap, configMap(t, 'a'));
      expect(second.metadata.uid).not.toBe(first.metadata.uid);
    },
  },
  {
    name: 'heeds preconditions',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      const updated = await t.client.update(ConfigMap, { ...created, data: { k: 'w' } });
      const { uid = '', resourceVersion = '' } = updated.metadata;
      const stale = created.metadata.resourceVersion ?? '';
      expect(isConflict(await rejection(t.client.delete(ConfigMap, created, { preconditions: { uid: 'another' } })))).toBe(true);
      expect(isConflict(await rejection(t.client.delete(ConfigMap, created, { preconditions: { uid, resourceVersion: stale } })))).toBe(true);
      await t.client.delete(ConfigMap, created, { preconditions: { uid, resourceVersion } });
      expect(isNotFound(await rejection(t.client.get(ConfigMap, created)))).toBe(true);
    },
  },
  {
    name: 'deletes nothing in a dry run',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      await t.client.delete(ConfigMap, created, { dryRun: true });
      expect(await t.client.get(ConfigMap, created)).toEqual(created);
    },
  },
  {
    name: 'waits for finalizers',
    async run(t) {
      const from = await revisionNow(t);
      using watch = record(t.client.watch(ConfigMap, { namespace: t.namespace, resourceVersion: from }));
      const created = await t.client.create(ConfigMap, withFinalizer(t, 'a'));
      const going = await t.client.delete(ConfigMap, created);
      expect(going.metadata.deletionTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(await t.client.get(ConfigMap, created)).toEqual(going);
      const again = await t.client.delete(ConfigMap, created);
      expect(again.metadata.deletionTimestamp).toBe(going.metadata.deletionTimestamp);
      await t.client.patch(ConfigMap, created, { type: 'merge', patch: { metadata: { finalizers: null } } });
      expect(isNotFound(await rejection(t.client.get(ConfigMap, created)))).toBe(true);
      expect(summary(await watch.until((event) => event.type === 'DELETED'))).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    },
  },
  {
    name: 'lets an object that is being deleted change, but not get new finalizers or lose its deletionTimestamp',
    async run(t) {
      const created = await t.client.create(ConfigMap, withFinalizer(t, 'a'));
      const going = await t.client.delete(ConfigMap, created);
      const changed = await t.client.patch(ConfigMap, created, { type: 'merge', patch: { data: { k: 'w' } } });
      expect(changed.data).toEqual({ k: 'w' });
      const finalizers = ['example.com/hold', 'example.com/more'];
      expect(isInvalid(await rejection(t.client.patch(ConfigMap, created, { type: 'merge', patch: { metadata: { finalizers } } })))).toBe(true);
      const kept = await t.client.patch(ConfigMap, created, { type: 'merge', patch: { metadata: { deletionTimestamp: null } } });
      expect(kept.metadata.deletionTimestamp).toBe(going.metadata.deletionTimestamp);
    },
  },
  {
    name: 'deletes a Pod that runs gracefully, and one that never ran at once',
    async run(t) {
      const unscheduled = await t.client.create(Pod, pod(t, 'a'));
      await t.client.delete(Pod, unscheduled);
      expect(isNotFound(await rejection(t.client.get(Pod, unscheduled)))).toBe(true);
      const scheduled = await t.client.create(Pod, pod(t, 'b', { nodeName: 'node-1' }));
      const going = await t.client.delete(Pod, scheduled);
      expect(going.metadata.deletionTimestamp).toBeDefined();
      expect(going.metadata.deletionGracePeriodSeconds).toBe(30);
      const sooner = await t.client.delete(Pod, scheduled, { gracePeriodSeconds: 5 });
      expect(sooner.metadata.deletionGracePeriodSeconds).toBe(5);
      await t.client.delete(Pod, scheduled, { gracePeriodSeconds: 0 });
      expect(isNotFound(await rejection(t.client.get(Pod, scheduled)))).toBe(true);
    },
  },
  {
    name: 'takes the grace period from the Pod',
    async run(t) {
      const created = await t.client.create(Pod, pod(t, 'a', { nodeName: 'node-1', terminationGracePeriodSeconds: 7 }));
      expect((await t.client.delete(Pod, created)).metadata.deletionGracePeriodSeconds).toBe(7);
      await t.client.delete(Pod, created, { gracePeriodSeconds: 0 });
    },
  },
  {
    name: 'marks what the garbage collector has to do',
    async run(t) {
      const foreground = await t.client.create(ConfigMap, configMap(t, 'a'));
      expect((await t.client.delete(ConfigMap, foreground, { propagationPolicy: 'Foreground' })).metadata.finalizers).toContain('foregroundDeletion');
      const orphaning = await t.client.create(ConfigMap, configMap(t, 'b'));
      expect((await t.client.delete(ConfigMap, orphaning, { propagationPolicy: 'Orphan' })).metadata.finalizers).toContain('orphan');
    },
  },
  {
    name: 'gives the deletion a revision of its own',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      using watch = record(t.client.watch(ConfigMap, { namespace: t.namespace, resourceVersion: created.metadata.resourceVersion ?? '' }));
      await t.client.delete(ConfigMap, created);
      const [event] = await watch.take(1);
      expect(event).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'a', uid: created.metadata.uid }, data: { k: 'v' } } });
      expect(Number(event?.object.metadata.resourceVersion)).toBeGreaterThan(Number(created.metadata.resourceVersion));
    },
  },
  {
    name: 'deletes a collection by selector',
    async run(t) {
      for (const name of ['a', 'b', 'c']) await t.client.create(ConfigMap, configMap(t, name, { labels: { doomed: String(name !== 'b') } }));
      const deleted = await t.client.deleteCollection(ConfigMap, { namespace: t.namespace, labels: { doomed: 'true' } });
      expect(names(deleted)).toEqual(['a', 'c']);
      expect(names(await t.client.list(ConfigMap, { namespace: t.namespace, labelSelector: 'doomed' }))).toEqual(['b']);
    },
  },
  {
    name: 'deletes a collection gracefully where its objects ask for it',
    async run(t) {
      await t.client.create(ConfigMap, withFinalizer(t, 'held'));
      await t.client.create(ConfigMap, configMap(t, 'free'));
      using watch = record(t.client.watch(ConfigMap, { namespace: t.namespace, resourceVersion: await revisionNow(t) }));
      await t.client.deleteCollection(ConfigMap, { namespace: t.namespace, fieldSelector: 'metadata.name!=kube-root-ca.crt' });
      await watch.until(named('held'));
      await watch.until(named('free'));
      expect(summary(watch.events).sort()).toEqual(['DELETED free', 'MODIFIED held']);
    },
  },
];
