import { expect } from 'vitest';
import { isExpired } from '../api-error.ts';
import { ConfigMap, Namespace, Pod } from '../kinds/index.ts';
import { configMap, names, pod, rejection, type ConformanceCase, type ConformanceContext } from './fixture.ts';

async function seed(t: ConformanceContext, ...created: readonly string[]): Promise<void> {
  for (const name of created) await t.client.create(ConfigMap, configMap(t, name));
}

/** What `list` promises. */
export const listCases: readonly ConformanceCase[] = [
  {
    name: 'lists in the order of names, as a list of its kind',
    async run(t) {
      await seed(t, 'b', 'c', 'a');
      const list = await t.client.list(ConfigMap, { namespace: t.namespace });
      expect(list).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMapList' });
      expect(names(list.items)).toEqual(['a', 'b', 'c']);
      expect(names(list)).toEqual(['a', 'b', 'c']);
      expect(list.metadata.resourceVersion).toMatch(/^[1-9]\d*$/);
      expect(list.items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { k: 'v' } });
      expect(Object.isFrozen(list.items[0]?.metadata)).toBe(true);
    },
  },
  {
    name: 'lists one namespace, or all of them in the order of namespace and name',
    async run(t) {
      const other = (await t.client.create(Namespace, { metadata: { generateName: 'conformance-' }, spec: {} })).metadata.name;
      const labels = { run: t.namespace };
      for (const namespace of [t.namespace, other]) for (const name of ['b', 'a']) await t.client.create(ConfigMap, configMap({ namespace }, name, { labels }));
      expect(names(await t.client.list(ConfigMap, { namespace: other, labels }))).toEqual(['a', 'b']);
      const all = await t.client.list(ConfigMap, { labels });
      const keys = all.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
      expect(keys).toEqual([t.namespace, other].sort().flatMap((namespace) => [`${namespace}/a`, `${namespace}/b`]));
    },
  },
  {
    name: 'lists nothing as an empty list',
    async run(t) {
      const list = await t.client.list(ConfigMap, { namespace: t.namespace, labels: { no: 'such' } });
      expect(list.items).toEqual([]);
      expect(list.metadata.continue ?? '').toBe('');
    },
  },
  {
    name: 'selects by labels',
    async run(t) {
      await t.client.create(ConfigMap, configMap(t, 'a', { labels: { app: 'web', tier: 'front' } }));
      await t.client.create(ConfigMap, configMap(t, 'b', { labels: { app: 'web' } }));
      await t.client.create(ConfigMap, configMap(t, 'c', { labels: { app: 'db', tier: 'back' } }));
      const select = async (options: object): Promise<string[]> => names(await t.client.list(ConfigMap, { namespace: t.namespace, ...options }));
      expect(await select({ labels: { app: 'web' } })).toEqual(['a', 'b']);
      expect(await select({ labelSelector: 'app=web,tier' })).toEqual(['a']);
      expect(await select({ labelSelector: 'app=web,!tier' })).toEqual(['b']);
      expect(await select({ labelSelector: 'app in (web, db),tier notin (front)' })).toEqual(['b', 'c']);
      expect(await select({ labels: { app: 'web' }, labelSelector: 'tier!=front' })).toEqual(['b']);
    },
  },
  {
    name: 'selects by fields',
    async run(t) {
      await t.client.create(Pod, pod(t, 'a'));
      await t.client.create(Pod, pod(t, 'b', { nodeName: 'node-1' }));
      const select = async (fieldSelector: string): Promise<string[]> => names(await t.client.list(Pod, { namespace: t.namespace, fieldSelector }));
      expect(await select('metadata.name=a')).toEqual(['a']);
      expect(await select('metadata.name!=a')).toEqual(['b']);
      expect(await select('spec.nodeName=node-1')).toEqual(['b']);
      expect(await select('spec.nodeName=')).toEqual(['a']);
      expect(await select('spec.nodeName==node-1,status.phase=Pending')).toEqual(['b']);
      expect(await select(`metadata.namespace=${t.namespace}`)).toEqual(['a', 'b']);
    },
  },
  {
    name: 'refuses selectors that it does not understand',
    async run(t) {
      const { namespace } = t;
      expect((await rejection(t.client.list(ConfigMap, { namespace, labelSelector: 'a in (' }))).reason).toBe('BadRequest');
      expect((await rejection(t.client.list(ConfigMap, { namespace, fieldSelector: 'spec.color=red' }))).reason).toBe('BadRequest');
      expect((await rejection(t.client.list(ConfigMap, { namespace, fieldSelector: 'nonsense' }))).reason).toBe('BadRequest');
    },
  },
  {
    name: 'pages through one picture, whatever happens meanwhile',
    async run(t) {
      await seed(t, 'a', 'b', 'c', 'd', 'e');
      const { namespace } = t;
      const first = await t.client.list(ConfigMap, { namespace, limit: 2 });
      expect(names(first)).toEqual(['a', 'b']);
      expect(first.metadata.continue).not.toBe('');
      await t.client.delete(ConfigMap, `${namespace}/d`);
      await seed(t, 'bb', 'f');
      const second = await t.client.list(ConfigMap, { namespace, limit: 2, continue: first.metadata.continue ?? '' });
      expect(names(second)).toEqual(['c', 'd']);
      const third = await t.client.list(ConfigMap, { namespace, limit: 2, continue: second.metadata.continue ?? '' });
      expect(names(third)).toEqual(['e']);
      expect(third.metadata.continue ?? '').toBe('');
      for (const page of [second, third]) expect(page.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    },
  },
  {
    name: 'says how many items remain',
    async run(t) {
      await seed(t, 'a', 'b', 'c');
      const labels = (await t.client.list(ConfigMap, { namespace: t.namespace, limit: 1, fieldSelector: 'metadata.name!=x' })).metadata;
      expect(labels.remainingItemCount).toBeUndefined();
      const total = (await t.client.list(ConfigMap, { namespace: t.namespace })).items.length;
      expect((await t.client.list(ConfigMap, { namespace: t.namespace, limit: 1 })).metadata.remainingItemCount).toBe(total - 1);
    },
  },
  {
    name: 'fills pages with what is selected',
    async run(t) {
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
        await t.client.create(ConfigMap, configMap(t, name, { labels: { even: String(['b', 'd', 'f'].includes(name)) } }));
      const first = await t.client.list(ConfigMap, { namespace: t.namespace, labels: { even: 'true' }, limit: 2 });
      expect(names(first)).toEqual(['b', 'd']);
      const rest = await t.client.list(ConfigMap, { namespace: t.namespace, labels: { even: 'true' }, limit: 2, continue: first.metadata.continue ?? '' });
      expect(names(rest)).toEqual(['f']);
    },
  },
  {
    name: 'refuses a continue token that it did not make',
    async run(t) {
      expect((await rejection(t.client.list(ConfigMap, { namespace: t.namespace, limit: 1, continue: 'nonsense' }))).reason).toBe('BadRequest');
    },
  },
  {
    name: 'reads the state of an exact revision',
    async run(t) {
      await seed(t, 'a');
      const { resourceVersion = '' } = (await t.client.list(ConfigMap, { namespace: t.namespace })).metadata;
      await seed(t, 'b');
      const then = await t.client.list(ConfigMap, {
        namespace: t.namespace,
        resourceVersion,
        resourceVersionMatch: 'Exact',
        fieldSelector: 'metadata.name!=kube-root-ca.crt',
      });
      expect(names(then)).toEqual(['a']);
      expect(then.metadata.resourceVersion).toBe(resourceVersion);
      const notOlder = await t.client.list(ConfigMap, { namespace: t.namespace, resourceVersion, resourceVersionMatch: 'NotOlderThan' });
      expect(Number(notOlder.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(resourceVersion));
    },
  },
  {
    name: 'ends paging with Expired once the picture is gone',
    needsCompact: true,
    async run(t) {
      await seed(t, 'a', 'b', 'c');
      const { namespace } = t;
      const first = await t.client.list(ConfigMap, { namespace, limit: 1 });
      await seed(t, 'd');
      await t.compact?.();
      const error = await rejection(t.client.list(ConfigMap, { namespace, limit: 1, continue: first.metadata.continue ?? '' }));
      expect(isExpired(error)).toBe(true);
      expect(error.code).toBe(410);
    },
  },
];
