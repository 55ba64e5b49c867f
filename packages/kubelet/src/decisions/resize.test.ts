import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { container, observed, pod, seen } from '../../test/fixtures.ts';
import { computeContainerResizes, computeResize, desiredAllocation, reportedAllocation, wider, withAllocation } from './resize.ts';
import { describeResize, resizeVerdicts } from './resize-report.ts';

const cpu = (amount: string, over: object = {}) => container('app', { resources: { requests: { cpu: amount }, limits: { cpu: amount } }, ...over });
const asking = (amount: string) => pod({ containers: [cpu(amount)] });

describe('whether a node can give a Pod what it asks for', () => {
  const allocatable = { cpu: 4, memory: 1000 };
  it.each([
    { name: 'it can', pod: asking('2'), others: { cpu: 2 }, expected: undefined },
    {
      name: 'it could, without the others',
      pod: asking('2'),
      others: { cpu: 2.5 },
      expected: { reason: 'Deferred', message: "Node didn't have enough resource: cpu, requested: 2000, used: 2500, capacity: 4000" },
    },
    {
      name: 'it never can',
      pod: asking('4001m'),
      others: {},
      expected: { reason: 'Infeasible', message: "Node didn't have enough capacity: cpu, requested: 4001, capacity: 4000" },
    },
    {
      name: 'it never has the memory',
      pod: pod({ containers: [container('app', { resources: { requests: { memory: '1Ki' } } })] }),
      others: {},
      expected: { reason: 'Infeasible', message: "Node didn't have enough capacity: memory, requested: 1024, capacity: 1000" },
    },
  ])('$name', ({ expected, ...row }) => {
    expect(computeResize({ ...row, allocatable })).toEqual(expected);
  });
});

describe('what a Pod was given', () => {
  it('stands in for what it asks for, and is the very Pod where that is the same', () => {
    const before = asking('1');
    const wanted = asking('2');
    const given = withAllocation(wanted, desiredAllocation(before));
    expect(given.spec.containers[0]?.resources).toEqual({ requests: { cpu: '1' }, limits: { cpu: '1' } });
    expect(withAllocation(wanted, desiredAllocation(wanted))).toBe(wanted);
    expect(withAllocation(pod(), desiredAllocation(pod()))).toMatchObject({ spec: pod().spec });
  });

  it('is read from the status after a restart of the agent', () => {
    const status = { name: 'app', image: '', imageID: '', ready: true, restartCount: 0, containerID: 'containerd://app-0' };
    const wanted = { ...asking('2'), status: { containerStatuses: [{ ...status, allocatedResources: { cpu: '1' }, resources: { limits: { cpu: '1' } } }] } };
    expect(reportedAllocation(wanted).get('app')).toEqual({ requests: { cpu: '1' }, limits: { cpu: '1' } });
    expect(reportedAllocation(asking('2')).get('app')).toEqual({ requests: { cpu: '2' }, limits: { cpu: '2' } });
  });
});

describe('which containers are changed, and how', () => {
  const had = new Map([['app-0', { requests: { cpu: '1' }, limits: { cpu: '1' } }]]);
  const running = observed([seen('app')]);
  it.each([
    { name: 'one that has less than it was given', pod: asking('2'), observed: running, expected: ['update'] },
    { name: 'one that has what it was given', pod: asking('1'), observed: running, expected: [] },
    { name: 'one that does not run', pod: asking('2'), observed: observed([seen('app', { state: 'exited' })]), expected: [] },
    { name: 'one that was made since', pod: asking('2'), observed: observed([seen('app', { attempt: 1 })]), expected: [] },
    {
      name: 'one whose policy is to be made anew for CPU',
      pod: pod({ containers: [cpu('2', { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] })] }),
      observed: running,
      expected: ['restart'],
    },
    {
      name: 'one whose policy is to be made anew for something else',
      pod: pod({ containers: [cpu('2', { resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] })] }),
      observed: running,
      expected: ['update'],
    },
    {
      name: 'an init container, which is over when it is over',
      pod: pod({ containers: [container('other')], initContainers: [cpu('2')] }),
      observed: running,
      expected: [],
    },
    {
      name: 'a sidecar',
      pod: pod({ containers: [container('other')], initContainers: [cpu('2', { restartPolicy: 'Always' })] }),
      observed: running,
      expected: ['update'],
    },
  ])('$name', ({ expected, ...row }) => {
    expect(computeContainerResizes(row.pod, row.observed, had).map(({ how }) => how)).toEqual(expected);
  });
});

it('while containers change, their Pod has room for both', () => {
  const limit = fc.option(fc.nat(), { nil: undefined });
  const limits = fc.record({ cpuShares: fc.nat(), cpuQuotaUs: limit, memoryBytes: limit }).map(({ cpuShares, cpuQuotaUs, memoryBytes }) => ({
    cpuShares,
    ...(cpuQuotaUs !== undefined && { cpuQuotaUs }),
    ...(memoryBytes !== undefined && { memoryBytes }),
  }));
  fc.assert(
    fc.property(limits, limits, (a, b) => {
      const both = wider(a, b);
      for (const each of [a, b]) {
        expect(both.memoryBytes ?? Infinity).toBeGreaterThanOrEqual(each.memoryBytes ?? Infinity);
        expect(both.cpuQuotaUs ?? Infinity).toBeGreaterThanOrEqual(each.cpuQuotaUs ?? Infinity);
      }
      expect(wider(a, a)).toEqual(a);
    }),
  );
});

it('tells how a resize stands', () => {
  const common = { allocation: new Map(), actuated: new Map() };
  expect(resizeVerdicts(common)).toEqual([]);
  expect(
    resizeVerdicts({ ...common, pending: { reason: 'Deferred', message: 'no room', generation: 3 }, inProgress: { generation: 2, error: 'refused' } }),
  ).toEqual([
    { type: 'PodResizePending', status: 'True', reason: 'Deferred', message: 'no room', observedGeneration: 3 },
    { type: 'PodResizeInProgress', status: 'True', reason: 'Error', message: 'refused', observedGeneration: 2 },
  ]);
  expect(describeResize(asking('2'), 'started')).toBe(
    'Pod resize started: {"containers":[{"name":"app","resources":{"requests":{"cpu":"2"},"limits":{"cpu":"2"}}}],"generation":1}',
  );
});
