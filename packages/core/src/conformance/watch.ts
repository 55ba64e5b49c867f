import { expect } from 'vitest';
import { isExpired } from '../api-error.ts';
import type { WatchEvent } from '../client.ts';
import { ConfigMap, Namespace, Pod } from '../kinds/index.ts';
import { configMap, named, pod, record, rejection, revisionNow, summary, type ConformanceCase } from './fixture.ts';

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';
const endsInitialEvents = (event: WatchEvent<ConfigMap>): boolean =>
  event.type === 'BOOKMARK' && event.object.metadata.annotations?.[INITIAL_EVENTS_END] === 'true';
const revisionOf = (event: WatchEvent<ConfigMap> | undefined): string => event?.object.metadata.resourceVersion ?? '';

/** What `watch` promises. */
export const watchCases: readonly ConformanceCase[] = [
  {
    name: 'reports every change after a revision, in order',
    async run(t) {
      const { namespace } = t;
      const from = await revisionNow(t);
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      using watch = record(t.client.watch(ConfigMap, { namespace, resourceVersion: from }));
      await watch.take(1);
      const updated = await t.client.update(ConfigMap, { ...created, data: { k: 'w' } });
      await t.client.create(ConfigMap, configMap(t, 'b'));
      await t.client.delete(ConfigMap, created);
      const events = await watch.take(4);
      expect(summary(events)).toEqual(['ADDED a', 'MODIFIED a', 'ADDED b', 'DELETED a']);
      expect(events[0]?.object).toEqual(created);
      expect(events[1]?.object).toEqual(updated);
      const revisions = events.map((event) => Number(revisionOf(event)));
      expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
      expect(new Set(revisions).size).toBe(4);
    },
  },
  {
    name: 'goes on from any event without gap or repeat',
    async run(t) {
      const { namespace } = t;
      const from = await revisionNow(t);
      for (const name of ['a', 'b', 'c', 'd']) await t.client.create(ConfigMap, configMap(t, name));
      using first = record(t.client.watch(ConfigMap, { namespace, resourceVersion: from }));
      const events = [...(await first.take(4))];
      for (const [i, event] of events.entries()) {
        if (i === events.length - 1) continue;
        using resumed = record(t.client.watch(ConfigMap, { namespace, resourceVersion: revisionOf(event) }));
        expect(summary(await resumed.take(3 - i)).slice(0, 3 - i)).toEqual(summary(events.slice(i + 1)));
      }
    },
  },
  {
    name: 'goes on from a list without gap or repeat',
    async run(t) {
      const { namespace } = t;
      await t.client.create(ConfigMap, configMap(t, 'before'));
      const list = await t.client.list(ConfigMap, { namespace });
      await t.client.create(ConfigMap, configMap(t, 'between'));
      using watch = record(t.client.watch(ConfigMap, { namespace, resourceVersion: list.metadata.resourceVersion ?? '' }));
      await watch.take(1);
      await t.client.create(ConfigMap, configMap(t, 'after'));
      expect(summary(await watch.take(2))).toEqual(['ADDED between', 'ADDED after']);
    },
  },
  {
    name: 'begins with what exists when no revision is given',
    async run(t) {
      const { namespace } = t;
      const labels = { seen: 'yes' };
      for (const name of ['a', 'b']) await t.client.create(ConfigMap, configMap(t, name, { labels }));
      using watch = record(t.client.watch(ConfigMap, { namespace, labels }));
      expect(summary(await watch.take(2)).sort()).toEqual(['ADDED a', 'ADDED b']);
      await t.client.create(ConfigMap, configMap(t, 'c', { labels }));
      expect(summary((await watch.take(3)).slice(2))).toEqual(['ADDED c']);
    },
  },
  {
    name: 'ends the initial events with a bookmark when asked to send them',
    async run(t) {
      const { namespace } = t;
      for (const name of ['a', 'b']) await t.client.create(ConfigMap, configMap(t, name));
      const options = { namespace, sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true } as const;
      using watch = record(t.client.watch(ConfigMap, options));
      const initial = [...(await watch.until(endsInitialEvents))];
      expect(summary(initial.filter((event) => !named('kube-root-ca.crt')(event)))).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK']);
      const bookmark = initial.at(-1);
      await t.client.create(ConfigMap, configMap(t, 'c'));
      expect(summary((await watch.take(initial.length + 1)).slice(initial.length))).toEqual(['ADDED c']);
      using resumed = record(t.client.watch(ConfigMap, { namespace, resourceVersion: revisionOf(bookmark) }));
      expect(summary(await resumed.take(1))).toEqual(['ADDED c']);
    },
  },
  {
    name: 'watches one namespace or all',
    async run(t) {
      const other = (await t.client.create(Namespace, { metadata: { generateName: 'conformance-' }, spec: {} })).metadata.name;
      const labels = { run: t.namespace };
      const resourceVersion = await revisionNow(t);
      using one = record(t.client.watch(ConfigMap, { namespace: t.namespace, labels, resourceVersion }));
      using all = record(t.client.watch(ConfigMap, { labels, resourceVersion }));
      await t.client.create(ConfigMap, configMap({ namespace: other }, 'a', { labels }));
      await t.client.create(ConfigMap, configMap(t, 'b', { labels }));
      expect(summary(await all.take(2))).toEqual(['ADDED a', 'ADDED b']);
      expect(summary(await one.take(1))).toEqual(['ADDED b']);
    },
  },
  {
    name: 'reports objects that come to be selected as ADDED, and those that no longer are as DELETED',
    async run(t) {
      const { namespace } = t;
      const created = await t.client.create(ConfigMap, configMap(t, 'a', { labels: { color: 'red' } }));
      using red = record(t.client.watch(ConfigMap, { namespace, labelSelector: 'color=red', resourceVersion: created.metadata.resourceVersion ?? '' }));
      using blue = record(t.client.watch(ConfigMap, { namespace, labelSelector: 'color=blue', resourceVersion: created.metadata.resourceVersion ?? '' }));
      const recolor = (color: string): Promise<unknown> => t.client.patch(ConfigMap, created, { type: 'merge', patch: { metadata: { labels: { color } } } });
      await recolor('blue');
      await t.client.patch(ConfigMap, created, { type: 'merge', patch: { data: { k: 'w' } } });
      await recolor('red');
      await t.client.delete(ConfigMap, created);
      expect(summary(await red.take(3))).toEqual(['DELETED a', 'ADDED a', 'DELETED a']);
      expect(summary(await blue.take(3))).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    },
  },
  {
    name: 'follows field selectors',
    async run(t) {
      const { namespace } = t;
      const resourceVersion = await revisionNow(t);
      using waiting = record(t.client.watch(Pod, { namespace, fieldSelector: 'spec.nodeName=', resourceVersion }));
      using placed = record(t.client.watch(Pod, { namespace, fieldSelector: 'spec.nodeName=node-1', resourceVersion }));
      const created = await t.client.create(Pod, pod(t, 'a'));
      await t.client.createSubresource(Pod, created, 'binding', { metadata: { name: 'a', namespace }, target: { kind: 'Node', name: 'node-1' } });
      expect(summary(await waiting.take(2))).toEqual(['ADDED a', 'DELETED a']);
      expect(summary(await placed.take(1))).toEqual(['ADDED a']);
    },
  },
  {
    name: 'is cold: nothing happens before somebody subscribes, and each subscriber has a watch of its own',
    async run(t) {
      const { namespace } = t;
      const stream = t.client.watch(ConfigMap, { namespace, resourceVersion: await revisionNow(t) });
      await t.client.create(ConfigMap, configMap(t, 'a'));
      using one = record(stream);
      await one.take(1);
      using two = record(stream);
      await t.client.create(ConfigMap, configMap(t, 'b'));
      expect(summary(await one.take(2))).toEqual(['ADDED a', 'ADDED b']);
      expect(summary(await two.take(2))).toEqual(['ADDED a', 'ADDED b']);
    },
  },
  {
    name: 'delivers nothing after the subscriber has left',
    async run(t) {
      const { namespace } = t;
      const resourceVersion = await revisionNow(t);
      const left = record(t.client.watch(ConfigMap, { namespace, resourceVersion }));
      using stays = record(t.client.watch(ConfigMap, { namespace, resourceVersion }));
      await t.client.create(ConfigMap, configMap(t, 'a'));
      await left.take(1);
      left[Symbol.dispose]();
      await t.client.create(ConfigMap, configMap(t, 'b'));
      await stays.take(2);
      expect(summary(left.events)).toEqual(['ADDED a']);
    },
  },
  {
    name: 'shows all watchers the same, also of what other clients write',
    async run(t) {
      const { namespace } = t;
      const resourceVersion = await revisionNow(t);
      using mine = record(t.client.watch(ConfigMap, { namespace, resourceVersion }));
      using theirs = record(t.otherClient.watch(ConfigMap, { namespace, resourceVersion }));
      const writers = [t.client, t.otherClient];
      await Promise.all(Array.from({ length: 10 }, (_, i) => (writers[i % 2] ?? t.client).create(ConfigMap, configMap(t, `w-${i}`))));
      await mine.take(10);
      await theirs.take(10);
      expect(theirs.events).toEqual(mine.events);
    },
  },
  {
    name: 'hands out deeply frozen objects of their kind',
    async run(t) {
      using watch = record(t.client.watch(ConfigMap, { namespace: t.namespace, resourceVersion: await revisionNow(t) }));
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      await t.client.delete(ConfigMap, created);
      for (const { object } of await watch.take(2)) {
        expect(object).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
        for (const part of [object, object.metadata, (object as ConfigMap).data]) expect(Object.isFrozen(part)).toBe(true);
      }
    },
  },
  {
    name: 'says nothing of what was not stored',
    async run(t) {
      using watch = record(t.client.watch(ConfigMap, { namespace: t.namespace, resourceVersion: await revisionNow(t) }));
      await t.client.create(ConfigMap, configMap(t, 'dry'), { dryRun: true });
      await rejection(t.client.create(ConfigMap, configMap(t, 'Not_A_Name')));
      await t.client.create(ConfigMap, configMap(t, 'a'));
      await rejection(t.client.create(ConfigMap, configMap(t, 'a')));
      await t.client.create(ConfigMap, configMap(t, 'last'));
      expect(summary(await watch.until(named('last')))).toEqual(['ADDED a', 'ADDED last']);
    },
  },
  {
    name: 'refuses a revision that is none, and selectors that it does not understand',
    async run(t) {
      const { namespace } = t;
      for (const options of [{ resourceVersion: 'yesterday' }, { labelSelector: 'a in (' }, { fieldSelector: 'spec.color=red' }]) {
        using watch = record(t.client.watch(ConfigMap, { namespace, ...options }));
        expect(await watch.ended).toMatchObject({ name: 'ApiError', code: expect.toBeOneOf([400, 422]) });
      }
    },
  },
  {
    name: 'ends with Expired when the revision is no longer retained',
    needsCompact: true,
    async run(t) {
      const { namespace } = t;
      const resourceVersion = await revisionNow(t);
      for (const name of ['a', 'b']) await t.client.create(ConfigMap, configMap(t, name));
      await t.compact?.();
      using watch = record(t.client.watch(ConfigMap, { namespace, resourceVersion }));
      const error = await watch.ended;
      expect(isExpired(error)).toBe(true);
      expect(error).toMatchObject({ code: 410 });
      expect(watch.events).toEqual([]);
      expect(isExpired(await rejection(t.client.list(ConfigMap, { namespace, resourceVersion, resourceVersionMatch: 'Exact' })))).toBe(true);
      using afresh = record(t.client.watch(ConfigMap, { namespace, resourceVersion: await revisionNow(t) }));
      await t.client.create(ConfigMap, configMap(t, 'c'));
      expect(summary(await afresh.take(1))).toEqual(['ADDED c']);
    },
  },
];
