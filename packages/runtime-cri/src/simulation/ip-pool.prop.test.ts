import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createIpPool } from './ip-pool.ts';

it('never gives an address out twice, and all of its range', () => {
  fc.assert(
    fc.property(fc.integer({ min: 24, max: 29 }), fc.array(fc.nat(), { maxLength: 400 }), (bits, commands) => {
      const pool = createIpPool(`10.3.4.0/${bits}`);
      const size = 2 ** (32 - bits) - 3;
      const held: string[] = [];
      for (const command of commands) {
        if (command % 3 === 0 && held.length > 0) pool.release(held.splice(command % held.length, 1)[0] ?? '');
        else if (held.length < size) held.push(pool.take());
        else expect(() => pool.take()).toThrow('no IP addresses');
        expect(new Set(held).size).toBe(held.length);
      }
    }),
  );
});

it.each(['', '10.0.0.0', '10.0.0.0/30', '10.0.0/24', '300.0.0.0/24', 'fd00::/64'])('refuses the range "%s"', (cidr) => {
  expect(() => createIpPool(cidr)).toThrow('is not an IPv4 range');
});
