import type { KubernetesObject } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import { podTrouble, waitingFor } from './availability.ts';

const deployment = (status: object): KubernetesObject =>
  ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', generation: 2 }, spec: { replicas: 3 }, status }) as KubernetesObject;

const pod = (status: object): never => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-0' }, spec: { containers: [] }, status }) as never;

describe('waitingFor', () => {
  it.each([
    {
      name: 'a Deployment that its controller has not seen',
      object: deployment({ observedGeneration: 1, availableReplicas: 3, updatedReplicas: 3 }),
      expected: 'not yet seen by its controller',
    },
    {
      name: 'a Deployment in the middle of an update',
      object: deployment({ observedGeneration: 2, availableReplicas: 3, updatedReplicas: 1 }),
      expected: '1 of 3 replicas are up to date',
    },
    {
      name: 'a Deployment with Pods that are not available',
      object: deployment({ observedGeneration: 2, availableReplicas: 2, updatedReplicas: 3 }),
      expected: '2 of 3 replicas are available',
    },
    { name: 'a Deployment that is done', object: deployment({ observedGeneration: 2, availableReplicas: 3, updatedReplicas: 3 }), expected: undefined },
    { name: 'an object that was deleted', object: undefined, expected: 'it is gone' },
    { name: 'a Pod without status', object: pod({}), expected: 'it is Pending' },
    { name: 'a Pod that is ready', object: pod({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }), expected: undefined },
    { name: 'a ConfigMap', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }, expected: undefined },
    {
      name: 'a load balancer without an address',
      object: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { type: 'LoadBalancer' } } as KubernetesObject,
      expected: 'it has no load balancer address',
    },
  ])('$name', ({ object, expected }) => {
    expect(waitingFor(object)).toBe(expected);
  });
});

describe('podTrouble', () => {
  it.each([
    {
      name: 'tells why it was not scheduled',
      status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' }] },
      expected: 'Unschedulable: 0/3 nodes are available',
    },
    {
      name: 'tells of an image that cannot be pulled',
      status: { containerStatuses: [{ name: 'web', state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } } }] },
      expected: 'container web: ImagePullBackOff: not found',
    },
    {
      name: 'tells of a crash',
      status: { containerStatuses: [{ name: 'web', state: { terminated: { exitCode: 3, reason: 'Error' } } }] },
      expected: 'container web ended with exit code 3 (Error)',
    },
    {
      name: 'knows of nothing while a container is being created',
      status: { containerStatuses: [{ name: 'web', state: { waiting: { reason: 'ContainerCreating' } } }] },
      expected: undefined,
    },
  ])('$name', ({ status, expected }) => {
    expect(podTrouble(pod(status))).toBe(expected);
  });
});
