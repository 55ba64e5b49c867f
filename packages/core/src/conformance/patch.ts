import { expect } from 'vitest';
import { isConflict, isInvalid, isNotFound } from '../api-error.ts';
import { ConfigMap, Deployment } from '../kinds/index.ts';
import { configMap, deployment, rejection, type ConformanceCase } from './fixture.ts';

/** What `patch` promises. */
export const patchCases: readonly ConformanceCase[] = [
  {
    name: 'applies JSON patches',
    async run(t) {
      const input = configMap(t, 'a', { data: { k: 'v', old: 'x' } });
      const created = await t.client.create(ConfigMap, { ...input, metadata: { ...input.metadata, annotations: { 'example.com/note': '1' } } });
      const patched = await t.client.patch(ConfigMap, created, {
        type: 'json',
        patch: [
          { op: 'test', path: '/data/k', value: 'v' },
          { op: 'replace', path: '/data/k', value: 'w' },
          { op: 'move', from: '/data/old', path: '/data/new' },
          { op: 'replace', path: '/metadata/annotations/example.com~1note', value: '2' },
          { op: 'add', path: '/metadata/finalizers', value: ['example.com/hold'] },
          { op: 'add', path: '/metadata/finalizers/-', value: 'example.com/more' },
        ],
      });
      expect(patched.data).toEqual({ k: 'w', new: 'x' });
      expect(patched.metadata).toMatchObject({ annotations: { 'example.com/note': '2' }, finalizers: ['example.com/hold', 'example.com/more'] });
      expect(await t.client.get(ConfigMap, created)).toEqual(patched);
    },
  },
  {
    name: 'applies all of a JSON patch or none of it',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      const failing = await rejection(
        t.client.patch(ConfigMap, created, {
          type: 'json',
          patch: [
            { op: 'add', path: '/data/x', value: '1' },
            { op: 'test', path: '/data/k', value: 'no' },
          ],
        }),
      );
      expect(isInvalid(failing)).toBe(true);
      const missing = await rejection(t.client.patch(ConfigMap, created, { type: 'json', patch: [{ op: 'remove', path: '/data/none' }] }));
      expect(isInvalid(missing)).toBe(true);
      expect(await t.client.get(ConfigMap, created)).toEqual(created);
    },
  },
  {
    name: 'refuses malformed patches',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      const malformed = [
        { type: 'json', patch: {} },
        { type: 'json', patch: [{ op: 'wish', path: '/data' }] },
        { type: 'json', patch: [{ op: 'remove', path: 'data' }] },
        { type: 'merge', patch: [] },
        { type: 'strategic', patch: 'x' },
      ];
      for (const patch of malformed) {
        const error = await rejection(t.client.patch(ConfigMap, created, patch as never));
        expect([400, 422]).toContain(error.code);
      }
      expect(await t.client.get(ConfigMap, created)).toEqual(created);
    },
  },
  {
    name: 'applies merge patches: objects merge, null removes, lists are replaced',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a', { data: { k: 'v', old: 'x' } }));
      const patched = await t.client.patch(ConfigMap, created, {
        type: 'merge',
        patch: { data: { k: 'w', old: null, new: 'n' }, metadata: { labels: { l: '1' } } },
      });
      expect(patched.data).toEqual({ k: 'w', new: 'n' });
      expect(patched.metadata.labels).toEqual({ l: '1' });
      const workload = await t.client.create(Deployment, deployment(t, 'a'));
      const containers = [{ name: 'other', image: 'registry.example/other:1' }];
      const replaced = await t.client.patch(Deployment, workload, { type: 'merge', patch: { spec: { template: { spec: { containers } } } } });
      expect(replaced.spec.template.spec?.containers.map(({ name }) => name)).toEqual(['other']);
    },
  },
  {
    name: 'applies strategic merge patches: lists merge by key',
    async run(t) {
      const created = await t.client.create(Deployment, deployment(t, 'a'));
      const containers = [
        { name: 'side', image: 'registry.example/side:1' },
        { name: 'main', image: 'registry.example/main:2' },
      ];
      const patched = await t.client.patch(Deployment, created, { type: 'strategic', patch: { spec: { template: { spec: { containers } } } } });
      const images = (object: Deployment): object => Object.fromEntries(object.spec.template.spec?.containers.map(({ name, image }) => [name, image]) ?? []);
      expect(images(patched)).toEqual({ main: 'registry.example/main:2', side: 'registry.example/side:1' });
      const removed = await t.client.patch(Deployment, created, {
        type: 'strategic',
        patch: { spec: { template: { spec: { containers: [{ name: 'side', $patch: 'delete' }] } } } },
      });
      expect(images(removed)).toEqual({ main: 'registry.example/main:2' });
      expect(removed.metadata.generation).toBe(3);
    },
  },
  {
    name: 'makes no revision of a patch that changes nothing',
    async run(t) {
      const created = await t.client.create(Deployment, deployment(t, 'a'));
      expect(await t.client.patch(Deployment, created, { type: 'merge', patch: { spec: { replicas: 1 } } })).toEqual(created);
      expect(await t.client.patch(Deployment, created, { type: 'json', patch: [] })).toEqual(created);
      const containers = [{ name: 'main', image: 'registry.example/main:1' }];
      expect(await t.client.patch(Deployment, created, { type: 'strategic', patch: { spec: { template: { spec: { containers } } } } })).toEqual(created);
    },
  },
  {
    name: 'lets a patch carry the resourceVersion that it was made for',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      const { resourceVersion = '' } = created.metadata;
      const updated = await t.client.patch(ConfigMap, created, { type: 'merge', patch: { metadata: { resourceVersion }, data: { k: '2' } } });
      expect(updated.data).toEqual({ k: '2' });
      expect(
        isConflict(await rejection(t.client.patch(ConfigMap, created, { type: 'merge', patch: { metadata: { resourceVersion }, data: { k: '3' } } }))),
      ).toBe(true);
      const guarded = {
        type: 'json',
        patch: [
          { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
          { op: 'replace', path: '/data/k', value: '3' },
        ],
      } as const;
      expect(isConflict(await rejection(t.client.patch(ConfigMap, created, guarded)))).toBe(true);
      expect(await t.client.get(ConfigMap, created)).toEqual(updated);
    },
  },
  {
    name: 'patches the status alone on the status subresource',
    async run(t) {
      const created = await t.client.create(Deployment, deployment(t, 'a'));
      const patch = { type: 'merge', patch: { spec: { replicas: 9 }, status: { replicas: 1 } } } as const;
      const status = await t.client.patch(Deployment, created, patch, { subresource: 'status' });
      expect(status).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 1 }, metadata: { generation: 1 } });
      const main = await t.client.patch(Deployment, created, { type: 'merge', patch: { spec: { replicas: 9 }, status: { replicas: 5 } } });
      expect(main).toMatchObject({ spec: { replicas: 9 }, status: { replicas: 1 }, metadata: { generation: 2 } });
    },
  },
  {
    name: 'keeps identity whatever a patch says',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      expect([400, 422]).toContain((await rejection(t.client.patch(ConfigMap, created, { type: 'merge', patch: { metadata: { name: 'b' } } }))).code);
      expect([409, 422]).toContain((await rejection(t.client.patch(ConfigMap, created, { type: 'merge', patch: { metadata: { uid: 'x' } } }))).code);
      expect(await t.client.get(ConfigMap, created)).toEqual(created);
    },
  },
  {
    name: 'cannot patch what does not exist, and stores nothing in a dry run of a patch',
    async run(t) {
      const patch = { type: 'merge', patch: { data: { k: 'w' } } } as const;
      expect(isNotFound(await rejection(t.client.patch(ConfigMap, `${t.namespace}/none`, patch)))).toBe(true);
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      expect((await t.client.patch(ConfigMap, created, patch, { dryRun: true })).data).toEqual({ k: 'w' });
      expect(await t.client.get(ConfigMap, created)).toEqual(created);
    },
  },
];
