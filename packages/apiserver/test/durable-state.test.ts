import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiServer, ledgerAnnex, type ApiServer } from '@kybern/apiserver';
import { ConfigMap, Namespace, Service } from '@kybern/core/kinds';
import { nodeFileSystem, openFileStore, type FileStore, type FileSystem, type StateFile } from '@kybern/state/file';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kybern-durable-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** An API server on the state of the directory, as long as `use` runs. */
async function withServer<T>(use: (api: ApiServer, state: FileStore) => Promise<T>): Promise<T> {
  await using state = await openFileStore({ directory, annex: ledgerAnnex() });
  await using api = await createApiServer({ state, authorization: 'rbac' });
  return await use(api, state);
}

const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' }, data: { color: 'red' } } as ConfigMap;
const key = { namespace: 'default', name: 'a' };

describe('an API server on state that was there before', () => {
  it('changes nothing of it by starting', async () => {
    const revision = await withServer(async (_, state) => state.revision);
    expect(await withServer(async (_, state) => state.revision)).toBe(revision);
  });

  it('knows who owns which fields', async () => {
    const before = await withServer(async ({ client }) => {
      await client.create(ConfigMap, config, { fieldManager: 'creator' });
      await client.patch(ConfigMap, key, { type: 'merge', patch: { data: { shape: 'round' } } }, { fieldManager: 'patcher' });
      await client.apply(ConfigMap, { ...config, data: { size: 'xl' } }, { fieldManager: 'applier' });
      return (await client.get(ConfigMap, key, { managedFields: true })).metadata.managedFields;
    });
    expect(before?.map(({ manager }) => manager).sort()).toEqual(['applier', 'creator', 'patcher']);
    await withServer(async ({ client }) => {
      expect((await client.get(ConfigMap, key, { managedFields: true })).metadata.managedFields).toEqual(before);
      await expect(client.apply(ConfigMap, { ...config, data: { color: 'blue' } }, { fieldManager: 'applier' })).rejects.toMatchObject({ reason: 'Conflict' });
    });
  });

  it('gives no address to a second Service', async () => {
    const service = (name: string): Service =>
      ({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace: 'default' },
        spec: { type: 'NodePort', ports: [{ port: 80 }] },
      }) as unknown as Service;
    const first = await withServer(({ client }) => client.create(Service, service('a')));
    await withServer(async ({ client }) => {
      const second = await client.create(Service, service('b'));
      expect(second.spec?.clusterIP).not.toBe(first.spec?.clusterIP);
      const clash = { ...service('c'), spec: { clusterIP: first.spec?.clusterIP, ports: [{ port: 80 }] } } as unknown as Service;
      await expect(client.create(Service, clash)).rejects.toMatchObject({ reason: 'Invalid' });
    });
  });

  it('has the certificate authority and the keys that it had', async () => {
    const open = ({ listen }: Pick<ApiServer, 'listen'>): Promise<string> => listen().then(({ certificateAuthority }) => certificateAuthority);
    const first = await withServer(open);
    expect(await withServer(open)).toBe(first);
  });

  it('serves objects at the resource versions that they had', async () => {
    const { uid, resourceVersion } = (await withServer(({ client }) => client.create(ConfigMap, config))).metadata;
    await withServer(async ({ client }) => {
      expect((await client.get(ConfigMap, key)).metadata).toMatchObject({ uid, resourceVersion });
      expect((await client.list(Namespace)).items.map(({ metadata }) => metadata.name)).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system']);
      await expect(client.update(ConfigMap, { ...config, metadata: { ...config.metadata, resourceVersion: '1' } } as ConfigMap)).rejects.toMatchObject({
        reason: 'Conflict',
      });
    });
  });
});

describe('an API server whose disk is full', () => {
  /** The machine's disk, which takes nothing more once `isFull` says so. */
  function disk(isFull: () => boolean): FileSystem {
    const files = nodeFileSystem();
    return {
      ...files,
      async open(path, mode) {
        const file = await files.open(path, mode);
        const write: StateFile['write'] = async (buffers, position) => {
          if (isFull()) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
          return file.write(buffers, position);
        };
        return { ...file, write, writeSynced: undefined };
      },
    };
  }

  it('says so to whoever writes, and serves reads and watches; started again with room it goes on', async () => {
    let isFull = false;
    const failures: Error[] = [];
    {
      await using state = await openFileStore({
        directory,
        annex: ledgerAnnex(),
        files: disk(() => isFull),
        onFailure: (error) => void failures.push(error),
      });
      await using api = await createApiServer({ state, authorization: 'rbac' });
      const { client } = api;
      const created = await client.create(ConfigMap, config);
      isFull = true;
      const refused = { reason: 'InternalError', code: 500, message: /the disk is full: make room, then start again/ };
      const told = (promise: Promise<unknown>): Promise<void> =>
        expect(promise).rejects.toMatchObject({ ...refused, message: expect.stringMatching(refused.message) as string });
      await told(client.create(ConfigMap, { ...config, metadata: { name: 'b', namespace: 'default' } }));
      await told(client.patch(ConfigMap, key, { type: 'merge', patch: { data: { color: 'blue' } } }));
      await told(client.delete(ConfigMap, key));
      expect(await client.get(ConfigMap, key)).toEqual(created);
      const seen: string[] = [];
      const watch = client.watch(ConfigMap, { namespace: 'default' }).subscribe(({ object }) => seen.push(object.metadata.name ?? ''));
      await expect.poll(() => seen, { timeout: 60_000 }).toContain('a');
      watch.unsubscribe();
      isFull = false;
      await told(client.create(ConfigMap, { ...config, metadata: { name: 'c', namespace: 'default' } }));
      expect(failures).toHaveLength(1);
    }
    await withServer(async ({ client }) => {
      expect((await client.get(ConfigMap, key)).data).toEqual({ color: 'red' });
      await client.create(ConfigMap, { ...config, metadata: { name: 'd', namespace: 'default' } });
    });
  });
});
