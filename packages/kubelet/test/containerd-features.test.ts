import { Pod } from '@kybern/core/kinds';
import { describeContainerd } from '@kybern/runtime-cri/grpc/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { BUSYBOX, ContainerdLab, FOREVER, isReady, statusOf, WAIT } from './containerd-lab.ts';

describeContainerd('what a Pod on containerd may ask for', () => {
  const lab = new ContainerdLab();
  beforeAll(() => lab.open(), 60_000);
  afterAll(() => lab.close(), 120_000);
  beforeEach(() => lab.begin());
  afterEach(() => lab.end(), 60_000);

  it('is sysctls, names of other hosts, and a path inside a volume that its environment names', async () => {
    await lab.create(
      'asking',
      {
        env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        volumeMounts: [
          { name: 'data', mountPath: '/own', subPathExpr: 'of-$(POD)' },
          { name: 'data', mountPath: '/all' },
        ],
      },
      {
        securityContext: { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '81' }] },
        hostAliases: [{ ip: '192.0.2.7', hostnames: ['old', 'old.example'] }],
        volumes: [{ name: 'data', emptyDir: {} }],
      },
    );
    const pod = await lab.untilReady('asking');
    expect((await lab.sh(pod, 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start')).trim()).toBe('81');
    expect(await lab.sh(pod, 'cat /etc/hosts')).toContain('192.0.2.7\told\told.example\n');
    expect((await lab.sh(pod, 'echo mine >/own/file; cat /all/of-asking/file')).trim()).toBe('mine');
  });

  it('is a filter of system calls: none, the default one', async () => {
    await lab.create('confined', { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } });
    await lab.create('unconfined', {});
    const mode = async (name: string): Promise<string> => (await lab.sh(await lab.untilReady(name), 'grep ^Seccomp: /proc/self/status')).trim();
    expect(await mode('confined')).toBe('Seccomp:\t2');
    expect(await mode('unconfined')).toBe('Seccomp:\t0');
  });

  it('is a container beside those that run, for a look at them', async () => {
    await lab.create('watched', {});
    const pod = await lab.untilReady('watched');
    const look = { name: 'look', image: BUSYBOX, command: ['sh', '-c', 'hostname; exit 3'], targetContainerName: 'app' };
    await lab.api.client.update(Pod, { ...pod, spec: { ...pod.spec, ephemeralContainers: [look] } }, { subresource: 'ephemeralcontainers' });
    const after = await lab.until('watched', ({ status }) => status?.ephemeralContainerStatuses?.[0]?.state?.terminated !== undefined);
    expect(after.status?.ephemeralContainerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect((await lab.log(after, 'look')).trim()).toBe('watched');
    expect(statusOf(after)).toMatchObject({ restartCount: 0, ready: true });
    expect(isReady(after)).toBe(true);
  });

  it('is a container that is started again for some exit codes alone', async () => {
    const command = ['sh', '-c', 'if [ -e /data/once ]; then exit 9; fi; touch /data/once; exit 42'];
    const restartPolicyRules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }];
    await lab.create(
      'ruled',
      { command, restartPolicy: 'Never', restartPolicyRules, volumeMounts: [{ name: 'data', mountPath: '/data' }] },
      { restartPolicy: 'Never', volumes: [{ name: 'data', emptyDir: {} }] },
    );
    const pod = await lab.until('ruled', ({ status }) => status?.phase === 'Failed');
    expect(statusOf(pod)).toMatchObject({ restartCount: 1, state: { terminated: { exitCode: 9 } } });
  });

  it('is not an image as a volume, where the runtime has none: the Pod says so, or has it', async () => {
    const mounts = { command: ['sh', '-c', `test -x /image/bin/busybox && ${FOREVER}`], volumeMounts: [{ name: 'image', mountPath: '/image' }] };
    await lab.create('imaged', mounts, { volumes: [{ name: 'image', image: { reference: BUSYBOX } }] });
    await vi.waitFor(async () => {
      const pod = await lab.api.client.get(Pod, 'imaged');
      const { state, lastState } = statusOf(pod) ?? {};
      const failed =
        ['CreateContainerError', 'RunContainerError', 'CrashLoopBackOff'].includes(state?.waiting?.reason ?? '') || lastState?.terminated !== undefined;
      expect(isReady(pod) || failed, JSON.stringify(pod.status)).toBe(true);
    }, WAIT);
  });
});
