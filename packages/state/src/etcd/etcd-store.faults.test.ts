import { execFileSync } from 'node:child_process';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isApiError, noopLogger, sleep, systemClock, systemRandom, type ApiError } from '@kybern/core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { gather, keyOf, put, thing, trace, view, views, write } from '../conformance/fixtures.ts';
import { ExpiredError } from '../errors.ts';
import type { StateStore } from '../store.ts';
import { openEtcd, type EtcdStoreOptions } from './etcd-store.ts';
import { etcdMethods } from './generated/etcd.ts';
import { EtcdClient } from './internal/etcd-client.ts';
import { describeEtcd, startEtcd, startRelay, type EtcdServer } from './testing/index.ts';

const clock = systemClock();

const rawClient = (endpoint: string): EtcdClient =>
  new EtcdClient({
    endpoints: [endpoint],
    tls: {},
    user: undefined,
    requestTimeoutMs: 10_000,
    dialTimeoutMs: 5_000,
    clock,
    random: systemRandom(),
    logger: noopLogger,
    check: () => Promise.resolve(),
  });

const failure = (promise: Promise<unknown>): Promise<ApiError> =>
  promise.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => (isApiError(error) ? error : expect.fail(`it is no ApiError: ${String(error)}`)),
  );

/** Writes until it is acknowledged, with another value each time. */
async function writeUntilAcknowledged(store: StateStore, name: string): Promise<{ readonly data: string; readonly revision: number }> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return { data: `try ${attempt}`, revision: (await write(store, name, `try ${attempt}`)).revision };
    } catch (error) {
      if (!isApiError(error)) throw error;
    }
  }
}

/** Waits until a condition holds, on a machine that may be busy. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(clock, 10);
}

describeEtcd('a store in an etcd of its own', () => {
  let etcd: EtcdServer;
  beforeEach(async () => {
    etcd = await startEtcd();
    return () => etcd[Symbol.asyncDispose]();
  }, 120_000);
  const open = (options: Partial<EtcdStoreOptions> = {}): Promise<StateStore> =>
    openEtcd({ endpoints: [etcd.endpoint], requestTimeoutMs: 15_000, dialTimeoutMs: 5_000, ...options });
  /** Gives up soon, for what is to fail. */
  const openImpatient = (options: Partial<EtcdStoreOptions> = {}): Promise<StateStore> => open({ requestTimeoutMs: 2_000, dialTimeoutMs: 1_000, ...options });

  it('finds what another store has written, and both go on together', async () => {
    await using first = await open();
    const created = await write(first, 'a', '1');
    await using second = await open();
    expect(view(await second.get(keyOf('a')))).toBe(`a=1@${created.revision}`);
    const watched = gather(first.watch('/', first.revision));
    const { revision } = await second.commit([put('a', '2', created.revision), put('b', '3')]);
    expect((await watched.until(2)).map(trace)).toEqual([`put a=2@${revision}`, `put b=3@${revision}`]);
    expect(views(await first.range('/'))).toEqual([`a=2@${revision}`, `b=3@${revision}`]);
    await expect(first.commit([put('a', '4', revision - 1)])).rejects.toMatchObject({ name: 'CompareFailedError' });
  });

  it('reads what was acknowledged elsewhere a moment ago, every time', async () => {
    await using first = await open();
    await using second = await open();
    for (let round = 0; round < 100; round += 1) {
      const { revision } = await write(round % 2 === 0 ? first : second, 'a', String(round));
      expect(view(await (round % 2 === 0 ? second : first).get(keyOf('a')))).toBe(`a=${round}@${revision}`);
    }
  });

  it('reads on when others than this cluster write to etcd', async () => {
    await using store = await open();
    await using other = await open({ prefix: '/other' });
    const { revision } = await write(store, 'a', '1');
    for (let round = 0; round < 5; round += 1) {
      const elsewhere = await write(other, 'a', String(round));
      expect(await store.range('/')).toMatchObject({ records: [{ modRevision: revision }] });
      expect(store.revision).toBeGreaterThanOrEqual(elsewhere.revision);
    }
    const next = await write(store, 'b', '1');
    expect(next.records[0]).toMatchObject({ modRevision: next.revision, version: 1 });
  });

  it('lets watchers of one store resume at another, also at one that started later', async () => {
    await using first = await open();
    const revisions: number[] = [];
    for (const data of ['1', '2', '3']) revisions.push((await write(first, 'a', data)).revision);
    await using later = await open();
    const resumed = gather(later.watch('/', revisions[0] ?? 0));
    expect((await resumed.until(2)).map(trace)).toEqual([`put a=2@${revisions[1]}`, `put a=3@${revisions[2]}`]);
  });

  it('commits far more changes in one revision than etcd takes in one list', async () => {
    await using store = await open();
    const { revision, records } = await store.commit(Array.from({ length: 1000 }, (_, at) => put(`n${String(at)}`)));
    expect(new Set(records.map((record) => record?.modRevision))).toEqual(new Set([revision]));
    expect((await store.range('/')).records).toHaveLength(1000);
  });

  it('says 413 of an object that etcd does not take', async () => {
    await using store = await open();
    expect(await failure(write(store, 'a', 'x'.repeat(2 * 1024 * 1024)))).toMatchObject({ code: 413 });
    await write(store, 'a', 'small');
  });

  it('says what to do when the database of etcd is full, serves reads, and goes on once there is room', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kybern-etcd-full-'));
    try {
      await using small = await startEtcd({ folder, args: ['--quota-backend-bytes=4194304'] });
      await using store = await open({ endpoints: [small.endpoint] });
      const large = 'x'.repeat(512 * 1024);
      let written = 0;
      const fill = async (): Promise<never> => {
        for (;;) {
          await write(store, 'filler', large + String(written));
          written += 1;
        }
      };
      const full = { code: 503, message: expect.stringMatching(/database of etcd is full.*NOSPACE/) as string };
      expect(await failure(fill())).toMatchObject(full);
      expect(written).toBeGreaterThan(0);
      expect(await failure(write(store, 'other'))).toMatchObject(full);
      // etcd may apply the very write that fills the database, and answer that it is full.
      expect([written, written + 1]).toContain((await store.get(keyOf('filler')))?.version);
      expect((await store.range('/')).records).toHaveLength(1);
      const client = rawClient(small.endpoint);
      try {
        await store.compact(store.revision);
        await client.call(etcdMethods.defragment, {});
        const { alarms } = await client.call(etcdMethods.alarm, { action: 'GET' });
        for (const { memberId, alarm } of alarms) await client.call(etcdMethods.alarm, { action: 'DEACTIVATE', memberId, alarm });
      } finally {
        client.close();
      }
      const { data } = await writeUntilAcknowledged(store, 'other');
      expect(view(await store.get(keyOf('other')))).toMatch(`other=${data}@`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('ends objects after their time', async () => {
    await using store = await open({ ttlSeconds: (key) => (key.endsWith('event') ? 1 : undefined) });
    const client = rawClient(etcd.endpoint);
    try {
      await store.commit([put('event'), put('other')]);
      const { kvs } = await client.call(etcdMethods.range, { key: Buffer.from(keyOf('event')) });
      const lease = kvs[0]?.lease ?? 0n;
      expect(await client.call(etcdMethods.leaseTimeToLive, { id: lease })).toMatchObject({ grantedTtl: 61 });
      const watched = gather(store.watch('/', store.revision));
      await client.call(etcdMethods.leaseRevoke, { id: lease });
      expect((await watched.until(1)).map(({ type, key }) => `${type} ${key}`)).toEqual([`delete ${keyOf('event')}`]);
      expect((await store.range('/')).records).toHaveLength(1);
      await write(store, 'event').catch(() => undefined); // the lease that it knows is gone, which it notices now
      await write(store, 'event');
    } finally {
      client.close();
    }
  });

  it('survives that etcd is killed and started again, without a gap or a repeat for watchers', async () => {
    await using store = await openImpatient();
    const watched = gather(store.watch('/', store.revision));
    const { revision } = await write(store, 'a', '1');
    await etcd.signal('SIGKILL');
    const refused = await failure(write(store, 'b', '1'));
    expect([503, 504]).toContain(refused.code);
    expect(await failure(store.get(keyOf('a')))).toMatchObject({ code: 503, message: expect.stringMatching(/etcd cannot be reached.*127\.0\.0\.1/) });
    expect(view(await store.get(keyOf('a'), { at: revision }))).toBe(`a=1@${revision}`);
    expect(view(store.snapshot().get(keyOf('a')))).toBe(`a=1@${revision}`);
    await etcd.start();
    const { data, revision: next } = await writeUntilAcknowledged(store, 'c');
    await until(() => watched.events.some((event) => event.revision === next));
    const seen = watched.events.map(trace);
    expect(seen[0]).toBe(`put a=1@${revision}`);
    expect(seen.filter((each) => each === `put c=${data}@${next}`)).toHaveLength(1);
    const revisions = watched.events.map((event) => event.revision);
    expect(revisions).toEqual([...new Set(revisions)].sort((x, y) => x - y));
  });

  it('answers in time when etcd does not, and says that the outcome is not known', async () => {
    await using relay = await startRelay(() => Number(new URL(etcd.endpoint).port));
    await using store = await openImpatient({ endpoints: [`http://127.0.0.1:${relay.port}`] });
    const { revision } = await writeUntilAcknowledged(store, 'a');
    const known = view(store.snapshot().get(keyOf('a')));
    relay.cut();
    expect(await failure(write(store, 'a', '2'))).toMatchObject({ code: 504, message: expect.stringMatching(/may have been made/) });
    expect(view(await store.get(keyOf('a'), { at: revision }))).toBe(known);
    expect(view(await store.get(keyOf('a'), { atLeast: revision }))).toBe(known);
    expect(await failure(store.get(keyOf('a')))).toMatchObject({ code: 503 });
    relay.mend();
    const { data, revision: next } = await writeUntilAcknowledged(store, 'a');
    await until(() =>
      store.get(keyOf('a')).then(
        (record) => view(record) === `a=${data}@${next}`,
        () => false,
      ),
    );
  });

  it('reads everything anew when etcd has compacted what it has not heard of', async () => {
    await using store = await open();
    await write(store, 'a', '1');
    const kept = (await write(store, 'b', '1')).records[0];
    const watched = gather(store.watch('/', store.revision));
    const cursor = store.cursor('/', store.revision);
    const from = store.revision;
    await etcd.signal('SIGKILL');
    // While the store looks for it at its port, it is at another.
    await using elsewhere = await startEtcd({ folder: etcd.folder });
    const client = rawClient(elsewhere.endpoint);
    await client.call(etcdMethods.deleteRange, { key: Buffer.from(keyOf('a')) });
    const { header } = await client.call(etcdMethods.put, { key: Buffer.from(keyOf('c')), value: Buffer.from(JSON.stringify(thing('c', '1'))) });
    await client.call(etcdMethods.compact, { revision: header?.revision ?? 0 });
    client.close();
    await elsewhere.signal('SIGKILL');
    await etcd.start();
    expect(await watched.over()).toEqual({ error: expect.any(ExpiredError) });
    expect(() => cursor.read()).toThrow(ExpiredError);
    const { records } = await store.range('/');
    expect(records.map(view)).toEqual([`b=1@${from}`, `c=1@${header?.revision ?? 0}`]);
    expect(records[0]).toBe(kept);
    await expect(store.get(keyOf('a'), { at: from })).rejects.toBeInstanceOf(ExpiredError);
    expect(() => store.cursor('/', from).read()).toThrow(ExpiredError);
    const again = gather(store.watch('/', store.revision));
    const { revision } = await write(store, 'd', '1');
    expect((await again.until(1)).map(trace)).toEqual([`put d=1@${revision}`]);
  });

  it('writes nothing more when etcd was restored from an older backup, says so, and serves what it knows', async () => {
    const errors: unknown[] = [];
    const logger = { ...noopLogger, error: (_: string, fields?: object) => errors.push(fields) };
    await using store = await openImpatient({ logger });
    await write(store, 'a', '1');
    await etcd.signal('SIGTERM');
    execFileSync('cp', ['-r', join(etcd.folder, 'data'), join(etcd.folder, 'backup')]);
    await etcd.start();
    await writeUntilAcknowledged(store, 'a');
    const { revision } = await writeUntilAcknowledged(store, 'b');
    const known = views(await store.range('/', { at: revision }));
    await etcd.signal('SIGTERM');
    await rm(join(etcd.folder, 'data'), { recursive: true });
    await rename(join(etcd.folder, 'backup'), join(etcd.folder, 'data'));
    await etcd.start();
    await until(async () => /went back/.test((await failure(write(store, 'c', '3'))).message));
    const refused = await failure(write(store, 'c', '3'));
    expect(refused).toMatchObject({
      code: 503,
      message: expect.stringMatching(/revision went back from \d+ to \d+.*restored from an older backup.*restart every API server/),
    });
    expect(await failure(store.get(keyOf('a')))).toMatchObject({ message: refused.message });
    expect(views(await store.range('/', { at: revision }))).toEqual(known);
    expect(errors).toHaveLength(1);
    // Also when others have written so much since that the revision alone does not tell.
    await using restarted = await open();
    for (let count = 0; count < 10; count += 1) await write(restarted, 'b', 'new');
    expect(await failure(write(store, 'c', '3'))).toMatchObject({ code: 503 });
    expect((await restarted.range('/')).records.map(({ key }) => key)).toEqual([keyOf('a'), keyOf('b')]);
  });

  it('does not take another etcd cluster for its own', async () => {
    await using store = await openImpatient();
    await write(store, 'a', '1');
    await etcd.signal('SIGTERM');
    await rm(join(etcd.folder, 'data'), { recursive: true });
    await etcd.start();
    expect(await failure(write(store, 'a', '2'))).toMatchObject({ code: 503 });
    await using fresh = await open();
    expect((await fresh.range('/')).records).toEqual([]);
  });

  it('does not start on values that it did not write', async () => {
    const client = rawClient(etcd.endpoint);
    await client.call(etcdMethods.put, { key: Buffer.from('/registry/core/pods/ns/a'), value: Buffer.from('k8s\0protobuf') });
    client.close();
    await expect(open()).rejects.toThrow(/the value of \/registry\/core\/pods\/ns\/a in etcd is no object in JSON/);
  });
});

describeEtcd('a store in an etcd with users', () => {
  let etcd: EtcdServer;
  beforeAll(async () => {
    // Tokens that end soon, so that they have to be renewed.
    etcd = await startEtcd({ args: ['--auth-token-ttl=1'] });
    return () => etcd[Symbol.asyncDispose]();
  }, 120_000);
  const ctl = (...args: string[]): string =>
    execFileSync('etcdctl', ['--endpoints', etcd.endpoint, ...args], {
      env: { ...process.env, ETCDCTL_API: '3' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const open = (user?: { name: string; password: string }): Promise<StateStore> =>
    openEtcd({ endpoints: [etcd.endpoint], ...(user === undefined ? {} : { user }) });

  it('authenticates, renews its token, and says what is wrong with a user', async () => {
    if (hasCtl()) {
      ctl('user', 'add', 'root:secret');
      ctl('user', 'grant-role', 'root', 'root');
      ctl('user', 'add', 'nobody:nothing');
      ctl('auth', 'enable');
    } else return expect(process.env.CI).not.toBe('true');
    await using store = await open({ name: 'root', password: 'secret' });
    await write(store, 'a', '1');
    await sleep(clock, 3_000); // longer than a token lives
    await write(store, 'a', '2');
    expect(view(await store.get(keyOf('a')))).toBe(`a=2@${store.revision}`);
    expect(await failure(open({ name: 'root', password: 'wrong' }))).toMatchObject({ code: 503, message: expect.stringMatching(/password/) });
    expect(await failure(open({ name: 'nobody', password: 'nothing' }))).toMatchObject({ message: expect.stringMatching(/permission denied/) });
    expect(await failure(open())).toMatchObject({ message: expect.stringMatching(/user/) });
    return undefined;
  });
});

/** Whether there is etcdctl, which comes in a package of its own (etcd-client). */
function hasCtl(): boolean {
  try {
    execFileSync('etcdctl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describeEtcd('a store in an etcd with TLS', () => {
  let folder: string;
  let etcd: EtcdServer;
  const file = (name: string): string => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kybern-etcd-tls-'));
    const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=ca', '-days', '2');
    for (const name of ['server', 'client'])
      openssl(
        'req',
        '-x509',
        ...newKey,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.crt`,
        '-subj',
        `/CN=${name}`,
        '-days',
        '2',
        '-addext',
        'subjectAltName=IP:127.0.0.1',
        '-addext',
        'basicConstraints=CA:FALSE',
        '-CA',
        'ca.crt',
        '-CAkey',
        'ca.key',
      );
    etcd = await startEtcd({
      secure: true,
      args: [`--cert-file=${file('server.crt')}`, `--key-file=${file('server.key')}`, `--trusted-ca-file=${file('ca.crt')}`, '--client-cert-auth'],
    });
  }, 120_000);
  afterAll(async () => {
    await etcd[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it('shows its certificate and checks the server, and says what is wrong', async () => {
    const { readFile } = await import('node:fs/promises');
    const tls = { ca: await readFile(file('ca.crt')), cert: await readFile(file('client.crt')), key: await readFile(file('client.key')) };
    await using store = await openEtcd({ endpoints: [etcd.endpoint], tls, requestTimeoutMs: 20_000 });
    await write(store, 'a', '1');
    expect(await failure(openEtcd({ endpoints: [etcd.endpoint], tls: { cert: tls.cert, key: tls.key }, requestTimeoutMs: 3_000 }))).toMatchObject({
      code: 503,
      message: expect.stringMatching(/certificate/),
    });
    expect(await failure(openEtcd({ endpoints: [etcd.endpoint], tls: { ca: tls.ca }, requestTimeoutMs: 3_000 }))).toMatchObject({ code: 503 });
  });
});
