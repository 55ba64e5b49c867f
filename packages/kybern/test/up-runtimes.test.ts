import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createGrpcRuntime } from '@kybern/runtime-cri/grpc';
import { describeContainerd, startContainerd, type ContainerdInstance } from '@kybern/runtime-cri/grpc/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kubectlPath } from './kubectl/kubectl.ts';
import { UpHome, WAIT, webContainer, webDeployment } from './up-process.ts';

const home = new UpHome();
beforeEach(() => home.open());
afterEach(() => home.close());

/** Through a port that kubectl forwards to one of the Pods. */
async function askThrough(target: string): Promise<string> {
  const child = spawn(kubectlPath ?? '', ['port-forward', target, ':8080'], { env: home.env, stdio: ['ignore', 'pipe', 'inherit'] });
  home.children.push(child);
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  const port = await vi.waitFor(() => {
    const found = /127\.0\.0\.1:(\d+)/.exec(text)?.[1];
    expect(found).toBeDefined();
    return found;
  }, WAIT);
  const answer = await (await fetch(`http://127.0.0.1:${String(port)}/`)).text();
  child.kill('SIGKILL');
  return answer.trim();
}

/** What holds for real containers, whoever runs them. */
async function checkWithKubectl(): Promise<void> {
  const names = (await home.kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ');
  expect(names).toHaveLength(2);
  const [name = ''] = names;
  expect(await home.kubectl('logs', name)).toContain('started');
  expect((await home.kubectl('exec', name, '--', 'sh', '-c', 'echo "$POD"')).trim()).toBe(name);
  expect(await askThrough(`pod/${name}`)).toBe(`hello from ${name}`);
  await home.kubectl('delete', 'pod', name, '--wait=true');
  await home.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
}

describe.skipIf(kubectlPath === undefined)('kybern up --runtime process', { timeout: 180_000 }, () => {
  it('runs a Deployment as processes, which kubectl reaches, and ends them with the cluster', async () => {
    const server = "console.log('started');require('http').createServer((_, a) => a.end('hello from ' + process.env.POD)).listen(8080, process.env.KYBERN_IP)";
    await home.up([webDeployment(2, webContainer([process.execPath, '-e', server]))], '--runtime', 'process', '--network', 'none');
    expect(home.out).toMatch(/^kybern: this machine as "node-1", containers are its own commands and not isolated, API server at https:/);
    await checkWithKubectl();
    await home.interrupt();
    expect(await readdir(join(home.directory, '.local/share/kybern/nodes/node-1/runtime/containers'))).toEqual([]);
  });
});

describeContainerd('kybern up --runtime containerd', () => {
  let instance: ContainerdInstance;
  beforeEach(async () => {
    instance = await startContainerd();
  }, 60_000);
  afterEach(() => instance?.[Symbol.asyncDispose](), 60_000);

  it.skipIf(kubectlPath === undefined)('runs a Deployment in containers, which kubectl reaches, and ends them with the cluster', async () => {
    const server = 'echo started; mkdir /www; echo "hello from $POD" >/www/index.html; exec httpd -f -p 8080 -h /www';
    await home.up(
      [webDeployment(2, webContainer(['sh', '-c', server]))],
      '--runtime',
      'containerd',
      '--containerd-endpoint',
      instance.endpoint,
      '--network',
      'none',
    );
    expect(home.out).toMatch(/^kybern: this machine as "node-1", containers by containerd \S+, API server at https:/);
    await checkWithKubectl();
    await home.interrupt();
    using runtime = createGrpcRuntime({ endpoint: instance.endpoint });
    expect((await runtime.listPodSandbox({})).items).toEqual([]);
  });
});
