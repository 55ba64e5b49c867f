import { Pod, type Container } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { createLab, type Lab } from './lab.ts';

const probed = (over: Partial<Container>): Container => ({ name: 'app', image: 'nginx', ports: [{ name: 'http', containerPort: 8080 }], ...over });
const isReady = async (lab: Lab): Promise<boolean | undefined> => (await lab.status('web')).containerStatuses?.[0]?.ready;

describe('readiness', () => {
  it.each([
    { name: 'HTTP by port name', probe: { httpGet: { port: 'http', path: '/ready' } } },
    { name: 'TCP', probe: { tcpSocket: { port: 8080 } } },
    { name: 'gRPC', probe: { grpc: { port: 8080 } } },
    { name: 'a command', probe: { exec: { command: ['check'] } } },
  ])('by $name: not before it succeeds, and not after it fails three times', async ({ probe }) => {
    await using lab = await createLab({
      behaviors: [{ probes: [{ result: 'failure', untilMs: 15_000 }], exec: [{ command: 'check', exitCode: 1, untilMs: 15_000, stdout: 'not yet' }] }],
    });
    await lab.create('web', { containers: [probed({ readinessProbe: { ...probe, periodSeconds: 5 } })] });
    await lab.clock.advance(10_000);
    expect(await lab.status('web')).toMatchObject({ phase: 'Running', containerStatuses: [{ ready: false, started: true }] });
    expect(await lab.events('web')).toContainEqual(expect.stringMatching(/^Unhealthy: Readiness probe failed: /));
    await lab.settle();
    expect(await isReady(lab)).toBe(true);
    lab.runtime.behaviors.add({ probes: [{ result: 'failure' }], exec: [{ command: 'check', exitCode: 1 }] });
    await lab.clock.advance(9_000);
    expect(await isReady(lab)).toBe(true);
    await lab.clock.advance(10_000);
    expect(await isReady(lab)).toBe(false);
    expect(lab.runtime.containers()).toMatchObject([{ state: 'CONTAINER_RUNNING', attempt: 0 }]);
  });

  it('a cluster that settles waits for the first verdict', async () => {
    await using lab = await createLab();
    await lab.create('web', { containers: [probed({ readinessProbe: { tcpSocket: { port: 80 }, initialDelaySeconds: 60, successThreshold: 2 } })] });
    await lab.settle();
    expect(await isReady(lab)).toBe(true);
    expect(lab.clock.monotonicMs()).toBeGreaterThan(70_000);
  });

  it('a cluster that settles does not wait for ever', async () => {
    await using lab = await createLab({ behaviors: [{ probes: [{ result: 'failure' }] }] });
    await lab.create('web', { containers: [probed({ readinessProbe: { tcpSocket: { port: 80 } } })] });
    await lab.settle();
    expect(await isReady(lab)).toBe(false);
  });

  it('a probe that cannot be made is no verdict', async () => {
    await using lab = await createLab();
    await lab.create('web', { containers: [probed({ readinessProbe: { httpGet: { port: 'nope' } } })] });
    await lab.clock.advance(60_000);
    expect(await isReady(lab)).toBe(false);
    expect(lab.complaints).toContainEqual(expect.stringContaining('probe errored Error: invalid port: "nope"'));
  });
});

describe('liveness', () => {
  it('three failures replace the container', async () => {
    await using lab = await createLab();
    await lab.create('web', { containers: [probed({ livenessProbe: { httpGet: { port: 8080, path: '/live' } } })] });
    await lab.settle();
    const heal = lab.runtime.behaviors.add({ probes: [{ path: '/live', result: 'failure' }] });
    await lab.clock.advance(25_000);
    expect(lab.runtime.containers()).toMatchObject([{ attempt: 0, state: 'CONTAINER_RUNNING' }]);
    await lab.clock.advance(10_000);
    heal();
    await lab.settle();
    expect(await lab.status('web')).toMatchObject({ containerStatuses: [{ restartCount: 1, ready: true, lastState: { terminated: { exitCode: 143 } } }] });
    const events = await lab.events('web');
    expect(events).toContain('Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 503');
    expect(events).toContain('Killing: Container app failed liveness probe, will be restarted');
  });

  it('restarts no container of a Pod that is being deleted', async () => {
    await using lab = await createLab({ behaviors: [{ stop: { ignoreSigterm: true } }] });
    await lab.create('web', {
      terminationGracePeriodSeconds: 300,
      containers: [probed({ livenessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 1 } })],
    });
    await lab.settle();
    await lab.client.delete(Pod, 'default/web');
    lab.runtime.behaviors.add({ probes: [{ result: 'failure' }] });
    await lab.clock.advance(60_000);
    expect(lab.runtime.containers()).toMatchObject([{ attempt: 0, state: 'CONTAINER_RUNNING' }]);
  });

  it('a probe has a grace period of its own', async () => {
    await using lab = await createLab({ behaviors: [{ stop: { ignoreSigterm: true }, probes: [{ result: 'failure' }] }] });
    const livenessProbe = { tcpSocket: { port: 80 }, failureThreshold: 1, terminationGracePeriodSeconds: 5 };
    await lab.create('web', { terminationGracePeriodSeconds: 600, containers: [probed({ livenessProbe })] });
    await lab.clock.advance(8_000);
    expect((await lab.status('web')).containerStatuses?.[0]?.restartCount).toBeGreaterThanOrEqual(1);
  });
});

describe('startup', () => {
  it('holds back the other probes until it succeeds', async () => {
    await using lab = await createLab({
      behaviors: [
        {
          probes: [
            { path: '/start', result: 'failure', untilMs: 45_000 },
            { path: '/live', result: 'failure', untilMs: 45_000 },
          ],
        },
      ],
    });
    await lab.create('web', {
      containers: [
        probed({
          startupProbe: { httpGet: { port: 8080, path: '/start' }, failureThreshold: 30 },
          livenessProbe: { httpGet: { port: 8080, path: '/live' }, failureThreshold: 1 },
        }),
      ],
    });
    await lab.clock.advance(40_000);
    expect(await lab.status('web')).toMatchObject({ phase: 'Running', containerStatuses: [{ ready: false, started: false, restartCount: 0 }] });
    await lab.settle();
    expect(await lab.status('web')).toMatchObject({ containerStatuses: [{ ready: true, started: true, restartCount: 0 }] });
  });

  it('kills the container when it does not succeed in time', async () => {
    await using lab = await createLab({ behaviors: [{ probes: [{ result: 'failure' }] }] });
    await lab.create('web', { containers: [probed({ startupProbe: { tcpSocket: { port: 80 }, failureThreshold: 2, periodSeconds: 1 } })] });
    await lab.clock.advance(10_000);
    expect(await lab.events('web')).toContain('Killing: Container app failed startup probe, will be restarted');
  });

  it('of a sidecar holds back what follows it', async () => {
    await using lab = await createLab({ behaviors: [{ container: 'proxy', probes: [{ result: 'failure', untilMs: 20_000 }] }] });
    const proxy = { name: 'proxy', image: 'envoy', restartPolicy: 'Always', startupProbe: { tcpSocket: { port: 1 }, periodSeconds: 5, failureThreshold: 10 } };
    await lab.create('web', { initContainers: [proxy] });
    await lab.clock.advance(15_000);
    expect(lab.runtime.containers().map(({ name }) => name)).toEqual(['proxy']);
    expect(await lab.status('web')).toMatchObject({ phase: 'Pending' });
    await lab.settle();
    expect(await lab.status('web')).toMatchObject({ phase: 'Running', containerStatuses: [{ ready: true }] });
  });
});
