import jsdoc from 'eslint-plugin-jsdoc';
import rxjs from 'eslint-plugin-rxjs-x';
import tseslint from 'typescript-eslint';

/** Globals of time, randomness and output: they come in as Clock, Random, IdSource and Logger, so that a whole cluster runs under one clock and one seed. */
const globals = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance'].map((name) => ({
  name,
  message: 'take a Clock (or a schedule function) from the options instead',
}));
const properties = [
  { object: 'Date', property: 'now', message: 'take a Clock from the options' },
  { object: 'Math', property: 'random', message: 'take a Random from the options' },
  { object: 'crypto', property: 'randomUUID', message: 'take an IdSource from the options' },
  { object: 'crypto', property: 'getRandomValues', message: 'take an IdSource from the options' },
];
const syntax = [
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'take a Clock from the options' },
  { selector: 'TSEnumDeclaration', message: 'use a union of literals' },
  { selector: 'ExportAllDeclaration', message: 'export by name' },
  { selector: 'ExportDefaultDeclaration', message: 'export by name' },
  { selector: 'ClassDeclaration[superClass]:not([superClass.name=/Error$/])', message: 'no inheritance, except of errors' },
];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '**/generated/**',
      'packages/core/src/kinds/**',
      '**/.readme/**',
      'coverage/**',
      '**/data/**',
      'scripts/run.mjs',
      '**/*.config.*',
      '.*.mjs',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: ['test', 'it', 'describe'], package: 'node:test' }] },
      ],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false, attributes: false, properties: false } }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true, allowThrowingAny: true }],
      '@typescript-eslint/ban-ts-comment': 'error',
      eqeqeq: 'error',
      'prefer-const': 'error',
      'no-var': 'error',
      'no-empty': 'error',
      'no-eval': 'error',
      'no-restricted-syntax': ['error', ...syntax.slice(1, 4)],
    },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    ignores: ['**/*.test.ts', '**/*.prop.test.ts', '**/*.test-d.ts'],
    plugins: { 'rxjs-x': rxjs, jsdoc },
    rules: {
      'no-console': 'error',
      'no-restricted-globals': ['error', ...globals],
      'no-restricted-properties': ['error', ...properties],
      'no-restricted-syntax': ['error', ...syntax],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 5],
      'max-depth': ['error', 4],
      complexity: ['error', 25],
      'rxjs-x/no-async-subscribe': 'error',
      'rxjs-x/no-nested-subscribe': 'error',
      'rxjs-x/no-exposed-subjects': 'error',
      'rxjs-x/no-unsafe-takeuntil': 'error',
      'rxjs-x/no-unsafe-subject-next': 'error',
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: true,
          contexts: [
            'TSInterfaceDeclaration',
            'TSTypeAliasDeclaration',
            'FunctionDeclaration',
            'ClassDeclaration',
            'ExportNamedDeclaration > VariableDeclaration',
          ],
          require: { FunctionDeclaration: true, ClassDeclaration: true },
          enableFixer: false,
        },
      ],
      'jsdoc/no-multi-asterisks': 'off',
    },
  },
  {
    // The system clock, random and id source are where the platform's own are wrapped; the fakes' event loop turn is the other.
    files: ['packages/core/src/{clock,random,ids}.ts', 'packages/core/src/testing/macrotask.ts'],
    rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off', 'no-restricted-syntax': 'off' },
  },
  {
    files: ['packages/*/src/**/conformance/**/*.ts', 'packages/*/src/conformance/**/*.ts'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    // A command's output is its user interface.
    files: ['packages/kybern/src/cli/**/*.ts', 'packages/kybern/src/bin.ts'],
    rules: { 'no-restricted-globals': 'off' },
  },
  { files: ['**/tsup.config.ts', '*.config.ts', 'tsup.base.ts'], rules: { 'no-restricted-syntax': 'off' } },
);
