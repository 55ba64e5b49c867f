import { describe, expect, it } from 'vitest';
import { cpuNanoCores, machineWorkingSet, parseCpuUsage, parseNetworkUsage, workingSetBytes } from './cgroup-usage.ts';

describe('what cgroups use', () => {
  it.each([
    { name: 'a quarter of a CPU', before: { usedNs: 0, atMs: 0 }, after: { usedNs: 2.5e9, atMs: 10_000 }, rate: 250_000_000 },
    { name: 'two CPUs', before: { usedNs: 1e9, atMs: 1_000 }, after: { usedNs: 3e9, atMs: 2_000 }, rate: 2_000_000_000 },
    { name: 'nothing known of before', before: undefined, after: { usedNs: 1e9, atMs: 1_000 }, rate: 0 },
    { name: 'a counter that went back', before: { usedNs: 2e9, atMs: 0 }, after: { usedNs: 1e9, atMs: 1_000 }, rate: 0 },
    { name: 'no time between', before: { usedNs: 0, atMs: 5 }, after: { usedNs: 1e9, atMs: 5 }, rate: 0 },
  ])('$name', ({ before, after, rate }) => {
    expect(cpuNanoCores(before, after)).toBe(rate);
  });

  it('is read from the files of both versions', () => {
    expect(parseCpuUsage(1, '123456\n')).toBe(123_456);
    expect(parseCpuUsage(2, 'usage_usec 123\nuser_usec 100\n')).toBe(123_000);
    expect(parseCpuUsage(2, 'nr_periods 1\nusage_usec 7\n')).toBe(7_000);
    expect(parseCpuUsage(1, '')).toBeUndefined();
    expect(parseCpuUsage(2, 'nothing')).toBeUndefined();
    expect(workingSetBytes(1, 1000, 'inactive_file 900\ntotal_inactive_file 300\n')).toBe(700);
    expect(workingSetBytes(2, 1000, 'anon 1\ninactive_file 300\n')).toBe(700);
    expect(workingSetBytes(2, 1000, 'anon 1\n')).toBe(1000);
    expect(workingSetBytes(2, 100, 'inactive_file 300\n')).toBe(0);
  });

  it('and those of the machine and of its networks', () => {
    expect(machineWorkingSet('MemTotal:  1000 kB\nMemFree:   300 kB\nInactive:  500 kB\nInactive(file):  200 kB\n')).toBe(500 * 1024);
    const dev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       5       1    0    0    0     0          0         0        5       1    0    0    0     0       0          0
  eth0: 1016010   24340    7    0    0     0          0         0  2019     12    3    0    0     0       0          0
`;
    expect(parseNetworkUsage(dev)).toEqual({ rxBytes: 1_016_010, rxErrors: 7, txBytes: 2019, txErrors: 3 });
    expect(parseNetworkUsage(dev, 'eth1')).toBeUndefined();
  });
});
