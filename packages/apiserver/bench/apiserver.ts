import { randomIds, seededRandom, type Client, type Kind, type KubernetesObject } from '@kybern/core';
import { ConfigMap, Pod, RoleBinding } from '@kybern/core/kinds';
import { createApiServer } from '@kybern/apiserver';
import { createMemoryStore } from '@kybern/state';
import { createRbacAuthorizer } from '../src/rbac/rbac-authorizer.ts';

/** One figure. */
export interface Benchmark {
  readonly name: string;
  readonly unit: string;
  readonly aim?: number;
  readonly better: 'higher' | 'lower';
  run(): Promise<number> | number;
}

/** A realistic Pod of about 4 KB, as a ReplicaSet makes it. */
export function realisticPod(name: string): KubernetesObject {
  const probe = (path: string): object => ({
    httpGet: { path, port: 8080, scheme: 'HTTP' },
    initialDelaySeconds: 5,
    periodSeconds: 10,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3,
  });
  const container = (index: number): object => ({
    name: `container-${index}`,
    image: 'registry.example.com/team/app:1.2.3',
    imagePullPolicy: 'IfNotPresent',
    ports: [{ name: `http-${index}`, containerPort: 8080 + index, protocol: 'TCP' }],
    env: Array.from({ length: 8 }, (_, at) => ({ name: `VARIABLE_${at}`, value: `some value of the variable number ${at}` })),
    resources: { requests: { cpu: '250m', memory: '64Mi' }, limits: { cpu: '500m', memory: '128Mi' } },
    livenessProbe: probe('/healthz'),
    readinessProbe: probe('/readyz'),
    volumeMounts: [
      { name: 'config', mountPath: '/etc/app', readOnly: true },
      { name: 'cache', mountPath: '/var/cache/app' },
    ],
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    securityContext: { runAsNonRoot: true, runAsUser: 1000, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      labels: { app: 'web', 'pod-template-hash': '5d4f8c7b9d', 'app.kubernetes.io/part-of': 'shop' },
      annotations: { 'example.com/checksum': '3c3f5a4f1b9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a2918' },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'web-5d4f8c7b9d',
          uid: '0f8b2c3d-1111-4222-8333-444455556666',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      containers: [container(0), container(1)],
      volumes: [
        { name: 'config', configMap: { name: 'app-config', items: [{ key: 'app.yaml', path: 'app.yaml' }] } },
        { name: 'cache', emptyDir: {} },
      ],
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      terminationGracePeriodSeconds: 30,
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 100, podAffinityTerm: { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'kubernetes.io/hostname' } },
          ],
        },
      },
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app: 'web' } } },
      ],
    },
  } as KubernetesObject;
}

const server = () => createApiServer({ ids: randomIds(seededRandom(1)), random: seededRandom(2) });
// The Pods are made as plain objects, as a client that knows no types would hand them in.
const kindOfPod = Pod as unknown as Kind;

/** Operations per second of `count` runs of `operation`, after as many to warm up as tell V8 what it is about. */
async function rate(count: number, operation: (index: number) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < count; i++) await operation(i);
  return count / ((performance.now() - start) / 1000);
}

async function withServer(run: (client: Client) => Promise<number>): Promise<number> {
  await using api = await server();
  return await run(api.client);
}

const inputs = (count: number, prefix: string): KubernetesObject[] => Array.from({ length: count }, (_, i) => realisticPod(`${prefix}-${i}`));

async function createPods(client: Client, pods: readonly KubernetesObject[]): Promise<number> {
  return rate(pods.length, (i) => client.create(kindOfPod, pods[i] as KubernetesObject));
}

async function median(times: number, run: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let i = 0; i < times; i++) values.push(await run());
  return values.sort((a, b) => a - b)[times >> 1] as number;
}

/** Microseconds for the answer to one question about one of 1,000 users. */
async function authorizationCost(): Promise<number> {
  await using state = createMemoryStore();
  await using api = await createApiServer({ state, ids: randomIds(seededRandom(1)), random: seededRandom(2), authorization: 'rbac' });
  const group = 'rbac.authorization.k8s.io';
  for (let i = 0; i < 10_000; i++) {
    const subjects = [{ kind: 'User', apiGroup: group, name: `user-${i % 1000}` }];
    await api.client.create(RoleBinding, { metadata: { name: `b-${i}` }, roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'edit' }, subjects });
  }
  const rbac = createRbacAuthorizer(state);
  const questions = Array.from({ length: 1000 }, (_, i) => ({
    user: { username: `user-${i}`, groups: ['dev', 'system:authenticated'] },
    verb: 'create',
    group: '',
    version: 'v1',
    resource: i % 2 === 0 ? 'pods' : 'nodes',
    subresource: undefined,
    namespace: 'default',
    name: undefined,
    path: undefined,
  }));
  const ask = (count: number): number => {
    const start = performance.now();
    for (let i = 0; i < count; i++) rbac.authorize(questions[i % 1000] as (typeof questions)[number]);
    return ((performance.now() - start) * 1000) / count;
  };
  ask(200_000);
  return median(5, async () => ask(200_000));
}

export const benchmarks: readonly Benchmark[] = [
  {
    name: 'apiserver: create of a 4 KB Pod, defaulted, admitted, validated, frozen',
    unit: '1/s',
    aim: 40_000,
    better: 'higher',
    run: () =>
      withServer(async (client) => {
        await createPods(client, inputs(3000, 'warm'));
        return median(5, async () => createPods(client, inputs(6000, `p${performance.now().toString(36).replace('.', '-')}`)));
      }),
  },
  {
    name: 'apiserver: update of a 4 KB Pod (one label), validated',
    unit: '1/s',
    better: 'higher',
    run: () =>
      withServer(async (client) => {
        let pod = await client.create(kindOfPod, realisticPod('p'));
        const update = async (i: number): Promise<void> => {
          pod = await client.update(kindOfPod, { ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, turn: String(i) } } });
        };
        await rate(3000, update);
        return median(3, () => rate(6000, update));
      }),
  },
  {
    name: 'apiserver: server-side apply of a 4 KB Pod (one label changes)',
    unit: '1/s',
    aim: 5000,
    better: 'higher',
    run: () =>
      withServer(async (client) => {
        const pod = realisticPod('p');
        const apply = (i: number): Promise<unknown> => {
          const labels = { ...pod.metadata.labels, turn: String(i) };
          return client.apply(kindOfPod, { ...pod, metadata: { ...pod.metadata, labels } }, { fieldManager: 'bench' });
        };
        await rate(1000, apply);
        return median(3, () => rate(2000, apply));
      }),
  },
  {
    name: 'apiserver: server-side apply of a 4 KB Pod that changes nothing',
    unit: '1/s',
    aim: 5000,
    better: 'higher',
    run: () =>
      withServer(async (client) => {
        const apply = (): Promise<unknown> => client.apply(kindOfPod, realisticPod('p'), { fieldManager: 'bench' });
        await rate(1000, apply);
        return median(3, () => rate(2000, apply));
      }),
  },
  {
    name: 'apiserver: get of a 4 KB Pod with managedFields that nobody asked for before',
    unit: '1/s',
    better: 'higher',
    run: () =>
      withServer(async (client) => {
        await createPods(client, inputs(6000, 'p'));
        const read = (i: number): Promise<unknown> => client.get(kindOfPod, `default/p-${i}`, { managedFields: true });
        await rate(1500, read);
        return median(3, () => rate(1500, (i) => read(i + 1500)));
      }),
  },
  {
    name: 'apiserver: mutateStatus of a 4 KB Pod',
    unit: '1/s',
    better: 'higher',
    run: () =>
      withServer(async (client) => {
        await client.create(kindOfPod, realisticPod('p'));
        const mutate = (i: number): Promise<unknown> =>
          client.mutateStatus(Pod, 'p', (draft) => {
            draft.status.message = String(i);
          });
        await rate(3000, mutate);
        return median(3, () => rate(6000, mutate));
      }),
  },
  {
    name: 'apiserver: get by key of 20,000 objects',
    unit: '1/s',
    aim: 1_000_000,
    better: 'higher',
    run: () =>
      withServer(async (client) => {
        for (let i = 0; i < 20_000; i++) await client.create(ConfigMap, { metadata: { name: `c-${i}` }, data: { k: 'v' } });
        const keys = Array.from({ length: 20_000 }, (_, i) => ({ namespace: 'default', name: `c-${(i * 7919) % 20_000}` }));
        const read = (i: number): Promise<unknown> => client.get(ConfigMap, keys[i % 20_000] as { namespace: string; name: string });
        await rate(100_000, read);
        return median(3, () => rate(300_000, read));
      }),
  },
  {
    name: 'apiserver: list of 20,000 objects by reference',
    unit: 'ms',
    better: 'lower',
    run: () =>
      withServer(async (client) => {
        for (let i = 0; i < 20_000; i++) await client.create(ConfigMap, { metadata: { name: `c-${i}` }, data: { k: 'v' } });
        const list = (): Promise<unknown> => client.list(ConfigMap, { namespace: 'default' });
        await rate(20, list);
        return median(3, async () => 1000 / (await rate(50, list)));
      }),
  },
  {
    name: 'apiserver: one Pod changes while 5,000 watch by spec.nodeName',
    unit: '1/s',
    better: 'higher',
    run: () =>
      withServer(async (client) => {
        let seen = 0;
        for (let i = 0; i < 5000; i++) client.watch(Pod, { fieldSelector: `spec.nodeName=node-${i}`, resourceVersion: '1' }).subscribe(() => (seen += 1));
        await client.create(kindOfPod, realisticPod('p'));
        await client.createSubresource(Pod, 'p', 'binding', { metadata: { name: 'p' }, target: { kind: 'Node', name: 'node-7' } });
        const patch = (i: number): Promise<unknown> => client.patch(Pod, 'p', { type: 'merge', patch: { metadata: { labels: { turn: String(i) } } } });
        await rate(1000, patch);
        const result = await median(3, () => rate(3000, patch));
        if (seen < 3000) throw new Error(`only ${seen} events were seen`);
        return result;
      }),
  },
  {
    name: 'apiserver: authorize one of 1,000 users by 10,000 role bindings and the default roles',
    unit: 'us',
    aim: 2,
    better: 'lower',
    run: () => authorizationCost(),
  },
  {
    name: 'apiserver: create and bootstrap a server with the default roles, warm',
    unit: 'ms',
    better: 'lower',
    run: () =>
      median(21, async () => {
        const start = performance.now();
        await using _ = await createApiServer({ ids: randomIds(seededRandom(1)), random: seededRandom(2), authorization: 'rbac' });
        return performance.now() - start;
      }),
  },
  {
    name: 'apiserver: create and bootstrap a server, warm',
    unit: 'ms',
    aim: 2,
    better: 'lower',
    run: () =>
      median(21, async () => {
        const start = performance.now();
        await using _ = await server();
        return performance.now() - start;
      }),
  },
];
