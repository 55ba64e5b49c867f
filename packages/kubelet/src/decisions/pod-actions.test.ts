import type { Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { container, NOW_MS, observed, pod, sandbox, seen } from '../../test/fixtures.ts';
import type { BackOff } from './back-off.ts';
import { NOTHING_OBSERVED, type ObservedPod } from './observed.ts';
import type { PodActionsInput } from './plan.ts';
import { computePodActions } from './pod-actions.ts';
import { NO_PROBE_RESULTS, type ProbeResults } from './probe-results.ts';

const plan = (over: Partial<PodActionsInput>) =>
  computePodActions({
    pod: pod(),
    observed: NOTHING_OBSERVED,
    nowMs: NOW_MS,
    probes: NO_PROBE_RESULTS,
    restartBackOffs: new Map(),
    pullFailures: new Map(),
    ...over,
  });

/** A plan in short: what is stopped, made and started. */
function short(actions: ReturnType<typeof computePodActions>): string {
  const words = [
    actions.stopPod ? 'stop-pod' : '',
    ...actions.stop.map(({ id, reason }) => `stop ${id} (${reason})`),
    ...actions.remove.map((id) => `remove ${id}`),
    actions.createSandbox === undefined ? '' : `sandbox ${actions.createSandbox.attempt}`,
    ...actions.start.map(({ container: { name }, kind, attempt }) => `start ${kind} ${name} ${attempt}`),
    ...[...actions.waiting].map(([name, { reason }]) => `hold ${name} (${reason})`),
  ];
  return words.filter((word) => word !== '').join(', ');
}

const results = (entries: Readonly<Record<string, 'success' | 'failure'>>): ProbeResults => ({ result: (id, type) => entries[`${id}/${type}`] });
const tcp = { tcpSocket: { port: 80 } };
const inits = [container('one'), container('two')];
const sidecar = container('proxy', { restartPolicy: 'Always' });
const failed = { state: 'exited', exitCode: 1 } as const;
const done = { state: 'exited', exitCode: 0 } as const;

interface Row {
  readonly name: string;
  readonly pod?: Pod;
  readonly observed: ObservedPod;
  readonly probes?: ProbeResults;
  readonly expected: string;
}

describe('sandboxes', () => {
  it.each<Row>([
    { name: 'a new Pod gets one', observed: NOTHING_OBSERVED, expected: 'sandbox 0' },
    { name: 'one that is ready is used', observed: observed([]), expected: 'start regular app 0' },
    {
      name: 'one that is not ready is replaced',
      observed: observed([seen('app', failed)], [sandbox({ ready: false, attempt: 2 })]),
      expected: 'stop-pod, sandbox 3',
    },
    { name: 'one without an address is replaced', observed: observed([], [sandbox({ ips: [] })]), expected: 'stop-pod, sandbox 1' },
    { name: 'one on the wrong network is replaced', pod: pod({ hostNetwork: true }), observed: observed([]), expected: 'stop-pod, sandbox 1' },
    {
      name: 'one on the host needs no address',
      pod: pod({ hostNetwork: true }),
      observed: observed([], [sandbox({ hostNetwork: true, ips: [] })]),
      expected: 'start regular app 0',
    },
    { name: 'of two that are ready both go', observed: observed([], [sandbox({ attempt: 1 }), sandbox({ id: 'old' })]), expected: 'stop-pod, sandbox 2' },
    {
      name: 'an old one that is not ready does not matter',
      observed: observed([seen('app')], [sandbox({ attempt: 1 }), sandbox({ id: 'old', ready: false })]),
      expected: '',
    },
    {
      name: 'a Pod that is over gets no new one',
      pod: pod({ restartPolicy: 'OnFailure' }),
      observed: observed([seen('app', done)], [sandbox({ ready: false })]),
      expected: 'stop-pod',
    },
    {
      name: 'a Pod that must not be restarted gets no new one',
      pod: pod({ restartPolicy: 'Never' }),
      observed: observed([seen('app', failed)], [sandbox({ ready: false })]),
      expected: 'stop-pod',
    },
    {
      name: 'init containers of the old one are purged',
      pod: pod({ initContainers: inits }),
      observed: observed([seen('one', done), seen('two', done), seen('app', failed)], [sandbox({ ready: false })]),
      expected: 'stop-pod, remove one-0, remove two-0, sandbox 1',
    },
  ])('$name', ({ expected, ...row }) => {
    expect(short(plan(row))).toBe(expected);
  });
});

describe('regular containers', () => {
  it.each<Row>([
    { name: 'one that runs is kept', observed: observed([seen('app')]), expected: '' },
    { name: 'one that failed is restarted', observed: observed([seen('app', failed)]), expected: 'start regular app 1' },
    { name: 'one that completed is restarted with Always', observed: observed([seen('app', done)]), expected: 'start regular app 1' },
    {
      name: 'one that was created but did not start is started anew',
      observed: observed([seen('app', { state: 'created' })]),
      expected: 'remove app-0, start regular app 1',
    },
    { name: 'one in an unknown state is stopped first', observed: observed([seen('app', { state: 'unknown' })]), expected: 'stop app-0 (unknown-state)' },
    { name: 'one of another definition is replaced', observed: observed([seen('app', { hash: 'other' })]), expected: 'stop app-0 (definition-changed)' },
    {
      name: 'the last one that ends ends the Pod',
      pod: pod({ restartPolicy: 'Never' }),
      observed: observed([seen('app', failed)]),
      expected: 'stop-pod',
    },
    {
      name: 'one of two that completed is left',
      pod: pod({ restartPolicy: 'OnFailure', containers: [container('app'), container('log')] }),
      observed: observed([seen('app', done), seen('log')]),
      expected: '',
    },
    {
      name: 'nothing is started for a Pod that is being deleted',
      pod: pod({}, { metadata: { ...pod().metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }),
      observed: observed([]),
      expected: '',
    },
    {
      name: 'of a name two dead ones are kept at most',
      observed: observed([seen('app', { attempt: 3 }), ...[2, 1, 0].map((attempt) => seen('app', { ...failed, attempt }))]),
      expected: 'remove app-1, remove app-0',
    },
    {
      name: 'the restart count goes on though the runtime forgot',
      pod: pod({}, { status: { containerStatuses: [{ name: 'app', image: 'app:1', imageID: '', containerID: 'x://1', ready: true, restartCount: 4 }] } }),
      observed: observed([]),
      expected: 'start regular app 5',
    },
    {
      name: 'one whose liveness probe failed is replaced',
      pod: pod({ containers: [container('app', { livenessProbe: tcp })] }),
      observed: observed([seen('app')]),
      probes: results({ 'app-0/liveness': 'failure' }),
      expected: 'stop app-0 (liveness)',
    },
    {
      name: 'one whose readiness probe failed is kept',
      pod: pod({ containers: [container('app', { readinessProbe: tcp })] }),
      observed: observed([seen('app')]),
      probes: results({ 'app-0/readiness': 'failure' }),
      expected: '',
    },
    {
      name: 'an ephemeral one is started beside them, once',
      pod: pod({ ephemeralContainers: [{ name: 'debug', image: 'busybox' }] }),
      observed: observed([seen('app')]),
      expected: 'start ephemeral debug 0',
    },
  ])('$name', ({ expected, ...row }) => {
    expect(short(plan(row))).toBe(expected);
  });

  it('says that it restarts what a probe condemned, unless it does not', () => {
    const input = { observed: observed([seen('app')]), probes: results({ 'app-0/liveness': 'failure' }) };
    const containers = [container('app', { livenessProbe: tcp })];
    expect(plan({ ...input, pod: pod({ containers }) }).stop[0]?.message).toBe('Container app failed liveness probe, will be restarted');
    expect(plan({ ...input, pod: pod({ containers, restartPolicy: 'Never' }) }).stop[0]?.message).toBe('Container app failed liveness probe');
  });
});

describe('init containers', () => {
  const withInits = pod({ initContainers: inits });
  const withSidecar = pod({ initContainers: [container('one'), sidecar, container('two')] });
  it.each<Row>([
    { name: 'the first is started first', pod: withInits, observed: observed([]), expected: 'start init one 0' },
    { name: 'one that runs is waited for', pod: withInits, observed: observed([seen('one')]), expected: '' },
    { name: 'the next follows', pod: withInits, observed: observed([seen('one', done)]), expected: 'start init two 0' },
    { name: 'one that failed is tried again', pod: withInits, observed: observed([seen('one', failed)]), expected: 'start init one 1' },
    {
      name: 'one that failed ends the Pod with Never',
      pod: pod({ initContainers: inits, restartPolicy: 'Never' }),
      observed: observed([seen('one', failed)]),
      expected: 'stop-pod',
    },
    { name: 'after all of them the others start', pod: withInits, observed: observed([seen('one', done), seen('two', done)]), expected: 'start regular app 0' },
    { name: 'once a regular one was made they are not run again', pod: withInits, observed: observed([seen('app')]), expected: '' },
    { name: 'a sidecar is started in its turn', pod: withSidecar, observed: observed([seen('one', done)]), expected: 'start sidecar proxy 0' },
    {
      name: 'what follows a sidecar does not wait for its end',
      pod: withSidecar,
      observed: observed([seen('one', done), seen('proxy')]),
      expected: 'start init two 0',
    },
    {
      name: 'a sidecar that ended is restarted beside the others',
      pod: withSidecar,
      observed: observed([seen('app'), seen('two', done), seen('proxy', failed), seen('one', done)]),
      expected: 'start sidecar proxy 1',
    },
    {
      name: 'a sidecar that ended holds back what follows it',
      pod: withSidecar,
      observed: observed([seen('two', failed), seen('proxy', failed), seen('one', done)]),
      expected: 'start sidecar proxy 1',
    },
    {
      name: 'a sidecar that has not started holds back what follows it',
      pod: pod({ initContainers: [{ ...sidecar, startupProbe: tcp }] }),
      observed: observed([seen('proxy')]),
      expected: '',
    },
    {
      name: 'a sidecar that has started lets go',
      pod: pod({ initContainers: [{ ...sidecar, startupProbe: tcp }] }),
      observed: observed([seen('proxy')]),
      probes: results({ 'proxy-0/startup': 'success' }),
      expected: 'start regular app 0',
    },
    {
      name: 'sidecars do not keep a Pod going',
      pod: pod({ restartPolicy: 'Never', initContainers: [sidecar] }),
      observed: observed([seen('app', done), seen('proxy', failed)]),
      expected: 'stop-pod',
    },
  ])('$name', ({ expected, ...row }) => {
    expect(short(plan(row))).toBe(expected);
  });
});

describe('back-off', () => {
  const backOff: BackOff = { delayMs: 20_000, updatedAtMs: NOW_MS - 5_000, failures: 2 };
  const crashed = observed([seen('app', { ...failed, attempt: 2 })]);

  it('the first restart is at once, and sets the delay for the next', () => {
    expect(plan({ observed: observed([seen('app', failed)]) }).start[0]?.backOff).toEqual({ delayMs: 10_000, updatedAtMs: NOW_MS, failures: 1 });
  });

  it('holds until the delay after the last end is over', () => {
    const actions = plan({ observed: crashed, restartBackOffs: new Map([['app', backOff]]) });
    expect(short(actions)).toBe('hold app (CrashLoopBackOff)');
    expect(actions).toMatchObject({ wakeAtMs: NOW_MS - 1_000 + 20_000, retries: 2 });
    expect(actions.waiting.get('app')?.message).toBe('back-off 20s restarting failed container=app pod=web_default(uid-1)');
  });

  it('then starts and doubles the delay', () => {
    const actions = plan({ observed: crashed, restartBackOffs: new Map([['app', backOff]]), nowMs: NOW_MS + 19_000 });
    expect(actions.start).toMatchObject([{ attempt: 3, backOff: { delayMs: 40_000, failures: 3 } }]);
  });

  it('holds a container whose image could not be pulled', () => {
    const failure = { backOff: { ...backOff, updatedAtMs: NOW_MS - 1_000 }, error: 'not found' };
    const actions = plan({ observed: observed([]), pullFailures: new Map([['app:1', failure]]) });
    expect(short(actions)).toBe('hold app (ImagePullBackOff)');
    expect(actions.waiting.get('app')?.message).toBe('Back-off pulling image "app:1": ErrImagePull: not found');
    expect(actions.wakeAtMs).toBe(NOW_MS + 19_000);
  });

  it('of one container does not hold another', () => {
    const two = pod({ containers: [container('app'), container('log')] });
    const actions = plan({ pod: two, observed: observed([...crashed.containers, seen('log', failed)]), restartBackOffs: new Map([['app', backOff]]) });
    expect(short(actions)).toBe('start regular log 1, hold app (CrashLoopBackOff)');
  });
});
