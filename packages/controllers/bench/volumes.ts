import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiServer } from '@kybern/apiserver';
import {
  claimProtectionController,
  persistentVolumeClaimBinder,
  persistentVolumeController,
  provisioningController,
  volumeDeletionController,
  volumeProtectionController,
} from '@kybern/controllers';
import { systemClock, type Client, type Kind, type KubernetesObject } from '@kybern/core';
import { PersistentVolume, PersistentVolumeClaim } from '@kybern/core/kinds';
import { createManager, type ControllerDefinition } from '@kybern/reconcile';
import { standardClass, VolumeIndex, type Provisioner } from '@kybern/storage';
import { localPathProvisioner } from '@kybern/storage/local-path';
import type { Benchmark, Measured } from '../../../scripts/benchmark.ts';

interface Cluster {
  readonly client: Client;
  /** Resolves when so many objects of a kind are in a phase. */
  reached(kind: Kind, phase: string, count: number): Promise<void>;
}

const binding = (): readonly ControllerDefinition[] => [
  persistentVolumeClaimBinder() as unknown as ControllerDefinition,
  persistentVolumeController() as unknown as ControllerDefinition,
  claimProtectionController() as unknown as ControllerDefinition,
  volumeProtectionController() as unknown as ControllerDefinition,
];

async function withCluster<T>(controllers: readonly ControllerDefinition[], run: (cluster: Cluster) => Promise<T>): Promise<T> {
  const clock = systemClock();
  await using api = await createApiServer({ clock });
  const stop = new AbortController();
  const failures: Error[] = [];
  const manager = createManager({ client: api.client, controllers, clock, onError: (error) => failures.push(error) });
  const running = manager.run(stop.signal).catch(() => undefined);
  await manager.synced;
  const { client } = api;
  const result = await run({ client, reached: (kind, phase, count) => reached(client, { kind, phase, count }) });
  stop.abort(new Error('done'));
  await running;
  if (failures[0] !== undefined) throw failures[0];
  return result;
}

function reached(client: Client, { kind, phase, count }: { readonly kind: Kind; readonly phase: string; readonly count: number }): Promise<void> {
  const names = new Set<string>();
  return new Promise((resolve, reject) => {
    const subscription = client.watch(kind).subscribe({
      next(event) {
        const object = event.object as KubernetesObject & { readonly status?: { readonly phase?: string } };
        if (object.status?.phase === phase) names.add(object.metadata.name ?? '');
        if (names.size < count) return;
        resolve();
        queueMicrotask(() => subscription.unsubscribe());
      },
      error: reject,
    });
  });
}

const sizeOf = (i: number): string => `${String(1 + (i % 50))}Gi`;
const volumeSpec = (i: number): PersistentVolume['spec'] => ({
  capacity: { storage: sizeOf(i) },
  accessModes: ['ReadWriteOnce'],
  storageClassName: 'slow',
  hostPath: { path: `/data/${String(i)}` },
});
const claimSpec = (i: number): PersistentVolumeClaim['spec'] => ({
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: sizeOf(i) } },
  storageClassName: 'slow',
});
const createClaims = (client: Client, count: number, spec: (i: number) => PersistentVolumeClaim['spec']): Promise<unknown> =>
  Promise.all(
    Array.from({ length: count }, (_, i) =>
      client.create(PersistentVolumeClaim, { metadata: { name: `c-${String(i)}`, namespace: 'default' }, spec: spec(i) }),
    ),
  );
const createVolumes = (client: Client, count: number, spec: (i: number) => PersistentVolume['spec']): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, (_, i) => client.create(PersistentVolume, { metadata: { name: `v-${String(i)}` }, spec: spec(i) })));

/** Seconds until so many claims have their volumes, which were there before. */
async function bindSeconds(count: number): Promise<number> {
  return await withCluster(binding(), async ({ client, reached: until }) => {
    const available = until(PersistentVolume, 'Available', count);
    await createVolumes(client, count, volumeSpec);
    await available;
    const began = performance.now();
    const done = [until(PersistentVolumeClaim, 'Bound', count), until(PersistentVolume, 'Bound', count)];
    await createClaims(client, count, claimSpec);
    await Promise.all(done);
    const seconds = (performance.now() - began) / 1000;
    await expectPairs(client, count);
    return seconds;
  });
}

/** The other way about: so many claims wait when the volumes come, all of one size, for the first to come would be taken by whoever waits. */
async function waitingSeconds(count: number): Promise<number> {
  return await withCluster(binding(), async ({ client, reached: until }) => {
    const pending = until(PersistentVolumeClaim, 'Pending', count);
    await createClaims(client, count, () => claimSpec(0));
    await pending;
    const began = performance.now();
    const done = [until(PersistentVolumeClaim, 'Bound', count), until(PersistentVolume, 'Bound', count)];
    await createVolumes(client, count, () => volumeSpec(0));
    await Promise.all(done);
    const seconds = (performance.now() - began) / 1000;
    await expectPairs(client, count);
    return seconds;
  });
}

async function expectPairs(client: Client, count: number): Promise<void> {
  const names = (await client.list(PersistentVolumeClaim)).items.map(({ spec }) => spec.volumeName);
  if (new Set(names).size !== count || names.includes(undefined)) throw new Error('claims share volumes, or have none');
}

async function curve(seconds: (count: number) => Promise<number>): Promise<Measured> {
  await seconds(500);
  const more: Record<string, number> = {};
  for (const count of [1000, 2500, 5000, 10_000]) more[String(count)] = await seconds(count);
  return { value: more['10000'] as number, more };
}

async function provisionSeconds(count: number): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'kybern-bench-volumes-'));
  try {
    const provisioner: Provisioner = localPathProvisioner({ directory });
    const controllers = [
      ...binding(),
      provisioningController(provisioner, standardClass(provisioner.name)) as unknown as ControllerDefinition,
      volumeDeletionController(provisioner) as unknown as ControllerDefinition,
    ];
    return await withCluster(controllers, async ({ client, reached: until }) => {
      const began = performance.now();
      const done = until(PersistentVolumeClaim, 'Bound', count);
      await createClaims(client, count, () => ({ accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Ki' } } }));
      await done;
      return (performance.now() - began) / 1000;
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Claims that find their volumes in an index of as many, per second; nothing is written. */
function finds(count: number): number {
  const index = new VolumeIndex();
  for (let i = 0; i < count; i++)
    index.set({ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: `v-${String(i)}` }, spec: volumeSpec(i), status: { phase: 'Available' } });
  const began = performance.now();
  for (let i = 0; i < count; i++) {
    const found = index.find({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: `c-${String(i)}`, namespace: 'default' },
      spec: claimSpec(i),
    });
    if (found === undefined) throw new Error('no volume is left');
    index.delete(found.metadata.name);
  }
  return (count / (performance.now() - began)) * 1000;
}

export const benchmarks: readonly Benchmark[] = [
  { name: 'volumes: 10,000 claims are bound to 10,000 volumes that are there', unit: 's', better: 'lower', aim: 5, run: () => curve(bindSeconds) },
  { name: 'volumes: 10,000 claims that wait are bound when 10,000 volumes come', unit: 's', better: 'lower', run: () => curve(waitingSeconds) },
  {
    name: 'volumes: 1,000 claims get directories',
    unit: 's',
    better: 'lower',
    aim: 5,
    run: async () => (await provisionSeconds(100), await provisionSeconds(1000)),
  },
  {
    name: 'volumes: claims that find theirs among 100,000',
    unit: '1/s',
    better: 'higher',
    run: () => (finds(10_000), { value: finds(100_000), more: { 1000: finds(1000), 10_000: finds(10_000) } }),
  },
];
