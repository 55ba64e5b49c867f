import { describe, expect, it } from 'vitest';
import { ownAddresses } from './cluster-dns.ts';

describe('ownAddresses', () => {
  it.each([
    ['10.96.0.0/12', { range: '10.96.0.0/12', api: '10.96.0.1', dns: '10.96.0.10' }],
    ['10.113.7.9/16', { range: '10.113.0.0/16', api: '10.113.0.1', dns: '10.113.0.10' }],
    ['192.0.2.240/28', { range: '192.0.2.240/28', api: '192.0.2.241', dns: '192.0.2.250' }],
  ])('of %s', (range, expected) => {
    expect(ownAddresses(range)).toEqual(expected);
  });

  it.each(['', '10.96.0.0', '10.96.0.0/33', '10.96.0.0/29', 'fd00::/108', 'x/12'])('refuses "%s"', (range) => {
    expect(() => ownAddresses(range)).toThrow(/is no range of at least 16 IPv4 addresses/);
  });
});
