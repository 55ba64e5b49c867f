// A database of several members, each with a volume of its own, as a StatefulSet on this machine.
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { Pod, Service, StatefulSet } from '@kybern/core/kinds';
import { describeMachine } from '@kybern/kubelet';
import { createProcessRuntime } from '@kybern/runtime-cri/process';
import { createCluster, type Cluster } from 'kybern';

const NAME = 'entries';
const labels = { app: NAME };
const NAMESPACE = 'default';
const member = fileURLToPath(new URL('member.ts', import.meta.url));

/** A cluster whose only node is this machine: containers are processes, volumes are folders below `directory`. */
export interface Machine extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly directory: string;
}

/** Starts a cluster on this machine. What ran in `directory` before is taken over: processes go on, volumes stay. */
export async function startMachine(directory: string): Promise<Machine> {
  const runtime = await createProcessRuntime({ directory: join(directory, 'runtime') });
  const machine = { rootDirectory: join(directory, 'kubelet'), logDirectory: join(directory, 'logs') };
  const cluster = await createCluster({
    nodes: [{ name: 'here', runtime, kubelet: { machine, ...describeMachine({ directory }) } }],
    volumes: { directory: join(directory, 'volumes') },
  });
  return {
    cluster,
    directory,
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      for (const { id: podSandboxId } of (await runtime.listPodSandbox({})).items) {
        await runtime.stopPodSandbox({ podSandboxId });
        await runtime.removePodSandbox({ podSandboxId });
      }
      await runtime[Symbol.asyncDispose]();
    },
  };
}

/** Creates the database: `entries-0`, `entries-1`, …, one after the other, each with a claim of its own. */
export async function createDatabase({ client }: Cluster, replicas: number): Promise<void> {
  await client.create(Service, { metadata: { name: NAME, namespace: NAMESPACE }, spec: { clusterIP: 'None', selector: labels, ports: [{ port: 8080 }] } });
  await client.create(StatefulSet, {
    metadata: { name: NAME, namespace: NAMESPACE },
    spec: {
      replicas,
      serviceName: NAME,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 5,
          automountServiceAccountToken: false,
          containers: [
            {
              name: 'sqlite',
              image: 'host', // this machine
              command: [process.execPath, '--disable-warning=ExperimentalWarning', member],
              env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
              readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
            },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  });
}

export const scale = ({ client }: Cluster, replicas: number): Promise<unknown> =>
  client.patch(StatefulSet, { name: NAME, namespace: NAMESPACE }, { type: 'merge', patch: { spec: { replicas } } });

/** Deletes a member; the StatefulSet makes it again, with the same name and the same claim. */
export const deleteMember = ({ client }: Cluster, name: string): Promise<unknown> => client.delete(Pod, { name, namespace: NAMESPACE });

/** Where a member answers now; undefined while it is not ready. */
export async function addressOf({ client }: Cluster, name: string): Promise<string | undefined> {
  const pods = (await client.list(Pod, { namespace: NAMESPACE, labels })).items;
  const status = pods.find(({ metadata }) => metadata.name === name && metadata.deletionTimestamp === undefined)?.status;
  const isReady = status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;
  return isReady ? status.podIP : undefined;
}

/** Keeps a text in a member, however often that takes. @returns the number it got; a text whose answer was lost may be kept twice, but never not at all */
export async function write(cluster: Cluster, name: string, text: string, signal: AbortSignal): Promise<number> {
  for (;;) {
    signal.throwIfAborted();
    try {
      const ip = await addressOf(cluster, name);
      if (ip !== undefined) return ((await (await fetch(`http://${ip}:8080/`, { method: 'POST', body: text, signal })).json()) as { id: number }).id;
    } catch {
      signal.throwIfAborted(); // it went away in the middle: once more
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** One kept text. */
export interface Entry {
  readonly id: number;
  readonly member: string;
  readonly text: string;
}

/** What a member holds, once it answers. */
export async function read(cluster: Cluster, name: string, signal: AbortSignal): Promise<readonly Entry[]> {
  for (;;) {
    const ip = await addressOf(cluster, name);
    if (ip !== undefined) return ((await (await fetch(`http://${ip}:8080/`, { signal })).json()) as { entries: readonly Entry[] }).entries;
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
