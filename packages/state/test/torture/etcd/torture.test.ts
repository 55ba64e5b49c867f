import { describeEtcd } from '@kybern/state/etcd/testing';
import { expect, it } from 'vitest';
import { tortureEtcd } from './run.ts';

describeEtcd('two servers over an etcd of three members', () => {
  it('lose nothing and repeat nothing while members are killed, stopped and cut off', async () => {
    const report = await tortureEtcd({ seed: 'short', faults: ['kill', 'isolate', 'pause', 'compact'] });
    expect(report.problems).toEqual([]);
    // How many there are depends on the machine; with none nothing would be shown.
    expect(report.operations.written).toBeGreaterThan(20);
    expect(report.moves).toBeGreaterThan(4);
  });
});
