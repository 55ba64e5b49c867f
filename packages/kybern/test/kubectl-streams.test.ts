import { connect } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSimulatedBehaviors, createSimulatedRuntime } from '@kybern/runtime-cri';
import { beforeAll, expect, it } from 'vitest';
import { describeKubectl } from './kubectl/kubectl.ts';

const behaviors = createSimulatedBehaviors([
  { pod: 'talker', logs: [{ line: 'one' }, { line: 'two', stream: 'stderr' }, { line: 'three' }, { line: 'tick', afterMs: 300, everyMs: 100 }] },
  { pod: 'crasher', logs: [{ line: 'going down' }], exit: { code: 3, afterMs: 100, times: 1 } },
  { image: 'nowhere', pull: { error: 'not-found' } },
  {
    pod: 'server',
    usage: { cpuMillis: 250, memoryBytes: 100 * 2 ** 20 },
    ports: [
      { port: 80, http: { body: 'hello from the Pod\n' } },
      { port: 81, refuse: true },
    ],
  },
  {
    pod: 'shell',
    logs: [{ line: 'tick', everyMs: 100 }],
    exec: [
      { command: 'both', stdout: 'to out\n', stderr: 'to err\n' },
      { command: 'fail *', run: ({ command }) => Number(command[1]) },
      {
        command: 'size',
        run: async ({ size, write, signal }) => {
          while (size() === undefined && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 20));
          await write(JSON.stringify(size()));
          return 0;
        },
      },
    ],
  },
]);
const runtime = createSimulatedRuntime({ behaviors });

const pod = (name: string, containers: readonly string[] = ['main'], image = 'busybox'): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: { containers: containers.map((each) => ({ name: each, image })) },
  });

describeKubectl(
  'kubectl, logs and commands and ports',
  (k) => {
    const running = (name: string): Promise<string> => k().ok(`wait --for=condition=Ready pod/${name} --timeout=25s`);
    const create = async (...manifests: readonly string[]): Promise<void> => void (await k().ok('apply -f -', { input: ['', ...manifests].join('\n---\n') }));

    beforeAll(async () => {
      await create(pod('talker'), pod('shell'), pod('two', ['a', 'b']), pod('server'), pod('stuck', ['main'], 'nowhere'), pod('crasher'));
      for (const name of ['talker', 'shell', 'two', 'server']) await running(name);
    });

    it('shows logs, whole and in part', async () => {
      expect(await k().ok('logs talker')).toMatch(/^one\ntwo\nthree\n/);
      expect(await k().ok('logs talker --limit-bytes=7')).toBe('one\ntwo');
      expect(await k().ok('logs talker --tail=1')).toMatch(/^(tick|three)\n$/);
      expect(await k().ok('logs talker --tail=0')).toBe('');
      expect(await k().ok('logs talker --timestamps --limit-bytes=35')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z one\n/);
      expect(await k().ok('logs talker --since-time=2100-01-01T00:00:00Z')).toBe('');
      expect(await k().ok('logs talker --since=1h')).toMatch(/^one\n/);
      expect(await k().ok('logs -l app=talker --tail=-1')).toMatch(/^one\n/);
      expect(await k().ok('logs pod/two --all-containers')).toBe('');
    });

    it('follows a log', async () => {
      const following = k().follow('logs -f talker');
      expect(await following.said(/tick\ntick\ntick\n/)).toMatch(/^one\ntwo\nthree\n/);
      await following.stop();
    });

    it('shows the log of the run before', async () => {
      await k().ok('wait --for=condition=Ready pod/crasher --timeout=25s');
      for (let tries = 0; tries < 40; tries++) {
        const { code, out } = await k().run('logs crasher --previous');
        if (code === 0 && out !== '') break;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(await k().ok('logs crasher --previous')).toBe('going down\n');
      expect(await k().fails('logs talker --previous')).toBe(
        'Error from server (BadRequest): previous terminated container "main" in pod "talker" not found\n',
      );
    });

    it('says why there is no log', async () => {
      expect(await k().fails('logs nobody')).toMatch(/rror from server \(NotFound\): pods "nobody" not found/);
      expect(await k().fails('logs two -c nothing')).toMatch(/container nothing is not valid for pod two/);
      expect(
        await k()
          .run('logs two')
          .then(({ out, err }) => out + err),
      ).toMatch(/a container name must be specified for pod two, choose one of: \[a b\]|Defaulted container "a" out of: a, b/);
      expect(await k().fails('logs stuck')).toMatch(
        /^Error from server \(BadRequest\): container "main" in pod "stuck" is waiting to start: (image can't be pulled|trying and failing to pull image|ContainerCreating)\n$/,
      );
    });

    it('runs commands', async () => {
      expect(await k().ok('exec shell -- echo hello world')).toBe('hello world\n');
      const both = await k().run('exec shell -- both');
      expect(both).toMatchObject({ code: 0, out: 'to out\n' });
      expect(both.err).toMatch(/to err\n/);
      expect(await k().run('exec shell -- fail 7')).toMatchObject({ code: 7, err: expect.stringMatching(/command terminated with exit code 7/) as string });
      expect(await k().ok('exec two -c b -- echo b')).toBe('b\n');
    });

    it('gives commands their input, and its end', async () => {
      expect(await k().ok('exec -i shell -- cat', { input: 'first\nsecond\n' })).toBe('first\nsecond\n');
      const large = 'x'.repeat(3_000_000);
      expect(await k().ok('exec -i shell -- cat', { input: large })).toBe(large);
      expect(await k().ok('exec -i shell -- sh', { input: 'echo from a shell\nexit 0\n' })).toBe('from a shell\n');
    });

    it('says why a command does not run', async () => {
      expect(await k().fails('exec nobody -- true')).toMatch(/pods "nobody" not found/);
      expect(await k().fails('exec two -c nothing -- true')).toMatch(/container nothing is not valid for pod two/);
      expect(await k().fails('exec stuck -- true')).toMatch(/container not found \("main"\)/);
    });

    it('attaches', async () => {
      const following = k().follow('attach shell');
      expect(await following.said(/tick\ntick\n/)).toMatch(/tick/);
      await following.stop();
    });

    it('forwards ports', async () => {
      const forwarding = k().follow('port-forward pod/server :80');
      const [, port] = /127\.0\.0\.1:(\d+) -> 80/.exec(await forwarding.said(/127\.0\.0\.1:\d+ -> 80/)) ?? [];
      for (let i = 0; i < 3; i++) {
        const answer = await fetch(`http://127.0.0.1:${port ?? ''}/`, { headers: { connection: 'close' } });
        expect(await answer.text()).toBe('hello from the Pod\n');
      }
      await forwarding.stop();
    });

    it('forwards what the client sends, at whatever length, and both ends of it', async () => {
      const forwarding = k().follow('port-forward pod/server :7');
      const [, port] = /127\.0\.0\.1:(\d+) -> 7/.exec(await forwarding.said(/127\.0\.0\.1:\d+ -> 7/)) ?? [];
      const socket = connect({ host: '127.0.0.1', port: Number(port), allowHalfOpen: true });
      const sent = Buffer.alloc(2_000_000, 'abcdefghij');
      socket.end(sent);
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).equals(sent)).toBe(true);
      await forwarding.stop();
    });

    it('copies files and folders in and out', async () => {
      await k().file('greeting.txt', 'hello there\n');
      await k().ok('cp greeting.txt shell:/tmp/greeting.txt');
      expect(await k().ok('exec shell -- cat /tmp/greeting.txt')).toBe('hello there\n');
      await k().ok('cp shell:/tmp/greeting.txt back.txt');
      expect(await readFile(join(k().folder, 'back.txt'), 'utf8')).toBe('hello there\n');
      await k().ok('exec shell -- mkdir /data/inner');
      await k().ok('cp greeting.txt shell:/data/inner/a.txt');
      await k().ok('cp shell:/data copied');
      expect(await readFile(join(k().folder, 'copied', 'inner', 'a.txt'), 'utf8')).toBe('hello there\n');
    });

    it('tells what nodes and Pods use', async () => {
      expect(await k().ok('top nodes')).toMatch(/^only +\d+m +\d+% +\d+Mi +\d+% *$/m);
      expect(await k().ok('top pods')).toMatch(/^server +250m +100Mi *$/m);
      expect(await k().ok('top pod two --containers')).toMatch(/^two +b +1m +16Mi *$/m);
      expect(await k().ok('top pods -l app=talker -A')).toMatch(/^default +talker +1m +16Mi *$/m);
      expect(await k().ok('get pods server -o name')).toBe('pod/server\n');
    });

    it('reaches servers through proxies', async () => {
      await k().ok('expose pod server --port=80 --name=server');
      expect(await k().ok('get --raw /api/v1/namespaces/default/pods/server:80/proxy/some/path')).toBe('hello from the Pod\n');
      for (let tries = 0; tries < 40; tries++) {
        if ((await k().run('get --raw /api/v1/namespaces/default/services/server:80/proxy/')).code === 0) break;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(await k().ok('get --raw /api/v1/namespaces/default/services/server:80/proxy/')).toBe('hello from the Pod\n');
      expect(await k().fails('get --raw /api/v1/namespaces/default/pods/server:81/proxy/')).toMatch(
        /error trying to reach service|unable to handle the request|refused/,
      );
      expect(await k().ok('get --raw /api/v1/nodes/only/proxy/healthz')).toBe('ok');
      expect(JSON.parse(await k().ok('get --raw /api/v1/nodes/only/proxy/stats/summary'))).toMatchObject({ node: { nodeName: 'only' } });
    });
  },
  { nodes: [{ name: 'only', runtime }] },
);
