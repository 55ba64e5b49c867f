import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@kybern/core';
import { CorruptStateError, StateLockedError } from '@kybern/state';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from './main.ts';
import { defaultStateDirectory, explainState, openState, parseStateLocation } from './state-location.ts';

describe('--state', () => {
  it.each<[string, unknown]>([
    ['memory', { type: 'memory' }],
    ['file:/var/lib/kybern', { type: 'file', directory: '/var/lib/kybern' }],
    ['file:cluster', { type: 'file', directory: '/home/jane/cluster' }],
    ['etcd:http://a:2379', { type: 'etcd', endpoints: ['http://a:2379'], user: undefined }],
    ['etcd:https://a:2379,https://b:2379', { type: 'etcd', endpoints: ['https://a:2379', 'https://b:2379'], user: undefined }],
    ['etcd:https://root:p%40ss@a:2379', { type: 'etcd', endpoints: ['https://a:2379'], user: { name: 'root', password: 'p@ss' } }],
  ])('%s is understood', (text, location) => {
    expect(parseStateLocation(text, '/home/jane')).toEqual(location);
  });

  it.each([
    ['disk', /"disk" is not memory, file:DIR, or etcd:URL/],
    ['file:', /name a directory/],
    ['etcd:', /"" is not the URL of an etcd/],
    ['etcd:a:2379', /"a:2379" is not the URL of an etcd/],
    ['etcd:https://a:2379,', /"" is not the URL of an etcd/],
  ])('%s is not', (text, message) => {
    expect(() => parseStateLocation(text, '/home/jane')).toThrow(message);
  });
});

describe('the directory where state is kept by default', () => {
  it.each<[NodeJS.Platform, Record<string, string>, string]>([
    ['linux', {}, '/home/me/.local/share/kybern/state'],
    ['linux', { XDG_DATA_HOME: '/data' }, '/data/kybern/state'],
    ['linux', { XDG_DATA_HOME: 'relative' }, '/home/me/.local/share/kybern/state'],
    ['darwin', { XDG_DATA_HOME: '/data' }, '/home/me/Library/Application Support/kybern/state'],
    ['win32', { LOCALAPPDATA: '/local' }, '/local/kybern/state'],
  ])('on %s with %j is %s', (platform, env, directory) => {
    expect(defaultStateDirectory({ env, homeDir: '/home/me' }, platform)).toBe(directory);
  });
});

describe('what is wrong with a state', () => {
  const withCode = (code: string): Error => Object.assign(new Error(code), { code });

  it.each<[string, Error, RegExp]>([
    ['in use', new StateLockedError('/s', 42), /in use by process 42: end that first, or give this one a state of its own/],
    [
      'damaged',
      new CorruptStateError('/s/segment-1', 7, 'a batch is damaged'),
      /segment-1 is damaged at byte 7: a batch is damaged. Nothing was changed. Restore a backup/,
    ],
    ['not writable', withCode('EACCES'), /cannot keep state in \/s: you may not write there/],
    ['on a read-only disk', withCode('EROFS'), /the file system is read-only/],
    ['on a full disk', withCode('ENOSPC'), /the disk is full; make room, then start again/],
    ['locked by nobody can say whom', Object.assign(new Error('unable to open'), { errcode: 14 }), /you may not write there/],
  ])('is told in one line when it is %s', (_, error, message) => {
    expect((explainState(error, '/s') as Error).message).toMatch(message);
  });

  it('is told when a part of its path is a file', async () => {
    const options = { clock: systemClock(), onFailure: () => undefined, eventTtlMs: 1000 };
    await expect(openState({ type: 'file', directory: '/dev/null/state' }, options)).rejects.toThrow(
      /cannot keep state in \/dev\/null\/state: a part of the path is a file/,
    );
  });
});

describe('kybern state', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'kybern-state-cli-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    let [out, err] = ['', ''];
    const io = {
      stdout: { write: (text: string) => (out += text) },
      stderr: { write: (text: string) => (err += text) },
      env: {},
      homeDir: root,
      cwd: root,
      interrupted: new AbortController().signal,
    };
    return { code: await main(['state', ...args], io), out, err };
  }

  it.each<[string, string[], RegExp]>([
    ['no state', ['backup', 'b', '--state', 'file:.'], /there is no state in this directory/],
    ['no file', ['restore'], /name the file of the backup: kybern state restore FILE/],
    ['a file that is not there', ['restore', 'nothing', '--state', 'file:new'], /there is no .*nothing/],
    ['a file that is none', ['verify', 'text'], /text: it is not a backup of kybern state|ends too early/],
    ['memory', ['backup', 'b', '--state', 'memory'], /what is in memory cannot be backed up/],
    ['etcd', ['backup', 'b', '--state', 'etcd:http://a:1'], /etcd has backups of its own/],
    ['a file that is there', ['backup', 'text'], /text exists; choose another name, or replace it with --force/],
  ])('says what is wrong with %s', async (_, args, message) => {
    await writeFile(join(root, 'text'), 'x'.repeat(100));
    const { code, out, err } = await run(...args);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  it('backs up, verifies and restores', async () => {
    await using state = await openState({ type: 'file', directory: join(root, 's') }, { clock: systemClock(), onFailure: () => undefined, eventTtlMs: 1000 });
    await state.commit([{ key: '/a', value: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } } }]);
    expect(await run('backup', 'b', '--state', 'file:s')).toMatchObject({ code: 0, err: '' });
    expect((await run('verify', 'b')).out).toMatch(/b: verified, 0\.0 MB, revision 1; watches resume from revision 0 on/);
    expect(JSON.parse((await run('restore', 'b', '--state', 'file:t', '--output', 'json')).out)).toMatchObject({ revision: 1, objects: 1 });
    expect((await run('verify', '--state', 'file:t')).code).toBe(0);
    expect((await run('restore', 'b', '--state', 'file:t')).err).toMatch(/there is a state in this directory already/);
  });
});
