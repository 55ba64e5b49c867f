import { seededRandom } from '@kybern/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isAllocationError } from './errors.ts';
import { createIpAllocator } from './ip-allocator.ts';
import { formatIp, parseCidr } from './ip.ts';

const command = fc.oneof(
  fc.constant({ op: 'allocate' as const }),
  fc.record({ op: fc.constant('take' as const), at: fc.nat(70) }),
  fc.record({ op: fc.constant('release' as const), at: fc.nat(70) }),
);

it('behaves as a set of addresses of which those above the static band go first', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('10.0.0.0/26', '10.0.0.0/29', 'fd00::/122'),
      fc.option(fc.nat(), { nil: undefined }),
      fc.array(command, { maxLength: 150 }),
      (cidr, seed, commands) => {
        const ips = createIpAllocator(cidr, seed === undefined ? {} : { random: seededRandom(seed) });
        const { family, base } = parseCidr(cidr)!;
        const size = Number(ips.size);
        const staticBand = size > 16 ? 16 : 0;
        const at = (offset: number): string => formatIp({ family, value: base + 1n + BigInt(offset) });
        const offsets = Array.from({ length: size }, (_, offset) => offset);
        const model = new Set<string>();
        for (const step of commands) {
          if (step.op === 'allocate') {
            const free = offsets.filter((offset) => !model.has(at(offset)));
            const preferred = free.some((offset) => offset >= staticBand) ? free.filter((offset) => offset >= staticBand) : free;
            const got = attempt(() => ips.allocate());
            expect(got === undefined ? [] : preferred.map(at)).toEqual(got === undefined ? preferred : expect.arrayContaining([got]));
            if (got !== undefined) model.add(got);
          } else if (step.op === 'take') {
            const possible = step.at < size && !model.has(at(step.at));
            const done = attempt(() => (ips.allocateSpecific(at(step.at)), true)) ?? false;
            expect(done).toBe(possible);
            if (done) model.add(at(step.at));
          } else {
            ips.release(at(step.at));
            model.delete(at(step.at));
          }
          expect(ips.used).toBe(model.size);
        }
        expect(
          offsets
            .filter((offset) => ips.has(at(offset)))
            .map(at)
            .sort(),
        ).toEqual([...model].sort());
      },
    ),
  );
});

function attempt<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    if (isAllocationError(error)) return undefined;
    throw error;
  }
}
