import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { container, pod } from '../../test/fixtures.ts';
import { computeCgroupFiles, computePodCgroupLimits, computeQosLimits, cpuSharesOf, cpuWeightOf } from './cgroup-limits.ts';
import { podCgroup } from './pod-cgroup.ts';

const MI = 2 ** 20;
const asks = (name: string, requests: Record<string, string>, limits: Record<string, string> = {}) => container(name, { resources: { requests, limits } });

describe('what a Pod may use', () => {
  it.each([
    { name: 'nothing asked', of: pod(), limits: { cpuShares: 2 } },
    {
      name: 'everything limited',
      of: pod({ containers: [asks('a', {}, { cpu: '500m', memory: '64Mi' }), asks('b', {}, { cpu: '1', memory: '64Mi' })] }),
      limits: { cpuShares: 1536, cpuQuotaUs: 150_000, memoryBytes: 128 * MI },
    },
    {
      name: 'one container without a limit',
      of: pod({ containers: [asks('a', { cpu: '250m' }, { memory: '64Mi' }), asks('b', {}, { cpu: '1', memory: '64Mi' })] }),
      limits: { cpuShares: 1280, memoryBytes: 128 * MI },
    },
    {
      name: 'a sidecar without a limit',
      of: pod({ containers: [asks('a', {}, { cpu: '1' })], initContainers: [container('s', { restartPolicy: 'Always' })] }),
      limits: { cpuShares: 1024 },
    },
    {
      name: 'an init container without a limit, which is over before the others start',
      of: pod({ containers: [asks('a', {}, { cpu: '1' })], initContainers: [container('i')] }),
      limits: { cpuShares: 1024, cpuQuotaUs: 100_000 },
    },
    {
      name: 'the Pod as a whole',
      of: pod({ resources: { requests: { cpu: '1' }, limits: { memory: '100Mi', cpu: '2' } }, containers: [container('a'), container('b')] }),
      limits: { cpuShares: 1024, cpuQuotaUs: 200_000, memoryBytes: 100 * MI },
    },
    {
      name: 'overhead',
      of: pod({ overhead: { memory: '10Mi', cpu: '100m' }, containers: [asks('a', {}, { memory: '10Mi' })] }),
      limits: { cpuShares: 102, memoryBytes: 20 * MI },
    },
    { name: 'less CPU than there can be', of: pod({ containers: [asks('a', {}, { cpu: '1m' })] }), limits: { cpuShares: 2, cpuQuotaUs: 1_000 } },
  ])('$name', ({ of, limits }) => {
    expect(computePodCgroupLimits(of)).toEqual(limits);
  });

  it('is never less than what one of its containers may use, and no limit when one has none', () => {
    const quantity = fc.option(fc.integer({ min: 1, max: 64_000 }), { nil: undefined });
    const one = fc.record({ cpu: quantity, memory: quantity });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 5 }), (amounts) => {
        const containers = amounts.map(({ cpu, memory }, i) =>
          asks(`c${i}`, {}, { ...(cpu !== undefined && { cpu: `${cpu}m` }), ...(memory !== undefined && { memory: `${memory}Mi` }) }),
        );
        const { cpuQuotaUs, memoryBytes } = computePodCgroupLimits(pod({ containers }));
        const all = (name: 'cpu' | 'memory') => amounts.every((each) => each[name] !== undefined);
        expect(cpuQuotaUs !== undefined).toBe(all('cpu'));
        expect(memoryBytes !== undefined).toBe(all('memory'));
        for (const { cpu = 0, memory = 0 } of amounts) {
          expect(cpuQuotaUs ?? Infinity).toBeGreaterThanOrEqual(cpu * 100);
          expect(memoryBytes ?? Infinity).toBeGreaterThanOrEqual(memory * MI);
        }
      }),
    );
  });
});

describe('the files of a cgroup', () => {
  const limits = { cpuShares: 512, cpuQuotaUs: 50_000, memoryBytes: 1024 };

  it('are those of its version', () => {
    expect(computeCgroupFiles(1, limits).map(({ controller, file, value }) => `${controller}/${file}=${value}`)).toEqual([
      'cpu/cpu.shares=512',
      'cpu/cpu.cfs_period_us=100000',
      'cpu/cpu.cfs_quota_us=50000',
      'memory/memory.limit_in_bytes=1024',
    ]);
    expect(computeCgroupFiles(2, limits).map(({ file, value }) => `${file}=${value}`)).toEqual(['cpu.weight=59', 'cpu.max=50000 100000', 'memory.max=1024']);
  });

  it('say so when there is no limit, so that one that was there goes', () => {
    expect(computeCgroupFiles(1, { cpuShares: 2 }).map(({ value }) => value)).toEqual(['2', '100000', '-1', '-1']);
    expect(computeCgroupFiles(2, { cpuShares: 2 }).map(({ value }) => value)).toEqual(['1', 'max 100000', 'max']);
  });

  it.each([
    [2, 1],
    [1024, 100],
    [262_144, 10_000],
  ])('%i shares weigh %i', (shares, weight) => {
    expect(cpuWeightOf(shares)).toBe(weight);
  });

  it('weigh more the more shares there are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 262_144 }), fc.integer({ min: 2, max: 262_144 }), (a, b) => {
        expect(cpuWeightOf(Math.max(a, b))).toBeGreaterThanOrEqual(cpuWeightOf(Math.min(a, b)));
      }),
    );
  });
});

it('the classes have what the node and their Pods say', () => {
  expect(computeQosLimits({ cpu: 4, memory: 1000 }, 0.5)).toEqual({
    root: { cpuShares: 4096, memoryBytes: 1000 },
    burstable: { cpuShares: 512 },
    besteffort: { cpuShares: 2 },
  });
  expect(cpuSharesOf(1_000_000)).toBe(262_144);
});

it.each([
  { of: pod(), path: '/kubepods/besteffort/poduid-1' },
  { of: pod({ containers: [asks('a', { cpu: '1' })] }), path: '/kubepods/burstable/poduid-1' },
  { of: pod({ containers: [asks('a', {}, { cpu: '1', memory: '1Mi' })] }), path: '/kubepods/poduid-1' },
  { of: pod({ resources: { limits: { cpu: '1', memory: '1Mi' } } }), path: '/kubepods/poduid-1' },
])('a Pod has its cgroup at $path', ({ of, path }) => {
  expect(podCgroup(of)).toBe(path);
  expect(podCgroup(of, '/node-2')).toBe(`/node-2${path}`);
});
