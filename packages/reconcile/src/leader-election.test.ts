import { ApiError, parseTime, sleep } from '@kybern/core';
import { Lease } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { createWorld, type World } from '../test/world.ts';
import { lead, type LeaderElectionOptions, type LeadershipTerm } from './leader-election.ts';

interface Candidate {
  readonly log: string[];
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  term: LeadershipTerm | undefined;
}

const contend = (
  world: World,
  identity: string,
  options: Partial<LeaderElectionOptions> & { readonly log?: string[]; readonly faulty?: boolean } = {},
): Candidate => {
  const { log = [], faulty = false, ...election } = options;
  const stop = new AbortController();
  const candidate: Candidate = { log, stop, term: undefined, ended: Promise.resolve() };
  const work = async (term: LeadershipTerm): Promise<void> => {
    candidate.term = term;
    log.push(`${identity} leads`);
    await new Promise<void>((resolve) => term.signal.addEventListener('abort', () => resolve(), { once: true }));
    log.push(`${identity} stops`);
  };
  const client = faulty ? world.faulty.client : world.client;
  const ended = lead({ name: 'test', identity, client, clock: world.clock, ...election }, work, stop.signal);
  return Object.assign(candidate, { ended });
};

const lease = ({ client }: World): Promise<Lease> => client.get(Lease, 'default/test');

describe('leader election', () => {
  it('the first one leads, renews its lease, and gives it back at the end', async () => {
    await using world = await createWorld();
    const { log, stop, ended } = contend(world, 'a');
    await world.clock.settleNow();
    expect((await lease(world)).spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 });
    const acquired = (await lease(world)).spec?.acquireTime;
    await world.clock.advance(3_600_000);
    const { spec } = await lease(world);
    expect(spec?.acquireTime).toBe(acquired);
    expect(world.clock.now() - parseTime(spec?.renewTime ?? '')).toBeLessThanOrEqual(2_000);
    stop.abort();
    await ended;
    expect(log).toEqual(['a leads', 'a stops']);
    expect((await lease(world)).spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    expect(world.clock.nextDueMs({ includeBackground: false })).toBeUndefined();
  });

  it('no two ever lead at a time, whoever comes and goes', async () => {
    await using world = await createWorld();
    const log: string[] = [];
    const candidates = ['a', 'b', 'c'].map((identity) => contend(world, identity, { log }));
    for (const { stop } of candidates) {
      await world.clock.advance(60_000);
      stop.abort();
    }
    await world.clock.advance(60_000);
    const leaders: string[] = [];
    for (const [who, what] of log.map((line) => line.split(' ') as [string, string])) {
      if (what === 'leads') leaders.push(who);
      else leaders.splice(leaders.indexOf(who), 1);
      expect(leaders.length).toBeLessThanOrEqual(1);
    }
    expect(log.filter((line) => line.endsWith('leads')).length).toBeGreaterThanOrEqual(2);
    expect((await lease(world)).spec?.leaseTransitions).toBeGreaterThanOrEqual(1);
  });

  it('a lease that nobody renews is taken over when it was seen unchanged for its duration, whatever times it tells', async () => {
    await using world = await createWorld();
    const spec = { holderIdentity: 'dead', leaseDurationSeconds: 60, renewTime: '1999-01-01T00:00:00.000000Z', leaseTransitions: 4 };
    await world.client.create(Lease, { metadata: { name: 'test', namespace: 'default' }, spec });
    const { log } = contend(world, 'a');
    await world.clock.advance(59_999);
    expect(log).toEqual([]);
    await world.clock.advance(5_000);
    expect(log).toEqual(['a leads']);
    expect((await lease(world)).spec).toMatchObject({ holderIdentity: 'a', leaseTransitions: 5 });
  });

  it('a leader that cannot renew stops by its deadline, before another may take over', async () => {
    await using world = await createWorld();
    const log: string[] = [];
    const a = contend(world, 'a', { log, faulty: true });
    await world.clock.settleNow();
    contend(world, 'b', { log });
    await world.clock.advance(10_000);
    const brokenAtMs = world.clock.monotonicMs();
    world.fault = () => ({ type: 'stall' });
    while (log.length < 2) await world.clock.advance(100);
    expect(log).toEqual(['a leads', 'a stops']);
    expect(world.clock.monotonicMs() - brokenAtMs).toBeLessThanOrEqual(10_000);
    expect(() => a.term?.assertLeading()).not.toThrow();
    await world.clock.advance(20_000);
    expect(log).toEqual(['a leads', 'a stops', 'b leads']);
    expect(() => a.term?.assertLeading()).toThrow('leadership of lease "test" is lost');
  });

  it.each([
    { name: 'refusals', error: new ApiError('InternalError', 'etcd has no leader') },
    { name: 'conflicts', error: new ApiError('Conflict', 'somebody else wrote') },
  ])('survives $name that pass', async ({ error }) => {
    await using world = await createWorld();
    const { log } = contend(world, 'a', { faulty: true });
    await world.clock.advance(10_000);
    world.fault = ({ verb }) => (verb === 'update' ? { type: 'fail', error } : undefined);
    await world.clock.advance(5_000);
    world.fault = () => undefined;
    await world.clock.advance(60_000);
    expect(log).toEqual(['a leads']);
  });

  it('a lost answer is no lost lease', async () => {
    await using world = await createWorld();
    const { log } = contend(world, 'a', { faulty: true });
    world.fault = ({ verb, nth }) => (verb === 'create' || (verb === 'update' && nth % 3 === 0) ? { type: 'lose' } : undefined);
    await world.clock.advance(120_000);
    expect(log).toEqual(['a leads']);
  });

  it('one whose lease was taken away stops at its next try', async () => {
    await using world = await createWorld();
    const { log } = contend(world, 'a');
    await world.clock.settleNow();
    await world.client.mutate(Lease, 'default/test', (draft) => void ((draft.spec as { holderIdentity: string }).holderIdentity = 'thief'));
    await world.clock.advance(2_000);
    expect(log).toEqual(['a leads', 'a stops']);
    expect((await lease(world)).spec?.holderIdentity).toBe('thief');
  });

  it('a lease that was deleted is made again', async () => {
    await using world = await createWorld();
    const { log } = contend(world, 'a');
    await world.clock.settleNow();
    await world.client.delete(Lease, 'default/test');
    await world.clock.advance(5_000);
    expect((await lease(world)).spec?.holderIdentity).toBe('a');
    expect(log).toEqual(['a leads']);
  });

  it('contends again when its work ends, and passes on what its work throws', async () => {
    await using world = await createWorld();
    let terms = 0;
    const work = async ({ signal }: LeadershipTerm): Promise<void> => {
      terms += 1;
      await sleep(world.clock, 100, { signal });
      if (terms === 3) throw new Error('enough');
    };
    const ended = lead({ name: 'test', client: world.client, clock: world.clock }, work, world.stop.signal);
    const outcome = expect(ended).rejects.toThrow('enough');
    await world.clock.advance(1_000);
    await outcome;
    expect((await lease(world)).spec?.holderIdentity).toBe('');
  });

  it('identities are unique by default', async () => {
    await using world = await createWorld();
    const holders = new Set<string | undefined>();
    for (let i = 0; i < 2; i++) {
      const stop = new AbortController();
      const ended = lead(
        { name: 'test', client: world.client, clock: world.clock },
        ({ signal }) => sleep(world.clock, 1e9, { signal }).catch(() => undefined),
        stop.signal,
      );
      await world.clock.settleNow();
      holders.add((await lease(world)).spec?.holderIdentity);
      stop.abort();
      await ended;
    }
    expect(holders.size).toBe(2);
  });

  it.each([
    { name: 'name', options: { name: '' } },
    { name: 'identity', options: { identity: '' } },
    { name: 'renewDeadlineMs', options: { renewDeadlineMs: 1_000 } },
    { name: 'leaseDurationMs', options: { leaseDurationMs: 10_000 } },
    { name: 'retryPeriodMs', options: { retryPeriodMs: 0 } },
  ])('names the option that is wrong: $name', async ({ name, options }) => {
    await using world = await createWorld();
    await expect(lead({ name: 'test', client: world.client, ...options }, () => Promise.resolve(), world.stop.signal)).rejects.toThrow(
      `leaderElection.${name}`,
    );
  });
});
