import type { Kind, KubernetesObject } from '@kybern/core';
import { ConfigMap, CronJob, Event, EventsV1Event, Job, Namespace, Node, Pod, ReplicaSet, ResourceSlice, Secret, Service, StorageClass } from './kinds.ts';
import { describe, expect, it } from 'vitest';
import { changed, loose, rejection, startServer, VALID } from './fixtures.ts';

type Case = readonly [kind: Kind, selector: string, names: readonly string[]];
type Server = Awaited<ReturnType<typeof startServer>>;

const pod = (name: string, changes: Record<string, unknown> = {}): KubernetesObject => changed(VALID.Pod, { 'metadata.name': name, ...changes });
const event = (name: string, changes: Record<string, unknown> = {}): KubernetesObject => changed(VALID.Event, { 'metadata.name': name, ...changes });

async function fill({ client }: Server): Promise<void> {
  await client.create(loose(Pod), pod('a'));
  await client.create(
    loose(Pod),
    pod('b', { 'spec.restartPolicy': 'Never', 'spec.hostNetwork': true, 'spec.serviceAccountName': 'robot', 'spec.schedulerName': 'mine' }),
  );
  await client.createSubresource(Pod as Kind, 'b', 'binding', { metadata: {}, target: { name: 'node-1' } });
  await client.patch(
    Pod as Kind,
    'b',
    { type: 'merge', patch: { status: { phase: 'Running', podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }], nominatedNodeName: 'node-2' } } },
    { subresource: 'status' },
  );
  await client.create(loose(Event), event('e'));
  await client.create(
    loose(Event),
    event('f', { reason: 'Killing', type: 'Warning', 'involvedObject.name': 'other', source: { component: 'kubelet' }, reportingComponent: 'agent' }),
  );
  await client.create(loose(Secret), { ...VALID.Secret } as never);
  await client.create(loose(Secret), changed(VALID.Secret, { 'metadata.name': 'key', type: 'kubernetes.io/ssh-auth', 'data.ssh-privatekey': '' }));
  await client.create(loose(Node), { metadata: { name: 'node-1' }, spec: { unschedulable: true } } as never);
  await client.create(loose(Node), { metadata: { name: 'node-2' }, spec: {} } as never);
  await client.create(loose(ReplicaSet), { ...VALID.ReplicaSet } as never);
  await client.create(loose(Job), { ...VALID.Job } as never);
  await client.create(loose(CronJob), { ...VALID.CronJob } as never);
  await client.create(loose(Service), changed(VALID.Service, { 'spec.type': 'NodePort' }));
  await client.create(loose(Service), changed(VALID.Service, { 'metadata.name': 'headless', 'spec.clusterIP': 'None' }));
  await client.create(loose(StorageClass), { ...VALID.StorageClass } as never);
}

const CASES: readonly Case[] = [
  [Pod as Kind, 'metadata.name=a', ['a']],
  [Pod as Kind, 'metadata.name!=a', ['b']],
  [Pod as Kind, 'metadata.namespace=default,metadata.name=b', ['b']],
  [Pod as Kind, 'metadata.namespace=other', []],
  [Pod as Kind, 'spec.nodeName=node-1', ['b']],
  [Pod as Kind, 'spec.nodeName=', ['a']],
  [Pod as Kind, 'spec.nodeName!=node-1', ['a']],
  [Pod as Kind, 'spec.host=node-1', ['b']],
  [Pod as Kind, 'status.podIPs=10.0.0.1', []],
  [Pod as Kind, 'spec.restartPolicy=Never', ['b']],
  [Pod as Kind, 'spec.schedulerName=default-scheduler', ['a']],
  [Pod as Kind, 'spec.serviceAccountName=robot', ['b']],
  [Pod as Kind, 'spec.hostNetwork=true', ['b']],
  [Pod as Kind, 'spec.hostNetwork==false', ['a']],
  [Pod as Kind, 'status.phase=Running', ['b']],
  [Pod as Kind, 'status.podIP=10.0.0.1', ['b']],
  [Pod as Kind, 'status.nominatedNodeName=node-2', ['b']],
  [Event as Kind, 'involvedObject.name=other', ['f']],
  [Event as Kind, 'involvedObject.kind=Pod,type=Normal', ['e']],
  [Event as Kind, 'reason=Killing', ['f']],
  [Event as Kind, 'source=kubelet', ['f']],
  [Event as Kind, 'reportingComponent=agent', ['f']],
  [EventsV1Event as Kind, 'regarding.name=other', ['f']],
  [EventsV1Event as Kind, 'reportingController=agent,regarding.kind=Pod,reason=Killing', ['f']],
  [Secret as Kind, 'type=Opaque', ['web']],
  [Node as Kind, 'spec.unschedulable=true', ['node-1']],
  [Namespace as Kind, 'status.phase=Active,metadata.name=default', ['default']],
  [ReplicaSet as Kind, 'status.replicas=0', ['web']],
  [Job as Kind, 'status.successful=0', ['web']],
  [CronJob as Kind, 'status.successful=0', []],
  [Service as Kind, 'spec.type=NodePort', ['web']],
  [Service as Kind, 'spec.clusterIP=None', ['headless']],
  [StorageClass as Kind, 'metadata.namespace=', ['web']],
];

describe('field selectors', () => {
  it.each(CASES.map(([kind, selector, names]) => ({ name: `${kind.kind} (${kind.group}) by ${selector}`, kind, selector, names })))(
    'find $name',
    async ({ kind, selector, names }) => {
      await using server = await startServer();
      await fill(server);
      expect((await server.client.list(kind, { fieldSelector: selector })).items.map(({ metadata }) => metadata.name)).toEqual(names);
    },
  );

  it.each([
    {
      name: 'a field of another kind',
      kind: ConfigMap as Kind,
      fieldSelector: 'spec.nodeName=a',
      message: '"spec.nodeName" is not a known field selector: only "metadata.name", "metadata.namespace"',
    },
    { name: 'a Job by its Pods', kind: Job as Kind, fieldSelector: 'status.active=1', message: 'field label "status.active" not supported for "Job"' },
    { name: 'a Node by a namespace', kind: Node as Kind, fieldSelector: 'metadata.namespace=a', message: 'field label not supported: metadata.namespace' },
    {
      name: 'a new Event by an old field',
      kind: EventsV1Event as Kind,
      fieldSelector: 'involvedObject.name=a',
      message: 'field label not supported: involvedObject.name',
    },
    {
      name: 'a ResourceSlice by its pool',
      kind: ResourceSlice as Kind,
      fieldSelector: 'spec.pool.name=a',
      message: 'field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: spec.pool.name',
    },
    { name: 'a field that is not selectable', kind: Pod as Kind, fieldSelector: 'spec.hostname=a', message: 'field label not supported: spec.hostname' },
    { name: 'a name from a prototype', kind: Pod as Kind, fieldSelector: 'constructor=a', message: 'field label not supported: constructor' },
  ])('refuse $name', async ({ kind, fieldSelector, message }) => {
    await using server = await startServer();
    expect(await rejection(server.client.list(kind, { fieldSelector }))).toMatchObject({ code: 400, message });
  });
});
