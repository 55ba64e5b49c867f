import type { KubernetesObject } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import type { InformerHandler } from '../informer-event.ts';
import { Delivery, type ObjectChange } from './delivery.ts';

const change = (key: string): ObjectChange<KubernetesObject> => ({
  key,
  old: undefined,
  object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: key } },
  flag: false,
});
const listener = (onAdded: (key: string) => void): InformerHandler<KubernetesObject> => ({
  added: (_object, _flag, key) => onAdded(key),
  updated: () => undefined,
  deleted: () => undefined,
});

describe('delivery', () => {
  it('finishes with a change before it begins with the one that a handler caused, so all see one order', () => {
    const delivery = new Delivery<KubernetesObject>(() => undefined);
    const seen: string[][] = [[], []];
    delivery.add(
      listener((key) => {
        seen[0]?.push(key);
        if (key === 'a') delivery.send([change('a1'), change('a2')]);
        if (key === 'a1') delivery.send([change('a11')]);
      }),
    );
    delivery.add(listener((key) => void seen[1]?.push(key)));
    delivery.send([change('a'), change('b')]);
    expect(seen[0]).toEqual(['a', 'b', 'a1', 'a2', 'a11']);
    expect(seen[1]).toEqual(seen[0]);
  });

  it('a handler may take itself off while it is told', () => {
    const delivery = new Delivery<KubernetesObject>(() => undefined);
    const seen: string[] = [];
    const off = delivery.add(
      listener((key) => {
        seen.push(key);
        off();
      }),
    );
    delivery.send([change('a'), change('b')]);
    expect(seen).toEqual(['a']);
  });
});
