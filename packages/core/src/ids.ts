import { randomInt, type Random } from './random.ts';

/** Where UIDs and name suffixes come from. */
export interface IdSource {
  /** A UUID (version 4 form) for `metadata.uid`. */
  uid(): string;
  /** `length` characters for names made from `generateName`, from Kubernetes' alphabet without vowels and look-alikes. */
  suffix(length: number): string;
}

/** @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/rand/rand.go (alphanums) */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** Ids from a {@link Random}: repeatable when it is seeded. */
export function randomIds(random: Random): IdSource {
  return {
    uid: () => uuidFrom(random),
    suffix: (length) => pick(random, SUFFIX_ALPHABET, length),
  };
}

const DASH = 45;
const FOUR = 52;

/** The code of a hexadecimal digit of `word`: of the one that `shift` bits follow. */
function digit(word: number, shift: number): number {
  const value = (word >>> shift) & 15;
  return value < 10 ? 48 + value : 87 + value;
}

/** A UUID from 122 random bits, made by one call: it is one flat text then, and not a tree of pieces. Every object keeps one. */
function uuidFrom(random: Random): string {
  const b = randomInt(random, 2 ** 32);
  const c = randomInt(random, 2 ** 32);
  const variant = 8 + randomInt(random, 4);
  const a = randomInt(random, 2 ** 32);
  const d = randomInt(random, 2 ** 32);
  // biome-ignore format: one line per word reads better than one per digit
  return String.fromCharCode(
    digit(a, 28), digit(a, 24), digit(a, 20), digit(a, 16), digit(a, 12), digit(a, 8), digit(a, 4), digit(a, 0), DASH,
    digit(b, 28), digit(b, 24), digit(b, 20), digit(b, 16), DASH, FOUR, digit(b, 8), digit(b, 4), digit(b, 0), DASH,
    digit(variant, 0), digit(c, 24), digit(c, 20), digit(c, 16), DASH, digit(c, 12), digit(c, 8), digit(c, 4), digit(c, 0),
    digit(d, 28), digit(d, 24), digit(d, 20), digit(d, 16), digit(d, 12), digit(d, 8), digit(d, 4), digit(d, 0),
  );
}

/** Ids that are unique over machines and time: UIDs from the platform's generator. */
export function systemIds(): IdSource {
  return {
    uid: () => crypto.randomUUID(),
    suffix: (length) => {
      const bytes = crypto.getRandomValues(new Uint8Array(length));
      let text = '';
      for (const byte of bytes) text += SUFFIX_ALPHABET.charAt(byte % SUFFIX_ALPHABET.length);
      return text;
    },
  };
}

function pick(random: Random, alphabet: string, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += alphabet.charAt(randomInt(random, alphabet.length));
  return text;
}
