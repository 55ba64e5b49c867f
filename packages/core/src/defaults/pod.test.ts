import { describe, expect, it } from 'vitest';
import { cloneJson } from '../json-data.ts';
import { Pod, PodTemplate } from '../kinds/index.ts';

type Fields = Record<string, unknown>;

async function defaultedPod(spec: Fields): Promise<Fields> {
  const pod = cloneJson({ metadata: { name: 'web' }, spec });
  (await Pod.model()).setDefaults(pod);
  return (pod as { spec: Fields }).spec;
}

const defaultedContainer = async (container: Fields, spec: Fields = {}): Promise<Fields> => {
  const { containers } = await defaultedPod({ ...spec, containers: [{ name: 'app', image: 'nginx:1.25', ...container }] });
  return (containers as Fields[])[0] ?? {};
};

const defaultedVolume = async (volume: Fields): Promise<Fields> => {
  const { volumes } = await defaultedPod({ volumes: [{ name: 'data', ...volume }] });
  const { name: _, ...source } = (volumes as Fields[])[0] ?? {};
  return source;
};

describe('a Pod', () => {
  it('gets what Kubernetes gives to an empty one', async () => {
    expect(await defaultedPod({})).toEqual({
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    });
  });

  it.each<{ name: string; spec: Fields }>([
    { name: 'no grace period at all', spec: { terminationGracePeriodSeconds: 0 } },
    { name: 'no service links', spec: { enableServiceLinks: false } },
    { name: 'another scheduler', spec: { schedulerName: 'mine', restartPolicy: 'Never', dnsPolicy: 'None' } },
  ])('keeps $name', async ({ spec }) => {
    expect(await defaultedPod(spec)).toMatchObject(spec);
  });

  it('takes the empty string for absent, as Go does', async () => {
    expect(await defaultedPod({ restartPolicy: '', dnsPolicy: '', schedulerName: '' })).toMatchObject({
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
    });
  });

  it.each([
    { name: 'the field', given: { serviceAccountName: 'a' } },
    { name: 'its deprecated name', given: { serviceAccount: 'a' } },
    { name: 'both, of which the field counts', given: { serviceAccountName: 'a', serviceAccount: 'b' } },
  ])('names its service account in both fields when it is given in $name', async ({ given }) => {
    expect(await defaultedPod(given)).toMatchObject({ serviceAccountName: 'a', serviceAccount: 'a' });
  });

  it('of the host network has its ports on the host', async () => {
    const { containers, initContainers } = await defaultedPod({
      hostNetwork: true,
      containers: [{ name: 'app', ports: [{ containerPort: 80 }, { containerPort: 81, hostPort: 8081 }] }],
      initContainers: [{ name: 'init', ports: [{ containerPort: 82 }] }],
    });
    expect(containers).toMatchObject([{ ports: [{ hostPort: 80 }, { hostPort: 8081 }] }]);
    expect(initContainers).toMatchObject([{ ports: [{ hostPort: 82 }] }]);
  });
});

describe('a template', () => {
  it('gets less than a Pod: nothing that would roll out anew because of a new release', async () => {
    const template: Fields = { template: { spec: { containers: [{ name: 'app', image: 'a', resources: { limits: { cpu: '1' } } }] } } };
    (await PodTemplate.model()).setDefaults(template);
    const { spec } = template['template'] as { spec: Fields };
    expect(spec).not.toHaveProperty('enableServiceLinks');
    expect(spec['containers']).toMatchObject([{ resources: { limits: { cpu: '1' } }, terminationMessagePolicy: 'File' }]);
    expect((spec['containers'] as { resources: Fields }[])[0]?.resources).not.toHaveProperty('requests');
  });
});

describe('a container', () => {
  it('gets what Kubernetes gives to an empty one', async () => {
    expect(await defaultedContainer({})).toEqual({
      name: 'app',
      image: 'nginx:1.25',
      imagePullPolicy: 'IfNotPresent',
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
    });
  });

  it.each([
    { image: 'nginx', policy: 'Always' },
    { image: 'nginx:latest', policy: 'Always' },
    { image: 'nginx:1.25', policy: 'IfNotPresent' },
    { image: 'registry:5000/team/app', policy: 'Always' },
    { image: 'registry:5000/team/app:v1', policy: 'IfNotPresent' },
    { image: `nginx@sha256:${'a'.repeat(64)}`, policy: 'IfNotPresent' },
    { image: `nginx:latest@sha256:${'a'.repeat(64)}`, policy: 'Always' },
    { image: '[::1]:5000/app', policy: 'Always' },
    { image: 'NotAReference', policy: 'IfNotPresent' },
    { image: '', policy: 'IfNotPresent' },
    { image: undefined, policy: 'IfNotPresent' },
  ])('of the image $image is pulled $policy', async ({ image, policy }) => {
    expect((await defaultedContainer({ image })).imagePullPolicy).toBe(policy);
  });

  it.each<{ name: string; given: Fields; expected: Fields }>([
    {
      name: 'ports are TCP',
      given: { ports: [{ containerPort: 53 }, { containerPort: 53, protocol: 'UDP' }] },
      expected: {
        ports: [
          { containerPort: 53, protocol: 'TCP' },
          { containerPort: 53, protocol: 'UDP' },
        ],
      },
    },
    {
      name: 'references to fields are of v1',
      given: {
        env: [
          { name: 'A', value: 'a' },
          { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        ],
      },
      expected: {
        env: [
          { name: 'A', value: 'a' },
          { name: 'IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } },
        ],
      },
    },
    {
      name: 'probes have times and thresholds',
      given: { livenessProbe: { exec: { command: ['true'] } } },
      expected: { livenessProbe: { exec: { command: ['true'] }, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 } },
    },
    {
      name: 'zero is no period',
      given: { readinessProbe: { periodSeconds: 0, timeoutSeconds: 5 } },
      expected: { readinessProbe: { periodSeconds: 10, timeoutSeconds: 5, successThreshold: 1, failureThreshold: 3 } },
    },
    {
      name: 'HTTP probes ask for /',
      given: { startupProbe: { httpGet: { port: 80 } } },
      expected: { startupProbe: expect.objectContaining({ httpGet: { port: 80, path: '/', scheme: 'HTTP' } }) },
    },
    {
      name: 'gRPC probes ask for no service',
      given: { livenessProbe: { grpc: { port: 80 } } },
      expected: { livenessProbe: expect.objectContaining({ grpc: { port: 80, service: '' } }) },
    },
    {
      name: 'hooks ask for /',
      given: { lifecycle: { postStart: { httpGet: { port: 80 } }, preStop: { httpGet: { port: 80, scheme: 'HTTPS' } } } },
      expected: {
        lifecycle: { postStart: { httpGet: { port: 80, path: '/', scheme: 'HTTP' } }, preStop: { httpGet: { port: 80, path: '/', scheme: 'HTTPS' } } },
      },
    },
    {
      name: 'requests follow limits',
      given: { resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } } },
      expected: { resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m', memory: '1Gi' } } },
    },
    { name: 'without limits there are no requests', given: { resources: { limits: {} } }, expected: { resources: { limits: {} } } },
  ])('$name', async ({ given, expected }) => {
    expect(await defaultedContainer(given)).toMatchObject(expected);
  });

  it.each([
    { given: 1, stored: '1' },
    { given: 0.5, stored: '500m' },
    { given: '0.5', stored: '500m' },
    { given: '1000m', stored: '1' },
    { given: '1024Mi', stored: '1Gi' },
    { given: '1.5Gi', stored: '1536Mi' },
    { given: '0.1m', stored: '1m' },
    { given: '0Ki', stored: '0' },
    { given: '250m', stored: '250m' },
    { given: '64Mi', stored: '64Mi' },
    { given: '12E', stored: '12E' },
    { given: '5000000', stored: '5M' },
    { given: '5Xi', stored: '5Xi' },
    { given: 'lots', stored: 'lots' },
    { given: '', stored: '' },
  ])('stores the quantity $given as $stored', async ({ given, stored }) => {
    expect(await defaultedContainer({ resources: { requests: { memory: given } } })).toMatchObject({ resources: { requests: { memory: stored } } });
  });

  it('that is an init container or ephemeral gets the same', async () => {
    const spec = await defaultedPod({ initContainers: [{ name: 'a', image: 'a' }], ephemeralContainers: [{ name: 'b', image: 'b:1' }] });
    expect(spec['initContainers']).toMatchObject([{ imagePullPolicy: 'Always', terminationMessagePolicy: 'File' }]);
    expect(spec['ephemeralContainers']).toMatchObject([{ imagePullPolicy: 'IfNotPresent', terminationMessagePolicy: 'File' }]);
  });
});

describe('resources of the whole Pod', () => {
  const limited = (cpu: string, rest: Fields = {}): Fields => ({ name: 'app', resources: { requests: { cpu }, ...rest } });

  it.each<{ name: string; spec: Fields; expected: unknown }>([
    { name: 'are not invented', spec: { containers: [limited('1')] }, expected: undefined },
    {
      name: 'request what the containers do',
      spec: { resources: { limits: { cpu: '4' } }, containers: [limited('1'), limited('500m')] },
      expected: { limits: { cpu: '4' }, requests: { cpu: '1500m' } },
    },
    {
      name: 'request their limit where no container asks',
      spec: { resources: { limits: { cpu: '4', memory: '1Gi' } }, containers: [limited('1')] },
      expected: { limits: { cpu: '4', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } },
    },
    {
      name: 'keep their own requests',
      spec: { resources: { limits: { cpu: '4' }, requests: { cpu: '2' } }, containers: [limited('1')] },
      expected: { limits: { cpu: '4' }, requests: { cpu: '2' } },
    },
    {
      name: 'count the largest init container beside its sidecars',
      spec: {
        resources: { limits: { cpu: '9' } },
        containers: [limited('1')],
        initContainers: [{ ...limited('1'), restartPolicy: 'Always' }, limited('5'), limited('2')],
      },
      expected: { limits: { cpu: '9' }, requests: { cpu: '6' } },
    },
    {
      name: 'limit the huge pages that the containers limit',
      spec: { resources: { requests: { cpu: '1' } }, containers: [{ name: 'app', resources: { limits: { 'hugepages-2Mi': '4Mi' } } }] },
      expected: { requests: { cpu: '1', 'hugepages-2Mi': '4Mi' }, limits: { 'hugepages-2Mi': '4Mi' } },
    },
    {
      name: 'do without what is no quantity',
      spec: { resources: { limits: { cpu: '4' } }, containers: [limited('lots')] },
      expected: { limits: { cpu: '4' }, requests: { cpu: '4' } },
    },
  ])('$name', async ({ spec, expected }) => {
    expect((await defaultedPod(spec))['resources']).toEqual(expected);
  });
});

describe('a volume', () => {
  it.each<{ name: string; given: Fields; expected: Fields }>([
    { name: 'without a source is an empty directory', given: {}, expected: { emptyDir: {} } },
    { name: 'with a null for a source is one too', given: { configMap: null }, expected: { configMap: null, emptyDir: {} } },
    { name: 'of a ConfigMap has a mode', given: { configMap: { name: 'a' } }, expected: { configMap: { name: 'a', defaultMode: 420 } } },
    { name: 'keeps the mode 0', given: { configMap: { name: 'a', defaultMode: 0 } }, expected: { configMap: { name: 'a', defaultMode: 0 } } },
    { name: 'of a Secret has a mode', given: { secret: { secretName: 'a' } }, expected: { secret: { secretName: 'a', defaultMode: 420 } } },
    {
      name: 'of the downward API has a mode and a version',
      given: { downwardAPI: { items: [{ path: 'a', fieldRef: { fieldPath: 'b' } }] } },
      expected: { downwardAPI: { defaultMode: 420, items: [{ path: 'a', fieldRef: { apiVersion: 'v1', fieldPath: 'b' } }] } },
    },
    {
      name: 'that is projected has a mode and tokens of an hour',
      given: {
        projected: { sources: [{ serviceAccountToken: { path: 'token' } }, { downwardAPI: { items: [{ path: 'a', fieldRef: { fieldPath: 'b' } }] } }] },
      },
      expected: {
        projected: {
          defaultMode: 420,
          sources: [
            { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
            { downwardAPI: { items: [{ path: 'a', fieldRef: { apiVersion: 'v1', fieldPath: 'b' } }] } },
          ],
        },
      },
    },
    { name: 'of the host has an unchecked type', given: { hostPath: { path: '/a' } }, expected: { hostPath: { path: '/a', type: '' } } },
    {
      name: 'that is ephemeral is a file system',
      given: { ephemeral: { volumeClaimTemplate: { spec: { resources: { requests: { storage: '1024Mi' } } } } } },
      expected: { ephemeral: { volumeClaimTemplate: { spec: { volumeMode: 'Filesystem', resources: { requests: { storage: '1Gi' } } } } } },
    },
    {
      name: 'of an image is pulled as a container is',
      given: { image: { reference: 'a:v1' } },
      expected: { image: { reference: 'a:v1', pullPolicy: 'IfNotPresent' } },
    },
    { name: 'of iSCSI has an interface', given: { iscsi: { iqn: 'a' } }, expected: { iscsi: { iqn: 'a', iscsiInterface: 'default' } } },
    { name: 'of RBD has pool, user and keyring', given: { rbd: {} }, expected: { rbd: { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' } } },
    {
      name: 'of Azure has what Azure needs',
      given: { azureDisk: {} },
      expected: { azureDisk: { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false } },
    },
    { name: 'of ScaleIO has mode and file system', given: { scaleIO: {} }, expected: { scaleIO: { storageMode: 'ThinProvisioned', fsType: 'xfs' } } },
    { name: 'of a claim needs nothing', given: { persistentVolumeClaim: { claimName: 'a' } }, expected: { persistentVolumeClaim: { claimName: 'a' } } },
  ])('$name', async ({ given, expected }) => {
    expect(await defaultedVolume(given)).toEqual(expected);
  });
});
