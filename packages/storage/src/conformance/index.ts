import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kybern/core/kinds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isProvisionError } from '../errors.ts';
import { provisionedVolume } from '../provisioning/compute-provision.ts';
import type { ProvisionedVolume, Provisioner, ProvisionRequest } from '../provisioning/provisioner.ts';

export { describeVolumePluginConformance } from './volume-plugin.ts';
export type { VolumePluginFixture } from './volume-plugin.ts';

/** A provisioner under test, with what only its maker knows. */
export interface ProvisionerFixture extends AsyncDisposable {
  readonly provisioner: Provisioner;
  /** Whether the data of a volume is there. Undefined: nobody can tell. */
  readonly exists?: (volume: PersistentVolume) => Promise<boolean>;
}

const MIB = 1024 ** 2;
/** Names that no volume may have; a driver's answer or a hostile client could bring them. */
const HOSTILE_NAMES: readonly string[] = [
  '',
  '.',
  '..',
  '../outside',
  'a/b',
  '/etc',
  'a\\b',
  '..\\outside',
  'nul\0byte',
  'new\nline',
  '-rf',
  '.hidden',
  'x'.repeat(300),
];

const storageClass = (provisioner: string): StorageClass => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'tested' },
  provisioner,
});
const claimNamed = (name: string, bytes: number): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'default', uid: name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: String(bytes) } }, storageClassName: 'tested' },
});
const node: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', labels: { 'kubernetes.io/hostname': 'node-1' } }, spec: {} };

/**
 * What every {@link Provisioner} has to do, as tests for vitest: call it at the top of a test file.
 *
 * @example describeProvisionerConformance('local path', async () => ({ provisioner, exists, async [Symbol.asyncDispose]() {} }))
 */
export function describeProvisionerConformance(name: string, make: () => Promise<ProvisionerFixture>): void {
  describe(`${name} is a provisioner`, () => {
    let fixture: ProvisionerFixture;
    beforeAll(async () => {
      fixture = await make();
    });
    afterAll(() => fixture[Symbol.asyncDispose]());
    describeProvisioning(() => fixture);
    describeDeletion(() => fixture);
    describeExpansion(() => fixture);
  });
}

function requestFor(fixture: ProvisionerFixture, name: string, more: Partial<ProvisionRequest> = {}): ProvisionRequest {
  const bytes = more.bytes ?? MIB;
  return {
    name,
    bytes,
    claim: claimNamed(name, bytes),
    storageClass: storageClass(fixture.provisioner.name),
    node,
    signal: new AbortController().signal,
    ...more,
  };
}

function asVolume({ provisioner }: ProvisionerFixture, name: string, made: ProvisionedVolume): PersistentVolume {
  const target = { name, storageClass: storageClass(provisioner.name) };
  return { ...provisionedVolume(claimNamed(name, made.bytes), target, { made, provisioner: provisioner.name }), status: { phase: 'Released' } };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    return isProvisionError(error) ? error.code : String(error);
  }
  return 'fulfilled';
}

function describeProvisioning(of: () => ProvisionerFixture): void {
  it('makes a volume that is large enough, from exactly one source', async () => {
    const made = await of().provisioner.provision(requestFor(of(), 'pvc-make'));
    expect(made.bytes).toBeGreaterThanOrEqual(MIB);
    expect(Object.keys(made.source).length).toBe(1);
    expect((await of().exists?.(asVolume(of(), 'pvc-make', made))) ?? true).toBe(true);
  });

  it('finds what it made before, also when it is asked twice at a time', async () => {
    const ask = (): Promise<ProvisionedVolume> => of().provisioner.provision(requestFor(of(), 'pvc-twice'));
    const first = await ask();
    expect(await ask()).toEqual(first);
    const [a, b] = await Promise.all([1, 2].map(() => of().provisioner.provision(requestFor(of(), 'pvc-at-once'))));
    expect(a).toEqual(b);
  });

  it('keeps volumes apart', async () => {
    const [a, b] = await Promise.all(['pvc-a', 'pvc-b'].map((name) => of().provisioner.provision(requestFor(of(), name))));
    expect(a?.source).not.toEqual(b?.source);
  });

  it('does not begin what is aborted', async () => {
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(of().provisioner.provision(requestFor(of(), 'pvc-aborted', { signal: stop.signal }))).rejects.toThrow('enough');
  });

  it.each(HOSTILE_NAMES.map((hostile) => ({ hostile })))('refuses the name $hostile', async ({ hostile }) => {
    expect(await codeOf(of().provisioner.provision(requestFor(of(), hostile)))).toBe('InvalidArgument');
  });
}

function describeDeletion(of: () => ProvisionerFixture): void {
  const signal = new AbortController().signal;

  it('deletes a volume with its data, and is content when it is gone already', async () => {
    const volume = asVolume(of(), 'pvc-delete', await of().provisioner.provision(requestFor(of(), 'pvc-delete')));
    await of().provisioner.delete(volume, { signal });
    expect((await of().exists?.(volume)) ?? false).toBe(false);
    expect(await codeOf(of().provisioner.delete(volume, { signal }))).toBe('fulfilled');
  });

  it('leaves the others alone', async () => {
    const [gone, kept] = await Promise.all(
      ['pvc-gone', 'pvc-kept'].map(async (name) => asVolume(of(), name, await of().provisioner.provision(requestFor(of(), name)))),
    );
    await of().provisioner.delete(gone as PersistentVolume, { signal });
    expect((await of().exists?.(kept as PersistentVolume)) ?? true).toBe(true);
  });

  it.each(HOSTILE_NAMES.map((hostile) => ({ hostile })))('does not delete what is not its own: a volume of the name $hostile', async ({ hostile }) => {
    const volume = asVolume(of(), hostile, { source: { hostPath: { path: `/tmp/${hostile}` } }, bytes: MIB });
    expect(await codeOf(of().provisioner.delete(volume, { signal }))).toBe('FailedPrecondition');
  });
}

function describeExpansion(of: () => ProvisionerFixture): void {
  it('makes volumes larger, again and again, where it can at all', async () => {
    const { provisioner } = of();
    const volume = asVolume(of(), 'pvc-grow', await provisioner.provision(requestFor(of(), 'pvc-grow')));
    const signal = new AbortController().signal;
    for (const bytes of [2 * MIB, 2 * MIB]) expect((await provisioner.expand?.(volume, bytes, { signal })) ?? bytes).toBeGreaterThanOrEqual(bytes);
  });
}
