import type { KubernetesObject, WatchEvent } from '@kybern/core';
import { ConfigMap, Pod } from '@kybern/core/kinds';
import { createMemoryStore } from '@kybern/state';
import { describe, expect, it } from 'vitest';
import { changed, loose, startServer, VALID } from './fixtures.ts';

type Server = Awaited<ReturnType<typeof startServer>>;

/** What a watch says, as `TYPE name`, and how it ended. */
function record(server: Server, kind: unknown, options: Parameters<Server['client']['watch']>[1] = {}): { events: string[]; end: unknown; stop: () => void } {
  const log = { events: [] as string[], end: undefined as unknown, stop: (): void => undefined };
  const subscription = server.client.watch(loose(kind), options).subscribe({
    next: ({ type, object }: WatchEvent<KubernetesObject>) =>
      log.events.push(type === 'BOOKMARK' ? `BOOKMARK ${object.metadata.resourceVersion ?? ''}` : `${type} ${object.metadata.name}`),
    error: (error: unknown) => (log.end = error),
    complete: () => (log.end = 'complete'),
  });
  log.stop = () => subscription.unsubscribe();
  return log;
}

async function bind({ client }: Server, name: string, node: string): Promise<void> {
  await client.create(loose(Pod), changed(VALID.Pod, { 'metadata.name': name }));
  await client.createSubresource(Pod, name, 'binding', { metadata: {}, target: { name: node } });
}

describe('watching the Pods of a node', () => {
  it('hears of those alone, from the moment they come until they go', async () => {
    await using server = await startServer();
    const ofNode1 = record(server, Pod, { fieldSelector: 'spec.nodeName=node-1', resourceVersion: '1' });
    const ofNode2 = record(server, Pod, { fieldSelector: 'spec.nodeName=node-2', resourceVersion: '1' });
    const waiting = record(server, Pod, { fieldSelector: 'spec.nodeName=', resourceVersion: '1' });
    await bind(server, 'a', 'node-1');
    await bind(server, 'b', 'node-2');
    await server.client.patch(Pod, 'a', { type: 'merge', patch: { metadata: { labels: { x: 'y' } } } });
    await server.client.delete(Pod, 'a', { gracePeriodSeconds: 0 });
    await server.clock.settleNow();
    expect(ofNode1.events).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    expect(ofNode2.events).toEqual(['ADDED b']);
    expect(waiting.events).toEqual(['ADDED a', 'DELETED a', 'ADDED b', 'DELETED b']);
  });

  it('combines with other terms and with labels', async () => {
    await using server = await startServer();
    const log = record(server, Pod, { fieldSelector: 'spec.nodeName=node-1,status.phase!=Failed', labels: { x: 'y' }, resourceVersion: '1' });
    await bind(server, 'a', 'node-1');
    await server.client.patch(Pod, 'a', { type: 'merge', patch: { metadata: { labels: { x: 'y' } } } });
    await server.client.patch(Pod, 'a', { type: 'merge', patch: { status: { phase: 'Failed' } } }, { subresource: 'status' });
    await server.clock.settleNow();
    expect(log.events).toEqual(['ADDED a', 'DELETED a']);
  });

  it('shows an object that no longer matches as it was, at the revision of the change', async () => {
    await using server = await startServer();
    const seen: KubernetesObject[] = [];
    server.client.watch(ConfigMap, { labels: { x: 'y' }, resourceVersion: '1' }).subscribe((event) => event.type === 'DELETED' && seen.push(event.object));
    await server.client.create(ConfigMap, { metadata: { name: 'a', labels: { x: 'y' } }, data: { k: 'old' } });
    const changedNow = await server.client.update(ConfigMap, { metadata: { name: 'a' }, data: { k: 'new' } });
    await server.clock.settleNow();
    expect(seen).toMatchObject([{ data: { k: 'old' }, metadata: { labels: { x: 'y' }, resourceVersion: changedNow.metadata.resourceVersion } }]);
    expect(Object.isFrozen(seen[0]?.metadata)).toBe(true);
  });
});

describe('a watch', () => {
  it('catches up from any revision that is retained, then goes on', async () => {
    await using server = await startServer();
    const revisions: string[] = [];
    for (let i = 0; i < 5; i++) revisions.push((await server.client.create(ConfigMap, { metadata: { name: `c${i}` } })).metadata.resourceVersion as string);
    const logs = revisions.map((resourceVersion) => record(server, ConfigMap, { resourceVersion }));
    await server.client.create(ConfigMap, { metadata: { name: 'last' } });
    await server.clock.settleNow();
    logs.forEach((log, i) => expect(log.events).toEqual([...[1, 2, 3, 4].filter((n) => n > i).map((n) => `ADDED c${n}`), 'ADDED last']));
  });

  it('waits for a revision that is still to come', async () => {
    await using server = await startServer();
    const log = record(server, ConfigMap, { resourceVersion: '3' });
    for (const name of ['a', 'b', 'c']) await server.client.create(ConfigMap, { metadata: { name } });
    await server.clock.settleNow();
    expect(log.events).toEqual(['ADDED c']);
  });

  it('sends bookmarks every minute that say how far it is', async () => {
    await using server = await startServer();
    const log = record(server, ConfigMap, { resourceVersion: '1', allowWatchBookmarks: true });
    await server.client.create(loose(Pod), VALID.Pod as never);
    await server.clock.advance(61_000);
    expect(log.events).toEqual(['BOOKMARK 2']);
    log.stop();
    await server.clock.advance(600_000);
    expect(log.events).toHaveLength(1);
    expect(server.clock.nextDueMs()).toBeUndefined();
  });

  it('ends after its time', async () => {
    await using server = await startServer();
    const log = record(server, ConfigMap, { timeoutSeconds: 30 });
    await server.clock.advance(29_000);
    expect(log.end).toBeUndefined();
    await server.clock.advance(2000);
    expect(log.end).toBe('complete');
    expect(server.clock.nextDueMs({ includeBackground: false })).toBeUndefined();
  });

  it('ends with the server', async () => {
    const server = await startServer();
    const log = record(server, ConfigMap);
    await server.clock.settleNow();
    await server[Symbol.asyncDispose]();
    expect(log.end).toBe('complete');
  });

  it('ends with Expired when its history is gone while it is behind', async () => {
    const state = createMemoryStore();
    await using server = await startServer({ state });
    for (let i = 0; i < 3; i++) await server.client.create(ConfigMap, { metadata: { name: `c${i}` } });
    await state.compact(state.revision);
    const log = record(server, ConfigMap, { resourceVersion: '1' });
    await server.clock.settleNow();
    expect(log.end).toMatchObject({ reason: 'Expired', code: 410, message: 'too old resource version: 1 (4)' });
  });

  it.each([
    { name: 'a match without sendInitialEvents', options: { resourceVersionMatch: 'NotOlderThan' }, code: 422 },
    { name: 'sendInitialEvents without a match', options: { sendInitialEvents: true }, code: 422 },
    { name: 'a revision that is none', options: { resourceVersion: 'x' }, code: 400 },
  ] as const)('refuses $name', async ({ options, code }) => {
    await using server = await startServer();
    const log = record(server, ConfigMap, options);
    await server.clock.settleNow();
    expect(log.end).toMatchObject({ code });
  });

  it('lets a subscriber write, and leave, from within an event', async () => {
    await using server = await startServer();
    const names: string[] = [];
    const subscription = server.client.watch(ConfigMap, { resourceVersion: '1' }).subscribe(({ object }) => {
      names.push((object as KubernetesObject).metadata.name);
      if (names.length < 3) void server.client.create(ConfigMap, { metadata: { name: `c${names.length}` } });
      else subscription.unsubscribe();
    });
    await server.client.create(ConfigMap, { metadata: { name: 'c0' } });
    await server.clock.settleNow();
    await server.client.create(ConfigMap, { metadata: { name: 'unseen' } });
    await server.clock.settleNow();
    expect(names).toEqual(['c0', 'c1', 'c2']);
  });
});
