import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeHeaders, endToEnd, readTarget, rewritePath } from './request-target.ts';

describe('readTarget', () => {
  it.each([
    ['/', { path: '/', search: '' }],
    ['/a/b?c=d?e', { path: '/a/b', search: '?c=d?e' }],
    ['/a#b?c', { path: '/a', search: '' }],
    ['http://example.com', { path: '/', search: '' }],
    ['http://example.com?x', { path: '/', search: '?x' }],
    ['HTTP://example.com/a?x', { path: '/a', search: '?x' }],
    ['/a/...', { path: '/a/...', search: '' }],
    ['/.well-known/x', { path: '/.well-known/x', search: '' }],
    ['/a?b=/../c', { path: '/a', search: '?b=/../c' }],
  ])('%s', (url, expected) => {
    expect(readTarget(url)).toEqual(expected);
  });

  it.each(['', '*', 'a/b', '/..', '/a/../b', '/a/./b', '/a/%2e%2E/b', '/a/.%2e', '/a\\..\\b'])('refuses %s', (url) => {
    expect(readTarget(url)).toBeUndefined();
  });

  it('never passes on what climbs', () => {
    const piece = fc.constantFrom('a', '..', '.', '%2e', '%2E%2e', '', 'b?', '#');
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const target = readTarget(`/${pieces.join('/')}`);
        if (target !== undefined) expect(target.path.split('/').map((part) => part.replaceAll(/%2e/gi, '.'))).not.toContain('..');
      }),
    );
  });
});

describe('rewritePath', () => {
  const route = (value: string): { path: { type: 'Prefix'; value: string } } => ({ path: { type: 'Prefix', value } });
  it.each([
    ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
    ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
    ['/foo', '/foo/', '/', '/'],
    ['/foo/bar', '/foo/', '/', '/bar'],
    ['/foo/', '/foo', '/xyz', '/xyz/'],
    ['/a', '/', '/b', '/b/a'],
  ])('%s of prefix %s by %s', (path, prefix, value, expected) => {
    expect(rewritePath(path, { type: 'ReplacePrefixMatch', value }, route(prefix))).toBe(expected);
  });

  it('replaces all of it', () => {
    expect(rewritePath('/a/b', { type: 'ReplaceFullPath', value: '/c' }, route('/a'))).toBe('/c');
  });
});

it('endToEnd drops what is for one connection, and what is named as such', () => {
  const headers = [
    'Host',
    'a',
    ':path',
    '/',
    'Connection',
    'close, X-Secret',
    'X-Secret',
    '1',
    'Keep-Alive',
    '5',
    'TE',
    'trailers',
    'Accept',
    'x',
    'Cookie',
    'y',
  ];
  expect(endToEnd(headers, new Set(['cookie']))).toEqual(['Host', 'a', 'Accept', 'x']);
});

it('changeHeaders sets, adds and removes, whatever the case', () => {
  const changes = { set: [{ name: 'x-a', value: '2' }], add: [{ name: 'X-B', value: '3' }], remove: ['X-C'] };
  expect(changeHeaders(['X-A', '1', 'x-c', '1', 'X-B', '1'], changes)).toEqual(['X-B', '1', 'x-a', '2', 'X-B', '3']);
});
