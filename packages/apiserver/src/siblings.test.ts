import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '@kybern/core';
import type { Resource } from './resource.ts';
import { createSiblings, type Siblings } from './siblings.ts';

const resource = { prefix: '/registry/core/pods/' } as Resource;
type Thing = KubernetesObject & { readonly spec: Readonly<Record<string, unknown>>; readonly status?: object };

const thing = (name: string, spec: object, controller?: string): Thing =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { app: 'web' },
      ...(controller === undefined ? {} : { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: controller, controller: true }] }),
    },
    spec,
  }) as unknown as Thing;

const template = (): object => ({ containers: [{ name: 'a', image: 'x', env: [{ name: 'A', value: '1' }] }], volumes: [{ name: 'v', emptyDir: {} }] });

function settled(siblings: Siblings, object: Thing): Thing {
  const text = JSON.stringify(object);
  siblings.settle(object, resource);
  expect(JSON.stringify(object)).toBe(text);
  return object;
}

describe('objects of one template', () => {
  it('share the parts that are the same', () => {
    const siblings = createSiblings();
    const first = settled(siblings, thing('a', template(), 'uid-1'));
    const second = settled(siblings, thing('b', template(), 'uid-1'));
    expect(second.spec).toBe(first.spec);
    expect(second.metadata.labels).toBe(first.metadata.labels);
    expect(second.metadata.ownerReferences).toBe(first.metadata.ownerReferences);
  });

  it('keep what is their own, and share what is below it', () => {
    const siblings = createSiblings();
    const first = settled(siblings, thing('a', { ...template(), hostname: 'a' }));
    const second = settled(siblings, thing('b', { ...template(), hostname: 'b' }));
    expect(second.spec).not.toBe(first.spec);
    expect(second.spec.containers).toBe(first.spec.containers);
  });

  it.each([
    { name: 'a list that is longer', spec: { list: [{ a: 1 }, { b: 2 }, { c: 3 }] } },
    { name: 'a list that is shorter', spec: { list: [{ a: 1 }] } },
    { name: 'a list where there was an object', spec: { list: [{ a: 1 }, [{ b: 2 }]] } },
    { name: 'an object where there was a list', spec: { list: { 0: { a: 1 }, 1: { b: 2 } } } },
    { name: 'a field more', spec: { list: [{ a: 1 }, { b: 2 }], more: true } },
    { name: 'a value where there was an object', spec: { list: [{ a: 1 }, 7] } },
    { name: 'null where there was an object', spec: { list: [{ a: 1 }, null] } },
    { name: 'fields in another order', spec: { list: [{ a: 1 }, { b: 2 }], x: { q: 1, p: 1 } } },
    { name: 'a field that is missing', spec: { x: { p: 1, q: 1 } } },
  ])('do not take over $name', ({ spec }) => {
    const siblings = createSiblings();
    settled(siblings, thing('a', { list: [{ a: 1 }, { b: 2 }], x: { p: 1, q: 1 } }));
    const second = settled(siblings, thing('b', spec));
    expect(Object.isFrozen(second.spec)).toBe(true);
  });

  it('are told apart by their controllers', () => {
    const siblings = createSiblings();
    const first = settled(siblings, thing('a', template(), 'uid-1'));
    settled(siblings, thing('b', { other: true }, 'uid-2'));
    expect(settled(siblings, thing('c', template(), 'uid-1')).spec).toBe(first.spec);
  });

  it('follow a template that changes', () => {
    const siblings = createSiblings();
    for (let i = 0; i < 3; i++) settled(siblings, thing(`a-${String(i)}`, { ...template(), a: {} }));
    const changed = Array.from({ length: 4 }, (_, i) => settled(siblings, thing(`b-${String(i)}`, { b: [{ c: [{}] }] })));
    expect(changed[3]?.spec).toBe(changed[2]?.spec);
  });

  it('are frozen but for what the store stamps', () => {
    const siblings = createSiblings();
    for (const name of ['a', 'b']) {
      const object = settled(siblings, thing(name, template()));
      expect(Object.isFrozen(object)).toBe(false);
      expect(Object.isFrozen(object.metadata)).toBe(false);
      expect(Object.isFrozen(object.spec.containers)).toBe(true);
      expect(Object.isFrozen((object.spec.containers as object[])[0])).toBe(true);
    }
  });

  it('may have keys that mean something to JavaScript', () => {
    const siblings = createSiblings();
    const spec = (): object => JSON.parse('{"__proto__":{"a":[{}]},"x":{"__proto__":{"b":{}}},"constructor":{}}') as object;
    settled(siblings, thing('a', spec()));
    const second = settled(siblings, thing('b', spec()));
    expect(Object.getPrototypeOf(second.spec)).toBe(Object.prototype);
    const third = settled(siblings, thing('c', { ...spec(), more: 1 }));
    expect(Object.keys(third.spec)).toContain('constructor');
  });

  it('may hold parts that are frozen already', () => {
    const siblings = createSiblings();
    const constant = Object.freeze({ inner: Object.freeze({ a: 1 }), list: Object.freeze([Object.freeze({})]) });
    for (const n of [1, 2, 3]) settled(siblings, thing(`a-${String(n)}`, { constant, n, copy: { inner: { a: 1 }, list: [{}], n } }));
    const last = settled(siblings, thing('last', { constant: Object.freeze({ inner: Object.freeze({ a: 1 }), list: Object.freeze([]) }) }));
    expect(last.spec.constant).toEqual({ inner: { a: 1 }, list: [] });
  });

  it('are not kept as a model when they are large', () => {
    const siblings = createSiblings();
    const large = (): object => ({ data: { text: 'x'.repeat(100_000) } });
    const first = settled(siblings, thing('a', large()));
    expect(settled(siblings, thing('b', large())).spec).not.toBe(first.spec);
  });
});

describe('the text of a part', () => {
  it('is kept of what several objects have', () => {
    const siblings = createSiblings();
    const first = settled(siblings, thing('a', template()));
    expect(siblings.textOf(first.spec)).toBeUndefined();
    const second = settled(siblings, thing('b', template()));
    expect(siblings.textOf(second.spec)).toBe(JSON.stringify(template()));
    expect(siblings.textOf(second.spec.containers as object)).toBe(JSON.stringify(second.spec.containers));
  });
});
