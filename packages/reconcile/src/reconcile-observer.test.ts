import { ConfigMap, Secret } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { runManager } from '../test/run-manager.ts';
import { configMap, createWorld } from '../test/world.ts';
import { defineController, done, type ReconcileObserver } from './index.ts';

const copier = defineController({
  name: 'copier',
  for: ConfigMap,
  predicates: [({ object }) => object.metadata.namespace === 'default'],
  async reconcile({ object, client }) {
    if (object.data?.['fail'] === 'yes') throw new Error('as told');
    await client.create(Secret, { metadata: { name: object.metadata.name, namespace: 'default' } });
    return done();
  },
});

describe('who looks on while controllers work', () => {
  it('is told of keys that are queued, and of reconciles as they begin and end', async () => {
    await using world = await createWorld();
    const told: string[] = [];
    const observer: ReconcileObserver = {
      enqueued: (controller, key) => void told.push(`enqueued ${controller} ${key}`),
      began: ({ controller, key, id }, client) => (told.push(`began ${controller} ${key} ${String(id)}`), client),
      ended: ({ key, id }, result) => void told.push(`ended ${key} ${String(id)} ${result}`),
    };
    runManager(world, [copier], { observer });
    await world.clock.settleNow();
    told.length = 0;
    await world.client.create(ConfigMap, configMap('a'));
    await world.clock.settleNow();
    await world.client.create(ConfigMap, configMap('b', { fail: 'yes' }));
    await world.clock.settleNow();
    expect(told).toEqual([
      'enqueued copier default/a',
      'began copier default/a 1',
      'ended default/a 1 success',
      'enqueued copier default/b',
      'began copier default/b 2',
      'ended default/b 2 error',
    ]);
  });

  it('may give a reconcile its client', async () => {
    await using world = await createWorld();
    const calls: string[] = [];
    const observer: ReconcileObserver = {
      began: ({ key }, client) => ({ ...client, create: (kind, object, options) => (calls.push(`${key} creates`), client.create(kind, object, options)) }),
    };
    runManager(world, [copier], { observer });
    await world.clock.settleNow();
    await world.client.create(ConfigMap, configMap('a'));
    await world.clock.settleNow();
    expect(calls).toEqual(['default/a creates']);
  });

  it('may put a key back for a while, without losing it', async () => {
    await using world = await createWorld();
    const asked: string[] = [];
    runManager(world, [copier], { observer: { postponeMs: (_controller, key) => (asked.push(key), asked.length < 3 ? 1_000 : 0) } });
    await world.clock.settleNow();
    await world.client.create(ConfigMap, configMap('a'));
    await world.clock.advance(1_999);
    expect((await world.client.list(Secret, { namespace: 'default' })).items).toEqual([]);
    await world.clock.advance(1);
    expect((await world.client.list(Secret, { namespace: 'default' })).items).toHaveLength(1);
    expect(asked).toEqual(['default/a', 'default/a', 'default/a']);
  });
});
