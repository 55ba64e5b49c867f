import type { Kind, KubernetesObject } from '@kybern/core';
import * as kinds from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { causesOf, rejection, startServer, VALID } from './fixtures.ts';

const OBJECTS: Readonly<Record<string, unknown>> = {
  ...VALID,
  RuntimeClass: { metadata: { name: 'web' }, handler: 'runc' },
  CSIDriver: { metadata: { name: 'disk.example.com' }, spec: {} },
  CSINode: { metadata: { name: 'node-1' }, spec: { drivers: [{ name: 'disk.example.com', nodeID: 'a' }] } },
  ControllerRevision: { metadata: { name: 'web' }, revision: 1, data: {} },
  ValidatingWebhookConfiguration: { metadata: { name: 'web' } },
  VolumeAttachment: { metadata: { name: 'web' }, spec: { attacher: 'disk.example.com', nodeName: 'node-1', source: { persistentVolumeName: 'a' } } },
};

const kindOf = (name: string): Kind => (kinds as unknown as Record<string, Kind>)[name] as Kind;
const object = (name: string): KubernetesObject => OBJECTS[name] as KubernetesObject;

describe('a PUT', () => {
  it.each(['PodDisruptionBudget', 'RuntimeClass', 'CSIDriver', 'CSINode', 'ControllerRevision', 'ValidatingWebhookConfiguration', 'VolumeAttachment', 'Lease'])(
    'of a %s names the version that it is based on',
    async (name) => {
      await using server = await startServer();
      const created = await server.client.create(kindOf(name), object(name) as never);
      expect(await causesOf(server.client.update(kindOf(name), object(name) as never))).toEqual([
        'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
      ]);
      await server.client.update(kindOf(name), created);
    },
  );

  it.each(['ConfigMap', 'Deployment', 'EndpointSlice', 'PriorityClass', 'StorageClass', 'NetworkPolicy', 'Ingress', 'Role'])(
    'of a %s may do without',
    async (name) => {
      await using server = await startServer();
      const { uid } = (await server.client.create(kindOf(name), object(name) as never)).metadata;
      expect((await server.client.update(kindOf(name), object(name) as never)).metadata.uid).toBe(uid);
    },
  );

  it.each(['Lease', 'RuntimeClass', 'Role', 'ClusterRole', 'RoleBinding', 'Service', 'Event'])('of a %s that is not there creates it', async (name) => {
    await using server = await startServer();
    const made = await server.client.update(kindOf(name), object(name) as never);
    expect((await server.client.get(kindOf(name), made.metadata.name)).metadata.uid).toBe(made.metadata.uid);
  });

  it.each(['EndpointSlice', 'ConfigMap', 'Deployment', 'CSINode', 'PodDisruptionBudget'])('of a %s that is not there finds nothing', async (name) => {
    await using server = await startServer();
    expect(await rejection(server.client.update(kindOf(name), object(name) as never))).toMatchObject({ code: 404, reason: 'NotFound' });
  });

  it('may say that a node takes more volumes, not that a driver calls it otherwise', async () => {
    await using server = await startServer();
    const { client } = server;
    const node = await client.create(kinds.CSINode, object('CSINode') as never);
    const drivers = (change: object): never =>
      ({ ...node, spec: { drivers: [{ name: 'disk.example.com', nodeID: 'a', topologyKeys: null, ...change }] } }) as never;
    expect(await causesOf(client.update(kinds.CSINode, drivers({ nodeID: 'b' })))).toEqual([
      'spec.drivers: Invalid value: {"name":"disk.example.com","nodeID":"b"}: field is immutable',
    ]);
    expect((await client.update(kinds.CSINode, drivers({ allocatable: { count: 7 } }))).spec.drivers[0]?.allocatable).toEqual({ count: 7 });
  });
});
