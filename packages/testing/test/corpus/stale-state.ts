// Reconcilers that believe their caches about what others do.
import { isAlreadyExists, isNotFound } from '@kybern/core';
import { ConfigMap, Secret } from '@kybern/core/kinds';
import { defineController, done } from '@kybern/reconcile';
import { crashes, staleCaches, timeTravel } from '@kybern/testing';
import { expect } from 'vitest';
import { named, rest, type Specimen } from './specimen.ts';

const PORTS = ['30000', '30001', '30002', '30003', '30004'];

const samePort: Specimen = {
  name: 'picks a free number by what it has cached',
  cause: 'stale state',
  faults: [staleCaches()],
  faulty: () =>
    defineController({
      name: 'ports',
      for: ConfigMap,
      concurrency: 2,
      async reconcile({ object, client, cache }) {
        if (object.data?.['port'] !== undefined) return done();
        const taken = new Set(cache.list(ConfigMap, { namespace: 'default' }).map(({ data }) => data?.['port']));
        const port = PORTS.find((each) => !taken.has(each)) ?? '';
        await client.mutate(ConfigMap, object, (draft) => {
          draft.data = { ...draft.data, port };
        });
        return done();
      },
    }),
  fixed: () =>
    defineController({
      name: 'ports',
      for: ConfigMap,
      concurrency: 2,
      async reconcile({ object, client }) {
        if (object.data?.['port'] !== undefined) return done();
        for (const port of PORTS) {
          // Whoever creates the claim has the number: the API server decides, not the cache.
          const claim = await client
            .create(Secret, { metadata: named(`port-${port}`), stringData: { owner: object.metadata.name } })
            .catch((error: unknown) => (isAlreadyExists(error) ? client.get(Secret, named(`port-${port}`)) : Promise.reject(error as Error)));
          if (claim.data?.['owner'] !== btoa(object.metadata.name)) continue;
          await client.mutate(ConfigMap, object, (draft) => {
            draft.data = { ...draft.data, port };
          });
          return done();
        }
        return done();
      },
    }),
  async test(cluster) {
    for (const name of ['a', 'b', 'c']) await cluster.client.create(ConfigMap, { metadata: named(name) });
    await rest(cluster);
    const ports = (await cluster.client.list(ConfigMap, { namespace: 'default' })).items.map(({ data }) => data?.['port']);
    expect(ports).not.toContain(undefined);
    expect(new Set(ports).size).toBe(3);
  },
};

const lostUpdate: Specimen = {
  name: 'writes back what it has cached',
  cause: 'stale state',
  faults: [staleCaches()],
  faulty: () =>
    defineController({
      name: 'marker',
      for: ConfigMap,
      async reconcile({ object, client }) {
        if (object.data?.['marked'] === 'yes') return done();
        const { name, namespace, labels } = object.metadata;
        await client.update(ConfigMap, { metadata: { name, namespace, labels } as never, data: { ...object.data, marked: 'yes' } });
        return done();
      },
    }),
  fixed: () =>
    defineController({
      name: 'marker',
      for: ConfigMap,
      async reconcile({ object, client }) {
        if (object.data?.['marked'] === 'yes') return done();
        await client.mutate(ConfigMap, object, (draft) => {
          draft.data = { ...draft.data, marked: 'yes' };
        });
        return done();
      },
    }),
  async test(cluster) {
    await cluster.client.create(ConfigMap, { metadata: named('a'), data: { color: 'blue' } });
    await cluster.advance(50);
    await cluster.client.patch(ConfigMap, named('a'), { type: 'merge', patch: { data: { color: 'red' } } });
    await rest(cluster);
    expect((await cluster.client.get(ConfigMap, named('a'))).data).toEqual({ color: 'red', marked: 'yes' });
  },
};

const eagerCollector: Specimen = {
  name: 'deletes what has no owner in its cache',
  cause: 'stale state',
  faults: [staleCaches()],
  ...(() => {
    const make = (asks: boolean) => (): ReturnType<typeof defineController> =>
      defineController({
        name: 'collector',
        for: Secret,
        reads: [ConfigMap],
        async reconcile({ object, client, cache }) {
          const owner = object.metadata.labels?.['owner'];
          if (owner === undefined || cache.get(ConfigMap, named(owner)) !== undefined) return done();
          if (asks) {
            const found = await client.get(ConfigMap, named(owner)).catch((error: unknown) => (isNotFound(error) ? undefined : Promise.reject(error as Error)));
            if (found !== undefined) return done();
          }
          await client.delete(Secret, object).catch((error: unknown) => (isNotFound(error) ? undefined : Promise.reject(error as Error)));
          return done();
        },
      });
    return { faulty: make(false), fixed: make(true) };
  })(),
  async test(cluster) {
    await cluster.client.create(Secret, { metadata: { ...named('orphan'), labels: { owner: 'nobody' } } });
    await cluster.client.create(ConfigMap, { metadata: named('a') });
    await cluster.client.create(Secret, { metadata: { ...named('of-a'), labels: { owner: 'a' } } });
    await rest(cluster);
    expect((await cluster.client.list(Secret, { namespace: 'default' })).items.map(({ metadata }) => metadata.name)).toEqual(['of-a']);
  },
};

const backInTime: Specimen = {
  name: 'acts on what was wanted before it started',
  cause: 'stale state',
  faults: [timeTravel(), crashes({ chance: 0.2 })],
  ...(() => {
    const make = (asks: boolean) => (): ReturnType<typeof defineController> =>
      defineController({
        name: 'switch',
        for: ConfigMap,
        owns: [Secret],
        async reconcile({ object, client }) {
          const wanted = asks ? await client.get(ConfigMap, object) : object;
          const name = `of-${object.metadata.name}`;
          if (wanted.data?.['mode'] === 'on') {
            await client
              .create(Secret, { metadata: named(name) })
              .catch((error: unknown) => (isAlreadyExists(error) ? undefined : Promise.reject(error as Error)));
          } else {
            await client.delete(Secret, named(name)).catch((error: unknown) => (isNotFound(error) ? undefined : Promise.reject(error as Error)));
          }
          return done();
        },
      });
    return { faulty: make(false), fixed: make(true) };
  })(),
  async test(cluster) {
    await cluster.client.create(ConfigMap, { metadata: named('a'), data: { mode: 'off' } });
    await cluster.settle();
    await cluster.client.patch(ConfigMap, named('a'), { type: 'merge', patch: { data: { mode: 'on' } } });
    await cluster.settle();
    await cluster.until(async () => (await cluster.client.list(Secret, { namespace: 'default' })).items.length === 1);
    const end = cluster.always('what is switched on stays', (view) => view.get(Secret, named('of-a')) !== undefined);
    await cluster.advance('1m');
    await rest(cluster);
    end();
  },
};

/** What caches that are behind reveal. */
export const staleState: readonly Specimen[] = [samePort, lostUpdate, eagerCollector, backInTime];
