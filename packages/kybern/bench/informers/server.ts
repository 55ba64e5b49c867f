// A server with many Pods, as a process of its own: prints where it listens, and ends with its standard input.
import { writeFile } from 'node:fs/promises';
import { createApiServer } from '@kybern/apiserver';
import type { KubernetesObject } from '@kybern/core';
import { createMemoryStore } from '@kybern/state';
import { kubeconfigText } from '../../src/cli/kubeconfig-file.ts';

const [count, file] = [Number(process.argv[2]), process.argv[3] ?? ''];
const state = createMemoryStore();
for (let from = 0; from < count; from += 1000) await state.commit(Array.from({ length: Math.min(1000, count - from) }, (_, at) => podChange(from + at)));
const api = await createApiServer({ state });
const listener = await api.listen();
await writeFile(file, kubeconfigText(listener), { mode: 0o600 });
process.stdout.write('ready\n');
process.stdin.resume();
process.stdin.on('end', () => void api[Symbol.asyncDispose]().then(() => process.exit(0)));

/** As a Deployment's Pods are, about 1.4 KB of JSON. */
function podChange(at: number): { readonly key: string; readonly value: KubernetesObject } {
  const [name, namespace] = [`web-5d9c7b6f4-${String(at).padStart(6, '0')}`, `team-${at % 100}`];
  const uid = `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
  const time = '2026-01-01T00:00:00Z';
  const value = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid,
      creationTimestamp: time,
      generateName: 'web-5d9c7b6f4-',
      labels: { app: 'web', 'pod-template-hash': '5d9c7b6f4', tier: `tier-${at % 3}` },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'web-5d9c7b6f4',
          uid: '00000000-0000-4000-9000-000000000000',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      containers: [
        {
          name: 'web',
          image: 'nginx:1.25',
          resources: { requests: { cpu: '100m', memory: '128Mi' } },
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          imagePullPolicy: 'IfNotPresent',
        },
      ],
      nodeName: `node-${at % 500}`,
      restartPolicy: 'Always',
      serviceAccountName: 'default',
    },
    status: {
      phase: 'Running',
      podIP: `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`,
      startTime: time,
      conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: time,
      })),
    },
  };
  return { key: `/registry/core/pods/${namespace}/${name}`, value };
}
