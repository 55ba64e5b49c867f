import { expect } from 'vitest';
import { isConflict, isInvalid, isNotFound } from '../api-error.ts';
import { ConfigMap, Deployment } from '../kinds/index.ts';
import type { KubernetesObject, ManagedFieldsEntry } from '../object.ts';
import { configMap, deployment, rejection, type ConformanceCase, type ConformanceContext } from './fixture.ts';

const by = (fieldManager: string, more: { readonly force?: boolean; readonly dryRun?: boolean; readonly subresource?: string } = {}) => ({
  fieldManager,
  ...more,
});
const data = ({ namespace }: ConformanceContext, values: Readonly<Record<string, string>>) => ({ metadata: { name: 'a', namespace }, data: values });

/** The fields that a manager owns, as `fieldsV1` says it. */
function ownedBy(object: KubernetesObject, manager: string, more: Partial<ManagedFieldsEntry> = {}): unknown {
  const entry = object.metadata.managedFields?.find(
    (each) => each.manager === manager && Object.entries(more).every(([name, value]) => each[name as keyof ManagedFieldsEntry] === value),
  );
  return entry?.fieldsV1;
}

/** What server-side apply and the account of who owns what promise. */
export const applyCases: readonly ConformanceCase[] = [
  {
    name: 'creates what is not there, owned by who applied it',
    async run(t) {
      const applied = await t.client.apply(ConfigMap, { ...data(t, { k: 'v' }), immutable: false }, by('a'));
      expect(applied).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'a', namespace: t.namespace }, data: { k: 'v' } });
      expect(applied.metadata.managedFields).toEqual([
        {
          manager: 'a',
          operation: 'Apply',
          apiVersion: 'v1',
          time: expect.stringMatching(/^\d{4}-.*Z$/),
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:data': { 'f:k': {} }, 'f:immutable': {} },
        },
      ]);
      expect(await t.client.get(ConfigMap, applied, { managedFields: true })).toEqual(applied);
      for (const part of [applied, applied.metadata, applied.metadata.managedFields, applied.data]) expect(Object.isFrozen(part)).toBe(true);
    },
  },
  {
    name: 'keeps what others applied, and removes what is no longer applied',
    async run(t) {
      await t.client.apply(ConfigMap, data(t, { a: '1', both: '1' }), by('a'));
      expect((await t.client.apply(ConfigMap, data(t, { b: '1', both: '1' }), by('b'))).data).toEqual({ a: '1', b: '1', both: '1' });
      const applied = await t.client.apply(ConfigMap, data(t, { a: '2' }), by('a'));
      expect(applied.data).toEqual({ a: '2', b: '1', both: '1' });
      expect(ownedBy(applied, 'a')).toEqual({ 'f:data': { 'f:a': {} } });
      expect(ownedBy(applied, 'b')).toEqual({ 'f:data': { 'f:b': {}, 'f:both': {} } });
    },
  },
  {
    name: 'refuses to change what another manager owns, with one cause per field',
    async run(t) {
      const first = await t.client.apply(ConfigMap, data(t, { x: '1', y: '1', z: '1' }), by('a'));
      const one = await rejection(t.client.apply(ConfigMap, data(t, { x: '2', z: '1' }), by('b')));
      expect(isConflict(one)).toBe(true);
      expect(one).toMatchObject({ code: 409, message: 'Apply failed with 1 conflict: conflict with "a": .data.x' });
      const two = await rejection(t.client.apply(ConfigMap, data(t, { x: '2', y: '2' }), by('b')));
      expect(two.message).toBe('Apply failed with 2 conflicts: conflicts with "a":\n- .data.x\n- .data.y');
      expect(two.details?.causes).toEqual([
        { reason: 'FieldManagerConflict', message: 'conflict with "a"', field: '.data.x' },
        { reason: 'FieldManagerConflict', message: 'conflict with "a"', field: '.data.y' },
      ]);
      expect(await t.client.get(ConfigMap, first, { managedFields: true })).toEqual(first);
    },
  },
  {
    name: 'takes over what another manager owns when forced',
    async run(t) {
      await t.client.apply(ConfigMap, data(t, { x: '1', y: '1' }), by('a'));
      const forced = await t.client.apply(ConfigMap, data(t, { x: '2' }), by('b', { force: true }));
      expect(forced.data).toEqual({ x: '2', y: '1' });
      expect(ownedBy(forced, 'a')).toEqual({ 'f:data': { 'f:y': {} } });
      expect(ownedBy(forced, 'b')).toEqual({ 'f:data': { 'f:x': {} } });
    },
  },
  {
    name: 'writes nothing when an apply changes nothing',
    async run(t) {
      const first = await t.client.apply(Deployment, deployment(t, 'a'), by('a'));
      expect(await t.client.apply(Deployment, deployment(t, 'a'), by('a'))).toEqual(first);
      expect((await t.client.get(Deployment, first)).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    },
  },
  {
    name: 'merges lists by the keys of their elements',
    async run(t) {
      const containers = (...list: readonly object[]) =>
        ({ metadata: { name: 'a', namespace: t.namespace }, spec: { template: { spec: { containers: list } } } }) as never;
      await t.client.apply(Deployment, deployment(t, 'a'), by('a'));
      await t.client.apply(Deployment, containers({ name: 'side', image: 'side:1', ports: [{ containerPort: 80 }] }), by('b'));
      const applied = await t.client.apply(Deployment, containers({ name: 'main', env: [{ name: 'X', value: '1' }] }), by('c'));
      expect(applied.spec.template.spec?.containers).toMatchObject([
        { name: 'main', image: 'registry.example/main:1', env: [{ name: 'X', value: '1' }] },
        { name: 'side', ports: [{ containerPort: 80, protocol: 'TCP' }] },
      ]);
      expect(ownedBy(applied, 'b')).toEqual({
        'f:spec': {
          'f:template': {
            'f:spec': {
              'f:containers': {
                'k:{"name":"side"}': {
                  '.': {},
                  'f:image': {},
                  'f:name': {},
                  'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
                },
              },
            },
          },
        },
      });
      const without = await t.client.apply(Deployment, { metadata: { name: 'a', namespace: t.namespace } }, by('b'));
      expect(without.spec.template.spec?.containers.map(({ name }) => name)).toEqual(['main']);
      expect(without.metadata.generation).toBe(4);
    },
  },
  {
    name: 'keeps account of creates, updates and patches, per subresource',
    async run(t) {
      const created = await t.client.create(Deployment, deployment(t, 'a'), { fieldManager: 'creator' });
      await t.client.patch(Deployment, created, { type: 'merge', patch: { spec: { replicas: 3 } } }, { fieldManager: 'scaler' });
      await t.client.patch(Deployment, created, { type: 'merge', patch: { status: { replicas: 1 } } }, { fieldManager: 'controller', subresource: 'status' });
      const found = await t.client.get(Deployment, created, { managedFields: true });
      expect(
        found.metadata.managedFields?.map(({ operation, manager, subresource = '' }) => `${operation ?? ''} ${manager ?? ''} ${subresource}`).sort(),
      ).toEqual(['Update controller status', 'Update creator ', 'Update scaler ']);
      expect(ownedBy(found, 'scaler')).toEqual({ 'f:spec': { 'f:replicas': {} } });
      expect(ownedBy(found, 'controller')).toEqual({ 'f:status': { 'f:replicas': {} } });
      expect(ownedBy(found, 'creator')).toMatchObject({
        'f:spec': { 'f:selector': {}, 'f:template': { 'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } } } },
      });
      expect(ownedBy(found, 'creator')).not.toMatchObject({ 'f:spec': { 'f:replicas': {} } });
      const [item] = await t.client.list(Deployment, { namespace: t.namespace, managedFields: true });
      expect(item).toEqual(found);
    },
  },
  {
    name: 'does not let an apply change what an update wrote, unless it is forced',
    async run(t) {
      await t.client.apply(ConfigMap, data(t, { k: '1' }), by('a'));
      await t.client.patch(ConfigMap, `${t.namespace}/a`, { type: 'merge', patch: { data: { k: '2' } } }, { fieldManager: 'editor' });
      const error = await rejection(t.client.apply(ConfigMap, data(t, { k: '1' }), by('a')));
      expect(error.message).toBe('Apply failed with 1 conflict: conflict with "editor" using v1: .data.k');
      const forced = await t.client.apply(ConfigMap, data(t, { k: '1' }), by('a', { force: true }));
      expect(forced.metadata.managedFields?.map(({ manager }) => manager)).toEqual(['a']);
    },
  },
  {
    name: 'applies a status as a manager of its own, which owns nothing else',
    async run(t) {
      await t.client.apply(Deployment, deployment(t, 'a'), by('a'));
      const status = { metadata: { name: 'a', namespace: t.namespace }, spec: { replicas: 7 }, status: { observedGeneration: 1, replicas: 1 } };
      const applied = await t.client.apply(Deployment, status, by('a', { subresource: 'status' }));
      expect(applied).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 1 } });
      expect(ownedBy(applied, 'a', { subresource: 'status' })).toEqual({ 'f:status': { 'f:observedGeneration': {}, 'f:replicas': {} } });
      const unset = await t.client.apply(Deployment, { ...deployment(t, 'a'), status: { replicas: 9 } }, by('a'));
      expect(unset.status?.replicas).toBe(1);
    },
  },
  {
    name: 'stores nothing when a dry run applies',
    async run(t) {
      const dry = await t.client.apply(ConfigMap, data(t, { k: '1' }), by('a', { dryRun: true }));
      expect(ownedBy(dry, 'a')).toEqual({ 'f:data': { 'f:k': {} } });
      expect(isNotFound(await rejection(t.client.get(ConfigMap, dry)))).toBe(true);
      const stored = await t.client.apply(ConfigMap, data(t, { k: '1' }), by('a'));
      expect((await t.client.apply(ConfigMap, data(t, { k: '2' }), by('b', { dryRun: true, force: true }))).data).toEqual({ k: '2' });
      expect(await t.client.get(ConfigMap, stored, { managedFields: true })).toEqual(stored);
    },
  },
  {
    name: 'refuses what is no apply',
    async run(t) {
      expect(isInvalid(await rejection(t.client.apply(ConfigMap, data(t, {}), by(''))))).toBe(true);
      const unknown = await rejection(t.client.apply(ConfigMap, { ...data(t, {}), unheardOf: 1 } as never, by('a')));
      expect(unknown).toMatchObject({
        code: expect.toBeOneOf([400, 500]),
        message: expect.stringContaining('.unheardOf: field not declared in schema') as string,
      });
      const stale = await rejection(t.client.apply(ConfigMap, { metadata: { name: 'a', namespace: t.namespace, uid: 'no-such-uid' } }, by('a')));
      expect(isConflict(stale)).toBe(true);
      const created = await t.client.create(ConfigMap, configMap(t, 'b'));
      const old = { metadata: { name: 'b', namespace: t.namespace, resourceVersion: '1' }, data: { k: '2' } };
      expect(isConflict(await rejection(t.client.apply(ConfigMap, old, by('a', { force: true }))))).toBe(true);
      expect((await t.client.get(ConfigMap, created)).data).toEqual({ k: 'v' });
    },
  },
  {
    name: 'lets an update say who owns what',
    async run(t) {
      const applied = await t.client.apply(ConfigMap, data(t, { k: '1' }), by('a'));
      const moved = (applied.metadata.managedFields ?? []).map((entry) => ({ ...entry, manager: 'b' }));
      await t.client.patch(
        ConfigMap,
        applied,
        { type: 'json', patch: [{ op: 'replace', path: '/metadata/managedFields', value: moved as never }] },
        { fieldManager: 'c' },
      );
      const found = await t.client.get(ConfigMap, applied, { managedFields: true });
      expect(found.metadata.managedFields).toEqual(moved);
      expect(found.metadata.resourceVersion).not.toBe(applied.metadata.resourceVersion);
      await t.client.update(ConfigMap, { ...found, metadata: { ...found.metadata, managedFields: [{}] } });
      expect((await t.client.get(ConfigMap, applied, { managedFields: true })).metadata.managedFields).toBeUndefined();
    },
  },
];
