import { Pod } from '@kybern/core/kinds';
import type { SimulatedBehavior } from '@kybern/runtime-cri';
import { describe, expect, it } from 'vitest';
import { createLab, type Lab } from './lab.ts';

const condition = async (lab: Lab, name: string, type: string) => (await lab.status(name)).conditions?.find((each) => each.type === type);

describe('a Pod that starts', () => {
  it('becomes ready, with addresses, images and ids in its status, and says so in events', async () => {
    await using lab = await createLab();
    await lab.create('web');
    await lab.settle();
    const status = await lab.status('web');
    expect(status).toMatchObject({
      phase: 'Running',
      podIP: '10.244.1.2',
      podIPs: [{ ip: '10.244.1.2' }],
      containerStatuses: [{ name: 'app', ready: true, started: true, restartCount: 0, image: 'nginx:1.25', state: { running: {} } }],
    });
    expect(status.hostIP).toMatch(/^172\./);
    expect(status.containerStatuses?.[0]?.containerID).toMatch(/^simulated:\/\/[0-9a-f]{64}$/);
    expect(status.conditions?.map(({ type, status: value }) => `${type}=${value}`)).toEqual([
      'PodReadyToStartContainers=True',
      'Initialized=True',
      'Ready=True',
      'ContainersReady=True',
      'PodScheduled=True',
    ]);
    const events = await lab.events('web');
    expect(events.map((event) => event.split(':')[0])).toEqual(['Pulling', 'Pulled', 'Created', 'Started']);
    expect(lab.complaints).toEqual([]);
  });

  it('costs at most three status writes, and one when nothing follows', async () => {
    await using lab = await createLab();
    const versions: string[] = [];
    const subscription = lab.client
      .watch(Pod, { namespace: 'default' })
      .subscribe((event) => void (event.type === 'MODIFIED' && versions.push(event.object.status?.phase ?? '')));
    await lab.create('web');
    await lab.settle();
    await lab.clock.advance(3_600_000);
    subscription.unsubscribe();
    expect(versions).toEqual(['Pending', 'Running']);
  });

  it('shows ContainerCreating while it is made', async () => {
    await using lab = await createLab();
    await lab.create('web');
    await lab.clock.advance(1);
    expect(await lab.status('web')).toMatchObject({
      phase: 'Pending',
      containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } }, ready: false }],
    });
  });

  it('has its sandbox and address reported when an image takes long', async () => {
    await using lab = await createLab({ behaviors: [{ image: 'nginx', pull: { latencyMs: 60_000 } }] });
    await lab.create('web');
    await lab.clock.advance(5_000);
    expect(await lab.status('web')).toMatchObject({ phase: 'Pending', podIP: '10.244.1.2' });
    expect(await condition(lab, 'web', 'PodReadyToStartContainers')).toMatchObject({ status: 'True' });
  });

  it("has the node's address when it is on the host's network", async () => {
    await using lab = await createLab();
    await lab.create('web', { hostNetwork: true });
    await lab.settle();
    const { podIP, hostIP } = await lab.status('web');
    expect(podIP).toBe(hostIP);
  });

  it('starts init containers one after the other before the others', async () => {
    await using lab = await createLab({ behaviors: [{ container: 'init-*', exit: { code: 0, afterMs: 5_000 } }] });
    await lab.create('web', {
      initContainers: [
        { name: 'init-a', image: 'busybox' },
        { name: 'init-b', image: 'busybox' },
      ],
    });
    await lab.clock.advance(4_000);
    expect(lab.runtime.containers({}).map(({ name, state }) => `${name} ${state}`)).toEqual(['init-a CONTAINER_RUNNING']);
    expect(await condition(lab, 'web', 'Initialized')).toMatchObject({ status: 'False', message: 'containers with incomplete status: [init-a init-b]' });
    expect(await lab.status('web')).toMatchObject({ phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'PodInitializing' } } }] });
    await lab.settle();
    expect(await lab.status('web')).toMatchObject({
      phase: 'Running',
      initContainerStatuses: [
        { name: 'init-a', ready: true, state: { terminated: { exitCode: 0, reason: 'Completed' } } },
        { name: 'init-b', ready: true, state: { terminated: { exitCode: 0 } } },
      ],
    });
  });

  it('starts a sidecar before what follows it, and keeps it running', async () => {
    await using lab = await createLab({ behaviors: [{ container: 'setup', exit: { code: 0, afterMs: 1_000 } }] });
    await lab.create('web', {
      initContainers: [
        { name: 'proxy', image: 'envoy', restartPolicy: 'Always' },
        { name: 'setup', image: 'busybox' },
      ],
    });
    await lab.settle();
    expect(lab.runtime.containers().map(({ name, state }) => `${name} ${state}`)).toEqual([
      'proxy CONTAINER_RUNNING',
      'setup CONTAINER_EXITED',
      'app CONTAINER_RUNNING',
    ]);
    lab.runtime.crash({ container: 'proxy' });
    await lab.settle();
    expect(await lab.status('web')).toMatchObject({
      phase: 'Running',
      initContainerStatuses: [{ name: 'proxy', restartCount: 1, ready: true }, { name: 'setup' }],
    });
  });

  it('fails for good when an init container fails and may not be tried again', async () => {
    await using lab = await createLab({ behaviors: [{ container: 'init', exit: { code: 1 } }] });
    await lab.create('web', { restartPolicy: 'Never', initContainers: [{ name: 'init', image: 'busybox' }] });
    await lab.settle();
    expect(await lab.status('web')).toMatchObject({ phase: 'Failed', initContainerStatuses: [{ state: { terminated: { exitCode: 1 } } }] });
    expect(lab.runtime.containers({ container: 'app' })).toEqual([]);
  });

  it('is not ready before its readiness gates are', async () => {
    await using lab = await createLab();
    await lab.create('web', { readinessGates: [{ conditionType: 'example.com/lb' }] });
    await lab.settle();
    expect(await condition(lab, 'web', 'Ready')).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady' });
    expect(await condition(lab, 'web', 'ContainersReady')).toMatchObject({ status: 'True' });
    await lab.client.mutateStatus(Pod, 'default/web', (draft) => void draft.status.conditions?.push({ type: 'example.com/lb', status: 'True' }));
    await lab.settle();
    expect(await condition(lab, 'web', 'Ready')).toMatchObject({ status: 'True' });
    expect(await condition(lab, 'web', 'example.com/lb')).toMatchObject({ status: 'True' });
  });
});

describe('a Pod whose containers end', () => {
  it.each<{ name: string; restartPolicy: 'Always' | 'OnFailure' | 'Never'; code: number; phase: string; restartCount: number }>([
    { name: 'completes with Never', restartPolicy: 'Never', code: 0, phase: 'Succeeded', restartCount: 0 },
    { name: 'fails with Never', restartPolicy: 'Never', code: 3, phase: 'Failed', restartCount: 0 },
    { name: 'completes with OnFailure', restartPolicy: 'OnFailure', code: 0, phase: 'Succeeded', restartCount: 0 },
    { name: 'is restarted with OnFailure', restartPolicy: 'OnFailure', code: 3, phase: 'Running', restartCount: 1 },
    { name: 'is restarted with Always', restartPolicy: 'Always', code: 0, phase: 'Running', restartCount: 1 },
  ])('$name', async ({ restartPolicy, code, phase, restartCount }) => {
    await using lab = await createLab({ behaviors: [{ exit: { code, afterMs: 5_000, times: 1 } }] });
    await lab.create('job', { restartPolicy });
    await lab.settle();
    expect(await lab.status('job')).toMatchObject({ phase, containerStatuses: [{ restartCount }] });
    if (phase === 'Running') return;
    expect(await condition(lab, 'job', 'Ready')).toMatchObject({ status: 'False', reason: phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed' });
    expect(await lab.get('job')).toBeDefined();
  });

  it('backs off 10 s, 20 s, 40 s … and says CrashLoopBackOff', async () => {
    await using lab = await createLab({ behaviors: [{ exit: { code: 1 } }] });
    await lab.create('web');
    const startsAt: number[] = [];
    const subscription = lab.runtime.events$.subscribe(
      (event) => void (event.containerEventType === 'CONTAINER_STARTED_EVENT' && startsAt.push(lab.clock.monotonicMs())),
    );
    await lab.clock.advance(900_000);
    subscription.unsubscribe();
    const gaps = startsAt.slice(1).map((at, index) => Math.round((at - (startsAt[index] ?? 0)) / 10_000));
    expect(gaps).toEqual([0, 1, 2, 4, 8, 16, 30]);
    expect(await lab.status('web')).toMatchObject({
      phase: 'Running',
      containerStatuses: [
        {
          restartCount: 7,
          ready: false,
          state: {
            waiting: { reason: 'CrashLoopBackOff', message: expect.stringMatching(/^back-off 5m0s restarting failed container=app pod=web_default\(/) },
          },
          lastState: { terminated: { exitCode: 1, reason: 'Error' } },
        },
      ],
    });
    expect(await lab.events('web')).toContainEqual(expect.stringMatching(/^BackOff: Back-off restarting failed container app in pod web_default/));
    expect(lab.runtime.containers()).toHaveLength(2);
  });

  it('begins anew with the back-off after ten minutes of running', async () => {
    await using lab = await createLab();
    await lab.create('web');
    await lab.settle();
    lab.runtime.crash({});
    await lab.settle();
    lab.runtime.crash({});
    await lab.settle();
    await lab.clock.advance(700_000);
    lab.runtime.crash({});
    await lab.clock.advance(1_000);
    expect(await lab.status('web')).toMatchObject({ containerStatuses: [{ restartCount: 3, ready: true }] });
  });

  it('settles while it crashes for ever', async () => {
    await using lab = await createLab({ behaviors: [{ exit: { code: 1 } }] });
    await lab.create('web');
    await lab.settle();
    expect(await lab.status('web')).toMatchObject({ containerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } } }] });
  });

  it('says OOMKilled', async () => {
    await using lab = await createLab();
    await lab.create('web');
    await lab.settle();
    expect(lab.runtime.oomKill({ pod: 'web' })).toBe(1);
    await lab.settle();
    expect(await lab.status('web')).toMatchObject({
      containerStatuses: [{ restartCount: 1, lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }],
    });
  });

  it('obeys restart rules of a container', async () => {
    await using lab = await createLab({ behaviors: [{ exit: { code: 42, times: 1 } }] });
    const rule = { action: 'Restart', exitCodes: { operator: 'In', values: [42] } };
    await lab.create('job', { restartPolicy: 'Never', containers: [{ name: 'app', image: 'nginx', restartPolicy: 'Never', restartPolicyRules: [rule] }] });
    await lab.settle();
    expect(await lab.status('job')).toMatchObject({ phase: 'Running', containerStatuses: [{ restartCount: 1 }] });
  });

  it('ends at its deadline', async () => {
    await using lab = await createLab();
    await lab.create('job', { activeDeadlineSeconds: 60, restartPolicy: 'Never' });
    await lab.clock.advance(50_000);
    expect(await lab.status('job')).toMatchObject({ phase: 'Running' });
    await lab.clock.advance(20_000);
    expect(await lab.status('job')).toMatchObject({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    });
    expect(lab.runtime.containers().every(({ state }) => state === 'CONTAINER_EXITED')).toBe(true);
  });

  it('sidecars do not keep it from completing', async () => {
    await using lab = await createLab({ behaviors: [{ container: 'app', exit: { code: 0, afterMs: 1_000 } }] });
    await lab.create('job', { restartPolicy: 'Never', initContainers: [{ name: 'proxy', image: 'envoy', restartPolicy: 'Always' }] });
    await lab.settle();
    expect(await lab.status('job')).toMatchObject({ phase: 'Succeeded' });
    expect(lab.runtime.containers().every(({ state }) => state === 'CONTAINER_EXITED')).toBe(true);
  });
});

describe('a Pod that cannot start', () => {
  it('says ErrImagePull, then ImagePullBackOff, and starts when the image is there', async () => {
    await using lab = await createLab();
    const let_ = lab.runtime.failPulls('nginx', { error: 'not-found' });
    await lab.create('web');
    await lab.clock.advance(900);
    expect(await lab.status('web')).toMatchObject({
      phase: 'Pending',
      containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull', message: expect.stringContaining('code = NotFound') } } }],
    });
    await lab.clock.advance(2_000);
    expect(await lab.status('web')).toMatchObject({ containerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff' } } }] });
    const events = await lab.events('web');
    for (const event of [
      'Pulling: ',
      'Failed: Failed to pull image "nginx:1.25": rpc error: code = NotFound',
      'Failed: Error: ErrImagePull',
      'BackOff: Back-off pulling image "nginx:1.25"',
      'Failed: Error: ImagePullBackOff',
    ]) {
      expect(events).toContainEqual(expect.stringContaining(event));
    }
    let_();
    await lab.settle();
    expect(await lab.status('web')).toMatchObject({ phase: 'Running' });
  });

  it.each([
    { name: 'Never', imagePullPolicy: 'Never', image: 'nginx:1.25', reason: 'ErrImageNeverPull' },
    { name: 'an invalid name', imagePullPolicy: 'IfNotPresent', image: 'Not A Name', reason: 'InvalidImageName' },
  ] as const)('$name: $reason', async ({ imagePullPolicy, image, reason }) => {
    await using lab = await createLab();
    await lab.create('web', { containers: [{ name: 'app', image, imagePullPolicy }] });
    await lab.clock.advance(3_000);
    expect(await lab.status('web')).toMatchObject({ phase: 'Pending', containerStatuses: [{ state: { waiting: { reason } } }] });
  });

  it('says what the runtime says of its command, then backs off', async () => {
    await using lab = await createLab({ behaviors: [{ start: { error: 'exec: "nope": executable file not found in $PATH' } }] });
    await lab.create('web');
    await lab.clock.advance(1_500);
    expect(await lab.events('web')).toContainEqual(expect.stringContaining('Failed: Error: rpc error: code = Unknown desc = exec: "nope"'));
    await lab.clock.advance(5_000);
    expect(await lab.status('web')).toMatchObject({
      containerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 128, reason: 'StartError' } } }],
    });
  });

  it('does not wait for ever for a runtime that hangs', async () => {
    await using lab = await createLab();
    const heal = lab.runtime.behaviors.add({ start: { hang: true } });
    await lab.create('web');
    await lab.clock.advance(120_500);
    heal();
    await lab.clock.advance(2_000);
    expect(await lab.events('web')).toContainEqual(expect.stringContaining('Failed: Error: rpc error: code = DeadlineExceeded'));
    expect(await lab.status('web')).toMatchObject({ phase: 'Running', containerStatuses: [{ ready: true }] });
    expect(lab.runtime.containers()).toHaveLength(1);
  });

  it('tries again to make a sandbox', async () => {
    await using lab = await createLab({ behaviors: [{ sandbox: { error: 'plugin type="bridge" failed', times: 2 } }] });
    await lab.create('web');
    await lab.clock.advance(1_000);
    expect(await lab.events('web')).toContainEqual(
      expect.stringContaining('FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown desc = plugin'),
    );
    await lab.settle();
    expect(await lab.status('web')).toMatchObject({ phase: 'Running' });
  });

  it.each([
    { name: 'too much cpu', spec: { containers: [{ name: 'app', image: 'nginx', resources: { requests: { cpu: '9' } } }] }, reason: 'OutOfcpu' },
    {
      name: 'a device that the node has not',
      spec: { containers: [{ name: 'app', image: 'nginx', resources: { limits: { 'nvidia.com/gpu': '1' } } }] },
      reason: 'OutOfnvidia.com/gpu',
    },
  ])('is rejected for $name: $reason', async ({ spec, reason }) => {
    await using lab = await createLab();
    await lab.create('web', spec);
    await lab.settle();
    expect(await lab.status('web')).toMatchObject({ phase: 'Failed', reason, message: expect.stringContaining('Pod was rejected: Node didn') });
    expect(lab.runtime.containers()).toEqual([]);
  });

  it('leaves room for the next when it is over', async () => {
    await using lab = await createLab({ kubelet: { capacity: { pods: '1' } }, behaviors: [{ pod: 'first', exit: { code: 0, afterMs: 1_000 } }] });
    await lab.create('first', { restartPolicy: 'Never' });
    await lab.clock.advance(1);
    await lab.create('second', { restartPolicy: 'Never' });
    await lab.settle();
    expect(await lab.status('second')).toMatchObject({ phase: 'Failed', reason: 'OutOfpods' });
    await lab.create('third');
    await lab.settle();
    expect(await lab.status('third')).toMatchObject({ phase: 'Running' });
  });
});

describe('a Pod that is deleted', () => {
  it('is stopped, gets its last status, and leaves nothing behind', async () => {
    await using lab = await createLab();
    await lab.create('web');
    await lab.settle();
    const phases: string[] = [];
    const subscription = lab.client
      .watch(Pod, { namespace: 'default' })
      .subscribe((event) => void (event.type !== 'BOOKMARK' && phases.push(`${event.type} ${event.object.status?.phase ?? ''}`)));
    await lab.clock.settleNow();
    await lab.client.delete(Pod, 'default/web');
    await lab.settle();
    subscription.unsubscribe();
    expect(phases).toEqual(['ADDED Running', 'MODIFIED Running', 'MODIFIED Failed', 'DELETED Failed']);
    expect(lab.runtime.containers()).toEqual([]);
    expect((await lab.runtime.listPodSandbox({})).items).toEqual([]);
    expect(await lab.events('web')).toContain('Killing: Stopping container app');
  });

  it.each([
    { name: 'its own grace period', behavior: { stop: { ignoreSigterm: true } }, grace: undefined, seconds: 30 },
    { name: 'that of the deletion', behavior: { stop: { ignoreSigterm: true } }, grace: 5, seconds: 5 },
    { name: 'none, when it ends by itself', behavior: { stop: { exitCode: 0, latencyMs: 1_000 } }, grace: undefined, seconds: 1 },
  ] satisfies { name: string; behavior: SimulatedBehavior; grace: number | undefined; seconds: number }[])(
    'is gone after $name',
    async ({ behavior, grace, seconds }) => {
      await using lab = await createLab({ behaviors: [behavior] });
      await lab.create('web');
      await lab.settle();
      await lab.client.delete(Pod, 'default/web', grace === undefined ? {} : { gracePeriodSeconds: grace });
      await lab.clock.advance(seconds * 1000 - 10);
      expect((await lab.client.list(Pod)).items).toHaveLength(1);
      await lab.clock.advance(20);
      expect((await lab.client.list(Pod)).items).toHaveLength(0);
    },
  );

  it('goes sooner when it is deleted again with less grace', async () => {
    await using lab = await createLab({ behaviors: [{ stop: { ignoreSigterm: true } }] });
    await lab.create('web', { terminationGracePeriodSeconds: 600 });
    await lab.settle();
    await lab.client.delete(Pod, 'default/web');
    await lab.clock.advance(10_000);
    await lab.client.delete(Pod, 'default/web', { gracePeriodSeconds: 5 });
    await lab.clock.advance(6_000);
    expect((await lab.client.list(Pod)).items).toHaveLength(0);
  });

  it('is stopped when it is deleted by force', async () => {
    await using lab = await createLab();
    await lab.create('web');
    await lab.settle();
    await lab.client.delete(Pod, 'default/web', { gracePeriodSeconds: 0 });
    expect((await lab.client.list(Pod)).items).toHaveLength(0);
    await lab.settle();
    expect(lab.runtime.containers()).toEqual([]);
  });

  it('does not start any more while its image is pulled', async () => {
    await using lab = await createLab({ behaviors: [{ pull: { latencyMs: 60_000 } }] });
    await lab.create('web');
    await lab.clock.advance(5_000);
    await lab.client.delete(Pod, 'default/web');
    await lab.clock.advance(1_000);
    expect((await lab.client.list(Pod)).items).toHaveLength(0);
    await lab.settle();
    expect(lab.runtime.containers()).toEqual([]);
  });

  it('runs preStop before SIGTERM, within the grace period', async () => {
    await using lab = await createLab({ behaviors: [{ exec: [{ command: 'drain', latencyMs: 4_000 }], stop: { exitCode: 0, latencyMs: 1_000 } }] });
    await lab.create('web', { containers: [{ name: 'app', image: 'nginx', lifecycle: { preStop: { exec: { command: ['drain'] } } } }] });
    await lab.settle();
    await lab.client.delete(Pod, 'default/web');
    await lab.clock.advance(3_900);
    expect(lab.runtime.containers()).toMatchObject([{ state: 'CONTAINER_RUNNING' }]);
    await lab.clock.advance(1_200);
    expect((await lab.client.list(Pod)).items).toHaveLength(0);
  });

  it('a preStop hook that never ends costs the grace period and two seconds', async () => {
    await using lab = await createLab({ behaviors: [{ exec: [{ latencyMs: 3_600_000 }], stop: { ignoreSigterm: true } }] });
    await lab.create('web', {
      terminationGracePeriodSeconds: 10,
      containers: [{ name: 'app', image: 'nginx', lifecycle: { preStop: { exec: { command: ['x'] } } } }],
    });
    await lab.settle();
    await lab.client.delete(Pod, 'default/web');
    await lab.clock.advance(11_900);
    expect((await lab.client.list(Pod)).items).toHaveLength(1);
    await lab.clock.advance(200);
    expect((await lab.client.list(Pod)).items).toHaveLength(0);
  });

  it('ends its sidecars last, in reverse', async () => {
    await using lab = await createLab({ behaviors: [{ stop: { latencyMs: 1_000, exitCode: 0 } }] });
    await lab.create('web', { initContainers: ['one', 'two'].map((name) => ({ name, image: 'envoy', restartPolicy: 'Always' })) });
    await lab.settle();
    const ended: string[] = [];
    const subscription = lab.runtime.events$.subscribe((event) => {
      if (event.containerEventType !== 'CONTAINER_STOPPED_EVENT') return;
      ended.push(event.containersStatuses.find(({ id }) => id === event.containerId)?.metadata.name ?? '');
    });
    await lab.client.delete(Pod, 'default/web');
    await lab.settle();
    subscription.unsubscribe();
    expect(ended).toEqual(['app', 'two', 'one']);
    expect((await lab.client.list(Pod)).items).toHaveLength(0);
  });

  it('waits for its finalizers, without running', async () => {
    await using lab = await createLab();
    await lab.create('web');
    await lab.settle();
    await lab.client.mutate(Pod, 'default/web', (draft) => void (draft.metadata.finalizers = ['example.com/hold']));
    await lab.client.delete(Pod, 'default/web');
    await lab.settle();
    expect(await lab.get('web')).toMatchObject({ status: { phase: 'Failed' } });
    expect(lab.runtime.containers({}).filter(({ state }) => state === 'CONTAINER_RUNNING')).toEqual([]);
    await lab.client.mutate(Pod, 'default/web', (draft) => void delete draft.metadata.finalizers);
    await lab.settle();
    expect((await lab.client.list(Pod)).items).toEqual([]);
    expect((await lab.runtime.listPodSandbox({})).items).toEqual([]);
  });
});

describe('a container whose definition changes', () => {
  it('is replaced when its image changes', async () => {
    await using lab = await createLab();
    await lab.create('web');
    await lab.settle();
    await lab.client.mutate(Pod, 'default/web', (draft) => void (draft.spec.containers[0]!.image = 'nginx:1.27'));
    await lab.settle();
    expect(await lab.status('web')).toMatchObject({ containerStatuses: [{ image: 'nginx:1.27', restartCount: 1, ready: true }] });
    expect(await lab.events('web')).toContain('Killing: Container app definition changed, will be restarted');
  });
});

describe('hooks', () => {
  it('a postStart hook that fails kills the container', async () => {
    await using lab = await createLab({ behaviors: [{ exec: [{ command: 'warm-up', exitCode: 1 }] }] });
    await lab.create('web', { containers: [{ name: 'app', image: 'nginx', lifecycle: { postStart: { exec: { command: ['warm-up'] } } } }] });
    await lab.clock.advance(3_000);
    expect(await lab.events('web')).toContain('FailedPostStartHook: PostStartHook failed');
    expect(lab.runtime.containers()[0]).toMatchObject({ state: 'CONTAINER_EXITED' });
  });

  it('HTTP hooks and sleeps are run', async () => {
    await using lab = await createLab();
    const lifecycle = { postStart: { httpGet: { port: 'http', path: '/hello' } }, preStop: { sleep: { seconds: 5 } } };
    await lab.create('web', { containers: [{ name: 'app', image: 'nginx', ports: [{ name: 'http', containerPort: 80 }], lifecycle }] });
    await lab.settle();
    expect(await lab.status('web')).toMatchObject({ phase: 'Running', containerStatuses: [{ ready: true }] });
    const before = lab.clock.monotonicMs();
    await lab.client.delete(Pod, 'default/web');
    await lab.settle();
    expect(lab.clock.monotonicMs() - before).toBeGreaterThanOrEqual(5_000);
  });
});
