import { describe, expect, it } from 'vitest';
import { ReplicaSet } from './kinds/index.ts';
import { controllerOf, isControlledBy, ownerReference } from './owner-reference.ts';

const owner = { metadata: { name: 'web', uid: 'u-1' } };
const plain = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u-1' };

describe('ownerReference', () => {
  it.each([
    { name: 'an owner', options: {}, reference: plain },
    { name: 'a controller, whose deletion waits', options: { controller: true }, reference: { ...plain, controller: true, blockOwnerDeletion: true } },
    { name: 'a controller, whose deletion does not wait', options: { controller: true, blockOwnerDeletion: false }, reference: { ...plain, controller: true } },
    { name: 'an owner, whose deletion waits', options: { blockOwnerDeletion: true }, reference: { ...plain, blockOwnerDeletion: true } },
  ])('names $name', ({ options, reference }) => {
    expect(ownerReference(ReplicaSet, owner, options)).toEqual(reference);
  });
});

describe('controllerOf', () => {
  it('finds the one owner that controls', () => {
    const controller = ownerReference(ReplicaSet, owner, { controller: true });
    const object = { metadata: { ownerReferences: [{ ...plain, uid: 'u-2' }, controller] } };
    expect(controllerOf(object)).toBe(controller);
    expect(isControlledBy(object, owner)).toBe(true);
    expect(isControlledBy(object, { metadata: { name: 'web', uid: 'u-2' } })).toBe(false);
  });

  it.each([{ metadata: {} }, { metadata: { ownerReferences: [] } }, { metadata: { ownerReferences: [plain] } }])('finds none in $metadata', (object) => {
    expect(controllerOf(object)).toBeUndefined();
    expect(isControlledBy(object, owner)).toBe(false);
    expect(isControlledBy(object, { metadata: {} })).toBe(false);
  });
});
