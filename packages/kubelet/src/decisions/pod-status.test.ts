import type { Pod, PodStatus } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { container, NOW_MS, observed, pod, sandbox, seen } from '../../test/fixtures.ts';
import { NOTHING_OBSERVED, type ObservedPod } from './observed.ts';
import { computePodStatus, type PodStatusInput } from './pod-status.ts';
import { NO_PROBE_RESULTS } from './probe-results.ts';

const compute = (over: Partial<PodStatusInput>): PodStatus =>
  computePodStatus({
    pod: pod(),
    observed: NOTHING_OBSERVED,
    nowMs: NOW_MS,
    probes: NO_PROBE_RESULTS,
    waiting: new Map(),
    hostIPs: ['192.168.0.1'],
    runtimeName: 'containerd',
    terminal: false,
    ...over,
  });

const conditionOf = (status: PodStatus, type: string) => status.conditions?.find((each) => each.type === type);
const failed = { state: 'exited', exitCode: 1 } as const;
const done = { state: 'exited', exitCode: 0 } as const;
const two = [container('app'), container('log')];
const inits = [container('init')];

describe('phase', () => {
  it.each<{ name: string; pod?: Pod; observed: ObservedPod; terminal?: boolean; phase: string }>([
    { name: 'nothing was made', observed: NOTHING_OBSERVED, phase: 'Pending' },
    { name: 'one runs', observed: observed([seen('app')]), phase: 'Running' },
    { name: 'one of two was not made', pod: pod({ containers: two }), observed: observed([seen('app')]), phase: 'Pending' },
    { name: 'an init container runs', pod: pod({ initContainers: inits }), observed: observed([seen('init')]), phase: 'Pending' },
    {
      name: 'an init container failed for good',
      pod: pod({ initContainers: inits, restartPolicy: 'Never' }),
      observed: observed([seen('init', failed)]),
      phase: 'Failed',
    },
    { name: 'an init container is tried again', pod: pod({ initContainers: inits }), observed: observed([seen('init', failed)]), phase: 'Pending' },
    { name: 'all completed', pod: pod({ restartPolicy: 'Never' }), observed: observed([seen('app', done)]), phase: 'Succeeded' },
    { name: 'one failed for good', pod: pod({ restartPolicy: 'Never' }), observed: observed([seen('app', failed)]), phase: 'Failed' },
    {
      name: 'one failed and the other runs',
      pod: pod({ restartPolicy: 'Never', containers: two }),
      observed: observed([seen('app', failed), seen('log')]),
      phase: 'Running',
    },
    { name: 'one failed and is restarted', pod: pod({ restartPolicy: 'OnFailure' }), observed: observed([seen('app', failed)]), phase: 'Running' },
    { name: 'one ended and is restarted', observed: observed([seen('app', done)]), phase: 'Running' },
    { name: 'it is over and ended well', observed: observed([seen('app', done)]), terminal: true, phase: 'Succeeded' },
    { name: 'it is over and ended badly', observed: observed([seen('app', failed)]), terminal: true, phase: 'Failed' },
    { name: 'it is over before it began', observed: NOTHING_OBSERVED, terminal: true, phase: 'Failed' },
    { name: 'the API has a final phase already', pod: pod({}, { status: { phase: 'Succeeded' } }), observed: observed([seen('app')]), phase: 'Succeeded' },
  ])('$name: $phase', ({ phase, name: _, ...row }) => {
    expect(compute(row).phase).toBe(phase);
  });

  it('and its reason come from the verdict when the agent ended the Pod', () => {
    const verdict = { phase: 'Failed', reason: 'DeadlineExceeded', message: 'too long' } as const;
    expect(compute({ observed: observed([seen('app', done)]), terminal: true, verdict })).toMatchObject(verdict);
    expect(compute({ observed: observed([seen('app')]), verdict })).toMatchObject({ phase: 'Running' });
  });
});

describe('container statuses', () => {
  it('of a running one', () => {
    expect(compute({ observed: observed([seen('app')]) }).containerStatuses).toEqual([
      {
        name: 'app',
        image: 'app:1',
        imageID: 'docker.io/library/app@sha256:1',
        containerID: 'containerd://app-0',
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: '2025-12-31T23:58:31Z' } },
      },
    ]);
  });

  it('of one that ended, with how it ended before', () => {
    const [status] =
      compute({ observed: observed([seen('app', { ...failed, attempt: 1, message: 'why' }), seen('app', { ...done, attempt: 0 })]) }).containerStatuses ?? [];
    expect(status).toMatchObject({
      restartCount: 1,
      ready: false,
      state: { terminated: { exitCode: 1, reason: 'Error', message: 'why', containerID: 'containerd://app-1', finishedAt: '2025-12-31T23:59:59Z' } },
      lastState: { terminated: { exitCode: 0, reason: 'Completed' } },
    });
  });

  it('of one that is held back', () => {
    const waiting = new Map([['app', { reason: 'CrashLoopBackOff', message: 'back-off' }]]);
    expect(compute({ observed: observed([seen('app', failed)]), waiting }).containerStatuses).toMatchObject([
      { ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1 } } },
    ]);
  });

  it('carry on what the runtime has forgotten', () => {
    const before = compute({ observed: observed([seen('app', failed)]) });
    const after = compute({ pod: pod({}, { status: before }), observed: observed([seen('app', { attempt: 1 })]) });
    expect(after.containerStatuses).toMatchObject([{ restartCount: 1, state: { running: {} }, lastState: { terminated: { exitCode: 1 } } }]);
    const vanished = compute({ pod: pod({}, { status: after }), observed: observed([]) });
    expect(vanished.containerStatuses).toMatchObject([{ restartCount: 1, lastState: { terminated: { exitCode: 1 } } }]);
  });

  it('count a container that vanished as killed', () => {
    const before = compute({ observed: observed([seen('app')]) });
    expect(compute({ pod: pod({}, { status: before }), observed: observed([]) }).containerStatuses).toMatchObject([
      { restartCount: 1, lastState: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } } },
    ]);
  });

  it('never show anything running when the Pod is over', () => {
    expect(compute({ observed: observed([seen('app')]), terminal: true }).containerStatuses).toMatchObject([
      { ready: false, started: false, state: { terminated: { reason: 'ContainerStatusUnknown' } } },
    ]);
  });

  it('are in the order of names, init containers in the order of the spec', () => {
    const status = compute({ pod: pod({ containers: [container('b'), container('a')], initContainers: [container('y'), container('x')] }) });
    expect(status.containerStatuses?.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(status.initContainerStatuses?.map(({ name }) => name)).toEqual(['y', 'x']);
  });

  it('call an init container ready once it has succeeded', () => {
    const withInit = pod({ initContainers: inits });
    expect(compute({ pod: withInit, observed: observed([seen('init')]) }).initContainerStatuses).toMatchObject([{ ready: false }]);
    expect(compute({ pod: withInit, observed: observed([seen('init', done)]) }).initContainerStatuses).toMatchObject([{ ready: true }]);
    expect(compute({ pod: withInit, observed: observed([seen('app')]) }).initContainerStatuses).toMatchObject([
      { ready: true, state: { terminated: { reason: 'Completed' } } },
    ]);
  });
});

describe('conditions', () => {
  it.each<{ name: string; pod?: Pod; observed: ObservedPod; expected: Readonly<Record<string, string>> }>([
    {
      name: 'nothing was made',
      observed: NOTHING_OBSERVED,
      expected: { PodReadyToStartContainers: 'False', Initialized: 'True', ContainersReady: 'False ContainersNotReady', Ready: 'False ContainersNotReady' },
    },
    { name: 'there is a sandbox', observed: observed([]), expected: { PodReadyToStartContainers: 'True', Ready: 'False ContainersNotReady' } },
    {
      name: 'all run',
      observed: observed([seen('app')]),
      expected: { PodReadyToStartContainers: 'True', ContainersReady: 'True', Ready: 'True', PodScheduled: 'True' },
    },
    {
      name: 'an init container is to be run',
      pod: pod({ initContainers: inits }),
      observed: observed([]),
      expected: { Initialized: 'False ContainersNotInitialized' },
    },
    {
      name: 'all completed',
      pod: pod({ restartPolicy: 'Never' }),
      observed: observed([seen('app', done)], [sandbox({ ready: false })]),
      expected: { Ready: 'False PodCompleted', ContainersReady: 'False PodCompleted', Initialized: 'True PodCompleted' },
    },
    { name: 'one failed', pod: pod({ restartPolicy: 'Never' }), observed: observed([seen('app', failed)]), expected: { Ready: 'False PodFailed' } },
  ])('when $name', ({ expected, name: _, ...row }) => {
    const status = compute(row);
    for (const [type, value] of Object.entries(expected)) {
      const found = conditionOf(status, type);
      expect(`${found?.status ?? ''} ${found?.reason ?? ''}`.trim(), type).toBe(value);
    }
  });

  it('name the containers that are not ready', () => {
    const status = compute({ pod: pod({ containers: two }), observed: observed([seen('app')]) });
    expect(conditionOf(status, 'Ready')?.message).toBe('containers with unready status: [log]');
  });

  it('change their time with their status, and keep those of others', () => {
    const custom = { type: 'example.com/x', status: 'True', lastTransitionTime: '2020-01-01T00:00:00Z' };
    const before = compute({ pod: pod({}, { status: { conditions: [custom] } }), observed: observed([]) });
    const after = compute({ pod: pod({}, { status: before }), observed: observed([seen('app')]), nowMs: NOW_MS + 60_000 });
    expect(conditionOf(after, 'example.com/x')).toEqual(custom);
    expect(conditionOf(after, 'Initialized')?.lastTransitionTime).toBe('2026-01-01T00:00:00Z');
    expect(conditionOf(after, 'Ready')?.lastTransitionTime).toBe('2026-01-01T00:01:00Z');
    expect(conditionOf(after, 'Ready')?.observedGeneration).toBe(1);
  });
});

describe('the whole', () => {
  it('is the very same object when nothing has changed', () => {
    const input = { observed: observed([seen('app')]) };
    const before = compute(input);
    expect(compute({ ...input, pod: pod({}, { status: before }), nowMs: NOW_MS + 86_400_000 })).toBe(before);
  });

  it('shares what has not changed', () => {
    const before = compute({ observed: observed([]) });
    const after = compute({ pod: pod({}, { status: before }), observed: observed([seen('app')]) });
    expect(after).not.toBe(before);
    expect(after.podIPs).toBe(before.podIPs);
    expect(after.hostIPs).toBe(before.hostIPs);
  });

  it.each([
    { name: 'nothing asked for', resources: {}, qosClass: 'BestEffort' },
    { name: 'requests below limits', resources: { requests: { cpu: '1' }, limits: { cpu: '2', memory: '1Gi' } }, qosClass: 'Burstable' },
    { name: 'limits alone', resources: { limits: { cpu: '1', memory: '1Gi' } }, qosClass: 'Guaranteed' },
    {
      name: 'equal amounts written differently',
      resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } },
      qosClass: 'Guaranteed',
    },
  ])('has the QoS class $qosClass for $name', ({ resources, qosClass }) => {
    expect(compute({ pod: pod({ containers: [container('app', { resources })] }) }).qosClass).toBe(qosClass);
  });

  it('has addresses, start time and generation', () => {
    expect(compute({ observed: observed([]) })).toMatchObject({
      podIP: '10.0.0.5',
      hostIP: '192.168.0.1',
      hostIPs: [{ ip: '192.168.0.1' }],
      startTime: '2026-01-01T00:00:00Z',
      observedGeneration: 1,
    });
    expect(compute({ pod: pod({ hostNetwork: true }), observed: observed([], [sandbox({ hostNetwork: true, ips: [] })]) }).podIP).toBe('192.168.0.1');
  });

  it('keeps the address of a Pod that is over', () => {
    const before = compute({ observed: observed([seen('app')]) });
    expect(
      compute({ pod: pod({}, { status: before }), observed: observed([seen('app', done)], [sandbox({ ready: false, ips: [] })]), terminal: true }).podIP,
    ).toBe('10.0.0.5');
  });
});
