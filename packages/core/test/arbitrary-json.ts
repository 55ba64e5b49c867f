import fc from 'fast-check';

/** Names that trip up careless code stand beside plain ones. */
const name = fc.constantFrom('a', 'b', 'c', 'name', '__proto__', 'constructor', 'toString', 'a/b', '~', '');
const scalar = fc.oneof(fc.constant(null), fc.boolean(), fc.integer({ min: -9, max: 9 }), fc.constantFrom('', 'x', 'y', '__proto__'));

interface Arbitraries {
  readonly value: unknown;
  readonly object: Record<string, unknown>;
}

const { value, object } = fc.letrec<Arbitraries>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, scalar, fc.array(tie('value'), { maxLength: 4 }), tie('object')),
  object: fc.array(fc.tuple(name, tie('value')), { maxLength: 5 }).map((fields) => Object.fromEntries(fields)),
}));

/** Any JSON value, small and hostile. For tests. */
export const anyJson: fc.Arbitrary<unknown> = value;
/** Any JSON object, small and hostile. For tests. */
export const anyJsonObject: fc.Arbitrary<Record<string, unknown>> = object;
