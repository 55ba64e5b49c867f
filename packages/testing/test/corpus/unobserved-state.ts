// Reconcilers that have to see every change, and do not.
import { isAlreadyExists, isNotFound } from '@kybern/core';
import { ConfigMap, Secret } from '@kybern/core/kinds';
import { defineController, done, withFinalizer, type AbsentRequest } from '@kybern/reconcile';
import { crashes, cutWatches, staleCaches } from '@kybern/testing';
import { expect } from 'vitest';
import { named, rest, type Specimen } from './specimen.ts';

const ignoreMissing = (error: unknown): void => {
  if (!isNotFound(error)) throw error as Error;
};
const ignoreTaken = (error: unknown): void => {
  if (!isAlreadyExists(error)) throw error as Error;
};
type Remove = Pick<AbsentRequest, 'client'>;
const remove = ({ client }: Remove, name: string): Promise<unknown> => client.delete(Secret, named(name)).catch(ignoreMissing);

const namesake: Specimen = {
  name: 'does not notice that an object was replaced by a namesake',
  cause: 'unobserved state',
  faults: [cutWatches({ chance: 0.3 }), staleCaches()],
  faulty: () => {
    const claims = new Map<string, string>();
    return defineController({
      name: 'claims',
      for: ConfigMap,
      async reconcile({ key, object, client }) {
        const name = `claim-${String(object.metadata.uid)}`;
        claims.set(key, name);
        await client.create(Secret, { metadata: { ...named(name), labels: { for: object.metadata.name } } }).catch(ignoreTaken);
        return done();
      },
      async onAbsent(request) {
        await remove(request, claims.get(request.key) ?? 'none');
        return done();
      },
    });
  },
  fixed: () => {
    const release = async ({ client, key }: AbsentRequest, uid: string | undefined): Promise<void> => {
      const { items } = await client.list(Secret, { namespace: 'default', labels: { for: key.split('/')[1] ?? '' } });
      for (const { metadata } of items) if (metadata.name !== `claim-${String(uid)}`) await remove({ client }, metadata.name);
    };
    return defineController({
      name: 'claims',
      for: ConfigMap,
      async reconcile(request) {
        const { object, client } = request;
        await client
          .create(Secret, { metadata: { ...named(`claim-${String(object.metadata.uid)}`), labels: { for: object.metadata.name } } })
          .catch(ignoreTaken);
        await release(request, object.metadata.uid);
        return done();
      },
      async onAbsent(request) {
        await release(request, undefined);
        return done();
      },
    });
  },
  async test(cluster) {
    await cluster.client.create(ConfigMap, { metadata: named('a') });
    await cluster.settle();
    await cluster.client.delete(ConfigMap, named('a'));
    await cluster.client.create(ConfigMap, { metadata: named('a') });
    await rest(cluster);
    expect((await cluster.client.list(Secret, { namespace: 'default' })).items).toHaveLength(1);
  },
};

const missedDeletion: Specimen = {
  name: 'cleans up only what it saw go',
  cause: 'unobserved state',
  faults: [crashes({ chance: 0.2 }), staleCaches()],
  faulty: () =>
    defineController({
      name: 'mirror',
      for: ConfigMap,
      async reconcile({ object, client }) {
        await client.create(Secret, { metadata: named(`of-${object.metadata.name}`) }).catch(ignoreTaken);
        return done();
      },
      async onAbsent(request) {
        await remove(request, `of-${request.key.split('/')[1] ?? ''}`);
        return done();
      },
    }),
  fixed: () =>
    defineController({
      name: 'mirror',
      for: ConfigMap,
      reconcile: withFinalizer({
        kind: ConfigMap,
        finalizer: 'example.com/mirror',
        async reconcile({ object, client }) {
          await client.create(Secret, { metadata: named(`of-${object.metadata.name}`) }).catch(ignoreTaken);
          return done();
        },
        async cleanup(request) {
          await remove(request, `of-${request.object.metadata.name}`);
          return done();
        },
      }),
    }),
  async test(cluster) {
    await cluster.client.create(ConfigMap, { metadata: named('a') });
    await cluster.settle();
    await cluster.client.delete(ConfigMap, named('a'));
    await rest(cluster);
    expect((await cluster.client.list(Secret, { namespace: 'default' })).items.map(({ metadata }) => metadata.name)).toEqual([]);
  },
};

const forgottenName: Specimen = {
  name: 'remembers the old name of what it made',
  cause: 'unobserved state',
  faults: [crashes({ chance: 0.2 }), staleCaches()],
  faulty: () => {
    const last = new Map<string, string>();
    return defineController({
      name: 'copier',
      for: ConfigMap,
      async reconcile({ key, object, client }) {
        const target = object.data?.['target'] ?? '';
        const before = last.get(key);
        if (before !== undefined && before !== target) await remove({ client }, before);
        await client.create(Secret, { metadata: { ...named(target), labels: { for: object.metadata.name } } }).catch(ignoreTaken);
        last.set(key, target);
        return done();
      },
    });
  },
  fixed: () =>
    defineController({
      name: 'copier',
      for: ConfigMap,
      async reconcile({ object, client }) {
        const target = object.data?.['target'] ?? '';
        const { items } = await client.list(Secret, { namespace: 'default', labels: { for: object.metadata.name } });
        for (const { metadata } of items) if (metadata.name !== target) await remove({ client }, metadata.name);
        await client.create(Secret, { metadata: { ...named(target), labels: { for: object.metadata.name } } }).catch(ignoreTaken);
        return done();
      },
    }),
  async test(cluster) {
    await cluster.client.create(ConfigMap, { metadata: named('a'), data: { target: 'one' } });
    await cluster.settle();
    await cluster.client.patch(ConfigMap, named('a'), { type: 'merge', patch: { data: { target: 'two' } } });
    await rest(cluster);
    expect((await cluster.client.list(Secret, { namespace: 'default' })).items.map(({ metadata }) => metadata.name)).toEqual(['two']);
  },
};

/** What changes that nobody saw reveal. */
export const unobservedState: readonly Specimen[] = [namesake, missedDeletion, forgottenName];
