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

const hexWord = (random: Random): string => randomInt(random, 2 ** 32).toString(16).padStart(8, '0');

/** A UUID from 122 random bits, put together from few pieces: every object keeps one. */
function uuidFrom(random: Random): string {
  const b = hexWord(random);
  const c = hexWord(random);
  const variant = '89ab'.charAt(randomInt(random, 4));
  return `${hexWord(random)}-${b.slice(0, 4)}-4${b.slice(5)}-${variant}${c.slice(1, 4)}-${c.slice(4)}${hexWord(random)}`;
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
