import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kubectlPath } from './kubectl/kubectl.ts';
import { kybern, UpHome, WAIT, webContainer } from './up-process.ts';

const server = "console.log('started');require('http').createServer((_, a) => a.end('hello from ' + process.env.POD)).listen(8080, process.env.KYBERN_IP)";
const pod = (node: string, name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 1,
    containers: [webContainer([process.execPath, '-e', server])],
  },
});

describe.skipIf(kubectlPath === undefined)('kybern node join', { timeout: 180_000 }, () => {
  const home = new UpHome();
  beforeEach(() => home.open());
  afterEach(() => home.close());

  const run = async (...args: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> => {
    const child = kybern(home, args);
    const texts = { out: '', err: '' };
    child.stdout?.on('data', (data: Buffer) => (texts.out += data.toString()));
    child.stderr?.on('data', (data: Buffer) => (texts.err += data.toString()));
    const [code] = (await once(child, 'close')) as [number];
    return { code, ...texts };
  };
  /** Starts an agent; resolves when it says that it has joined. */
  const startAgent = async (...args: readonly string[]): Promise<ChildProcess> => {
    const child = kybern(home, ['node', 'join', ...args]);
    let text = '';
    for (const output of [child.stdout, child.stderr]) output?.on('data', (data: Buffer) => (text += data.toString()));
    await vi.waitFor(() => expect(text).toContain('a node of https://'), WAIT);
    return child;
  };
  const untilNode = async (name: string): Promise<void> => {
    await vi.waitFor(async () => expect(await home.kubectl('get', 'node', name, '--no-headers')).toMatch(/ Ready /), WAIT);
  };
  const joinCommand = async (): Promise<readonly string[]> => {
    const { out } = await run('token', 'create', '--ttl', '10m');
    expect(out).toMatch(/^kybern node join --server https:\S+ --token [a-z0-9]{6}\.[a-z0-9]{16} --ca-cert-hash sha256:[0-9a-f]{64}\n$/);
    return out.trim().split(' ').slice(3);
  };

  it('lets a second agent of this machine run Pods, which kubectl reaches through the API server, and which outlive the agent', async () => {
    await home.up([], '--runtime', 'simulated', '--nodes', '1', '--state', 'memory');
    const how = [...(await joinCommand()), '--name', 'second', '--runtime', 'process'];
    const agent = await startAgent(...how);
    await untilNode('second');
    await home.apply(pod('second', 'web'));
    await home.kubectl('wait', '--for=condition=Ready', 'pod/web', '--timeout=60s');
    expect(await home.kubectl('logs', 'web')).toBe('started\n');
    expect((await home.kubectl('exec', 'web', '--', 'sh', '-c', 'echo "$POD"')).trim()).toBe('web');
    await expect(home.kubectl('exec', 'web', '--', 'sh', '-c', 'exit 7')).rejects.toThrow('exit code 7');
    const child = spawn(kubectlPath ?? '', ['port-forward', 'pod/web', ':8080'], { env: home.env, stdio: ['ignore', 'pipe', 'inherit'] });
    home.children.push(child);
    let text = '';
    child.stdout.on('data', (data: Buffer) => (text += data.toString()));
    const port = await vi.waitFor(() => {
      const found = /127\.0\.0\.1:(\d+)/.exec(text)?.[1];
      expect(found).toBeDefined();
      return found;
    }, WAIT);
    expect(await (await fetch(`http://127.0.0.1:${String(port)}/`)).text()).toBe('hello from web');
    expect(await home.kubectl('get', '--raw', '/api/v1/nodes/second/proxy/healthz')).toBe('ok');

    // The agent is killed: the Pod goes on, and the next agent, which needs no token any more, takes it over.
    const before = await home.kubectl('get', 'pod', 'web', '-o', 'jsonpath={.status.containerStatuses[0].containerID}');
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    await startAgent('--server', how[1] ?? '', '--name', 'second', '--runtime', 'process');
    await vi.waitFor(async () => expect((await home.kubectl('exec', 'web', '--', 'sh', '-c', 'echo back')).trim()).toBe('back'), WAIT);
    expect(
      await home.kubectl('get', 'pod', 'web', '-o', 'jsonpath={.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}'),
    ).toBe(`${before} 0`);
    await home.kubectl('delete', 'pod', 'web', '--wait=true');
  });

  it('says what is wrong with a token, a server, a name', async () => {
    await home.up([], '--runtime', 'simulated', '--nodes', '1', '--state', 'memory');
    const [, url = '', , token = '', , hash = ''] = await joinCommand();
    const refused = async (...args: readonly string[]): Promise<string> => {
      const { code, err } = await run('node', 'join', '--runtime', 'simulated', ...args);
      expect(code).toBe(1);
      return err;
    };
    expect(await refused('--server', url, '--name', 'x')).toContain('--token is needed');
    expect(await refused('--server', url, '--name', 'x', '--token', token)).toContain('--ca-cert-hash sha256:…');
    expect(await refused('--server', url, '--name', 'x', '--token', token, '--ca-cert-hash', `sha256:${'0'.repeat(64)}`)).toContain(
      'is not the server that is meant',
    );
    expect(await refused('--server', url, '--name', 'x', '--token', 'aaaaaa.0123456789abcdef', '--ca-cert-hash', hash)).toContain(
      'the token is wrong or has expired',
    );
    expect(await refused('--server', url, '--name', 'node-1', '--token', token, '--ca-cert-hash', hash)).toContain('there is a node "node-1" already');
    expect(await refused('--server', 'https://127.0.0.1:1', '--name', 'x', '--token', token, '--ca-cert-hash', hash)).toContain('cannot be reached');
    expect((await run('node', 'join', '--help')).out).toContain('kybern node join --server https://');
  });

  it('joins simulated nodes, too, to which the scheduler gives Pods', async () => {
    await home.up([], '--runtime', 'simulated', '--nodes', '0', '--state', 'memory');
    const how = await joinCommand();
    for (const name of ['one', 'two']) await startAgent(...how, '--name', name, '--runtime', 'simulated');
    await Promise.all([untilNode('one'), untilNode('two')]);
    await home.kubectl('create', 'deployment', 'web', '--image=nginx', '--replicas=4');
    await home.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
    const nodes = (await home.kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}')).split(' ');
    expect([...new Set(nodes)].sort()).toEqual(['one', 'two']);
    expect(await home.kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}')).toBe('one two');
  });
});
