import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { createGrpcRuntime } from '@kybern/runtime-cri/grpc';
import { describeContainerd, startContainerd, type ContainerdInstance } from '@kybern/runtime-cri/grpc/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { kubectlPath } from './kubectl/kubectl.ts';
import { kybern, UpHome, WAIT } from './up-process.ts';

/** A kubelet leaves those of its classes. */
async function removeCgroups(name: string): Promise<void> {
  await promisify(execFile)('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `*/${name}*`, '-exec', 'rmdir', '{}', ';']);
}

describeContainerd('a node of containerd that joined', () => {
  const home = new UpHome();
  let instance: ContainerdInstance;
  beforeEach(async () => {
    await home.open();
    instance = await startContainerd();
  }, 60_000);
  afterEach(async () => {
    await home.close();
    await instance?.[Symbol.asyncDispose]();
    await removeCgroups('kybern-real');
  }, 60_000);

  it.skipIf(kubectlPath === undefined)('goes on after kill -9 of its agent: nothing is lost, run twice or left behind', { timeout: 180_000 }, async () => {
    await home.up([], '--runtime', 'simulated', '--nodes', '0', '--state', 'memory');
    const token = kybern(home, ['token', 'create']);
    let text = '';
    token.stdout.on('data', (data: Buffer) => (text += data.toString()));
    await once(token, 'close');
    const how = [...text.trim().split(' ').slice(1), '--name', 'real', '--runtime', 'containerd', '--containerd-endpoint', instance.endpoint];
    const first = kybern(home, how);
    const spec = { nodeName: 'real', terminationGracePeriodSeconds: 1 };
    const script = 'trap "exit 0" TERM; echo started; while :; do sleep 1 & wait $!; done';
    const container = (name: string) => ({ name, image: 'busybox:1.36', command: ['sh', '-c', script] });
    await vi.waitFor(async () => expect(await home.kubectl('get', 'node', 'real', '--no-headers')).toMatch(/ Ready /), WAIT);
    for (const name of ['stays', 'goes'])
      await home.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { ...spec, containers: [container('app')] } });
    await home.kubectl('wait', '--for=condition=Ready', 'pod/stays', 'pod/goes', '--timeout=60s');
    const idOf = () =>
      home.kubectl('get', 'pod', 'stays', '-o', 'jsonpath={.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}');
    const before = await idOf();

    first.kill('SIGKILL');
    await once(first, 'exit');
    await home.kubectl('delete', 'pod', 'goes', '--wait=false');
    await home.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'comes' }, spec: { ...spec, containers: [container('app')] } });
    kybern(home, how);

    await home.kubectl('wait', '--for=condition=Ready', 'pod/comes', '--timeout=60s');
    await home.kubectl('wait', '--for=delete', 'pod/goes', '--timeout=60s');
    expect(await idOf()).toBe(before);
    expect(await home.kubectl('logs', 'stays')).toBe('started\n');
    using runtime = createGrpcRuntime({ endpoint: instance.endpoint });
    const running = async () => (await runtime.listPodSandbox({})).items.map(({ metadata }) => metadata?.name).sort();
    await vi.waitFor(async () => expect(await running()).toEqual(['comes', 'stays']), WAIT);
    await home.kubectl('delete', 'pod', 'stays', 'comes', '--wait=true');
    await vi.waitFor(async () => expect(await running()).toEqual([]), WAIT);
  });
});
