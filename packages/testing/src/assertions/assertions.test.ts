import { ConfigMap, Secret } from '@kybern/core/kinds';
import { defineController, done, requeueAfter, type ControllerDefinition } from '@kybern/reconcile';
import { describe, expect, it } from 'vitest';
import { HotLoopError, InvariantError } from '../errors.ts';
import { createTestCluster } from '../test-cluster.ts';

const small = { controllers: 'none', scheduler: false, nodes: 0 } as const;
const map = (name: string, labels?: Record<string, string>): { metadata: { name: string; namespace: string; labels?: Record<string, string> } } => ({
  metadata: { name, namespace: 'default', ...(labels === undefined ? {} : { labels }) },
});
/** Sets a field of every ConfigMap to what it says. */
const setter = (name: string, value: (before: string) => string): ControllerDefinition =>
  defineController({
    name,
    for: ConfigMap,
    async reconcile({ object, client }) {
      await client.mutate(ConfigMap, object, (draft) => {
        draft.data = { ...draft.data, owner: value(draft.data?.['owner'] ?? '') };
      });
      return done();
    },
  });

describe('a hot loop', () => {
  it('of two that fight is reported with both, and what each writes', async () => {
    await using cluster = await createTestCluster(small);
    cluster.run(setter('left', () => 'left'));
    cluster.run(setter('right', () => 'right'));
    await cluster.client.create(ConfigMap, map('a'));
    const error = (await cluster.settle().catch((thrown: unknown) => thrown)) as HotLoopError;
    expect(error).toBeInstanceOf(HotLoopError);
    expect([...error.writers].sort()).toEqual(['left', 'right']);
    expect(error.keys).toEqual(['/registry/core/configmaps/default/a']);
    expect(error.message).toMatch(/"left" → "right"/);
  }, 60_000);

  it('of one that feeds itself is reported, with time between its writes as well', async () => {
    await using cluster = await createTestCluster(small);
    cluster.run(
      defineController({
        name: 'restless',
        for: ConfigMap,
        async reconcile({ object, client, clock }) {
          await client.mutate(ConfigMap, object, (draft) => {
            draft.data = { at: String(clock.monotonicMs()) };
          });
          return requeueAfter(1);
        },
      }),
    );
    await cluster.client.create(ConfigMap, map('a'));
    await expect(cluster.settle()).rejects.toThrow(/restless feeds itself/);
  }, 60_000);
});

describe('what has to hold', () => {
  it('is looked at after every write, also those that nobody would see otherwise', async () => {
    await using cluster = await createTestCluster(small);
    cluster.neverMore(1, ConfigMap, { labels: { app: 'x' } });
    await cluster.client.create(ConfigMap, map('a', { app: 'x' }));
    await cluster.settle();
    await cluster.client.create(ConfigMap, map('b', { app: 'x' }));
    await cluster.client.delete(ConfigMap, 'default/b');
    const error = (await cluster.settle().catch((thrown: unknown) => thrown)) as InvariantError;
    expect(error).toBeInstanceOf(InvariantError);
    expect(error.message).toMatch(/^never more than 1 configmaps did not hold after revision \d+, which wrote .*default\/b$/);
    await cluster.settle(); // it was told once
  });

  it('may be any look at the whole picture, until it is ended', async () => {
    await using cluster = await createTestCluster(small);
    const end = cluster.always('every ConfigMap has its Secret', (view) => {
      for (const { metadata } of view.list(ConfigMap, { namespace: 'default' })) expect(view.get(Secret, metadata.name)).toBeDefined();
    });
    await cluster.client.create(Secret, map('a'));
    await cluster.client.create(ConfigMap, map('a'));
    await cluster.settle();
    await cluster.client.create(ConfigMap, map('b'));
    await expect(cluster.settle()).rejects.toThrow(/every ConfigMap has its Secret did not hold/);
    end();
    await cluster.client.create(ConfigMap, map('c'));
    await cluster.settle();
  });

  it('in the end is waited for', async () => {
    await using cluster = await createTestCluster(small);
    cluster.run(setter('late', () => 'late'));
    await cluster.client.create(ConfigMap, map('a'));
    const before = cluster.clock.now();
    await cluster.until(() => cluster.clock.now() - before >= 60_000, { within: '2m' });
    await expect(cluster.until(() => false, { within: '1m' })).rejects.toThrow('the condition did not hold within 1m of virtual time');
    expect(cluster.clock.now() - before).toBe(120_000);
  });
});

describe('budgets', () => {
  it('limit writes and requests', async () => {
    await using cluster = await createTestCluster(small);
    const create = (name: string) => async (): Promise<string | undefined> => (await cluster.client.create(ConfigMap, map(name))).metadata.uid;
    expect(await cluster.withinBudget({ writes: 1, requests: 1 }, create('a'))).toBeDefined();
    const twice = async (): Promise<void> => {
      await create('b')();
      await create('c')();
      await cluster.settle();
    };
    await expect(cluster.withinBudget({ writes: 1 }, twice)).rejects.toThrow(/2 writes, where 1 may be:\n {2}test: .*default\/b\n {2}test: .*default\/c/);
    await expect(cluster.withinBudget({ requests: 0 }, create('d'))).rejects.toThrow('1 requests, where 0 may be');
  });
});

describe('matchers', () => {
  it('tell a reconciler that leaves a settled cluster alone from one that does not', async () => {
    await using calm = await createTestCluster({ nodes: 1 });
    calm.run(setter('calm', () => 'me'));
    await calm.client.create(ConfigMap, map('a'));
    await calm.settle();
    await expect(calm).toWriteNothing();
    await expect(calm).toConverge();
    await expect(calm).toHaveNoHotLoop();
  });

  it('say who wrote what', async () => {
    await using cluster = await createTestCluster(small);
    // Counts its own starts: each new start finds something to write.
    let starts = 0;
    cluster.run(() => {
      starts += 1;
      const value = String(starts);
      return setter('counter', () => value);
    });
    await cluster.client.create(ConfigMap, map('a'));
    await cluster.settle();
    await expect(expect(cluster).toWriteNothing()).rejects.toThrow(/it wrote 1 times:\n {2}counter: update .*default\/a .*owner/);
    await expect(cluster).not.toWriteNothing();
  });

  it('notice one that goes on for ever', async () => {
    await using cluster = await createTestCluster(small);
    cluster.run(
      defineController({
        name: 'ticker',
        for: ConfigMap,
        async reconcile({ object, client, clock }) {
          await client.mutate(ConfigMap, object, (draft) => {
            draft.data = { at: String(clock.monotonicMs()) };
          });
          return requeueAfter('500ms', { background: true });
        },
      }),
    );
    await cluster.client.create(ConfigMap, map('a'));
    await cluster.settle();
    await expect(cluster).not.toHaveNoHotLoop();
    await expect(expect(cluster).toConverge({ within: '3m' })).rejects.toThrow(/it did not come to rest within 3m/);
  });
});
