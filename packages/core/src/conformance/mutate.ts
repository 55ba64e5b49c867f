import { expect } from 'vitest';
import { isNotFound } from '../api-error.ts';
import { condition, getCondition } from '../conditions.ts';
import { ConfigMap, Deployment } from '../kinds/index.ts';
import { configMap, deployment, record, rejection, revisionNow, type ConformanceCase } from './fixture.ts';

/** What `mutate` and `mutateStatus` promise. */
export const mutateCases: readonly ConformanceCase[] = [
  {
    name: 'writes what the recipe changes',
    async run(t) {
      const created = await t.client.create(Deployment, deployment(t, 'a'));
      const mutated = await t.client.mutate(Deployment, created, (draft) => {
        draft.spec.replicas = 3;
        draft.metadata.labels = { x: '1' };
        delete draft.spec.revisionHistoryLimit;
      });
      expect(mutated).toMatchObject({ spec: { replicas: 3 }, metadata: { labels: { x: '1' }, generation: 2 } });
      expect(created.spec.replicas).toBe(1);
      expect(await t.client.get(Deployment, created)).toEqual(mutated);
    },
  },
  {
    name: 'writes nothing when the recipe changes nothing',
    async run(t) {
      const created = await t.client.create(Deployment, deployment(t, 'a'));
      const from = await revisionNow(t);
      const same = await t.client.mutate(Deployment, created, (draft) => {
        draft.spec.replicas = 1;
      });
      expect(same).toEqual(created);
      expect(await t.client.mutateStatus(Deployment, created, () => undefined)).toEqual(created);
      expect(await revisionNow(t)).toBe(from);
    },
  },
  {
    name: 'begins again from what is stored when somebody else writes first',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a', { data: { count: '0' } }));
      const clients = [t.client, t.otherClient];
      const increment = (i: number): Promise<unknown> =>
        (clients[i % 2] ?? t.client).mutate(ConfigMap, created, (draft) => {
          draft.data = { count: String(Number(draft.data?.['count']) + 1) };
        });
      await Promise.all(Array.from({ length: 12 }, (_, i) => increment(i)));
      expect((await t.client.get(ConfigMap, created)).data).toEqual({ count: '12' });
    },
  },
  {
    name: 'does not trust the object that it is given',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a', { data: { k: 'old' } }));
      await t.client.update(ConfigMap, { ...created, data: { k: 'new' } });
      await t.client.mutate(ConfigMap, created, (draft) => {
        draft.data = { ...draft.data, more: 'x' };
      });
      expect((await t.client.get(ConfigMap, created)).data).toEqual({ k: 'new', more: 'x' });
    },
  },
  {
    name: 'rejects with what the recipe throws, and writes nothing',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      const failure = new Error('no');
      const error = await rejection(
        t.client.mutate(ConfigMap, created, (draft) => {
          draft.data = {};
          throw failure;
        }),
      );
      expect(error).toBe(failure);
      expect(await t.client.get(ConfigMap, created)).toEqual(created);
    },
  },
  {
    name: 'cannot mutate what does not exist',
    async run(t) {
      expect(isNotFound(await rejection(t.client.mutate(ConfigMap, `${t.namespace}/none`, () => undefined)))).toBe(true);
    },
  },
  {
    name: 'writes the status, and nothing but the status',
    async run(t) {
      const created = await t.client.create(Deployment, deployment(t, 'a'));
      const mutated = await t.client.mutateStatus(Deployment, created, (draft) => {
        draft.status.replicas = 1;
        draft.spec.replicas = 9;
      });
      expect(mutated).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 1 }, metadata: { generation: 1 } });
    },
  },
  {
    name: 'stamps conditions whose status changes, and no others',
    async run(t) {
      const created = await t.client.create(Deployment, deployment(t, 'a'));
      const stamped = '2001-02-03T04:05:06Z';
      const ready = await t.client.mutateStatus(Deployment, created, (draft) => {
        condition(draft, 'Available', true, { reason: 'Enough' });
        draft.status.conditions?.push({ type: 'Progressing', status: 'True', lastTransitionTime: stamped });
      });
      expect(getCondition(ready, 'Available')).toMatchObject({ status: 'True', reason: 'Enough', lastTransitionTime: expect.stringMatching(/^\d{4}-.*Z$/) });
      expect(getCondition(ready, 'Progressing')?.lastTransitionTime).toBe(stamped);
      const same = await t.client.mutateStatus(Deployment, created, (draft) => condition(draft, 'Available', true, { reason: 'Enough' }));
      expect(same).toEqual(ready);
      const changed = await t.client.mutateStatus(Deployment, created, (draft) => condition(draft, 'Progressing', false, { reason: 'Stuck' }));
      expect(getCondition(changed, 'Progressing')).toMatchObject({ status: 'False', reason: 'Stuck' });
      expect(getCondition(changed, 'Progressing')?.lastTransitionTime).not.toBe(stamped);
      expect(getCondition(changed, 'Available')).toEqual(getCondition(ready, 'Available'));
    },
  },
  {
    name: 'stores nothing in a dry run of a mutation',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      using watch = record(t.client.watch(ConfigMap, { namespace: t.namespace, resourceVersion: created.metadata.resourceVersion ?? '' }));
      const mutated = await t.client.mutate(ConfigMap, created, (draft) => void (draft.data = { k: 'dry' }), { dryRun: true });
      expect(mutated.data).toEqual({ k: 'dry' });
      await t.client.mutate(ConfigMap, created, (draft) => void (draft.data = { k: 'wet' }));
      expect((await watch.take(1)).map(({ object }) => (object as ConfigMap).data)).toEqual([{ k: 'wet' }]);
    },
  },
];
