import { condition, type KubernetesObject } from '@kybern/core';
import { Binding, Pod, PodDisruptionBudget, PriorityClass } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { causesOf, changed, loose, rejection, startServer, VALID } from './fixtures.ts';

const binding = { metadata: { name: 'web' }, target: { kind: 'Node', name: 'node-1' } };
type Server = Awaited<ReturnType<typeof startServer>>;

async function runningPod({ client }: Server, labels: Record<string, string> = {}): Promise<Pod> {
  await client.create(Pod, { ...VALID.Pod, metadata: { name: 'web', labels } });
  await client.createSubresource(Pod, 'web', 'binding', binding);
  return client.mutateStatus(Pod, 'web', (draft) => {
    draft.status.phase = 'Running';
    condition(draft, 'Ready', true);
  });
}

describe('a new Pod', () => {
  it('is pending, with its quality of service', async () => {
    await using server = await startServer();
    const created = await server.client.create(Pod, { ...VALID.Pod, status: { phase: 'Running', podIP: '10.0.0.1' } });
    expect(created.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
    expect(created.metadata.generation).toBe(1);
    expect(Object.keys(created)).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  });

  it.each([
    { name: 'Guaranteed', resources: { limits: { cpu: '1', memory: '1Gi' } } },
    { name: 'Guaranteed', resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } } },
    { name: 'Burstable', resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } } },
    { name: 'Burstable', resources: { requests: { memory: '1Mi' } } },
    { name: 'BestEffort', resources: { requests: { cpu: '0' } } },
  ])('with $resources is $name', async ({ name, resources }) => {
    await using server = await startServer();
    const created = await server.client.create(Pod, changed(VALID.Pod, { 'spec.containers.0.resources': resources }) as Pod);
    expect(created.status?.qosClass).toBe(name);
  });

  it('tolerates its node not being ready for five minutes, unless it says otherwise', async () => {
    await using server = await startServer();
    const added = (key: string): object => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 });
    expect((await server.client.create(Pod, VALID.Pod)).spec.tolerations).toEqual([
      added('node.kubernetes.io/not-ready'),
      added('node.kubernetes.io/unreachable'),
    ]);
    const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 } as const;
    const other = await server.client.create(Pod, changed(VALID.Pod, { 'metadata.name': 'other', 'spec.tolerations': [own] }) as Pod);
    expect(other.spec.tolerations).toEqual([own, added('node.kubernetes.io/unreachable')]);
    const all = await server.client.create(Pod, changed(VALID.Pod, { 'metadata.name': 'all', 'spec.tolerations': [{ operator: 'Exists' }] }) as Pod);
    expect(all.spec.tolerations).toEqual([{ operator: 'Exists' }]);
  });

  it('runs as the default service account unless it names one', async () => {
    await using server = await startServer();
    expect((await server.client.create(Pod, VALID.Pod)).spec).toMatchObject({ serviceAccountName: 'default', serviceAccount: 'default' });
    const other = await server.client.create(Pod, changed(VALID.Pod, { 'metadata.name': 'other', 'spec.serviceAccountName': 'robot' }) as Pod);
    expect(other.spec.serviceAccountName).toBe('robot');
  });

  it('has the priority of its class, or of the default one', async () => {
    await using server = await startServer();
    const { client } = server;
    const withClass = (name: string, priorityClassName?: string): Pod =>
      changed(VALID.Pod, { 'metadata.name': name, 'spec.priorityClassName': priorityClassName }) as Pod;
    expect((await client.create(Pod, withClass('plain'))).spec).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
    expect((await client.create(Pod, withClass('system', 'system-node-critical'))).spec.priority).toBe(2_000_001_000);
    await client.create(PriorityClass, { metadata: { name: 'usual' }, value: 10, globalDefault: true, preemptionPolicy: 'Never' });
    expect((await client.create(Pod, withClass('usual'))).spec).toMatchObject({ priority: 10, priorityClassName: 'usual', preemptionPolicy: 'Never' });
    expect(await rejection(client.create(Pod, withClass('lost', 'nope')))).toMatchObject({
      reason: 'Forbidden',
      message: 'pods "lost" is forbidden: no PriorityClass with name nope was found',
    });
    const wrong = changed(withClass('wrong', 'usual'), { 'spec.priority': 11 });
    expect((await rejection(client.create(loose(Pod), wrong))).message).toContain('the integer value of priority (11) must not be provided in pod spec');
  });

  it('waits for its gates', async () => {
    await using server = await startServer();
    const created = await server.client.create(Pod, changed(VALID.Pod, { 'spec.schedulingGates': [{ name: 'example.com/hold' }] }) as Pod);
    expect(created.status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }]);
    expect(await rejection(server.client.createSubresource(Pod, 'web', 'binding', binding))).toMatchObject({
      reason: 'Conflict',
      message: 'Operation cannot be fulfilled on pods/binding "web": pod web has non-empty .spec.schedulingGates',
    });
    const open = await server.client.patch(Pod, 'web', { type: 'merge', patch: { spec: { schedulingGates: null, nodeSelector: { a: 'b' } } } });
    expect(open.spec.schedulingGates).toBeUndefined();
  });

  it('has its label keys turned into selectors', async () => {
    await using server = await startServer();
    const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } }, matchLabelKeys: ['hash', 'absent'] };
    const pod = changed(VALID.Pod, {
      'metadata.labels': { app: 'web', hash: '1' },
      'spec.affinity': { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
    });
    const created = await server.client.create(Pod, pod as Pod);
    expect(created.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.[0]?.labelSelector).toEqual({
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'hash', operator: 'In', values: ['1'] }],
    });
  });
});

describe('binding', () => {
  it('puts a Pod on a node, once', async () => {
    await using server = await startServer();
    const { client } = server;
    const created = await client.create(Pod, VALID.Pod);
    expect(await client.createSubresource(Pod, 'web', 'binding', { ...binding, metadata: { name: 'web', annotations: { why: 'because' } } })).toMatchObject({
      kind: 'Status',
      status: 'Success',
      code: 201,
    });
    const bound = await client.get(Pod, 'web');
    expect(bound.spec.nodeName).toBe('node-1');
    expect(bound.metadata).toMatchObject({ annotations: { why: 'because' }, generation: 1 });
    expect(bound.status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }]);
    expect(bound.spec.containers).toBe(created.spec.containers);
    expect(await rejection(client.createSubresource(Pod, 'web', 'binding', binding))).toMatchObject({
      reason: 'Conflict',
      message: 'Operation cannot be fulfilled on pods/binding "web": pod web is already assigned to node "node-1"',
    });
  });

  it('also works through bindings', async () => {
    await using server = await startServer();
    await server.client.create(Pod, VALID.Pod);
    await server.client.create(Binding, binding);
    expect((await server.client.get(Pod, 'web')).spec.nodeName).toBe('node-1');
  });

  it('heeds who the Pod is', async () => {
    await using server = await startServer();
    await server.client.create(Pod, VALID.Pod);
    expect((await rejection(server.client.createSubresource(Pod, 'web', 'binding', { ...binding, metadata: { name: 'web', uid: 'other' } }))).reason).toBe(
      'Conflict',
    );
    expect(await causesOf(server.client.createSubresource(Pod, 'web', 'binding', { metadata: {}, target: { kind: 'Robot' } }))).toEqual([
      'target.kind: Unsupported value: "Robot": supported values: "<empty>", "Node"',
      'target.name: Required value',
    ]);
    expect((await rejection(server.client.createSubresource(Pod, 'other', 'binding', { ...binding, metadata: {} }))).reason).toBe('NotFound');
  });

  it('lets one of many schedulers win', async () => {
    await using server = await startServer();
    await server.client.create(Pod, VALID.Pod);
    const attempts = Array.from({ length: 10 }, (_, i) =>
      server.client.createSubresource(Pod, 'web', 'binding', { metadata: {}, target: { name: `node-${i}` } }),
    );
    const results = await Promise.allSettled(attempts);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('deleting a Pod', () => {
  it('is graceful once it is on a node', async () => {
    await using server = await startServer();
    await runningPod(server);
    const going = await server.client.delete(Pod, 'web');
    expect(going.metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30, generation: 2 });
    expect(await server.client.delete(Pod, 'web')).toBe(going);
    expect(await server.client.delete(Pod, 'web', { gracePeriodSeconds: 60 })).toBe(going);
    const sooner = await server.client.delete(Pod, 'web', { gracePeriodSeconds: 5 });
    expect(sooner.metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:00:05Z', deletionGracePeriodSeconds: 5, generation: 2 });
    await server.client.delete(Pod, 'web', { gracePeriodSeconds: 0 });
    expect((await rejection(server.client.get(Pod, 'web'))).reason).toBe('NotFound');
  });

  it('is immediate before it is on a node and after it has ended', async () => {
    await using server = await startServer();
    await server.client.create(Pod, VALID.Pod);
    await server.client.delete(Pod, 'web');
    await runningPod(server);
    await server.client.mutateStatus(Pod, 'web', (draft) => void (draft.status.phase = 'Succeeded'));
    await server.client.delete(Pod, 'web');
    expect((await server.client.list(Pod)).items).toEqual([]);
  });

  it('waits for finalizers even without grace', async () => {
    await using server = await startServer();
    await server.client.create(Pod, changed(VALID.Pod, { 'metadata.finalizers': ['example.com/hold'] }) as Pod);
    const held = await server.client.delete(Pod, 'web', { gracePeriodSeconds: 0 });
    expect(held.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, finalizers: ['example.com/hold'] });
    const last = await server.client.patch(Pod, 'web', { type: 'merge', patch: { metadata: { finalizers: null } } });
    expect(last.metadata.finalizers).toBeUndefined();
    expect((await rejection(server.client.get(Pod, 'web'))).reason).toBe('NotFound');
  });
});

describe('the status of a Pod', () => {
  it('does not lose what the server put there', async () => {
    await using server = await startServer();
    const created = await server.client.create(
      Pod,
      changed(VALID.Pod, { 'metadata.ownerReferences': [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u' }] }) as Pod,
    );
    const { ownerReferences: _, ...metadata } = created.metadata;
    const good = await server.client.update(Pod, { ...created, metadata, spec: { containers: [] }, status: { phase: 'Running' } }, { subresource: 'status' });
    expect(good.spec).toBe(created.spec);
    expect(good.status).toEqual({ phase: 'Running', qosClass: 'BestEffort' });
    expect(good.metadata.ownerReferences).toBe(created.metadata.ownerReferences);
  });

  it('never brings an ended container back', async () => {
    await using server = await startServer();
    await server.client.create(Pod, changed(VALID.Pod, { 'spec.restartPolicy': 'Never' }) as Pod);
    const status = (state: object): object => ({
      status: { containerStatuses: [{ name: 'main', image: 'a', imageID: '', ready: false, restartCount: 0, state }] },
    });
    const write = (state: object): Promise<KubernetesObject> =>
      server.client.patch(Pod, 'web', { type: 'merge', patch: status(state) as never }, { subresource: 'status' });
    await write({ terminated: { exitCode: 1 } });
    expect(await causesOf(write({ terminated: null, running: {} }))).toEqual([
      'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
    ]);
  });
});

describe('ephemeral containers', () => {
  const debug = (name: string, image = 'busybox'): object => ({ spec: { ephemeralContainers: [{ name, image, targetContainerName: 'main' }] } });

  it('are added to a Pod that runs, and stay', async () => {
    await using server = await startServer();
    await runningPod(server);
    const patch = (body: object): Promise<Pod> =>
      server.client.patch(Pod, 'web', { type: 'strategic', patch: body as never }, { subresource: 'ephemeralcontainers' });
    const updated = await patch({ ...debug('debug'), status: { phase: 'Failed' } });
    expect(updated.spec.ephemeralContainers).toMatchObject([{ name: 'debug', image: 'busybox' }]);
    expect(updated.status?.phase).toBe('Running');
    expect(updated.metadata.generation).toBe(2);
    expect((await causesOf(patch(debug('debug', 'other')))).join()).toBe(
      'spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be changed',
    );
    expect((await patch(debug('more'))).spec.ephemeralContainers?.map(({ name }) => name).sort()).toEqual(['debug', 'more']);
    expect((await causesOf(patch(debug('main')))).join()).toContain('Duplicate value: "main"');
  });
});

describe('resizing a Pod', () => {
  it('changes cpu and memory, but not the quality of service', async () => {
    await using server = await startServer();
    await server.client.create(Pod, changed(VALID.Pod, { 'spec.containers.0.resources': { requests: { cpu: '1' } } }) as Pod);
    const resize = (resources: object): Promise<Pod> =>
      server.client.patch(
        Pod,
        'web',
        { type: 'strategic', patch: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'other', resources }] } } as never },
        { subresource: 'resize' },
      );
    const resized = await resize({ requests: { cpu: '2' } });
    expect(resized.spec).toMatchObject({ restartPolicy: 'Always', containers: [{ image: 'registry.example/main:1', resources: { requests: { cpu: '2' } } }] });
    expect((await causesOf(resize({ requests: { cpu: '2', memory: '1Gi' }, limits: { cpu: '2', memory: '1Gi' } }))).join()).toBe(
      'spec: Invalid value: "Guaranteed": Pod QOS Class may not change as a result of resizing',
    );
  });
});

describe('eviction', () => {
  const evict = ({ client }: Server, body: object = { metadata: { name: 'web' } }): Promise<unknown> => client.createSubresource(Pod, 'web', 'eviction', body);
  const budget = { metadata: { name: 'budget' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } } };
  const allow = ({ client }: Server, disruptionsAllowed: number): Promise<unknown> =>
    client.mutateStatus(PodDisruptionBudget, 'budget', (draft) =>
      Object.assign(draft.status, { observedGeneration: 1, disruptionsAllowed, currentHealthy: 1 + disruptionsAllowed, desiredHealthy: 1, expectedPods: 2 }),
    );

  it('deletes a Pod that no budget protects', async () => {
    await using server = await startServer();
    await runningPod(server);
    expect(await evict(server, { metadata: { name: 'web' }, deleteOptions: { gracePeriodSeconds: 7 } })).toMatchObject({ status: 'Success' });
    expect((await server.client.get(Pod, 'web')).metadata.deletionGracePeriodSeconds).toBe(7);
  });

  it('asks the budget, and spends it', async () => {
    await using server = await startServer();
    await runningPod(server, { app: 'web' });
    await server.client.create(PodDisruptionBudget, budget);
    expect(await rejection(evict(server))).toMatchObject({
      code: 429,
      details: {
        causes: [{ reason: 'DisruptionBudget', message: 'The disruption budget budget is still being processed by the server.' }],
        retryAfterSeconds: 10,
      },
    });
    await allow(server, 0);
    expect(await rejection(evict(server))).toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
    });
    await allow(server, 1);
    await evict(server);
    expect((await server.client.get(Pod, 'web')).metadata.deletionTimestamp).toBeDefined();
    expect((await server.client.get(PodDisruptionBudget, 'budget')).status).toMatchObject({
      disruptionsAllowed: 0,
      disruptedPods: { web: '2026-01-01T00:00:00Z' },
      conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }],
    });
  });

  it('lets a Pod go that is not ready when enough others are', async () => {
    await using server = await startServer();
    await runningPod(server, { app: 'web' });
    await server.client.mutateStatus(Pod, 'web', (draft) => condition(draft, 'Ready', false));
    await server.client.create(PodDisruptionBudget, budget);
    await allow(server, 0);
    await evict(server);
    expect((await server.client.get(PodDisruptionBudget, 'budget')).status?.disruptedPods).toBeUndefined();
  });

  it('refuses to choose between two budgets', async () => {
    await using server = await startServer();
    await runningPod(server, { app: 'web' });
    await server.client.create(PodDisruptionBudget, budget);
    await server.client.create(PodDisruptionBudget, { ...budget, metadata: { name: 'second' } });
    expect((await rejection(evict(server))).code).toBe(500);
  });

  it('does not ask about a Pod that has not begun', async () => {
    await using server = await startServer();
    await server.client.create(Pod, changed(VALID.Pod, { 'metadata.labels': { app: 'web' } }) as Pod);
    await server.client.create(PodDisruptionBudget, budget);
    await evict(server);
    expect((await server.client.list(Pod)).items).toEqual([]);
  });
});
