import { expect } from 'vitest';
import { ConfigMap } from '../kinds/index.ts';
import { configMap, record, rejection, revisionNow, summary, type ConformanceCase } from './fixture.ts';

/** What signals promise. */
export const abortCases: readonly ConformanceCase[] = [
  {
    name: 'rejects every call whose signal has aborted with its reason, and writes nothing',
    async run(t) {
      const created = await t.client.create(ConfigMap, configMap(t, 'a'));
      const reason = new Error('changed my mind');
      const signal = AbortSignal.abort(reason);
      const calls: readonly (() => Promise<unknown>)[] = [
        () => t.client.get(ConfigMap, created, { signal }),
        () => t.client.list(ConfigMap, { namespace: t.namespace, signal }),
        () => t.client.create(ConfigMap, configMap(t, 'b'), { signal }),
        () => t.client.update(ConfigMap, { ...created, data: {} }, { signal }),
        () => t.client.patch(ConfigMap, created, { type: 'merge', patch: { data: null } }, { signal }),
        () => t.client.delete(ConfigMap, created, { signal }),
        () => t.client.mutate(ConfigMap, created, (draft) => void (draft.data = {}), { signal }),
      ];
      for (const call of calls) expect(await rejection(call())).toBe(reason);
      expect(await t.client.get(ConfigMap, created)).toEqual(created);
    },
  },
  {
    name: 'ends a watch with the reason of its signal',
    async run(t) {
      const controller = new AbortController();
      const reason = new Error('enough');
      const from = await revisionNow(t);
      using watch = record(t.client.watch(ConfigMap, { namespace: t.namespace, resourceVersion: from, signal: controller.signal }));
      await t.client.create(ConfigMap, configMap(t, 'a'));
      await watch.take(1);
      controller.abort(reason);
      expect(await watch.ended).toBe(reason);
      await t.client.create(ConfigMap, configMap(t, 'b'));
      expect(summary(watch.events)).toEqual(['ADDED a']);
    },
  },
  {
    name: 'does not begin a watch whose signal has aborted',
    async run(t) {
      const reason = new Error('enough');
      using watch = record(t.client.watch(ConfigMap, { namespace: t.namespace, signal: AbortSignal.abort(reason) }));
      expect(await watch.ended).toBe(reason);
      expect(watch.events).toEqual([]);
    },
  },
];
