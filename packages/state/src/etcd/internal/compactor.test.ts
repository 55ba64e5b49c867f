import { noopLogger, systemClock, systemRandom } from '@kybern/core';
import { beforeEach, expect, it } from 'vitest';
import { etcdMethods } from '../generated/etcd.ts';
import { describeEtcd, startEtcd } from '../testing/index.ts';
import { compactOnce, type CompactorState } from './compactor.ts';
import { EtcdClient } from './etcd-client.ts';
import { isCompacted } from './feed.ts';

describeEtcd('servers that compact etcd together', () => {
  let client: EtcdClient;
  beforeEach(async () => {
    const etcd = await startEtcd();
    const parts = { tls: {}, user: undefined, clock: systemClock(), random: systemRandom(), logger: noopLogger };
    client = new EtcdClient({ ...parts, endpoints: [etcd.endpoint], requestTimeoutMs: 30_000, dialTimeoutMs: 10_000, check: () => Promise.resolve() });
    return async () => {
      client.close();
      await etcd[Symbol.asyncDispose]();
    };
  }, 120_000);
  const key = Buffer.from('/registry/.kybern/compaction');
  const put = async (): Promise<number> =>
    (await client.call(etcdMethods.put, { key: Buffer.from('/registry/a'), value: Buffer.from('x') })).header?.revision ?? 0;
  const isThere = (revision: number): Promise<boolean> =>
    client.call(etcdMethods.range, { key: Buffer.from('/registry/a'), revision }).then(
      () => true,
      (error: unknown) => (isCompacted(error) ? false : Promise.reject(error as Error)),
    );
  const round = (state: CompactorState): Promise<CompactorState> => compactOnce({ client, key, logger: noopLogger }, state);

  it('give up what is older than a round, once per round, whoever comes first', async () => {
    let [a, b]: [CompactorState, CompactorState] = [
      { version: 0, revision: 0 },
      { version: 0, revision: 0 },
    ];
    const first = await put();
    [a, b] = [await round(a), await round(b)];
    expect(await isThere(first)).toBe(true);
    const second = await put();
    await put();
    [b, a] = [await round(b), await round(a)];
    expect(await isThere(first)).toBe(false);
    expect(await isThere(second)).toBe(true);
    [a, b] = [await round(a), await round(b)];
    expect(await isThere(second)).toBe(false);
    expect(a.version).toBe(b.version);
  });
});
