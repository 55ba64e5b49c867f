import { expect } from 'vitest';
import { isAlreadyExists, isInvalid, isNotFound } from '../api-error.ts';
import { ConfigMap, Deployment, Namespace, Pod } from '../kinds/index.ts';
import { configMap, deployment, pod, rejection, type ConformanceCase } from './fixture.ts';

/** What `create` and `get` promise. */
export const createCases: readonly ConformanceCase[] = [
  {
    name: 'gives a new object its identity',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      expect(created).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: t.namespace }, data: { k: 'v' } });
      expect(created.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
      expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(created.metadata.resourceVersion).toMatch(/^[1-9]\d*$/);
      expect(await t.client.get(ConfigMap, created)).toEqual(created);
    },
  },
  {
    name: 'does not take uid and creationTimestamp from the client',
    async run(t) {
      const input = configMap(t, 'a');
      const uid = '00000000-0000-0000-0000-000000000000';
      const created = await t.client.create(ConfigMap, { ...input, metadata: { ...input.metadata, uid, creationTimestamp: '2000-01-01T00:00:00Z' } });
      expect(created.metadata.uid).not.toBe(uid);
      expect(created.metadata.creationTimestamp).not.toBe('2000-01-01T00:00:00Z');
    },
  },
  {
    name: 'hands out deeply frozen objects and leaves the input alone',
    async run(t) {
      const input = configMap(t, 'a', { data: { k: 'v' } });
      const created = await t.client.create(ConfigMap, input);
      for (const part of [created, created.metadata, created.data]) expect(Object.isFrozen(part)).toBe(true);
      expect(Object.isFrozen(input)).toBe(false);
      (input as { data: Record<string, string> }).data['k'] = 'changed';
      expect((await t.client.get(ConfigMap, created)).data).toEqual({ k: 'v' });
    },
  },
  {
    name: 'starts the generation of kinds with a spec at 1',
    async run(t) {
      expect((await t.client.create(Deployment, deployment(t, 'a'))).metadata.generation).toBe(1);
      expect((await t.client.create(ConfigMap, configMap(t, 'a'))).metadata.generation).toBeUndefined();
    },
  },
  {
    name: 'makes names from generateName',
    async run(t) {
      const input = { metadata: { generateName: 'site-', namespace: t.namespace } };
      const [a, b] = [await t.client.create(ConfigMap, input), await t.client.create(ConfigMap, input)];
      expect(a.metadata.name).toMatch(/^site-[a-z0-9]{5}$/);
      expect(b.metadata.name).toMatch(/^site-[a-z0-9]{5}$/);
      expect(a.metadata.name).not.toBe(b.metadata.name);
      expect(a.metadata.generateName).toBe('site-');
    },
  },
  {
    name: 'refuses a name that is taken',
    async run(t) {
      await t.client.create(ConfigMap, configMap(t, 'a'));
      const error = await rejection(t.client.create(ConfigMap, configMap(t, 'a')));
      expect(isAlreadyExists(error)).toBe(true);
      expect(error).toMatchObject({ code: 409, message: 'configmaps "a" already exists', details: { name: 'a', kind: 'configmaps' } });
    },
  },
  {
    name: 'lets the same name live in two namespaces and in two kinds',
    async run(t) {
      const other = await t.client.create(Namespace, { metadata: { generateName: 'conformance-' }, spec: {} });
      await t.client.create(ConfigMap, configMap(t, 'a'));
      await t.client.create(Pod, pod(t, 'a'));
      await t.client.create(ConfigMap, configMap({ namespace: other.metadata.name }, 'a'));
      expect((await t.client.get(ConfigMap, `${other.metadata.name}/a`)).metadata.namespace).toBe(other.metadata.name);
    },
  },
  {
    name: 'refuses invalid names with the field as the cause',
    async run(t) {
      const error = await rejection(t.client.create(ConfigMap, configMap(t, 'Not_A_Name')));
      expect(isInvalid(error)).toBe(true);
      expect(error).toMatchObject({ code: 422, details: { name: 'Not_A_Name', kind: 'ConfigMap' } });
      expect(error.details?.causes).toContainEqual(expect.objectContaining({ field: 'metadata.name', reason: 'FieldValueInvalid' }));
    },
  },
  {
    name: 'refuses an object without a name',
    async run(t) {
      const error = await rejection(t.client.create(ConfigMap, { metadata: { namespace: t.namespace } }));
      expect(isInvalid(error)).toBe(true);
      expect(error.details?.causes).toContainEqual(expect.objectContaining({ field: 'metadata.name', reason: 'FieldValueRequired' }));
    },
  },
  {
    name: 'reports everything that is wrong with an object at once',
    async run(t) {
      const input = {
        metadata: { name: 'a', namespace: t.namespace },
        spec: { containers: [{ image: 'x' }, { name: 'b', image: 'x', ports: [{ containerPort: 'http' }] }] },
      };
      const error = await rejection(t.client.create(Pod, input as never));
      expect(isInvalid(error) || error.reason === 'BadRequest').toBe(true);
      if (!isInvalid(error)) return;
      const fields = error.details?.causes?.map((cause) => cause.field) ?? [];
      expect(fields).toContain('spec.containers[0].name');
      expect(fields).toContain('spec.containers[1].ports[0].containerPort');
    },
  },
  {
    name: 'refuses objects of a namespace that does not exist',
    async run(t) {
      const error = await rejection(t.client.create(ConfigMap, configMap({ namespace: 'there-is-none' }, 'a')));
      expect(isNotFound(error)).toBe(true);
      expect(error.details).toMatchObject({ name: 'there-is-none', kind: 'namespaces' });
    },
  },
  {
    name: 'fills in defaults',
    async run(t) {
      const created = await t.client.create(Pod, pod(t, 'a'));
      expect(created.spec).toMatchObject({ restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst' });
      expect(created.status?.phase).toBe('Pending');
    },
  },
  {
    name: 'drops unknown fields, and refuses them when validation is strict',
    async run(t) {
      const input = { ...deployment(t, 'a'), unheardOf: 1 };
      const error = await rejection(t.client.create(Deployment, input, { fieldValidation: 'Strict' }));
      expect(error).toMatchObject({ reason: 'BadRequest', code: 400 });
      expect(error.message).toContain('unheardOf');
      expect(await t.client.create(Deployment, input)).not.toHaveProperty('unheardOf');
    },
  },
  {
    name: 'stores nothing in a dry run',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'), { dryRun: true });
      expect(created.metadata).toMatchObject({ name: 'a', namespace: t.namespace });
      expect(created.metadata.uid).toBeDefined();
      expect(isNotFound(await rejection(t.client.get(ConfigMap, created)))).toBe(true);
    },
  },
  {
    name: 'keeps data under any key',
    async run(t) {
      const data = JSON.parse('{"__proto__":"a","constructor":"b","hasOwnProperty":"c"}') as Record<string, string>;
      const created = await t.client.create(ConfigMap, configMap(t, 'a', { data }));
      expect(JSON.stringify((await t.client.get(ConfigMap, created)).data)).toBe(JSON.stringify(data));
    },
  },
  {
    name: 'reads by every form of key',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      const found = await t.client.get(ConfigMap, `${t.namespace}/a`);
      expect(found).toEqual(created);
      expect(await t.client.get(ConfigMap, { namespace: t.namespace, name: 'a' })).toEqual(found);
      expect(await t.client.get(ConfigMap, found)).toEqual(found);
      expect((await t.client.get(Namespace, t.namespace)).metadata.name).toBe(t.namespace);
      expect(isNotFound(await rejection(t.client.get(ConfigMap, 'a')))).toBe(true);
    },
  },
  {
    name: 'says what was not found',
    async run(t) {
      const error = await rejection(t.client.get(Deployment, `${t.namespace}/none`));
      expect(isNotFound(error)).toBe(true);
      expect(error).toMatchObject({ code: 404, message: 'deployments.apps "none" not found', details: { name: 'none', group: 'apps', kind: 'deployments' } });
    },
  },
  {
    name: 'shows one client what another has written',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      expect(await t.otherClient.get(ConfigMap, created)).toEqual(created);
      await t.otherClient.delete(ConfigMap, created);
      expect(isNotFound(await rejection(t.client.get(ConfigMap, created)))).toBe(true);
    },
  },
];
