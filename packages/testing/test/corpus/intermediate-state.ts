// Reconcilers that do two things and do not survive the moment between them.
import { isAlreadyExists, isNotFound } from '@kybern/core';
import { ConfigMap, Secret } from '@kybern/core/kinds';
import { defineController, done, type ReconcileRequest } from '@kybern/reconcile';
import { crashes, lostResponses } from '@kybern/testing';
import { expect } from 'vitest';
import { named, rest, type Specimen } from './specimen.ts';

const CLEAN_UP = 'example.com/clean-up';
type Request = ReconcileRequest<ConfigMap>;
const controller = (name: string, reconcile: (request: Request) => Promise<void>): ReturnType<typeof defineController> =>
  defineController({ name, for: ConfigMap, owns: [Secret], reconcile: async (request) => (await reconcile(request), done()) });
const ignore =
  (is: (error: unknown) => boolean): ((error: unknown) => void) =>
  (error) => {
    if (!is(error)) throw error as Error;
  };
const annotate = ({ client, object }: Pick<Request, 'client' | 'object'>, name: string, value: string): Promise<ConfigMap> =>
  client.mutate(ConfigMap, object, (draft) => {
    draft.metadata.annotations = { ...draft.metadata.annotations, [name]: value };
  });

const secondChild: Specimen = {
  name: 'makes a child, then notes its name',
  cause: 'intermediate state',
  faults: [crashes(), lostResponses()],
  faulty: () =>
    controller('volumes', async (request) => {
      const { object, client } = request;
      if (object.metadata.annotations?.['volume'] !== undefined) return;
      const made = await client.create(Secret, { metadata: { generateName: 'volume-', namespace: 'default', labels: { for: object.metadata.name } } } as never);
      await annotate(request, 'volume', made.metadata.name);
    }),
  fixed: () =>
    controller('volumes', async (request) => {
      const { object, client } = request;
      if (object.metadata.annotations?.['volume'] !== undefined) return;
      const name = `volume-${object.metadata.name}`;
      await client.create(Secret, { metadata: { ...named(name), labels: { for: object.metadata.name } } }).catch(ignore(isAlreadyExists));
      await annotate(request, 'volume', name);
    }),
  async test(cluster) {
    await cluster.client.create(ConfigMap, { metadata: named('a') });
    await rest(cluster);
    const secrets = await cluster.client.list(Secret, { labels: { for: 'a' } });
    expect(secrets.items.map(({ metadata }) => metadata.name)).toHaveLength(1);
  },
};

const finalizerFirst: Specimen = {
  name: 'lets go of its object before it has cleaned up',
  cause: 'intermediate state',
  faults: [crashes()],
  ...(() => {
    const make = (cleansUpFirst: boolean) => (): ReturnType<typeof defineController> =>
      controller('cleaner', async ({ object, client }) => {
        const name = `of-${object.metadata.name}`;
        const letGo = (): Promise<unknown> =>
          client
            .mutate(ConfigMap, object, (draft) => {
              draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((each) => each !== CLEAN_UP);
            })
            .catch(ignore(isNotFound));
        const cleanUp = (): Promise<unknown> => client.delete(Secret, named(name)).catch(ignore(isNotFound));
        if (object.metadata.deletionTimestamp === undefined)
          return void (await client.create(Secret, { metadata: named(name) }).catch(ignore(isAlreadyExists)));
        if (cleansUpFirst) await cleanUp();
        await letGo();
        if (!cleansUpFirst) await cleanUp();
      });
    return { faulty: make(false), fixed: make(true) };
  })(),
  async test(cluster) {
    await cluster.client.create(ConfigMap, { metadata: { ...named('a'), finalizers: [CLEAN_UP] } });
    await cluster.settle();
    await cluster.client.delete(ConfigMap, named('a'));
    await rest(cluster);
    expect((await cluster.client.list(Secret, { namespace: 'default' })).items.map(({ metadata }) => metadata.name)).toEqual([]);
  },
};

const doneTooSoon: Specimen = {
  name: 'says that it is done before it is',
  cause: 'intermediate state',
  faults: [crashes()],
  ...(() => {
    const make = (worksFirst: boolean) => (): ReturnType<typeof defineController> =>
      controller('worker', async (request) => {
        const { object, client } = request;
        if (object.metadata.annotations?.['done'] === 'yes') return;
        const work = (): Promise<unknown> => client.create(Secret, { metadata: named(`of-${object.metadata.name}`) }).catch(ignore(isAlreadyExists));
        if (worksFirst) await work();
        await annotate(request, 'done', 'yes');
        if (!worksFirst) await work();
      });
    return { faulty: make(false), fixed: make(true) };
  })(),
  async test(cluster) {
    await cluster.client.create(ConfigMap, { metadata: named('a') });
    await rest(cluster);
    expect((await cluster.client.get(ConfigMap, named('a'))).metadata.annotations?.['done']).toBe('yes');
    expect((await cluster.client.list(Secret, { namespace: 'default' })).items).toHaveLength(1);
  },
};

const moveLosesData: Specimen = {
  name: 'moves what it keeps by deleting it first',
  cause: 'intermediate state',
  faults: [crashes()],
  ...(() => {
    const make = (copiesFirst: boolean) => (): ReturnType<typeof defineController> =>
      controller('mover', async ({ object, client }) => {
        const target = object.data?.['target'] ?? '';
        const found = (await client.list(Secret, { namespace: 'default' })).items.find(({ metadata }) => metadata.name !== target);
        if (found === undefined) return;
        const copy = (): Promise<unknown> => client.create(Secret, { metadata: named(target), data: found.data ?? {} }).catch(ignore(isAlreadyExists));
        if (copiesFirst) await copy();
        await client.delete(Secret, found).catch(ignore(isNotFound));
        if (!copiesFirst) await copy();
      });
    return { faulty: make(false), fixed: make(true) };
  })(),
  async test(cluster) {
    await cluster.client.create(Secret, { metadata: named('old'), stringData: { password: 'precious' } });
    await cluster.client.create(ConfigMap, { metadata: named('a'), data: { target: 'new' } });
    await rest(cluster);
    const { items } = await cluster.client.list(Secret, { namespace: 'default' });
    expect(items.map(({ metadata, data }) => [metadata.name, data?.['password']])).toEqual([['new', btoa('precious')]]);
  },
};

const twoPasswords: Specimen = {
  name: 'draws a password and stores it twice',
  cause: 'intermediate state',
  faults: [crashes(), lostResponses()],
  faulty: () =>
    controller('passwords', async ({ client, cache, random }) => {
      if (cache.get(Secret, named('server')) !== undefined && cache.get(Secret, named('client')) !== undefined) return;
      const password = String(random.next());
      for (const name of ['server', 'client']) await client.create(Secret, { metadata: named(name), stringData: { password } }).catch(ignore(isAlreadyExists));
    }),
  fixed: () =>
    controller('passwords', async ({ client, cache, random }) => {
      if (cache.get(Secret, named('server')) !== undefined && cache.get(Secret, named('client')) !== undefined) return;
      await client.create(Secret, { metadata: named('server'), stringData: { password: String(random.next()) } }).catch(ignore(isAlreadyExists));
      const { data = {} } = await client.get(Secret, named('server'));
      await client.create(Secret, { metadata: named('client'), data }).catch(ignore(isAlreadyExists));
    }),
  async test(cluster) {
    await cluster.client.create(ConfigMap, { metadata: named('a') });
    await rest(cluster);
    const [client, server] = (await cluster.client.list(Secret, { namespace: 'default' })).items;
    expect(client?.data).toBeDefined();
    expect(client?.data).toEqual(server?.data);
  },
};

/** What a crash between two writes reveals. */
export const intermediateState: readonly Specimen[] = [secondChild, finalizerFirst, doneTooSoon, moveLosesData, twoPasswords];
