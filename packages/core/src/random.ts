/** A source of randomness. Travels together with a `Clock`; seeded in tests, so that a run can be repeated. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** An independent generator whose numbers depend only on this generator's seed and `name`, not on how often either was used. */
  fork(name: string): Random;
}

/** An integer in [0, bound). */
export function randomInt(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}

/**
 * A repeatable generator (sfc32 over a hash of the seed). Not for secrets.
 *
 * @param seed any number or text; equal seeds give equal sequences on every machine
 */
export function seededRandom(seed: number | string): Random {
  const name = String(seed);
  let [a, b, c, d] = [hash(name, 0x9e3779b9), hash(name, 0x243f6a88), hash(name, 0xb7e15162), 1];
  const step = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) step();
  return { next: step, fork: (child) => seededRandom(`${name}/${child}`) };
}

/** FNV-1a with a final avalanche. */
function hash(text: string, basis: number): number {
  let h = basis | 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The machine's generator. Not for secrets. */
export function systemRandom(): Random {
  return { next: () => Math.random(), fork: () => systemRandom() };
}
