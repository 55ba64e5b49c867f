import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PersistentVolume, PersistentVolumeClaim, Pod, StatefulSet } from '@kybern/core/kinds';
import { describeMachine } from '@kybern/kubelet';
import { createProcessRuntime } from '@kybern/runtime-cri/process';
import { expect, it, vi } from 'vitest';
import { createCluster, type Cluster } from '../src/index.ts';

const WAIT = { timeout: 90_000, interval: 100 };
const labels = { app: 'log' };

/** Each member writes who it is and a number, again and again, into its claim. */
const SCRIPT = 'i=0; while :; do i=$((i+1)); echo "$POD $INCARNATION $i" >> "$KYBERN_ROOT/data/lines"; sleep 0.05; done';

const createSet = ({ client }: Cluster): Promise<StatefulSet> =>
  client.create(StatefulSet, {
    metadata: { name: 'log', namespace: 'default' },
    spec: {
      replicas: 2,
      serviceName: 'log',
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          automountServiceAccountToken: false,
          containers: [
            {
              name: 'log',
              image: 'host',
              command: ['sh', '-c', SCRIPT],
              env: [
                { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                { name: 'INCARNATION', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
              ],
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
            },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
        },
      ],
    },
  });

/** The lines in the claim of a member, each as member, incarnation and number. */
async function linesOf({ client }: Cluster, member: string): Promise<readonly (readonly string[])[]> {
  const claim = await client.get(PersistentVolumeClaim, `default/data-${member}`);
  const volume = await client.get(PersistentVolume, claim.spec.volumeName as string);
  const text = await readFile(join(volume.spec.hostPath?.path as string, 'lines'), 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '));
}

/** Waits for lines of an incarnation that has not written before `known`. */
async function untilNewIncarnation(cluster: Cluster, member: string, known: number): Promise<readonly (readonly string[])[]> {
  return await vi.waitFor(async () => {
    const lines = await linesOf(cluster, member);
    expect(new Set(lines.map(([, incarnation]) => incarnation)).size).toBeGreaterThan(known);
    expect(lines.at(-1)?.[2]).not.toBe('1');
    return lines;
  }, WAIT);
}

/** Every line is the member's own, none is lost, and no incarnation writes after the next has begun. */
function expectWhole(member: string, lines: readonly (readonly string[])[]): void {
  const ended = new Set<string>();
  let [current, count] = ['', 0];
  for (const [name, incarnation = '', number] of lines) {
    expect(name).toBe(member);
    if (incarnation !== current) {
      expect(ended.has(incarnation)).toBe(false);
      ended.add(current);
      [current, count] = [incarnation, 0];
    }
    expect(Number(number)).toBe(++count);
  }
}

it.skipIf(process.platform === 'win32')('members of a StatefulSet find their data again, and none runs twice', { timeout: 300_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kybern-stateful-'));
  try {
    await using runtime = await createProcessRuntime({ directory: join(directory, 'runtime') });
    const machine = { rootDirectory: join(directory, 'kubelet'), logDirectory: join(directory, 'logs') };
    await using cluster = await createCluster({
      seed: 'stateful',
      nodes: [{ name: 'here', runtime, kubelet: { machine, ...describeMachine({ directory }) } }],
      volumes: { directory: join(directory, 'volumes') },
    });
    const { client } = cluster;
    await createSet(cluster);
    const before = await untilNewIncarnation(cluster, 'log-0', 0);
    await untilNewIncarnation(cluster, 'log-1', 0);

    await client.delete(Pod, 'default/log-0');
    const after = await untilNewIncarnation(cluster, 'log-0', 1);
    expect(after.slice(0, before.length)).toEqual(before);

    const scale = (replicas: number): Promise<StatefulSet> => client.patch(StatefulSet, 'default/log', { type: 'merge', patch: { spec: { replicas } } });
    await scale(1);
    await vi.waitFor(
      async () => expect((await client.list(Pod, { namespace: 'default' })).items.map(({ metadata }) => metadata.name)).toEqual(['log-0']),
      WAIT,
    );
    await scale(2);
    expectWhole('log-1', await untilNewIncarnation(cluster, 'log-1', 1));
    expectWhole('log-0', await linesOf(cluster, 'log-0'));

    await client.delete(StatefulSet, 'default/log');
    await vi.waitFor(async () => expect((await client.list(Pod, { namespace: 'default' })).items).toEqual([]), WAIT);
    expect((await readdir(join(directory, 'volumes'))).length).toBe(2);
    for (const { metadata } of await client.list(PersistentVolumeClaim)) await client.delete(PersistentVolumeClaim, metadata);
    await vi.waitFor(async () => expect(await readdir(join(directory, 'volumes'))).toEqual([]), WAIT);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
