import { PersistentVolumeClaim, Pod } from '@kybern/core/kinds';
import { simulatedProvisioner, standardClass } from '@kybern/storage';
import { describe, expect, it } from 'vitest';
import { createControlPlane, type ControlPlane } from '../../test/control-plane.ts';
import { claimTable, createClaim } from '../../test/volumes.ts';
import { builtinControllers } from '../builtin-controllers.ts';

const createPod = ({ client }: ControlPlane): Promise<Pod> =>
  client.create(Pod, {
    metadata: { name: 'p', namespace: 'default' },
    spec: {
      containers: [{ name: 'm', image: 'i' }],
      volumes: [
        { name: 'plain', emptyDir: {} },
        {
          name: 'scratch',
          ephemeral: {
            volumeClaimTemplate: {
              metadata: { labels: { of: 'p' } },
              spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
            },
          },
        },
      ],
    },
  });

describe('generic ephemeral volumes', () => {
  const provisioner = simulatedProvisioner();
  const start = (): Promise<ControlPlane> =>
    createControlPlane(builtinControllers({ volumes: [{ provisioner, standardClass: standardClass(provisioner.name) }] }));

  it('have claims that belong to their Pods, and go with them', async () => {
    await using plane = await start();
    const pod = await createPod(plane);
    await plane.settle();
    const claim = await plane.client.get(PersistentVolumeClaim, 'default/p-scratch');
    expect(claim.status?.phase).toBe('Bound');
    expect(claim.metadata.labels).toEqual({ of: 'p' });
    expect(claim.metadata.ownerReferences).toMatchObject([{ kind: 'Pod', name: 'p', uid: pod.metadata.uid, controller: true }]);
    await plane.client.delete(Pod, pod, { gracePeriodSeconds: 0 });
    await plane.settle();
    expect(await claimTable(plane.client)).toEqual([]);
    expect(plane.errors).toEqual([]);
  });

  it('do not take the claim of somebody else, and get their own when that is gone', async () => {
    await using plane = await start();
    const { uid } = (await createClaim(plane.client, 'p-scratch')).metadata;
    await createPod(plane);
    await plane.settle();
    expect((await plane.client.get(PersistentVolumeClaim, 'default/p-scratch')).metadata.uid).toBe(uid);
    expect(plane.errors[0]?.error.message).toBe('PVC "default/p-scratch" was not created for pod "default/p" (pod is not owner)');
    await plane.client.delete(PersistentVolumeClaim, 'default/p-scratch');
    await plane.advance(1_000_000);
    expect((await plane.client.get(PersistentVolumeClaim, 'default/p-scratch')).metadata.ownerReferences?.[0]?.name).toBe('p');
  });
});
