import { ConfigMap } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { runManager } from '../test/run-manager.ts';
import { configMap, createWorld, type World } from '../test/world.ts';
import { defineController, done, requeueAfter, withFinalizer, type ReconcileResult } from './index.ts';

const FINALIZER = 'example.com/outside';

const guarded = (world: World, cleanup: () => Promise<ReconcileResult>) => {
  const log: string[] = [];
  const controller = defineController({
    for: ConfigMap,
    predicates: [({ object }) => object.metadata.namespace === 'default'],
    reconcile: withFinalizer({
      kind: ConfigMap,
      finalizer: FINALIZER,
      reconcile: ({ object }) => (log.push(`reconcile ${(object.metadata.finalizers ?? []).join()}`), Promise.resolve(done())),
      cleanup: () => (log.push('cleanup'), cleanup()),
    }),
  });
  return { log, ...runManager(world, [controller]) };
};

describe('withFinalizer', () => {
  it('puts the finalizer on before the first reconcile, and takes it off after the clean-up', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, { metadata: { name: 'a', namespace: 'default', finalizers: ['example.com/other'] } });
    const { log, errors } = guarded(world, () => Promise.resolve(done()));
    await world.clock.advance(1_000);
    expect(log[0]).toBe(`reconcile example.com/other,${FINALIZER}`);
    await world.client.delete(ConfigMap, 'a');
    await world.clock.advance(1_000);
    expect(log.at(-1)).toBe('cleanup');
    expect(log.filter((line) => line === 'cleanup')).toHaveLength(1);
    expect((await world.client.get(ConfigMap, 'a')).metadata.finalizers).toEqual(['example.com/other']);
    expect(errors).toEqual([]);
  });

  it('keeps the object until the clean-up succeeds', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const outcomes: (() => Promise<ReconcileResult>)[] = [
      () => Promise.reject(new Error('the outside is closed')),
      () => Promise.resolve(requeueAfter('10s')),
      () => Promise.resolve(done()),
    ];
    const { log, errors } = guarded(world, () => (outcomes.shift() as () => Promise<ReconcileResult>)());
    await world.clock.advance(1_000);
    await world.client.delete(ConfigMap, 'a');
    await world.clock.advance(5_000);
    expect((await world.client.get(ConfigMap, 'a')).metadata.finalizers).toEqual([FINALIZER]);
    await world.clock.advance(10_000);
    expect(log.filter((line) => line === 'cleanup')).toHaveLength(3);
    await expect(world.client.get(ConfigMap, 'a')).rejects.toMatchObject({ reason: 'NotFound' });
    expect(errors).toMatchObject([{ error: { message: 'the outside is closed' } }]);
  });

  it('does nothing for an object that was deleted before it was ever reconciled', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, { metadata: { name: 'a', namespace: 'default', finalizers: ['example.com/other'] } });
    await world.client.delete(ConfigMap, 'a');
    const { log, errors } = guarded(world, () => Promise.resolve(done()));
    await world.clock.advance(1_000);
    expect(log).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('an object that goes during its clean-up is no error', async () => {
    await using world = await createWorld();
    await world.client.create(ConfigMap, configMap('a'));
    const { log, errors } = guarded(world, async () => {
      await world.client.mutate(ConfigMap, 'a', (draft) => void (draft.metadata.finalizers = []));
      return done();
    });
    await world.clock.advance(1_000);
    await world.client.delete(ConfigMap, 'a');
    await world.clock.advance(1_000);
    expect(log.at(-1)).toBe('cleanup');
    expect(errors).toEqual([]);
  });
});
