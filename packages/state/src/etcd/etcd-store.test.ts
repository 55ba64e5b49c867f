import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeStateConformance } from '../conformance/describe.ts';
import { openEtcd, type EtcdStoreOptions } from './etcd-store.ts';
import { describeEtcd, startEtcd, type EtcdServer } from './testing/index.ts';

describeEtcd('a store in etcd', () => {
  let etcd: EtcdServer;
  let prefixes = 0;
  beforeAll(async () => {
    etcd = await startEtcd();
    return () => etcd[Symbol.asyncDispose]();
  }, 120_000);
  afterAll(() => {
    expect(prefixes).toBeGreaterThan(0);
  });
  const freshPrefix = (): string => `/test-${(prefixes += 1)}`;
  const open = (options: Partial<EtcdStoreOptions> = {}): ReturnType<typeof openEtcd> =>
    openEtcd({ endpoints: [etcd.endpoint], prefix: freshPrefix(), ...options });

  describeStateConformance('the etcd store', (options) => open(options));

  it('is as far as etcd at its start', async () => {
    await using store = await open();
    expect(store.revision).toBeGreaterThan(0);
  });
});
