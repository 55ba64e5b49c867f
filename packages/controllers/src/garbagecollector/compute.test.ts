import type { KubernetesObject, NamedObjectMeta, OwnerReference } from '@kybern/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at } from '../../test/objects.ts';
import { computeCollection, type OwnerState } from './compute.ts';

const reference = (uid: string, block = false): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: uid,
  uid,
  ...(block ? { blockOwnerDeletion: true } : {}),
});
const object = (metadata: Partial<NamedObjectMeta> = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'me', namespace: 'default', uid: 'me', ...metadata },
});
const owned = (count: number, metadata: Partial<NamedObjectMeta> = {}): KubernetesObject =>
  object({ ownerReferences: Array.from({ length: count }, (_, i) => reference(`o${i}`)), ...metadata });
const dependent = (block: boolean, metadata: Partial<NamedObjectMeta> = {}): KubernetesObject =>
  object({ name: 'dep', uid: 'dep', ownerReferences: [reference('me', block)], ...metadata });
const deleting = (...finalizers: string[]): Partial<NamedObjectMeta> => ({ deletionTimestamp: at(0), finalizers });
const plan = (me: KubernetesObject, owners: readonly OwnerState[] = [], dependents: readonly KubernetesObject[] = []): unknown =>
  computeCollection({ object: me, owners, dependents });

describe('computeCollection', () => {
  it.each<{ name: string; owners: OwnerState[]; dependents?: KubernetesObject[]; me?: Partial<NamedObjectMeta>; expected: object }>([
    { name: 'no owners', owners: [], expected: { type: 'none' } },
    { name: 'a solid owner', owners: ['solid'], expected: { type: 'none' } },
    { name: 'an absent owner', owners: ['absent'], expected: { type: 'delete', propagationPolicy: 'Background', unblock: false } },
    { name: 'all owners absent', owners: ['absent', 'absent'], expected: { type: 'delete', propagationPolicy: 'Background', unblock: false } },
    { name: 'one of two absent', owners: ['absent', 'solid'], expected: { type: 'dropReferences', uids: ['o0'] } },
    { name: 'one of two waiting', owners: ['solid', 'waiting'], expected: { type: 'dropReferences', uids: ['o1'] } },
    { name: 'a waiting owner', owners: ['waiting'], expected: { type: 'delete', propagationPolicy: 'Background', unblock: false } },
    {
      name: 'a waiting owner, and dependents of its own',
      owners: ['waiting'],
      dependents: [dependent(true)],
      expected: { type: 'delete', propagationPolicy: 'Foreground', unblock: false },
    },
    {
      name: 'a circle of waiting ones',
      owners: ['waiting'],
      dependents: [dependent(true, deleting('foregroundDeletion'))],
      expected: { type: 'delete', propagationPolicy: 'Foreground', unblock: true },
    },
    {
      name: 'absent, and a finalizer that says orphan',
      owners: ['absent'],
      me: { finalizers: ['orphan'] },
      expected: { type: 'delete', propagationPolicy: 'Orphan', unblock: false },
    },
    {
      name: 'absent, and a finalizer that says foreground',
      owners: ['absent'],
      me: { finalizers: ['foregroundDeletion'] },
      expected: { type: 'delete', propagationPolicy: 'Foreground', unblock: false },
    },
    { name: 'an owner of a kind that is not known', owners: ['absent', 'unknown'], expected: { type: 'none' } },
    { name: 'on its way out anyway', owners: ['absent'], me: deleting('example.com/mine'), expected: { type: 'none' } },
  ])('$name', ({ owners, dependents, me, expected }) => {
    expect(plan(owned(owners.length, me), owners, dependents)).toEqual(expected);
  });

  it.each([
    { name: 'waits for dependents that block', dependents: [dependent(true)], expected: { type: 'none' } },
    { name: 'does not wait for others', dependents: [dependent(false)], expected: { type: 'removeFinalizer', finalizer: 'foregroundDeletion' } },
    { name: 'goes when nothing depends on it', dependents: [], expected: { type: 'removeFinalizer', finalizer: 'foregroundDeletion' } },
  ])('deleted in the foreground: $name', ({ dependents, expected }) => {
    expect(plan(object(deleting('foregroundDeletion')), [], dependents)).toEqual(expected);
  });

  it('deleted as an orphan maker', () => {
    expect(plan(object(deleting('orphan')), [], [dependent(true)])).toEqual({ type: 'orphanDependents' });
  });

  it('property: never deletes what has a solid owner, or one that it cannot look up', () => {
    const state = fc.constantFrom<OwnerState>('solid', 'absent', 'waiting', 'unknown');
    fc.assert(
      fc.property(fc.array(state, { maxLength: 4 }), fc.boolean(), fc.boolean(), (owners, blocking, going) => {
        const me = owned(owners.length, going ? deleting('foregroundDeletion') : {});
        const { type } = computeCollection({ object: me, owners, dependents: blocking ? [dependent(true)] : [] });
        if (owners.includes('solid') || owners.includes('unknown') || owners.length === 0) expect(type).not.toBe('delete');
        if (going) expect(type).not.toBe('delete');
      }),
    );
  });
});
