import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { ContainerConfig } from '../generated/cri.ts';
import { computeLaunch, resolveProgram } from './launch.ts';
import { LocalImages } from './local-images.ts';

const launch = (config: Partial<ContainerConfig>, image = {}) =>
  computeLaunch({
    config: { metadata: { name: 'app', attempt: 0 }, image: { image: 'web' }, ...config },
    sandbox: { metadata: { name: 'pod', namespace: 'default', uid: 'uid', attempt: 0 }, hostname: 'pod' },
    image,
    root: '/var/lib/root',
    ip: '127.64.0.1',
    hostEnv: { PATH: '/bin', TOKEN: 'secret' },
  });

describe('how a process is started', () => {
  it.each([
    { name: "the image's command", config: {}, argv: ['serve'] },
    { name: "the image's command with other arguments", config: { args: ['-p', '1'] }, argv: ['serve', '-p', '1'] },
    { name: 'a command of its own', config: { command: ['run'], args: ['x'] }, argv: ['run', 'x'] },
  ])('is by $name', ({ config, argv }) => {
    expect(launch(config, { command: ['serve'] }).argv).toEqual(argv);
  });

  it("has nothing of the machine's environment but what every process needs", () => {
    const { env } = launch({ command: ['run'], envs: [{ key: 'A', value: '1' }] }, { env: { A: '0', B: '2' } });
    expect(env).toEqual({ PATH: '/bin', HOME: '/var/lib/root', HOSTNAME: 'pod', KYBERN_ROOT: '/var/lib/root', KYBERN_IP: '127.64.0.1', A: '1', B: '2' });
  });

  it('is as the user that is wanted, in its own folder', () => {
    const linux = { securityContext: { runAsUser: { value: 7 } } };
    expect(launch({ command: ['run'], linux })).toMatchObject({ uid: 7, gid: 7, cwd: '/var/lib/root' });
  });

  it('fails without a command, and with one that is not there, in the words of runtimes', () => {
    expect(() => launch({})).toThrow('no command specified');
    const where = { cwd: '/', env: { PATH: '/bin' } };
    expect(() => resolveProgram('no-such-program', where)).toThrow('exec: "no-such-program": executable file not found in $PATH');
    expect(() => resolveProgram('/no/such', where)).toThrow('exec: "/no/such": stat /no/such: no such file or directory');
  });

  it('finds a directory for no program', async () => {
    const folder = await mkdtemp(`${tmpdir()}/kybern-launch-`);
    expect(() => resolveProgram(folder, { cwd: '/', env: {} })).toThrow('permission denied');
    await rm(folder, { recursive: true });
  });
});

describe('local images', () => {
  it('stand for the machine under any name, when that is wanted', () => {
    const images = new LocalImages({ images: {}, anyImage: true, pulled: [] });
    images.pull({ image: 'nginx:1.25' });
    expect(images.find('docker.io/library/nginx:1.25')).toEqual({ name: 'docker.io/library/nginx:1.25', image: {} });
  });

  it('are there from the pull to the removal, also for the next run', () => {
    const first = new LocalImages({ images: { web: {} }, anyImage: false, pulled: [] });
    const id = first.pull({ image: 'web' });
    const next = new LocalImages({ images: { web: {} }, anyImage: false, pulled: first.pulled });
    expect(next.status(id)?.repoTags).toEqual(['docker.io/library/web:latest']);
    next.remove('web');
    expect(next.list()).toEqual([]);
  });
});
