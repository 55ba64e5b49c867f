import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cidrContains, formatCidr, formatIp, parseCidr, parseIp } from './ip.ts';

describe('parseIp and formatIp', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s is %s', (text, canonical) => {
    const address = parseIp(text);
    expect(address && formatIp(address)).toBe(canonical);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.-4',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7',
    'g::',
    'fe80::1%eth0',
    '12345::',
    '1.2.3.4::',
    '::1.2.3',
  ])('%j is no address', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it('are inverse to each other', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (value) => {
        expect(parseIp(formatIp({ family: 'IPv6', value }))).toEqual({ family: 'IPv6', value });
      }),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }), (value) => {
        expect(parseIp(formatIp({ family: 'IPv4', value }))).toEqual({ family: 'IPv4', value });
      }),
    );
  });
});

describe('parseCidr', () => {
  it('clears host bits', () => {
    const cidr = parseCidr('10.1.2.3/16');
    expect(cidr && formatCidr(cidr)).toBe('10.1.0.0/16');
  });

  it('knows what lies inside', () => {
    const cidr = parseCidr('10.96.0.0/12')!;
    const inside = ['10.96.0.0', '10.111.255.255', '10.112.0.0', '::1'].map((ip) => cidrContains(cidr, parseIp(ip)!));
    expect(inside).toEqual([true, true, false, false]);
  });
});
