// Services, names and policies of `kybern up` on real nodes: from Pods, from the machine, and while everything is replaced.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { get as plainGet } from 'node:http';
import { get as secureGet, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describeContainerd, startContainerd, type ContainerdInstance } from '@kybern/runtime-cri/grpc/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kubectlPath } from './kubectl/kubectl.ts';
import { UpHome, WAIT, webContainer, webDeployment } from './up-process.ts';

const run = promisify(execFile);
const NODE_PORT = 30_480;

// A server goes on until nobody is sent to it any more.
const deployment = (replicas: number, command: readonly string[]): object =>
  webDeployment(replicas, { ...webContainer(command), lifecycle: { preStop: { sleep: { seconds: 2 } } } }, 10);
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'my-api' },
  spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080, nodePort: NODE_PORT }] },
};

const home = new UpHome();
beforeEach(() => home.open());
afterEach(() => home.close());

const clusterIp = (): Promise<string> => home.kubectl('get', 'service', 'my-api', '-o', 'jsonpath={.spec.clusterIP}');

/** What the machine itself is answered. */
function ask(url: string, options: RequestOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? secureGet : plainGet;
    const request = get(url, { ...options, agent: false, timeout: 10_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.on('end', () => resolve(text.trim()));
    });
    request.on('timeout', () => request.destroy(new Error(`${url} does not answer`)));
    request.on('error', reject);
  });
}

/** Asks all the time while something happens. @returns how often, and what failed */
async function whileAsking(
  what: string | (() => Promise<string>),
  happens: () => Promise<unknown>,
): Promise<{ readonly asked: number; readonly failed: readonly string[] }> {
  let [isOver, asked] = [false, 0];
  const failed: string[] = [];
  const asker = async (): Promise<void> => {
    while (!isOver) {
      asked += 1;
      const answer = typeof what === 'string' ? ask(what) : what();
      await answer.then(
        (text) => text.startsWith('hello from web-') || failed.push(text),
        (error: unknown) => failed.push(String(error)),
      );
      await sleep(2);
    }
  };
  const asking = [asker(), asker(), asker()];
  await happens().finally(() => (isOver = true));
  await Promise.all(asking);
  return { asked, failed };
}

const apply = (object: object): Promise<unknown> => run('sh', ['-c', `echo '${JSON.stringify(object)}' | ${kubectlPath ?? ''} apply -f -`], { env: home.env });

const FREE_PORTS = ['--ingress-port', '0', '--ingress-tls-port', '0'];

/** An Ingress with TLS in front of the same Service, made later: reached from outside, also while everything behind it is replaced. */
async function checkIngress(): Promise<void> {
  const [, port = '', tlsPort = ''] = /Ingresses: http:\/\/127\.0\.0\.1:(\d+) and https:\/\/127\.0\.0\.1:(\d+)/.exec(home.out) ?? [];
  const [key, cert] = [join(home.directory, 'tls.key'), join(home.directory, 'tls.crt')];
  const subject = ['-subj', '/CN=shop.example', '-addext', 'subjectAltName=DNS:shop.example'];
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    ...subject,
    '-keyout',
    key,
    '-out',
    cert,
  ]);
  await home.kubectl('create', 'secret', 'tls', 'shop', `--cert=${cert}`, `--key=${key}`);
  await home.kubectl('create', 'ingress', 'shop', '--rule=shop.example/*=my-api:http,tls=shop');
  const ca = await readFile(cert, 'utf8');
  const askTls = (): Promise<string> => ask(`https://127.0.0.1:${tlsPort}/`, { ca, servername: 'shop.example', headers: { host: 'shop.example' } });
  await vi.waitFor(async () => expect(await askTls()).toMatch(/^hello from web-/), WAIT);
  expect(await home.kubectl('get', 'ingress', 'shop', '-o', 'jsonpath={.spec.ingressClassName} {.status.loadBalancer.ingress[0].ip}')).toBe('kybern 127.0.0.1');
  expect(await ask(`http://127.0.0.1:${port}/`, { headers: { host: 'other.example' } })).toBe('404 Not Found');
  const meta = { metadata: { name: 'door', namespace: 'default' }, apiVersion: 'gateway.networking.k8s.io/v1' };
  const listeners = [{ name: 'web', port: 80, protocol: 'HTTP' }];
  const rules = [
    {
      matches: [{ path: { value: '/in' } }],
      filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '/' } } }],
      backendRefs: [{ name: 'my-api', port: 80 }],
    },
  ];
  await apply({ ...meta, kind: 'Gateway', spec: { gatewayClassName: 'kybern', listeners } });
  await apply({ ...meta, kind: 'HTTPRoute', spec: { parentRefs: [{ name: 'door' }], hostnames: ['door.example'], rules } });
  await vi.waitFor(async () => expect(await ask(`http://127.0.0.1:${port}/in`, { headers: { host: 'door.example' } })).toMatch(/^hello from web-/), WAIT);
  await home.kubectl('wait', 'gateway/door', '--for=condition=Programmed', '--timeout=20s');

  const { asked, failed } = await whileAsking(askTls, rollOn);
  expect(failed).toEqual([]);
  expect(asked).toBeGreaterThan(100);
}

const rollOn = async (): Promise<void> => {
  await home.kubectl('rollout', 'restart', 'deployment/web');
  await run(kubectlPath ?? '', ['rollout', 'status', 'deployment/web', '--timeout=100s'], { env: home.env, timeout: 110_000 });
};

describe.skipIf(kubectlPath === undefined || process.getuid?.() !== 0)('Services of processes', { timeout: 240_000 }, () => {
  it('are answered at their addresses and NodePorts, with no request lost while ten replicas are replaced', async () => {
    const server = "require('http').createServer((_, a) => a.end('hello from ' + process.env.POD)).listen(8080, process.env.KYBERN_IP)";
    await home.up([deployment(10, [process.execPath, '-e', server]), service], '--runtime', 'process', '--service-cidr', '10.112.0.0/16', ...FREE_PORTS);
    const url = `http://${await clusterIp()}/`;
    const { asked, failed } = await whileAsking(url, rollOn);
    expect(failed).toEqual([]);
    expect(asked).toBeGreaterThan(100);
    await checkIngress();
    expect(await ask(`http://127.0.0.1:${String(NODE_PORT)}/`)).toMatch(/^hello from web-/);
    expect(home.out).not.toMatch(/kybern: controller/);
    await home.interrupt();
    expect((await run('ip', ['route', 'show', 'table', 'local'])).stdout).not.toContain('10.112.0.0/16');
  });
});

describeContainerd('Services of containers', () => {
  let instance: ContainerdInstance;
  beforeEach(async () => {
    instance = await startContainerd();
  }, 60_000);
  afterEach(() => instance?.[Symbol.asyncDispose](), 60_000);

  const client = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'client', labels: { app: 'client' } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1 & wait $!; done'] }],
    },
  };
  const inPod = async (pod: string, script: string): Promise<string> => (await home.kubectl('exec', pod, '--', 'sh', '-c', `${script}; true`)).trim();
  /** HTTP by hand: the static busybox of the tests finds no names itself. */
  const fetchIn = (pod: string, host: string, port: number): Promise<string> =>
    inPod(pod, `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${host} ${String(port)} 2>/dev/null | tail -n 1`);

  it.skipIf(kubectlPath === undefined)(
    'by address and name, from Pods and the machine, to themselves, under policies and while they are replaced',
    { timeout: 240_000 },
    async () => {
      const server = 'mkdir /www; echo "hello from $POD" >/www/index.html; exec httpd -f -p 8080 -h /www';
      await home.up(
        [deployment(2, ['sh', '-c', server]), service, client],
        '--runtime',
        'containerd',
        '--containerd-endpoint',
        instance.endpoint,
        '--service-cidr',
        '10.113.0.0/16',
        '--node-prefix',
        'wire',
        ...FREE_PORTS,
      );
      const ip = await clusterIp();
      const isHello = expect.stringMatching(/^hello from web-/) as string;

      expect(await fetchIn('client', ip, 80)).toEqual(isHello);
      expect(await ask(`http://${ip}/`)).toEqual(isHello);
      const nodeIp = await home.kubectl('get', 'node', '-o', 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}');
      expect(await fetchIn('client', nodeIp, NODE_PORT)).toEqual(isHello);
      expect(await ask(`http://${nodeIp}:${String(NODE_PORT)}/`)).toEqual(isHello);
      const [web = ''] = (await home.kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ');
      for (let again = 0; again < 6; again++) expect(await fetchIn(web, ip, 80)).toEqual(isHello); // every other time to itself

      expect(await inPod('client', 'cat /etc/resolv.conf')).toMatch(
        /^search default.svc.cluster.local svc.cluster.local cluster.local\b.*\nnameserver 10.113.0.10\noptions ndots:5$/,
      );
      for (const name of ['my-api', 'my-api.default.svc.cluster.local']) expect(await inPod('client', `nslookup ${name}`)).toContain(`Address: ${ip}`);
      expect(await inPod('client', 'nslookup -type=srv _http._tcp.my-api.default.svc.cluster.local')).toContain('0 100 80 my-api.default.svc.cluster.local');
      expect(await inPod('client', 'nslookup kubernetes.default.svc.cluster.local')).toContain('Address: 10.113.0.1');
      expect(await inPod('client', 'nc -w 3 10.113.0.1 443 </dev/null && echo reached')).toBe('reached');

      const policy = {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'friends' },
        spec: { podSelector: { matchLabels: { app: 'web' } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'friend' } } }] }] },
      };
      await apply(policy);
      await vi.waitFor(async () => expect(await fetchIn('client', ip, 80)).toBe(''), WAIT);
      await home.kubectl('label', 'pod', 'client', 'app=friend', '--overwrite');
      await vi.waitFor(async () => expect(await fetchIn('client', ip, 80)).toEqual(isHello), WAIT);
      await home.kubectl('delete', 'networkpolicy', 'friends');

      const { asked, failed } = await whileAsking(`http://${ip}/`, rollOn);
      expect(failed).toEqual([]);
      expect(asked).toBeGreaterThan(100);
      await home.interrupt();
      expect((await run('nft', ['list', 'tables'])).stdout).not.toContain('kybern_10_113_0_0_16');
      expect((await run('ip', ['-br', 'address', 'show', 'lo'])).stdout).not.toContain('10.113.0.');
      expect((await run('find', ['/sys/fs/cgroup', '-maxdepth', '2', '-name', 'kybern-wire-1'])).stdout).toBe('');
    },
  );
});
