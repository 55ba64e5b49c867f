import { expect, describe, it } from 'vitest';
import { makePod, requesting, type PodOptions } from '../../test/objects.ts';
import { carryRequests, podRequests } from './pod-requests.ts';

interface Row extends PodOptions {
  readonly name: string;
  readonly cpuMillis?: number;
  readonly memoryBytes?: number;
  readonly nonZeroCpuMillis?: number;
  readonly nonZeroMemoryBytes?: number;
  readonly extended?: Readonly<Record<string, number>>;
}

const MI = 1024 * 1024;
const rows: readonly Row[] = [
  { name: 'nothing requested counts 100m and 200Mi in scores only', cpuMillis: 0, memoryBytes: 0, nonZeroCpuMillis: 100, nonZeroMemoryBytes: 200 * MI },
  { name: 'an explicit zero counts zero', requests: { cpu: '0', memory: '0' }, nonZeroCpuMillis: 0, nonZeroMemoryBytes: 0 },
  {
    name: 'containers add up',
    containers: [requesting({ cpu: '250m', memory: '64Mi' }), requesting({ cpu: '1.5' })],
    cpuMillis: 1750,
    memoryBytes: 64 * MI,
    nonZeroMemoryBytes: 264 * MI,
  },
  {
    name: 'the largest init container counts when it is more',
    containers: [requesting({ cpu: '1m' })],
    initContainers: [requesting({ cpu: '3m' }), requesting({ cpu: '2m' })],
    cpuMillis: 3,
  },
  {
    name: 'each resource has its own maximum',
    containers: [requesting({ cpu: '2', memory: '1Mi' }), requesting({ cpu: '1', memory: '1Mi' })],
    initContainers: [requesting({ cpu: '2', memory: '1Mi' }), requesting({ cpu: '2', memory: '3Mi' })],
    cpuMillis: 3000,
    memoryBytes: 3 * MI,
  },
  {
    name: 'sidecars add to the containers',
    containers: [requesting({ cpu: '1' })],
    initContainers: [{ ...requesting({ cpu: '2' }), restartPolicy: 'Always' }],
    cpuMillis: 3000,
  },
  {
    name: 'an init container starts beside the sidecars before it',
    containers: [requesting({ cpu: '1' })],
    initContainers: [{ ...requesting({ cpu: '2' }), restartPolicy: 'Always' }, requesting({ cpu: '5' })],
    cpuMillis: 7000,
  },
  {
    name: 'an init container does not count sidecars after it',
    containers: [requesting({ cpu: '1' })],
    initContainers: [requesting({ cpu: '5' }), { ...requesting({ cpu: '2' }), restartPolicy: 'Always' }],
    cpuMillis: 5000,
  },
  { name: 'overhead is added', requests: { cpu: '1' }, spec: { overhead: { cpu: '250m', memory: '1Mi' } }, cpuMillis: 1250, memoryBytes: MI },
  {
    name: 'pod-level requests replace the sum of cpu and memory',
    requests: { cpu: '1', memory: '1Mi' },
    spec: { resources: { requests: { cpu: '3' } } },
    cpuMillis: 3000,
    memoryBytes: MI,
  },
  { name: 'pod-level requests of other resources do not count', spec: { resources: { requests: { 'nvidia.com/gpu': '3' } } }, extended: {} },
  {
    name: 'with pod-level cpu only memory is assumed in scores',
    spec: { resources: { requests: { cpu: '3' } } },
    nonZeroCpuMillis: 3000,
    nonZeroMemoryBytes: 200 * MI,
  },
  {
    name: 'extended resources and huge pages',
    requests: { 'nvidia.com/gpu': '2', 'hugepages-2Mi': '4Mi', unknown: '7' },
    extended: { 'nvidia.com/gpu': 2, 'hugepages-2Mi': 4 * MI },
  },
  { name: 'fractions are rounded up', requests: { memory: '1500m', cpu: '0.0001' }, memoryBytes: 2, cpuMillis: 1 },
  {
    name: 'a Pod that is being resized counts the largest of wanted, allocated and actual',
    requests: { cpu: '1' },
    node: 'a',
    cpuMillis: 3000,
    status: {
      containerStatuses: [
        { name: 'c0', image: '', imageID: '', ready: true, restartCount: 0, allocatedResources: { cpu: '2' }, resources: { requests: { cpu: '3' } } },
      ],
    },
  },
  {
    name: 'a resize that cannot be does not count what is wanted',
    requests: { cpu: '9' },
    node: 'a',
    cpuMillis: 2000,
    status: {
      conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }],
      containerStatuses: [{ name: 'c0', image: '', imageID: '', ready: true, restartCount: 0, allocatedResources: { cpu: '2' } }],
    },
  },
];

describe('podRequests', () => {
  it.each(rows)('$name', ({ name, cpuMillis, memoryBytes, nonZeroCpuMillis, nonZeroMemoryBytes, extended, ...options }) => {
    const requests = podRequests(makePod(name, options));
    const expected = {
      cpuMillis,
      memoryBytes,
      nonZeroCpuMillis,
      nonZeroMemoryBytes,
      extended: extended === undefined ? undefined : new Map(Object.entries(extended)),
    };
    expect(requests).toMatchObject(Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined)));
  });

  it('collects host ports with their defaults, of containers and sidecars', () => {
    const pod = makePod('p', {
      containers: [{ ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }] }],
      initContainers: [
        { ports: [{ containerPort: 82, hostPort: 8082, protocol: 'UDP', hostIP: '127.0.0.1' }], restartPolicy: 'Always' },
        { ports: [{ containerPort: 83, hostPort: 8083 }] },
      ],
    });
    expect(podRequests(pod).hostPorts).toEqual([
      { ip: '0.0.0.0', protocol: 'TCP', port: 8080 },
      { ip: '127.0.0.1', protocol: 'UDP', port: 8082 },
    ]);
  });

  it('is computed once per Pod, and carried over to a later state with the same containers', () => {
    const pod = makePod('p', { requests: { cpu: '1' } });
    const bound = { ...pod, spec: { ...pod.spec, nodeName: 'a' } };
    const requests = podRequests(pod);
    carryRequests(pod, bound);
    expect(podRequests(pod)).toBe(requests);
    expect(podRequests(bound)).toBe(requests);
  });

  it('is not carried over to a state that requests something else', () => {
    const pod = makePod('p', { requests: { cpu: '1' } });
    const resized = { ...pod, spec: { ...pod.spec, containers: makePod('q', { requests: { cpu: '2' } }).spec.containers } };
    podRequests(pod);
    carryRequests(pod, resized);
    expect(podRequests(resized).cpuMillis).toBe(2000);
  });

  it('says which quantity it cannot read', () => {
    expect(() => podRequests(makePod('p', { requests: { cpu: 'many' } }))).toThrow(/invalid quantity "many"/);
  });
});
