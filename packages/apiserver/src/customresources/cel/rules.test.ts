import type { FieldError } from '@kybern/core';
import type { JSONSchemaProps } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { compileStructural } from '../schema/structural.ts';
import { checkRules, compileRules } from './rules.ts';

const text: JSONSchemaProps = { type: 'string' };
const int: JSONSchemaProps = { type: 'integer' };
const list = (items: JSONSchemaProps): JSONSchemaProps => ({ type: 'array', items });
const map = (values: JSONSchemaProps): JSONSchemaProps => ({ type: 'object', additionalProperties: values });

const FIELDS: Readonly<Record<string, JSONSchemaProps>> = {
  name: text,
  other: text,
  count: int,
  max: int,
  ratio: { type: 'number' },
  on: { type: 'boolean' },
  tags: list(text),
  numbers: list(int),
  labels: map(text),
  ports: { maxItems: 20, ...list({ type: 'object', properties: { name: text, port: int } }) },
  limit: { 'x-kubernetes-int-or-string': true },
  at: { type: 'string', format: 'date-time' },
  wait: { type: 'string', format: 'duration' },
  data: { type: 'string', format: 'byte' },
  'dashed-name': text,
  'dot.name': text,
  namespace: text,
  inner: { type: 'object', properties: { a: text, b: text } },
  note: { type: 'string', nullable: true },
};

function run(rule: string, spec: object, options: { old?: object; rest?: object } = {}): string[] {
  const schema: JSONSchemaProps = {
    type: 'object',
    properties: { spec: { type: 'object', properties: FIELDS, 'x-kubernetes-validations': [{ rule, ...options.rest }] } },
  };
  const place = { schema: schema.properties?.['spec'] as JSONSchemaProps, path: 'spec', parent: undefined, role: 'field' as const };
  const { findings } = checkRules(place);
  if (findings.length > 0) return findings.map(({ message }) => message);
  const errors: FieldError[] = [];
  compileRules(compileStructural(schema)).check({ spec }, options.old === undefined ? undefined : { spec: options.old }, errors);
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

describe('what rules can say', () => {
  it.each([
    ['self.count <= self.max', { count: 1, max: 2 }],
    ['self.count + 1 == 2 && self.count * 2 < 5 && self.count % 2 == 1', { count: 1 }],
    ['self.ratio > 0.5 && self.ratio < 2', { ratio: 0.75 }],
    ['has(self.name) && !has(self.other)', { name: 'a' }],
    ["self.?other.orValue('none') == 'none'", {}],
    ['self.?other.hasValue() ? false : true', {}],
    ["self.tags.all(t, t.startsWith('a')) && self.tags.exists(t, t == 'ab')", { tags: ['aa', 'ab'] }],
    ["self.tags.exists_one(t, t == 'ab') && self.tags.filter(t, t != 'ab').size() == 1", { tags: ['aa', 'ab'] }],
    ["self.tags.map(t, t + 'x') == ['aax', 'abx']", { tags: ['aa', 'ab'] }],
    ["self.labels.all(k, self.labels[k] != '') && 'a' in self.labels", { labels: { a: 'b' } }],
    ['self.ports.all(p, self.ports.exists_one(q, q.port == p.port))', { ports: [{ port: 1 }, { port: 2 }] }],
    ["type(self.limit) == int ? self.limit <= 5 : self.limit.endsWith('%')", { limit: 5 }],
    ["type(self.limit) == string ? self.limit.endsWith('%') : false", { limit: '5%' }],
    ["self.at > timestamp('2020-01-01T00:00:00Z')", { at: '2024-01-01T00:00:00Z' }],
    ["self.wait < duration('2h')", { wait: '90m' }],
    ["self.data == b'abc'", { data: 'YWJj' }],
    ["self.__namespace__ == 'a' && self.dashed__dash__name == 'b' && self.dot__dot__name == 'c'", { namespace: 'a', 'dashed-name': 'b', 'dot.name': 'c' }],
    ['self.inner == self.inner && self.ports[0] != self.ports[1]', { inner: { a: '1' }, ports: [{ port: 1 }, { port: 2 }] }],
    ["self.name.matches('^(?i)ABC$') && !self.name.matches('^b')", { name: 'abc' }],
    ["self.name.find('[0-9]+') == '12' && self.name.findAll('[0-9]+') == ['12', '34']", { name: 'a12b34' }],
    ["self.name.indexOf('c') == 2 && self.name.substring(1, 2) == '𝒳' && self.name.charAt(1) == '𝒳'", { name: 'a𝒳c' }],
    ["self.name.lowerAscii() == 'äb' && self.name.replace('B', 'x') == 'äx' && self.name.split('') == ['ä', 'B']", { name: 'äB' }],
    ["'%s has %d'.format([self.name, self.count]) == 'a has 3'", { name: 'a', count: 3 }],
    ['self.numbers.isSorted() && self.numbers.sum() == 6 && self.numbers.min() == 1 && self.numbers.max() == 3', { numbers: [1, 2, 3] }],
    ['self.numbers.indexOf(2) == 1 && self.numbers.lastIndexOf(9) == -1', { numbers: [1, 2, 3] }],
    ["sets.contains(self.tags, ['a']) && sets.equivalent(self.tags, ['b', 'a']) && !sets.intersects(self.tags, ['c'])", { tags: ['a', 'b'] }],
    [
      "isURL(self.name) && url(self.name).getHost() == 'example.com:80' && url(self.name).getQuery()['a'] == ['1', '2']",
      { name: 'http://example.com:80/x?a=1&a=2' },
    ],
    ['isIP(self.name) && ip(self.name).family() == 4 && ip(self.name).isLoopback()', { name: '127.0.0.1' }],
    ["cidr(self.name).containsIP('10.1.2.3') && cidr(self.name).prefixLength() == 8 && !isCIDR('x')", { name: '10.0.0.0/8' }],
    [
      "quantity(self.name).isGreaterThan(quantity('1Gi')) && quantity('1k').asInteger() == 1000 && quantity('50m').add(quantity('50m')) == quantity('100m')",
      { name: '2Gi' },
    ],
    ["!format.dns1123Label().validate(self.name).hasValue() && format.named('uuid').value().validate(self.name).hasValue()", { name: 'abc' }],
    ['optional.ofNonZeroValue(self.name).hasValue() == false', { name: '' }],
    ['self.note == null', { note: null }],
    ['cel.bind(x, self.count + 1, x * x == 4)', { count: 1 }],
    ['dyn(self.count) == 1.0', { count: 1 }],
  ])('%s', (rule, spec) => {
    expect(run(rule, spec)).toEqual([]);
  });
});

describe('what rules answer', () => {
  const rule = 'self.count <= self.max';
  const wrong = { count: 3, max: 2 };

  it.each<[string, object, string[]]>([
    ['the rule itself', {}, [`spec: Invalid value: "object": failed rule: ${rule}`]],
    ['a message', { message: 'too many' }, ['spec: Invalid value: "object": too many']],
    ['a computed message', { message: 'x', messageExpression: "'at most ' + string(self.max)" }, ['spec: Invalid value: "object": at most 2']],
    ['the message, when its expression fails', { message: 'too many', messageExpression: 'self.tags[0]' }, ['spec: Invalid value: "object": too many']],
    ['a place', { message: 'x', fieldPath: '.count' }, ['spec.count: Invalid value: "object": x']],
    ['that it is forbidden', { message: 'x', reason: 'FieldValueForbidden' }, ['spec: Forbidden: x']],
    ['that something is required', { message: 'x', reason: 'FieldValueRequired' }, ['spec: Required value: x']],
    ['that it is there twice', { message: 'x', reason: 'FieldValueDuplicate' }, ['spec: Duplicate value: "object"']],
  ])('%s', (_, rest, expected) => {
    expect(run(rule, wrong, { rest })).toEqual(expected);
  });

  it('what a rule stumbles over', () => {
    expect(run("self.other == 'x'", {})).toEqual(['spec: Invalid value: "object": no such key: other evaluating rule: self.other == \'x\'']);
    expect(run('1 / self.count == 1', { count: 0 })).toEqual(['spec: Invalid value: "object": division by zero evaluating rule: 1 / self.count == 1']);
    expect(run('self.name.matches(self.other)', { name: 'a', other: '(' })[0]).toContain('error parsing regexp');
  });

  it('ends what takes too long', () => {
    const tags = Array.from({ length: 2000 }, (_, i) => `t${i}`);
    expect(run("(self.tags + self.tags).exists(a, (self.tags + self.tags).exists(b, a + b == ''))", { tags })).toEqual([
      'spec: Invalid value: "object": validation failed due to running out of cost budget, no further validation rules will be run',
    ]);
  });
});

describe('rules about changes', () => {
  it('are not asked of what is new', () => {
    expect(run('self.count >= oldSelf.count', { count: 1 })).toEqual([]);
  });

  it.each([
    [{ count: 2 }, { count: 1 }, 0],
    [{ count: 1 }, { count: 2 }, 1],
  ])('%o after %o', (now, old, failures) => {
    expect(run('self.count >= oldSelf.count', now, { old })).toHaveLength(failures);
  });

  it('are asked of what is new as well, when the old value may be missing', () => {
    const rest = { optionalOldSelf: true };
    expect(run('oldSelf.hasValue() || self.count == 1', { count: 1 }, { rest })).toEqual([]);
    expect(run('oldSelf.hasValue() || self.count == 1', { count: 2 }, { rest })).toHaveLength(1);
    expect(run('!oldSelf.hasValue() || oldSelf.value().count < self.count', { count: 2 }, { old: { count: 1 }, rest })).toEqual([]);
  });

  it('forgive what was wrong before and did not change', () => {
    expect(run('self.count == 1', { count: 2 }, { old: { count: 2 } })).toEqual([]);
    expect(run('self.count == 1', { count: 2 }, { old: { count: 3 } })).toHaveLength(1);
    expect(run('self.count > oldSelf.count', { count: 2 }, { old: { count: 2 } })).toHaveLength(1);
  });
});

describe('rules that do not compile', () => {
  it.each([
    ['self.nothing == 1', 'No such key: nothing'],
    ["self.count == 'a'", 'no such overload: int == string'],
    ['self.count', 'must evaluate to a bool'],
    ['self.count ==', 'compilation failed'],
    ['unknown(self.count)', 'no matching overload'],
    ['self.count > 1 && other', 'Unknown variable: other'],
  ])('%s', (rule, message) => {
    const found = run(rule, {});
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(message);
  });

  it('nor do expressions for messages that are no texts', () => {
    expect(run('true', {}, { rest: { messageExpression: 'self.count' } })).toEqual(['compilation failed: must evaluate to a string']);
  });

  it('cost more than their schema allows', () => {
    expect(run('self.tags.all(a, self.tags.all(b, a != b))', {})[0]).toMatch(/^estimated rule cost exceeds budget by factor of more than 100x/);
  });
});
