import { ConfigMap } from '@kybern/core/kinds';
import type { Kind } from '@kybern/core';
import { expect, it } from 'vitest';
import { rejection } from '../test/fixtures.ts';
import { checkOptions } from './options-check.ts';
import type { ApiRequest, RequestOptions, Verb } from './request.ts';

const request = (verb: Verb, options: RequestOptions, patchType?: ApiRequest['patchType']): ApiRequest => ({
  verb,
  kind: ConfigMap as unknown as Kind,
  options,
  patchType,
  user: { username: 'a' },
});
const refused = async (...args: Parameters<typeof request>): Promise<string> => {
  const error = await rejection((async () => checkOptions(request(...args)))());
  expect(error.code).toBe(422);
  return error.message;
};

it.each<[Verb, RequestOptions, string]>([
  ['list', { resourceVersionMatch: 'Exact' }, 'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided'],
  [
    'list',
    { resourceVersionMatch: 'Exact', resourceVersion: '7', continue: 'x' },
    'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided',
  ],
  [
    'list',
    { resourceVersionMatch: 'Newest', resourceVersion: '7' },
    'resourceVersionMatch: Unsupported value: "Newest": supported values: "", "Exact", "NotOlderThan"',
  ],
  [
    'list',
    { resourceVersionMatch: 'Exact', resourceVersion: '0' },
    'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
  ],
  ['list', { sendInitialEvents: true }, 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'],
  [
    'watch',
    { resourceVersionMatch: 'NotOlderThan' },
    'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
  ],
  ['watch', { sendInitialEvents: false }, 'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'],
  ['watch', { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', continue: 'x' }, 'is forbidden when continue is provided'],
])('a %s with %j is refused', async (verb, options, message) => {
  const said = await refused(verb, options);
  expect(said).toMatch(/^ListOptions\.meta\.k8s\.io "" is invalid: /);
  expect(said).toContain(message);
});

it('field managers have printable names of at most 128 bytes, and applies need one', async () => {
  expect(await refused('create', { fieldManager: 'ä'.repeat(65) })).toBe(
    'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes',
  );
  expect(await refused('update', { fieldManager: 'a\nb' })).toContain('fieldManager: Invalid value: "a\\nb": invalid character U+000A (at position 1)');
  expect(await refused('patch', {}, 'apply')).toBe('PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch');
  expect(await refused('patch', { force: true }, 'merge')).toContain('force: Forbidden: may not be specified for non-apply patch');
});

it('what makes sense passes', () => {
  for (const [verb, options] of [
    ['list', { resourceVersion: '5', resourceVersionMatch: 'Exact' }],
    ['watch', { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }],
    ['create', { fieldManager: 'Jürgens Werkzeug' }],
    ['get', {}],
  ] as const)
    expect(() => checkOptions(request(verb, options))).not.toThrow();
});
