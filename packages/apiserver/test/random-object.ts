import { randomInt, type KindModel, type Random, type Schema } from '@kybern/core';

/** Texts that mean something somewhere: a fuzzer that only makes noise never gets past the first check. */
const TEXTS = [
  '',
  'a',
  'web',
  'web-0',
  'default',
  'kube-system',
  'UPPER',
  'a/b',
  '..',
  '__proto__',
  'constructor',
  'x'.repeat(300),
  'TCP',
  'Always',
  'None',
  '25%',
  '-1',
  '1Gi',
  '250m',
  '0',
  'é',
  '10.0.0.1',
  '10.0.0.0/8',
  '::1',
  '* * * * *',
  '2026-01-01T00:00:00Z',
  'YQ==',
  'Exists',
  'In',
  'RollingUpdate',
  'ClusterIP',
  'NodePort',
  'LoadBalancer',
  'ExternalName',
  'Resource',
];
const NUMBERS = [0, 1, -1, 2, 3, 80, 443, 30_080, 65_536, 1.5, 2 ** 31, 1e300];
const MAX_DEPTH = 8;

const pick = <T>(random: Random, from: readonly T[]): T => from[randomInt(random, from.length)] as T;
const chance = (random: Random, probability: number): boolean => random.next() < probability;

/**
 * A value that mostly fits a schema, and now and then does not.
 *
 * @param faults the share of values that do not fit
 */
export function randomValue(random: Random, schema: Schema, { faults = 0.02, depth = 0 }: { faults?: number; depth?: number } = {}): unknown {
  if (chance(random, faults)) return randomJunk(random, depth);
  const below = { faults, depth: depth + 1 };
  const deep = depth >= MAX_DEPTH;
  if (schema.properties !== undefined) return deep ? {} : randomFields(random, schema.properties, { ...below, required: schema.required ?? [] });
  if (schema.additionalProperties !== undefined) {
    const { additionalProperties } = schema;
    return Object.fromEntries(
      Array.from({ length: deep ? 0 : randomInt(random, 3) }, () => [pick(random, TEXTS), randomValue(random, additionalProperties, below)]),
    );
  }
  if (schema.items !== undefined) {
    const { items } = schema;
    return Array.from({ length: deep ? 0 : randomInt(random, 4) }, () => randomValue(random, items, below));
  }
  return randomScalar(random, schema);
}

function randomFields(
  random: Random,
  properties: Readonly<Record<string, Schema>>,
  options: { faults: number; depth: number; required: readonly string[] },
): object {
  const names = Object.keys(properties);
  const share = Math.min(1, 5 / names.length);
  const chosen = names.filter((name) => options.required.includes(name) || chance(random, options.depth <= 2 ? 0.8 : share));
  return Object.fromEntries(chosen.map((name) => [name, randomValue(random, properties[name] as Schema, options)]));
}

function randomScalar(random: Random, schema: Schema): unknown {
  const { format, type } = schema as Schema & { readonly enum?: readonly string[] };
  if (format === 'int-or-string' || format === 'quantity') return chance(random, 0.5) ? pick(random, NUMBERS) : pick(random, ['1Gi', '250m', '25%', '3', '']);
  switch (type) {
    case 'boolean':
      return chance(random, 0.5);
    case 'integer':
    case 'number':
      return pick(random, NUMBERS);
    case 'string':
      return pick(random, TEXTS);
    default:
      return randomJunk(random, MAX_DEPTH);
  }
}

function randomJunk(random: Random, depth: number): unknown {
  const make: readonly (() => unknown)[] = [
    () => null,
    () => true,
    () => pick(random, NUMBERS),
    () => pick(random, TEXTS),
    () => [],
    () => ({}),
    () => (depth >= MAX_DEPTH ? [] : [randomJunk(random, depth + 1)]),
    () => (depth >= MAX_DEPTH ? {} : { [pick(random, TEXTS)]: randomJunk(random, depth + 1) }),
  ];
  return pick(random, make)();
}

const ROUNDS = 12;

/**
 * Makes a random object fit its schema, in place, by doing what the validator complains about: a value of a closed set is exchanged for one that is
 * allowed, one that is missing is put in, any other is taken out. So the rules behind the schema are reached, too.
 */
export function repair(random: Random, object: unknown, model: Pick<KindModel, 'validate'>): void {
  for (let round = 0; round < ROUNDS; round++) {
    const errors = model.validate(object);
    if (errors.length === 0) return;
    for (const { field, message, reason } of errors) {
      const allowed = [...message.matchAll(/"((?:[^"\\]|\\.)*)"/g)].slice(1).map(([, value]) => value as string);
      if (message.includes('supported values') && allowed.length > 0) change(object, field, pick(random, allowed));
      else if (reason === 'FieldValueRequired') change(object, field, pick(random, ['web', {}, [], 80]));
      else change(object, field, undefined);
    }
  }
}

function change(object: unknown, field: string, value: unknown): void {
  const path = [...field.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)].map(([, index, name]) => index ?? (name as string));
  const last = path.pop();
  let at = object as Record<string, unknown> | undefined;
  for (const step of path) at = typeof at === 'object' && at !== null ? (at[step] as Record<string, unknown> | undefined) : undefined;
  if (typeof at !== 'object' || at === null || last === undefined) return;
  if (value !== undefined) at[last] = value;
  else if (Array.isArray(at)) at.splice(Number(last), 1);
  else delete at[last];
}
