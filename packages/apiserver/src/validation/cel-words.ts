/** Words of CEL, which cannot be names. */
export const CEL_RESERVED: ReadonlySet<string> = new Set([
  'true',
  'false',
  'null',
  'in',
  'as',
  'break',
  'const',
  'continue',
  'else',
  'for',
  'function',
  'if',
  'import',
  'let',
  'loop',
  'package',
  'namespace',
  'return',
  'var',
  'void',
  'while',
]);

/** What a name of CEL looks like. */
export const CEL_IDENTIFIER: RegExp = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
