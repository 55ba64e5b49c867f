import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as cri from '../generated/cri.ts';
import { startMark } from './process-table.ts';
import { createProcessRuntime, type ProcessRuntime } from './process-runtime.ts';

const WAIT = { timeout: 20_000, interval: 20 };
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('the process runtime', { timeout: 60_000 }, () => {
  let directory: string;
  let runtime: ProcessRuntime;
  let sandbox: { id: string; config: cri.PodSandboxConfig };

  const open = (): Promise<ProcessRuntime> => createProcessRuntime({ directory, images: { web: { command: ['sh', '-c', 'echo from the image'] } } });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kybern-process-'));
    runtime = await open();
    const config = { metadata: { name: 'pod', namespace: 'default', uid: 'uid', attempt: 0 }, hostname: 'pod', logDirectory: join(directory, 'logs') };
    sandbox = { id: (await runtime.runPodSandbox({ config })).podSandboxId, config };
  });
  afterEach(async () => {
    await runtime.removePodSandbox({ podSandboxId: sandbox.id });
    await runtime[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  async function create(over: Partial<cri.ContainerConfig>): Promise<string> {
    await runtime.pullImage({ image: { image: 'host' } });
    await runtime.pullImage({ image: { image: 'web' } });
    const config = { metadata: { name: 'app', attempt: 0 }, image: { image: 'host' }, logPath: 'app/0.log', ...over };
    return (await runtime.createContainer({ podSandboxId: sandbox.id, config, sandboxConfig: sandbox.config })).containerId;
  }
  async function start(over: Partial<cri.ContainerConfig>): Promise<string> {
    const containerId = await create(over);
    await runtime.startContainer({ containerId });
    return containerId;
  }
  const status = async (containerId: string): Promise<cri.ContainerStatus> => {
    const { status: found } = await runtime.containerStatus({ containerId });
    if (found === undefined) throw new Error('no status');
    return found;
  };
  const ended = (containerId: string): Promise<cri.ContainerStatus> =>
    vi.waitFor(async () => {
      const now = await status(containerId);
      expect(now.state).toBe('CONTAINER_EXITED');
      return now;
    }, WAIT);
  const log = (): Promise<string> => readFile(join(directory, 'logs/app/0.log'), 'utf8');
  const logged = (wanted: RegExp): Promise<void> => vi.waitFor(async () => expect(await log()).toMatch(wanted), WAIT);

  it("gives a process its own environment, folder and the Pod's address", async () => {
    await start({ command: ['sh', '-c', 'echo "$GREETING $HOSTNAME $KYBERN_IP $HOME $(pwd) ${SECRET-none}"'], envs: [{ key: 'GREETING', value: 'hello' }] });
    const root = join(directory, 'containers');
    await logged(new RegExp(`stdout F hello pod 127\\.\\S+ ${root}/\\w+/root ${root}/\\w+/root none\n`));
  });

  it("runs the image's command when the container names none, with the container's arguments", async () => {
    await start({ image: { image: 'web' } });
    await logged(/stdout F from the image\n/);
  });

  it('refuses an image that stands for nothing, and a container without any command', async () => {
    await expect(runtime.pullImage({ image: { image: 'nginx:1.25' } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const containerId = await create({});
    await expect(runtime.startContainer({ containerId })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await status(containerId)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 128, reason: 'StartError' });
  });

  it('writes both outputs into the log, long lines in parts, the last line even without its end', async () => {
    await start({ command: ['sh', '-c', 'head -c 20000 /dev/zero | tr "\\0" x; echo; echo oops >&2; printf unfinished'] });
    await logged(/stdout F unfinished\n/);
    expect(await log()).toMatch(/stdout P x{16384}\n/);
    expect(await log()).toMatch(/stdout F x{3616}\n/);
    expect(await log()).toMatch(/stderr F oops\n/);
  });

  it('goes on in a new file when the log was moved away and is reopened', async () => {
    const containerId = await start({ command: ['sh', '-c', 'i=0; while :; do echo "line $i"; i=$((i+1)); sleep 0.05; done'] });
    await logged(/line 1\n/);
    await rename(join(directory, 'logs/app/0.log'), join(directory, 'logs/app/0.log.1'));
    await runtime.reopenContainerLog({ containerId });
    await logged(/line \d+\n/);
  });

  it('shows mounts below the folder of the container', async () => {
    await start({
      command: ['sh', '-c', 'cat etc/config/key "$KYBERN_ROOT/etc/config/key"'],
      mounts: [{ containerPath: '/etc/config', hostPath: await folderWith('key', 'value\n') }],
    });
    await vi.waitFor(async () => expect((await log()).match(/ F value\n/g)).toHaveLength(2), WAIT);
  });

  it('kills what a process leaves behind when it ends', async () => {
    const containerId = await start({ command: ['sh', '-c', 'sleep 1000 & echo $! >child; exit 0'] });
    await ended(containerId);
    const child = Number(await readFile(join(directory, 'containers', containerId, 'root/child'), 'utf8'));
    await vi.waitFor(async () => expect(await startMark(child)).toBeUndefined(), WAIT);
  });

  it('writes to the input of a process that one is attached to, and tells its exit code', async () => {
    const containerId = await start({ command: ['sh', '-c', 'read line; echo "got $line"; exit 7'], stdin: true });
    const streams = await runtime.attach({ containerId, stdin: true, stdout: true });
    const writer = streams.stdin?.getWriter();
    await writer?.write(new TextEncoder().encode('words\n'));
    let output = '';
    for await (const chunk of streams.stdout ?? []) output += text(chunk);
    expect(output).toBe('got words\n');
    expect(await streams.exitCode).toBe(7);
  });

  it('gives commands their input, and a terminal when asked', async () => {
    const containerId = await start({ command: ['sleep', '1000'] });
    const streams = await runtime.exec({ containerId, cmd: ['wc', '-c'], stdin: true, stdout: true });
    const writer = streams.stdin?.getWriter();
    await writer?.write(new Uint8Array(100_000));
    await writer?.close();
    let output = '';
    for await (const chunk of streams.stdout ?? []) output += text(chunk);
    expect([output.trim(), await streams.exitCode]).toEqual(['100000', 0]);
    const terminal = await runtime.exec({ containerId, cmd: ['sh', '-c', 'test -t 1 && echo yes; exit 3'], tty: true, stdin: true, stdout: true });
    output = '';
    for await (const chunk of terminal.stdout ?? []) output += text(chunk);
    expect([output.trim(), await terminal.exitCode]).toEqual(['yes', 3]);
  });

  it("reaches the ports of a Pod at its own address, else at the machine's", async () => {
    const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { connect } = await runtime.portForward({ podSandboxId: sandbox.id, port: [port] });
    const { readable, writable } = await connect(port);
    await writable.close();
    let output = '';
    for await (const chunk of readable) output += text(chunk);
    expect(output).toBe('hello');
    server.close();
    await once(server, 'close');
    await expect(connect(port)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('takes over what runs, with its output, and learns how what ended meanwhile did', async () => {
    const running = await start({ command: ['sh', '-c', 'echo before; while [ ! -e go ]; do sleep 0.05; done; echo after; exit 4'] });
    const short = await start({
      metadata: { name: 'short', attempt: 0 },
      logPath: 'short.log',
      command: ['sh', '-c', 'while [ ! -e go ]; do sleep 0.05; done; echo last; exit 5'],
    });
    await logged(/before\n/);
    await runtime[Symbol.asyncDispose]();
    await writeFile(join(directory, 'containers', short, 'root/go'), '');
    await vi.waitFor(() => readFile(join(directory, 'containers', short, 'exit'), 'utf8'), WAIT);
    runtime = await open();
    expect(await ended(short)).toMatchObject({ exitCode: 5, reason: 'Error' });
    await vi.waitFor(async () => expect(await readFile(join(directory, 'logs/short.log'), 'utf8')).toMatch(/last\n/), WAIT);
    expect((await status(running)).state).toBe('CONTAINER_RUNNING');
    await writeFile(join(directory, 'containers', running, 'root/go'), '');
    expect(await ended(running)).toMatchObject({ exitCode: 4 });
    await logged(/before\n.*after\n/);
  });

  it('takes over from an agent that was killed', async () => {
    await runtime[Symbol.asyncDispose]();
    const script = fileURLToPath(new URL('testdata/start-and-hang.ts', import.meta.url));
    const agent = spawn(process.execPath, ['--conditions=@kybern/source', script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [chunk] = (await once(agent.stdout, 'data')) as [Buffer];
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    runtime = await open();
    const containerId = chunk.toString().trim();
    expect((await status(containerId)).state).toBe('CONTAINER_RUNNING');
    await runtime.stopContainer({ containerId, timeout: 10 });
    expect(await status(containerId)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 143 });
  });

  it('tells of a container whose guardian was killed, and leaves nothing of it running', async () => {
    const containerId = await start({ command: ['sleep', '1000'] });
    const record = JSON.parse(await readFile(join(directory, 'containers', containerId, 'record.json'), 'utf8')) as { shim: { pid: number }; pid: number };
    process.kill(record.shim.pid, 'SIGKILL');
    expect(await ended(containerId)).toMatchObject({ exitCode: 255, reason: 'Unknown' });
    await vi.waitFor(async () => expect(await startMark(record.pid)).toBeUndefined(), WAIT);
  });

  async function folderWith(name: string, content: string): Promise<string> {
    const folder = await mkdtemp(join(directory, 'files-'));
    await writeFile(join(folder, name), content);
    return folder;
  }
});
