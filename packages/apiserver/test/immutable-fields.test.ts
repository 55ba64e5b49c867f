import type { Kind } from '@kybern/core';
import * as kinds from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { causesOf, changed, startServer, VALID } from './fixtures.ts';

type Name = keyof typeof VALID;
type Case = readonly [name: Name, changes: Readonly<Record<string, unknown>>, cause: string];

const kindOf = (name: Name): Kind => (kinds as unknown as Record<string, Kind>)[name] as Kind;

/** Changes that an update may not make, and the only cause that is given. */
const REFUSED: readonly Case[] = [
  [
    'Deployment',
    { 'spec.selector.matchLabels': { app: 'web', tier: 'a' }, 'spec.template.metadata.labels': { app: 'web', tier: 'a' } },
    'spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"a"}}: field is immutable',
  ],
  [
    'ReplicaSet',
    { 'spec.selector.matchLabels': { app: 'web', tier: 'a' }, 'spec.template.metadata.labels': { app: 'web', tier: 'a' } },
    'spec.selector: Invalid value',
  ],
  [
    'DaemonSet',
    { 'spec.selector.matchLabels': { app: 'web', tier: 'a' }, 'spec.template.metadata.labels': { app: 'web', tier: 'a' } },
    'spec.selector: Invalid value',
  ],
  ['StatefulSet', { 'spec.serviceName': 'other' }, "spec: Forbidden: updates to statefulset spec for fields other than 'replicas'"],
  ['Job', { 'spec.completions': 5 }, 'spec.completions: Invalid value: 5: field is immutable'],
  ['Job', { 'spec.template.spec.containers.0.image': 'b' }, 'spec.template: Invalid value'],
  ['Pod', { 'spec.restartPolicy': 'Never' }, 'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`'],
  ['Pod', { 'spec.containers.1': { name: 'b', image: 'b' } }, 'spec.containers: Forbidden: pod updates may not add or remove containers'],
  [
    'Pod',
    { 'spec.tolerations.0': { key: 'node.kubernetes.io/not-ready', operator: 'Exists' } },
    'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
  ],
  ['Pod', { 'spec.schedulingGates': [{ name: 'a' }] }, "spec.schedulingGates: Forbidden: only deletion is allowed, but found new scheduling gate 'a'"],
  ['Secret', { type: 'kubernetes.io/ssh-auth', 'data.ssh-privatekey': '' }, 'type: Invalid value: "kubernetes.io/ssh-auth": field is immutable'],
  ['PersistentVolumeClaim', { 'spec.accessModes': ['ReadOnlyMany'] }, 'spec: Forbidden: spec is immutable after creation except resources.requests'],
  ['PersistentVolume', { 'spec.hostPath.path': '/other' }, 'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation'],
  ['StorageClass', { provisioner: 'example.com/other' }, 'provisioner: Forbidden: updates to provisioner are forbidden.'],
  ['StorageClass', { parameters: { a: 'b' } }, 'parameters: Forbidden: updates to parameters are forbidden.'],
  ['PriorityClass', { value: 2000 }, 'value: Forbidden: may not be changed in an update.'],
  [
    'RoleBinding',
    { 'roleRef.name': 'other' },
    'roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"other"}: cannot change roleRef',
  ],
  ['EndpointSlice', { addressType: 'IPv6', endpoints: [] }, 'addressType: Invalid value: "IPv6": field is immutable'],
  ['Service', { 'spec.clusterIP': '10.96.9.9', 'spec.clusterIPs': ['10.96.9.9'] }, 'spec.clusterIPs[0]: Invalid value: ["10.96.9.9"]: may not change once set'],
];

/** Changes that an update may make. */
const ALLOWED: readonly (readonly [name: Name, changes: Readonly<Record<string, unknown>>])[] = [
  ['Pod', { 'spec.containers.0.image': 'registry.example/main:2' }],
  ['Pod', { 'spec.activeDeadlineSeconds': 60 }],
  ['Pod', { 'spec.tolerations.2': { key: 'a', operator: 'Exists' } }],
  ['Pod', { 'metadata.labels': { a: 'b' } }],
  ['Deployment', { 'spec.template.spec.containers.0.image': 'b', 'spec.replicas': 9 }],
  ['StatefulSet', { 'spec.replicas': 3, 'spec.template.metadata.labels': { app: 'web', more: 'x' } }],
  ['Job', { 'spec.parallelism': 3, 'spec.suspend': true }],
  ['CronJob', { 'spec.schedule': '@daily' }],
  ['StorageClass', { allowVolumeExpansion: true }],
  ['PersistentVolumeClaim', { 'spec.volumeName': 'web' }],
  ['Service', { 'spec.type': 'NodePort' }],
  ['PodDisruptionBudget', { 'spec.minAvailable': '50%' }],
];

describe('validation of changes', () => {
  it.each(REFUSED.map(([kind, changes, cause]) => ({ name: `${kind}: ${cause.slice(0, 90)}`, kind, changes, cause })))(
    'refuses $name',
    async ({ kind, changes, cause }) => {
      await using server = await startServer();
      const created = await server.client.create(kindOf(kind), VALID[kind] as never);
      const causes = await causesOf(server.client.update(kindOf(kind), changed(created, changes)));
      expect(causes).toHaveLength(1);
      expect(causes[0]?.slice(0, cause.length)).toBe(cause);
    },
  );

  it.each(ALLOWED.map(([kind, changes]) => ({ name: `${kind} ${Object.keys(changes).join(', ')}`, kind, changes })))(
    'takes $name',
    async ({ kind, changes }) => {
      await using server = await startServer();
      const created = await server.client.create(kindOf(kind), VALID[kind] as never);
      const updated = await server.client.update(kindOf(kind), changed(created, changes));
      expect(updated.metadata.resourceVersion).not.toBe(created.metadata.resourceVersion);
    },
  );

  it.each([
    { name: 'ConfigMap', data: { data: { key: 'other' } } },
    { name: 'Secret', data: { data: { key: '' } } },
  ] as const)('freezes an immutable $name', async ({ name, data }) => {
    await using server = await startServer();
    const created = await server.client.create(kindOf(name), { ...VALID[name], immutable: true } as never);
    expect(await causesOf(server.client.update(kindOf(name), { ...created, ...data } as never))).toEqual([
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
    expect(await causesOf(server.client.update(kindOf(name), changed(created, { immutable: undefined })))).toEqual([
      'immutable: Forbidden: field is immutable when `immutable` is set',
    ]);
    await server.client.update(kindOf(name), changed(created, { 'metadata.labels': { a: 'b' } }));
  });

  it('keeps what an update cannot change, whatever it says', async () => {
    await using server = await startServer();
    const { client } = server;
    const created = await client.create(kinds.ConfigMap, VALID.ConfigMap);
    await server.clock.advance(5000);
    const updated = await client.update(kinds.ConfigMap, {
      ...created,
      data: {},
      metadata: { ...created.metadata, creationTimestamp: '2001-01-01T00:00:00Z', deletionTimestamp: '2001-01-01T00:00:00Z', generation: 77, selfLink: '/x' },
    });
    expect(updated.metadata).toEqual({ ...created.metadata, resourceVersion: updated.metadata.resourceVersion });
  });

  it('counts generations of the spec, and of annotations of a Deployment', async () => {
    await using server = await startServer();
    const { client } = server;
    const generation = async (patch: object): Promise<number | undefined> =>
      (await client.patch(kinds.Deployment, 'web', { type: 'merge', patch: patch as never })).metadata.generation;
    await client.create(kinds.Deployment, VALID.Deployment);
    expect(await generation({ metadata: { labels: { a: 'b' } } })).toBe(1);
    expect(await generation({ metadata: { annotations: { a: 'b' } } })).toBe(2);
    expect(await generation({ spec: { replicas: 2 } })).toBe(3);
    expect(await generation({ spec: { replicas: 2 } })).toBe(3);
  });
});
