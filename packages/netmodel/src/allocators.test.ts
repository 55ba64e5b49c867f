import { seededRandom } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import { createAddressPool } from './address-pool.ts';
import { allocatePodCidr, createCidrAllocator } from './cidr-allocator.ts';
import { isAllocationError, type AllocationErrorCode } from './errors.ts';
import { createIpAllocator } from './ip-allocator.ts';
import { createPortAllocator } from './port-allocator.ts';

function codeOf(fn: () => unknown): AllocationErrorCode | undefined {
  try {
    fn();
  } catch (error) {
    if (isAllocationError(error)) return error.code;
    throw error;
  }
  return undefined;
}

describe('createIpAllocator', () => {
  it.each([
    { name: 'the default service range', cidr: '10.96.0.0/12', size: 1048574n, first: '10.96.1.1' },
    { name: 'a small range has no static band', cidr: '192.168.1.0/28', size: 14n, first: '192.168.1.1' },
    { name: 'a static band of sixteen', cidr: '192.168.1.0/27', size: 30n, first: '192.168.1.17' },
    { name: 'a /24', cidr: '192.168.1.0/24', size: 254n, first: '192.168.1.17' },
    { name: 'IPv6', cidr: '2001:db8::/108', size: 1048575n, first: '2001:db8::101' },
    { name: 'IPv6 larger than the safe integers', cidr: '2001:db8::/64', size: 2n ** 64n - 1n, first: '2001:db8::101' },
  ])('hands out from the dynamic band: $name', ({ cidr, size, first }) => {
    const ips = createIpAllocator(cidr);
    expect(ips.size).toBe(size);
    expect(ips.allocate()).toBe(first);
  });

  it('falls back to the static band, then says what ran out', () => {
    const ips = createIpAllocator('192.168.1.0/27');
    const all = Array.from({ length: 30 }, () => ips.allocate());
    expect(new Set(all).size).toBe(30);
    expect(all[14]).toBe('192.168.1.1');
    expect(() => ips.allocate()).toThrow('no IP address left in 192.168.1.0/27: all 30 are in use');
    expect(codeOf(() => ips.allocate())).toBe('Exhausted');
    ips.release('192.168.1.9');
    expect(ips.allocate()).toBe('192.168.1.9');
  });

  it.each([
    { name: 'taken', ip: '10.0.0.5', code: 'InUse' },
    { name: 'another spelling is the same address', ip: '10.0.1.5', code: 'OutOfRange' },
    { name: 'the network address', ip: '10.0.0.0', code: 'OutOfRange' },
    { name: 'the broadcast address', ip: '10.0.0.255', code: 'OutOfRange' },
    { name: 'the other family', ip: 'fd00::1', code: 'OutOfRange' },
    { name: 'not an address', ip: '10.0.0.300', code: 'InvalidAddress' },
  ])('refuses $name', ({ ip, code }) => {
    const ips = createIpAllocator('10.0.0.0/24', { reserved: ['10.0.0.5', '1.1.1.1'] });
    expect(codeOf(() => ips.allocateSpecific(ip))).toBe(code);
  });

  it('gives out addresses beyond 2^53 on request', () => {
    const ips = createIpAllocator('fd00::/64');
    ips.allocateSpecific('fd00::ffff:ffff:ffff:fffe');
    expect(ips.has('fd00:0:0:0:FFFF:ffff:ffff:fffe')).toBe(true);
    expect(codeOf(() => ips.allocateSpecific('fd00::ffff:ffff:ffff:fffe'))).toBe('InUse');
    ips.release('fd00::ffff:ffff:ffff:fffe');
    expect(ips.used).toBe(0);
  });

  it('begins where the random source says', () => {
    const ip = createIpAllocator('10.96.0.0/12', { random: seededRandom(1) }).allocate();
    expect(createIpAllocator('10.96.0.0/12', { random: seededRandom(1) }).allocate()).toBe(ip);
    expect(createIpAllocator('10.96.0.0/12', { random: seededRandom(2) }).allocate()).not.toBe(ip);
  });

  it.each(['10.0.0.0', '10.0.0.0/33', 'x/8', '', '/8'])('refuses %j as a CIDR', (cidr) => {
    expect(codeOf(() => createIpAllocator(cidr))).toBe('InvalidAddress');
  });
});

describe('createPortAllocator', () => {
  it('keeps the static band for last', () => {
    const ports = createPortAllocator({ from: 30000, to: 32767 });
    expect(ports.size).toBe(2768);
    expect(ports.allocate()).toBe(30086);
    for (let i = 1; i < 2768 - 86; i++) ports.allocate();
    expect(ports.allocate()).toBe(30000);
  });

  it('refuses what is taken, outside, or too much', () => {
    const ports = createPortAllocator({ from: 30000, to: 30001, reserved: [30000, 80] });
    expect(codeOf(() => ports.allocateSpecific(30000))).toBe('InUse');
    expect(codeOf(() => ports.allocateSpecific(80))).toBe('OutOfRange');
    expect(ports.allocate()).toBe(30001);
    expect(() => ports.allocate()).toThrow('no port left in 30000-30001: all 2 are in use');
    expect(() => createPortAllocator({ from: 2, to: 1 })).toThrow(RangeError);
  });
});

describe('createCidrAllocator', () => {
  it('hands out one part after the other and comes back to released ones', () => {
    const cidrs = createCidrAllocator({ clusterCidr: '10.244.0.0/22', reserved: ['10.244.1.0/24', '10.0.0.0/24'] });
    expect([cidrs.allocate(), cidrs.allocate(), cidrs.allocate()]).toEqual(['10.244.0.0/24', '10.244.2.0/24', '10.244.3.0/24']);
    expect(() => cidrs.allocate()).toThrow('no pod CIDR left in 10.244.0.0/22: all 4 are in use');
    cidrs.release('10.244.2.0/24');
    expect(cidrs.has('10.244.2.0/24')).toBe(false);
    expect(cidrs.allocate()).toBe('10.244.2.0/24');
  });

  it('finds the lowest free one', () => {
    expect(allocatePodCidr('10.244.0.0/16', ['10.244.0.0/24', '10.244.2.0/24'])).toBe('10.244.1.0/24');
    expect(allocatePodCidr('fd00:10:244::/56', [])).toBe('fd00:10:244::/64');
    expect(codeOf(() => allocatePodCidr('10.244.0.0/16', [], 8))).toBe('InvalidAddress');
  });
});

describe('createAddressPool', () => {
  it('serves by family, first range first', () => {
    const pool = createAddressPool({ cidrs: ['172.18.255.0/30', '172.18.254.0/30', 'fd00::/126'], reserved: ['172.18.255.1'] });
    expect([pool.allocate(), pool.allocate('IPv4'), pool.allocate('IPv6')]).toEqual(['172.18.255.2', '172.18.254.1', 'fd00::1']);
    expect(pool.allocate('IPv4')).toBe('172.18.254.2');
    expect(codeOf(() => pool.allocate('IPv4'))).toBe('Exhausted');
    expect(codeOf(() => pool.allocateSpecific('10.0.0.1'))).toBe('OutOfRange');
    pool.release('172.18.255.1');
    expect(pool.allocate('IPv4')).toBe('172.18.255.1');
  });
});
