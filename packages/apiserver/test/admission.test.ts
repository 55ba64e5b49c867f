import {
  ConfigMap,
  Ingress,
  IngressClass,
  LimitRange,
  Namespace,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  RuntimeClass,
  Secret,
  ServiceAccount,
  StorageClass,
  type PodSpec,
} from '@kybern/core/kinds';
import type { Client } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import { defaultAdmission, storageObjectInUseProtection } from '../src/index.ts';
import { changed, loose, rejection, startServer, VALID } from './fixtures.ts';

type Amounts = Readonly<Record<string, string>>;

const container = (requests?: Amounts, limits?: Amounts, name = 'c'): object => ({
  name,
  image: 'i',
  ...(requests === undefined && limits === undefined
    ? {}
    : { resources: { ...(requests === undefined ? {} : { requests }), ...(limits === undefined ? {} : { limits }) } }),
});

const createPod = (client: Client, spec: object, name = 'web'): Promise<Pod> =>
  client.create(loose(Pod), { metadata: { name }, spec } as never) as Promise<Pod>;

describe('LimitRanger', () => {
  it('gives containers what they do not say, and notes it', async () => {
    await using server = await startServer();
    await server.client.create(LimitRange, {
      metadata: { name: 'range' },
      spec: { limits: [{ type: 'Container', default: { cpu: '1', memory: '1Gi' }, defaultRequest: { cpu: '100m' } }] },
    });
    const pod = await createPod(server.client, {
      containers: [container(), container({ cpu: '200m' }, { cpu: '1', memory: '2Gi' }, 'd')],
      initContainers: [container(undefined, undefined, 'i')],
    });
    expect(pod.spec.containers.map(({ resources }) => resources)).toEqual([
      { requests: { cpu: '100m', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } },
      { requests: { cpu: '200m', memory: '2Gi' }, limits: { cpu: '1', memory: '2Gi' } },
    ]);
    expect(pod.metadata.annotations?.['kubernetes.io/limit-ranger']).toBe(
      'LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c; ' +
        'cpu, memory request for init container i; cpu, memory limit for init container i',
    );
    expect((await createPod(server.client, { containers: [container()] }, 'again')).metadata.annotations).toBeDefined();
    await server.client.delete(LimitRange, 'range');
    expect((await createPod(server.client, { containers: [container()] }, 'free')).metadata.annotations).toBeUndefined();
  });

  it.each<{ name: string; item: object; spec: object; message: string }>([
    {
      name: 'too little asked for',
      item: { type: 'Container', min: { cpu: '100m' } },
      spec: { containers: [container({ cpu: '50m' })] },
      message: 'minimum cpu usage per Container is 100m, but request is 50m',
    },
    {
      name: 'nothing asked for',
      item: { type: 'Pod', min: { memory: '1Mi' } },
      spec: { containers: [container()] },
      message: 'minimum memory usage per Pod is 1Mi.  No request is specified',
    },
    {
      name: 'too low a limit',
      item: { type: 'Pod', min: { cpu: '1' } },
      spec: { containers: [container({ cpu: '500m' }, { cpu: '500m' })] },
      message: 'minimum cpu usage per Pod is 1, but request is 500m',
    },
    {
      name: 'no limit',
      item: { type: 'Pod', max: { cpu: '1' } },
      spec: { containers: [container()] },
      message: 'maximum cpu usage per Pod is 1.  No limit is specified',
    },
    {
      name: 'too high a limit',
      item: { type: 'Container', max: { cpu: '1' } },
      spec: { containers: [container({ cpu: '1' }, { cpu: '2' })] },
      message: 'maximum cpu usage per Container is 1, but limit is 2',
    },
    {
      name: 'containers that are too much together',
      item: { type: 'Pod', max: { cpu: '1' } },
      spec: { containers: [container({ cpu: '600m' }, { cpu: '600m' }), container({ cpu: '600m' }, { cpu: '600m' }, 'd')] },
      message: 'maximum cpu usage per Pod is 1, but limit is 1200m',
    },
    {
      name: 'too wide a gap',
      item: { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
      spec: { containers: [container({ cpu: '100m' }, { cpu: '300m' })] },
      message: 'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
    },
    {
      name: 'an unknown gap',
      item: { type: 'Pod', maxLimitRequestRatio: { cpu: '2' } },
      spec: { containers: [container({ cpu: '100m' })] },
      message: 'cpu max limit to request ratio per Pod is 2, but no limit is specified or limit is 0',
    },
    {
      name: 'several mistakes',
      item: { type: 'Pod', min: { cpu: '1' }, max: { cpu: '2' } },
      spec: { containers: [container()] },
      message: '[minimum cpu usage per Pod is 1.  No request is specified, maximum cpu usage per Pod is 2.  No limit is specified]',
    },
  ])('refuses a Pod with $name', async ({ item, spec, message }) => {
    await using server = await startServer();
    await server.client.create(LimitRange, { metadata: { name: 'range' }, spec: { limits: [item] } } as never);
    expect(await rejection(createPod(server.client, spec))).toMatchObject({ code: 403, message: `pods "web" is forbidden: ${message}` });
  });

  it('limits claims, also when they grow', async () => {
    await using server = await startServer();
    await server.client.create(LimitRange, {
      metadata: { name: 'range' },
      spec: { limits: [{ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '5Gi' } }] },
    });
    const claim = (storage: string): object => changed(VALID.PersistentVolumeClaim, { 'spec.resources.requests.storage': storage });
    expect((await rejection(server.client.create(loose(PersistentVolumeClaim), claim('6Gi') as never))).message).toBe(
      'persistentvolumeclaims "web" is forbidden: maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 6Gi',
    );
    expect((await rejection(server.client.create(loose(PersistentVolumeClaim), claim('1Mi') as never))).code).toBe(403);
    await server.client.create(loose(PersistentVolumeClaim), claim('5Gi') as never);
  });
});

describe('DefaultStorageClass and DefaultIngressClass', () => {
  const claim = (changes: Record<string, unknown> = {}): never => changed(VALID.PersistentVolumeClaim, changes) as never;

  it('choose the newest that says so, for those who name none', async () => {
    await using server = await startServer();
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    const create = (name: string, more: object): Promise<unknown> => server.client.create(StorageClass, { metadata: { name, ...more }, provisioner: 'p' });
    expect((await server.client.create(loose(PersistentVolumeClaim), claim())) as object).not.toHaveProperty('spec.storageClassName');
    await create('old', { annotations });
    await server.clock.advance(1000);
    await create('z-new', { annotations });
    await create('new', { annotations });
    await create('other', {});
    const named = async (name: string, changes: Record<string, unknown> = {}): Promise<string | undefined> =>
      ((await server.client.create(loose(PersistentVolumeClaim), claim({ 'metadata.name': name, ...changes }))) as PersistentVolumeClaim).spec.storageClassName;
    expect(await named('a')).toBe('new');
    expect(await named('b', { 'spec.storageClassName': 'old' })).toBe('old');
    expect(await named('c', { 'spec.storageClassName': '' })).toBe('');
    expect(await named('d', { 'metadata.annotations': { 'volume.beta.kubernetes.io/storage-class': 'x' } })).toBeUndefined();
  });

  it('choose for Ingresses too', async () => {
    await using server = await startServer();
    await server.client.create(IngressClass, {
      metadata: { name: 'nginx', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
      spec: { controller: 'example.com/nginx' },
    });
    const create = async (name: string, more: Record<string, unknown> = {}): Promise<string | undefined> =>
      ((await server.client.create(loose(Ingress), changed(VALID.Ingress, { 'metadata.name': name, ...more }) as never)) as Ingress).spec.ingressClassName;
    expect(await create('a')).toBe('nginx');
    expect(await create('b', { 'metadata.annotations': { 'kubernetes.io/ingress.class': 'own' } })).toBeUndefined();
    expect(await create('c', { 'spec.ingressClassName': 'other' })).toBe('other');
  });
});

describe('StorageObjectInUseProtection', () => {
  it('keeps claims and volumes until its controller lets them go', async () => {
    await using server = await startServer();
    const claim = await server.client.create(loose(PersistentVolumeClaim), VALID.PersistentVolumeClaim as never);
    expect(claim.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    const volume = await server.client.create(
      loose(PersistentVolume),
      changed(VALID.PersistentVolume, { 'metadata.finalizers': ['example.com/own'] }) as never,
    );
    expect(volume.metadata.finalizers).toEqual(['example.com/own', 'kubernetes.io/pv-protection']);
    await using plain = await startServer({ admission: defaultAdmission().filter((plugin) => plugin !== storageObjectInUseProtection) });
    expect((await plain.client.create(loose(PersistentVolumeClaim), VALID.PersistentVolumeClaim as never)).metadata.finalizers).toBeUndefined();
  });
});

describe('PersistentVolumeClaimResize', () => {
  it.each<[string, { readonly storageClass?: object; readonly size: string; readonly refused?: string }]>([
    ['lets a claim grow whose class allows it', { storageClass: { allowVolumeExpansion: true }, size: '2Gi' }],
    ['refuses another class', { storageClass: {}, size: '2Gi', refused: 'the storageclass that provisions the pvc must support resize' }],
    ['refuses where there is no class', { size: '2Gi', refused: 'the storageclass that provisions the pvc must support resize' }],
    ['has nothing against the same size', { storageClass: {}, size: '1Gi' }],
  ])('%s', async (_name, { storageClass, size, refused }) => {
    await using server = await startServer();
    const { client } = server;
    if (storageClass !== undefined) await client.create(StorageClass, { metadata: { name: 'fast' }, provisioner: 'p', ...storageClass });
    const spec = { 'spec.storageClassName': 'fast', 'spec.volumeName': 'v', 'spec.resources': { requests: { storage: '1Gi' } } };
    const claim = (await client.create(loose(PersistentVolumeClaim), changed(VALID.PersistentVolumeClaim, spec) as never)) as PersistentVolumeClaim;
    const bound = { phase: 'Bound', capacity: { storage: '1Gi' } };
    await client.patch(PersistentVolumeClaim, claim, { type: 'merge', patch: { status: bound } }, { subresource: 'status' });
    const grown = client.patch(PersistentVolumeClaim, claim, { type: 'merge', patch: { spec: { resources: { requests: { storage: size } } } } });
    if (refused === undefined) expect((await grown).spec.resources?.requests?.['storage']).toBe(size);
    else expect(await rejection(grown)).toMatchObject({ code: 403, message: expect.stringContaining(refused) as unknown });
  });
});

describe('RuntimeClass', () => {
  const runtime = {
    metadata: { name: 'vm' },
    handler: 'vm',
    overhead: { podFixed: { cpu: '250m' } },
    scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] },
  };

  it('gives Pods its overhead and its nodes', async () => {
    await using server = await startServer();
    await server.client.create(RuntimeClass, runtime as never);
    const { spec } = await createPod(server.client, { containers: [container()], runtimeClassName: 'vm', nodeSelector: { disk: 'ssd' } });
    expect(spec).toMatchObject({ overhead: { cpu: '250m' }, nodeSelector: { disk: 'ssd', vm: 'yes' } });
    expect(spec.tolerations).toContainEqual({ key: 'vm', operator: 'Exists' });
  });

  it.each<{ name: string; spec: Partial<PodSpec>; message: string }>([
    { name: 'an unknown class', spec: { runtimeClassName: 'x' }, message: 'pod rejected: RuntimeClass "x" not found' },
    {
      name: 'other overhead',
      spec: { runtimeClassName: 'vm', overhead: { cpu: '1' } },
      message: "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
    },
    {
      name: 'overhead of its own',
      spec: { overhead: { cpu: '1' } },
      message: 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    },
    {
      name: 'other nodes',
      spec: { runtimeClassName: 'vm', nodeSelector: { vm: 'no' } },
      message: 'conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no',
    },
  ])('refuses $name', async ({ spec, message }) => {
    await using server = await startServer();
    await server.client.create(RuntimeClass, runtime as never);
    expect(await rejection(createPod(server.client, { containers: [container()], ...spec }))).toMatchObject({
      code: 403,
      message: `pods "web" is forbidden: ${message}`,
    });
  });
});

describe('ServiceAccount', () => {
  it('asks for nothing where nobody would take tokens', async () => {
    await using server = await startServer();
    const { spec } = await createPod(server.client, { containers: [container()], serviceAccountName: 'nobody' });
    expect(spec).toMatchObject({ serviceAccountName: 'nobody', serviceAccount: 'nobody' });
    expect(spec.volumes).toBeUndefined();
  });

  it('mounts a token, and hands on secrets for images', async () => {
    await using server = await startServer({ authorization: 'rbac' });
    await server.client.create(ServiceAccount, { metadata: { name: 'bot' }, imagePullSecrets: [{ name: 'registry' }] });
    const own = { ...container(undefined, undefined, 'own'), volumeMounts: [{ name: 'v', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }] };
    const { spec } = await createPod(server.client, { containers: [container(), own], serviceAccountName: 'bot', volumes: [{ name: 'v', emptyDir: {} }] });
    const { name } = spec.volumes?.[1] ?? { name: '' };
    expect(name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    expect(spec.containers.map(({ volumeMounts }) => volumeMounts)).toEqual([
      [{ name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
      own.volumeMounts,
    ]);
    expect(spec.volumes?.[1]).toEqual({
      name,
      projected: {
        sources: [
          { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
        ],
        defaultMode: 420,
      },
    });
    expect(spec.imagePullSecrets).toEqual([{ name: 'registry' }]);
    const without = await createPod(server.client, { containers: [container()], automountServiceAccountToken: false }, 'without');
    expect(without.spec.volumes).toBeUndefined();
  });

  it('waits a moment for the account that a new namespace gets', async () => {
    await using server = await startServer({ authorization: 'rbac' });
    await server.client.create(Namespace, { metadata: { name: 'new' } });
    const create = (name: string): Promise<unknown> =>
      server.client.create(loose(Pod), { metadata: { name, namespace: 'new' }, spec: { containers: [container()] } } as never);
    const tooEarly = rejection(create('a'));
    await server.clock.advance(1500);
    expect((await tooEarly).message).toContain('error looking up service account new/default');
    const inTime = create('b');
    await server.clock.advance(300);
    await server.client.create(ServiceAccount, { metadata: { name: 'default', namespace: 'new' } });
    await server.clock.advance(150);
    expect(await inTime).toMatchObject({ spec: { serviceAccountName: 'default' } });
  });

  it('refuses an account that is not there, and one for mirrors of static Pods', async () => {
    await using server = await startServer({ authorization: 'rbac' });
    expect((await rejection(createPod(server.client, { containers: [container()], serviceAccountName: 'x' }))).message).toBe(
      'pods "web" is forbidden: error looking up service account default/x: serviceaccount "x" not found',
    );
    const mirror = {
      metadata: { name: 'web', annotations: { 'kubernetes.io/config.mirror': 'h' } },
      spec: { containers: [container()], serviceAccountName: 'default', nodeName: 'n' },
    };
    expect((await rejection(server.client.create(loose(Pod), mirror as never))).message).toContain('a mirror pod may not reference service accounts');
  });
});

describe('immutable Secrets and ConfigMaps', () => {
  it.each([
    { kind: Secret, object: { metadata: { name: 'a' }, immutable: true, data: { k: 'dg==' } } },
    { kind: ConfigMap, object: { metadata: { name: 'a' }, immutable: true, data: { k: 'v' } } },
  ])('stay as they are: $kind.kind', async ({ kind, object }) => {
    await using server = await startServer();
    await server.client.create(loose(kind), object as never);
    const patch = (change: object): Promise<unknown> => server.client.patch(loose(kind), 'a', { type: 'merge', patch: change as never });
    for (const change of [{ data: { k: 'dw==' } }, { data: { l: 'dg==' } }, { immutable: null }, { immutable: false }])
      expect(await rejection(patch(change))).toMatchObject({
        code: 422,
        message: expect.stringContaining('field is immutable when `immutable` is set') as string,
      });
    await patch({ metadata: { labels: { a: 'b' } } });
    await server.client.delete(loose(kind), 'a');
  });
});
