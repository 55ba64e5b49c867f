import { CEL_IDENTIFIER, CEL_RESERVED } from '../../validation/cel-words.ts';

/**
 * How a rule names a field: names that are no identifiers are spelled out (`a-b` as `a__dash__b`).
 *
 * @returns undefined for names that cannot be spelled
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/cel/escaping.go
 */
export function escapeName(name: string): string | undefined {
  if (CEL_RESERVED.has(name)) return `__${name}__`;
  const escaped = name.replaceAll('__', '__underscores__').replaceAll('.', '__dot__').replaceAll('-', '__dash__').replaceAll('/', '__slash__');
  return CEL_IDENTIFIER.test(escaped) ? escaped : undefined;
}
