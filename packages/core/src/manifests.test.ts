import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isApiError } from './api-error.ts';
import { readManifests } from './manifests.ts';

const read = (text: string): unknown[] => readManifests(text, { file: 'a.yaml' }).map(({ object }) => object);
const field = (text: string): unknown => (read(`apiVersion: v1\nkind: Thing\nx: ${text}\n`)[0] as { x: unknown }).x;

describe('readManifests', () => {
  it('reads every document and says where it was', () => {
    const text = '# a comment\napiVersion: v1\nkind: A\n---\n---\n# nothing\n---\nkind: B\napiVersion: apps/v1\n...\n';
    expect(readManifests(text, { file: 'dir/a.yaml' })).toEqual([
      { file: 'dir/a.yaml', document: 1, object: { apiVersion: 'v1', kind: 'A' } },
      { file: 'dir/a.yaml', document: 4, object: { apiVersion: 'apps/v1', kind: 'B' } },
    ]);
  });

  it('reads JSON, and nothing', () => {
    expect(read('{"apiVersion":"v1","kind":"A","metadata":{"name":"x"}}')).toEqual([{ apiVersion: 'v1', kind: 'A', metadata: { name: 'x' } }]);
    expect(read('')).toEqual([]);
    expect(read('---\n')).toEqual([]);
  });

  it('takes lists apart', () => {
    expect(read('apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A}\n- {apiVersion: v1, kind: B}\n')).toEqual([
      { apiVersion: 'v1', kind: 'A' },
      { apiVersion: 'v1', kind: 'B' },
    ]);
    expect(read('apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n')).toEqual([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }]);
    expect(read('apiVersion: x/v1\nkind: WishList\nspec: {}\n')).toEqual([{ apiVersion: 'x/v1', kind: 'WishList', spec: {} }]);
  });

  it.each([
    { text: '0644', value: 420 },
    { text: '0o17', value: 15 },
    { text: '0x1F', value: 31 },
    { text: '1e3', value: 1000 },
    { text: 'yes', value: true },
    { text: 'off', value: false },
    { text: '"yes"', value: 'yes' },
    { text: '~', value: null },
    { text: '80:80', value: '80:80' },
    { text: '1:30', value: '1:30' },
    { text: '2026-01-02', value: '2026-01-02' },
    { text: '2026-01-02T03:04:05Z', value: '2026-01-02T03:04:05Z' },
    { text: '1.0.0', value: '1.0.0' },
    { text: '64Mi', value: '64Mi' },
    { text: '!!binary aGk=', value: 'aGk=' },
    { text: '{1: a, true: b, y: c}', value: { 1: 'a', true: 'b', y: 'c' } },
  ])('reads $text as kubectl does', ({ text, value }) => {
    expect(field(text)).toEqual(value);
  });

  it('knows anchors and merge keys', () => {
    expect(read('base: &b {q: 1}\napiVersion: v1\nkind: A\nd:\n  <<: *b\n  r: 2\n')).toEqual([
      { apiVersion: 'v1', kind: 'A', base: { q: 1 }, d: { q: 1, r: 2 } },
    ]);
  });

  it('takes __proto__ for a field', () => {
    expect(JSON.stringify(read('apiVersion: v1\nkind: A\n__proto__: {x: 1}\n'))).toBe('[{"apiVersion":"v1","kind":"A","__proto__":{"x":1}}]');
  });

  it.each([
    { name: 'what is not YAML', text: 'apiVersion: v1\nkind: A\n---\na: [1\n', message: /^a\.yaml:[45]: document 2: / },
    { name: 'tabs', text: 'apiVersion: v1\nkind: A\na:\n\tb: 1\n', message: /^a\.yaml:4: document 1: / },
    { name: 'a field twice', text: 'apiVersion: v1\nkind: A\nkind: B\n', message: /^a\.yaml:3: document 1: .*unique/ },
    { name: 'an alias of nothing', text: 'apiVersion: v1\nkind: A\nx: *y\n', message: /^a\.yaml:1: document 1: .*alias/ },
    { name: 'what is no object', text: 'apiVersion: v1\nkind: A\n---\n- 1\n', message: /^a\.yaml:4: document 2: it is not an object$/ },
    { name: 'no kind', text: '\n\napiVersion: v1\n', message: /^a\.yaml:3: document 1: kind is missing or is not a text$/ },
    { name: 'an apiVersion that is a number', text: 'apiVersion: 1\nkind: A\n', message: /^a\.yaml:1: document 1: apiVersion is missing or is not a text$/ },
    { name: 'metadata that is no object', text: 'apiVersion: v1\nkind: A\nmetadata: x\n', message: /metadata is not an object$/ },
    {
      name: 'an item without kind',
      text: 'apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: A}, {apiVersion: v1}]\n',
      message: /items\[1\]\.kind is missing/,
    },
    { name: 'keys that are no texts', text: 'apiVersion: v1\nkind: A\n? [a]\n: 1\n', message: /keys must be strings/ },
    { name: 'what JSON cannot hold', text: 'apiVersion: v1\nkind: A\nx: .inf\n', message: /Infinity is not JSON data/ },
    { name: 'cycles', text: 'apiVersion: v1\nkind: A\nx: &x [*x]\n', message: /nested deeper/ },
  ])('refuses $name, and says where', ({ text, message }) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ name: 'ApiError', reason: 'BadRequest', message: expect.stringMatching(message) }));
  });

  it('refuses a text that grows without bound', () => {
    const lines = ['a: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    expect(() => read(`${lines.join('\n')}\napiVersion: v1\nkind: A\n`)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });

  it('fails with BadRequest, whatever the text', () => {
    const token = fc.constantFrom(
      'a',
      ': ',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '"',
      "'",
      '&x',
      '*x',
      '!!set',
      '|',
      '>',
      '---\n',
      '#',
      '<<',
      '? ',
      '\t',
      'apiVersion: v1\nkind: A\n',
      '%YAML 1.2\n',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(token, { maxLength: 20 }).map((tokens) => tokens.join('')),
    );
    fc.assert(
      fc.property(text, (input) => {
        try {
          expect(read(input)).toBeInstanceOf(Array);
        } catch (error) {
          expect(isApiError(error) && error.reason).toBe('BadRequest');
        }
      }),
      { numRuns: 300 },
    );
  });
});
