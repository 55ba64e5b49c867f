import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiServer, type ApiServer } from '@kybern/apiserver';
import type { DeepPartial } from '@kybern/core';
import { ConfigMap, Event, Pod, Secret, Service, type PodSpec } from '@kybern/core/kinds';
import { createProcessRuntime, type ProcessRuntime } from '@kybern/runtime-cri/process';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createKubelet, createLocalConnections, describeMachine } from '../src/index.ts';

const WAIT = { timeout: 30_000, interval: 25 };

describe('a node whose containers are processes', { timeout: 90_000 }, () => {
  let directory: string;
  let api: ApiServer;
  let runtime: ProcessRuntime;
  let stop: AbortController;
  let running: Promise<void>;
  const connections = createLocalConnections();

  const run = async (): Promise<void> => {
    runtime = await createProcessRuntime({ directory: join(directory, 'runtime'), anyImage: true });
    stop = new AbortController();
    const machine = { rootDirectory: join(directory, 'kubelet'), logDirectory: join(directory, 'logs') };
    const kubelet = createKubelet({ name: 'here', client: api.client, runtime, machine, ...describeMachine() });
    connections.add(kubelet);
    running = kubelet.run(stop.signal);
  };
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
    await runtime[Symbol.asyncDispose]();
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kybern-node-'));
    api = await createApiServer({ nodes: connections });
    await run();
  });
  afterEach(async () => {
    const { items } = await runtime.listPodSandbox({});
    await end();
    runtime = await createProcessRuntime({ directory: join(directory, 'runtime') });
    for (const { id: podSandboxId } of items) await runtime.removePodSandbox({ podSandboxId });
    await runtime[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const create = (name: string, spec: DeepPartial<PodSpec>): Promise<Pod> =>
    api.client.create(Pod, {
      metadata: { name, namespace: 'default', labels: { app: name } },
      spec: { nodeName: 'here', automountServiceAccountToken: false, restartPolicy: 'Never', terminationGracePeriodSeconds: 1, ...spec },
    } as never);
  const container = (script: string, over: object = {}): DeepPartial<PodSpec['containers'][number]> => ({
    name: 'app',
    image: 'busybox:1.36',
    command: ['sh', '-c', script],
    ...over,
  });
  const until = (name: string, phase: string): Promise<Pod> =>
    vi.waitFor(async () => {
      const pod = await api.client.get(Pod, name);
      expect(pod.status?.phase).toBe(phase);
      return pod;
    }, WAIT);
  const log = async ({ metadata }: Pod): Promise<string> => {
    const stream = await connections.logs({ node: 'here', namespace: 'default', name: metadata.name, uid: metadata.uid ?? '', container: 'app' }, {});
    return new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();
  };
  const reasonOf = (pod: Pod): string | undefined => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason;

  it('gives containers their environment from ConfigMaps, Secrets and fields, and expands commands', async () => {
    await api.client.create(ConfigMap, { metadata: { name: 'settings', namespace: 'default' }, data: { COLOR: 'blue' } });
    await api.client.create(Secret, { metadata: { name: 'login', namespace: 'default' }, stringData: { PASSWORD: 's3cret' } });
    const pod = await create('env', {
      containers: [
        container('', {
          command: ['sh', '-c', 'echo "$COLOR $PASS $POD $IP" $(GREETING)'],
          envFrom: [{ configMapRef: { name: 'settings' } }],
          env: [
            { name: 'PASS', valueFrom: { secretKeyRef: { name: 'login', key: 'PASSWORD' } } },
            { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'GREETING', value: 'hello' },
          ],
        }),
      ],
    });
    const { status } = await until('env', 'Succeeded');
    expect(status?.podIP).toMatch(/^127\./);
    expect(await log(pod)).toBe(`blue s3cret env ${status?.podIP ?? ''} hello\n`);
  });

  it('tells containers of Services, and of the API server', async () => {
    const service = await api.client.create(Service, {
      metadata: { name: 'my-db', namespace: 'default' },
      spec: { ports: [{ name: 'sql', port: 5432 }] },
    } as never);
    const says = 'echo "$MY_DB_SERVICE_HOST $MY_DB_SERVICE_PORT_SQL $KUBERNETES_SERVICE_PORT $URL"';
    await create('linked', { containers: [container(says, { env: [{ name: 'URL', value: 'db:$(MY_DB_PORT_5432_TCP_PORT)' }] })] });
    await create('unlinked', { enableServiceLinks: false, containers: [container(says)] });
    expect(await log(await until('linked', 'Succeeded'))).toBe(`${service.spec.clusterIP ?? ''} 5432 443 db:5432\n`);
    expect(await log(await until('unlinked', 'Succeeded'))).toBe('  443 \n');
  });

  it('waits with CreateContainerConfigError for a ConfigMap that is not there', async () => {
    await create('config', { containers: [container('true', { envFrom: [{ configMapRef: { name: 'later' } }] })] });
    await vi.waitFor(async () => expect(reasonOf(await api.client.get(Pod, 'config'))).toBe('CreateContainerConfigError'), WAIT);
    const pod = await api.client.get(Pod, 'config');
    expect(pod.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe('configmap "later" not found');
    await api.client.create(ConfigMap, { metadata: { name: 'later', namespace: 'default' }, data: {} });
    await until('config', 'Succeeded');
  });

  it('mounts configMaps, secrets, fields and empty directories, and tells what cannot be mounted', async () => {
    await create('volumes', {
      containers: [
        container('cat etc/config/sub/key etc/secret/PASSWORD etc/info/labels; echo shared >scratch/file; cat scratch/file', {
          volumeMounts: [
            { name: 'config', mountPath: '/etc/config' },
            { name: 'secret', mountPath: '/etc/secret' },
            { name: 'info', mountPath: '/etc/info' },
            { name: 'scratch', mountPath: '/scratch' },
          ],
        }),
      ],
      volumes: [
        { name: 'config', configMap: { name: 'files', items: [{ key: 'key', path: 'sub/key' }] } },
        { name: 'secret', secret: { secretName: 'files' } },
        { name: 'info', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
        { name: 'scratch', emptyDir: {} },
      ],
    });
    await vi.waitFor(async () => {
      const events = await api.client.list(Event, { namespace: 'default' });
      expect(events.items.map(({ message }) => message)).toContain('MountVolume.SetUp failed for volume "config" : configmap "files" not found');
    }, WAIT);
    await api.client.create(Secret, { metadata: { name: 'files', namespace: 'default' }, stringData: { PASSWORD: 's3cret ' } });
    await api.client.create(ConfigMap, { metadata: { name: 'files', namespace: 'default' }, data: { key: 'value ' } });
    expect(await log(await until('volumes', 'Succeeded'))).toBe('value s3cret app="volumes"shared\n');
  });

  it('tells the termination message, and the end of the log when that is asked for', async () => {
    await create('words', { containers: [container('printf bye >"$KYBERN_ROOT/dev/termination-log"; exit 3')] });
    await create('fallback', { containers: [container('echo the last line; exit 3', { terminationMessagePolicy: 'FallbackToLogsOnError' })] });
    const said = async (name: string): Promise<string | undefined> => (await until(name, 'Failed')).status?.containerStatuses?.[0]?.state?.terminated?.message;
    expect(await said('words')).toBe('bye');
    expect(await said('fallback')).toContain('the last line');
  });

  it('refuses root where it is not wanted', async () => {
    await create('root', { securityContext: { runAsNonRoot: true }, containers: [container('true')] });
    await vi.waitFor(async () => expect(reasonOf(await api.client.get(Pod, 'root'))).toBe('CreateContainerConfigError'), WAIT);
  });

  it('goes on with what runs after the agent was restarted, and leaves nothing of a Pod that is deleted', async () => {
    const pod = await create('server', { containers: [container('echo "I am $$$$"; while :; do sleep 1; done')] });
    await until('server', 'Running');
    await vi.waitFor(async () => expect(await log(pod)).toMatch(/I am \d+\n/), WAIT);
    const pid = Number(/I am (\d+)/.exec(await log(pod))?.[1]);
    await end();
    await run();
    await vi.waitFor(async () => expect(await log(pod)).toMatch(/I am \d+\n/), WAIT);
    expect((await api.client.get(Pod, 'server')).status?.containerStatuses?.[0]?.restartCount).toBe(0);
    expect(process.kill(pid, 0)).toBe(true);
    await api.client.delete(Pod, 'server');
    await vi.waitFor(async () => {
      await expect(api.client.get(Pod, 'server')).rejects.toMatchObject({ reason: 'NotFound' });
      expect((await runtime.listPodSandbox({})).items).toEqual([]);
      await expect(readFile(join(directory, 'kubelet/pods', pod.metadata.uid ?? '', 'etc-hosts'))).rejects.toThrow('ENOENT');
    }, WAIT);
  });
});
