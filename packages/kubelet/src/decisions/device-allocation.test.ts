import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { container, pod } from '../../test/fixtures.ts';
import { parseCheckpoint } from '../devices/device-checkpoint.ts';
import { computeDeviceChoice, countDevices, deviceRequests, isExtendedResource, pickDevices, type DeviceClaim, type DevicePool } from './device-allocation.ts';

const R = 'example.com/gpu';
const asks = (name: string, count: number, over: object = {}) => container(name, { resources: { limits: { [R]: String(count), cpu: '1' } }, ...over });
const pool = (healthy: readonly string[], unhealthy: readonly string[] = []): DevicePool => ({ healthy: new Set(healthy), unhealthy: new Set(unhealthy) });
const claim = (podUid: string, name: string, ids: readonly string[]): DeviceClaim => ({ podUid, container: name, resource: R, ids });
const request = (count: number, after: readonly string[] = [], name = 'app') => ({ container: name, resource: R, count, after });

it('containers ask for the resources that have plugins, in the order of their start', () => {
  const one = pod({ initContainers: [asks('init', 1), asks('side', 1, { restartPolicy: 'Always' })], containers: [asks('app', 2), container('other')] });
  expect(deviceRequests(one, new Set([R]))).toEqual([request(1, [], 'init'), request(1, ['init'], 'side'), request(2, ['init'], 'app')]);
  expect(deviceRequests(one, new Set())).toEqual([]);
});

describe('the devices for a container', () => {
  it.each([
    { name: 'the free ones', claims: [claim('other', 'app', ['b'])], want: request(2), expected: { must: [], available: ['a', 'c'] } },
    {
      name: 'those of an init container first',
      claims: [claim('me', 'init', ['b'])],
      want: request(2, ['init']),
      expected: { must: ['b'], available: ['b', 'a', 'c'] },
    },
    {
      name: 'not those that a sidecar took over from the init container',
      claims: [claim('me', 'init', ['b']), claim('me', 'side', ['b'])],
      want: request(2, ['init']),
      expected: { must: [], available: ['a', 'c'] },
    },
    {
      name: 'too few',
      claims: [claim('other', 'app', ['a', 'b'])],
      want: request(2),
      expected: { refusal: `requested number of devices unavailable for ${R}. Requested: 2, Available: 1` },
    },
  ])('$name', ({ claims, want, expected }) => {
    expect(computeDeviceChoice({ podUid: 'me', request: want, pool: pool(['a', 'b', 'c'], ['d']), claims })).toEqual(expected);
  });

  it('are those that must be, then those that the plugin prefers, then the first', () => {
    expect(pickDevices({ must: ['b'], available: ['b', 'a', 'c', 'd'] }, 3, ['d', 'gone'])).toEqual(['b', 'd', 'a'].sort());
    expect(pickDevices({ must: [], available: ['a', 'b'] }, 1)).toEqual(['a']);
  });

  it('are never two Pods’, and so many as were asked for, whatever the plugin prefers', () => {
    const steps = fc.array(
      fc.record({ pod: fc.nat({ max: 4 }), count: fc.integer({ min: 1, max: 4 }), release: fc.boolean(), preferred: fc.subarray(['d0', 'd1', 'd2', 'x']) }),
      {
        maxLength: 30,
      },
    );
    const devices = pool(['d0', 'd1', 'd2', 'd3', 'd4'], ['d5']);
    fc.assert(
      fc.property(steps, (all) => {
        let claims: readonly DeviceClaim[] = [];
        for (const { pod: number, count, release, preferred } of all) {
          const podUid = String(number);
          claims = claims.filter((each) => each.podUid !== podUid);
          if (release) continue;
          const used = claims.flatMap(({ ids }) => ids);
          const choice = computeDeviceChoice({ podUid, request: request(count), pool: devices, claims });
          if ('refusal' in choice) {
            expect(devices.healthy.size - used.length).toBeLessThan(count);
            continue;
          }
          const ids = pickDevices(choice, count, preferred);
          expect(new Set(ids).size).toBe(count);
          for (const id of ids) expect(devices.healthy.has(id) && !used.includes(id)).toBe(true);
          claims = [...claims, claim(podUid, 'app', ids)];
        }
      }),
    );
  });
});

it('those that are not healthy count for the capacity alone', () => {
  expect(countDevices(new Map([[R, pool(['a', 'b'], ['c'])]]))).toEqual({ capacity: { [R]: '3' }, allocatable: { [R]: '2' } });
});

it.each([
  ['nvidia.com/gpu', true],
  ['example.com/a.b-c_d', true],
  ['cpu', false],
  ['kubernetes.io/gpu', false],
  ['node.kubernetes.io/gpu', false],
  ['requests.example.com/gpu', false],
  ['example.com/', false],
  ['Example.com/gpu', false],
  ['example.com/gpu/0', false],
])('%s may be the resource of a plugin: %s', (name, is) => {
  expect(isExtendedResource(name)).toBe(is);
});

it.each(['{', '{}', '{"version":2,"allocations":[],"resources":[]}', '{"version":1,"allocations":[{"podUid":"a"}],"resources":[]}'])(
  '%s is no checkpoint',
  (text) => {
    expect(() => parseCheckpoint(text)).toThrow(SyntaxError);
  },
);
