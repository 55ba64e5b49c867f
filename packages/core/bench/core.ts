import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  cloneJson,
  compileLabelSelector,
  createJsonPatch,
  deepEqual,
  deepFreeze,
  parseQuantity,
  quantityToBytes,
  quantityToMillis,
  type JsonPatchOperation,
} from '@kybern/core';
import { Deployment, Pod } from '@kybern/core/kinds';
import type { Benchmark } from '../../../scripts/benchmark.ts';

const probe = (path: string): object => ({
  httpGet: { path, port: 8080, scheme: 'HTTP' },
  initialDelaySeconds: 5,
  periodSeconds: 10,
  timeoutSeconds: 1,
  successThreshold: 1,
  failureThreshold: 3,
});
const condition = (type: string): object => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: '2026-01-01T00:00:07Z', observedGeneration: 1 });

/** A Pod of a ReplicaSet as it runs in a cluster, about 4.2 KB of JSON. */
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web-6d4cf56db6-x7k2p',
    generateName: 'web-6d4cf56db6-',
    namespace: 'production',
    uid: '0f9f3c1e-2b1c-4f6e-9f0a-5b5b1d6a7c11',
    resourceVersion: '184467',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { app: 'web', 'app.kubernetes.io/name': 'web', 'app.kubernetes.io/part-of': 'shop', 'pod-template-hash': '6d4cf56db6', tier: 'frontend' },
    annotations: {
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '9090',
      'example.com/config-hash': 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c',
    },
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'web-6d4cf56db6',
        uid: '7a1c9a52-6f0e-4f1c-8a3e-3a3a7d5f0d11',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  },
  spec: {
    volumes: [
      {
        name: 'kube-api-access-q9x7d',
        projected: {
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
            { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
          ],
          defaultMode: 420,
        },
      },
    ],
    containers: [
      {
        name: 'web',
        image: 'registry.example.com/shop/web:1.25.3',
        ports: [
          { name: 'http', containerPort: 8080, protocol: 'TCP' },
          { name: 'metrics', containerPort: 9090, protocol: 'TCP' },
        ],
        env: [
          { name: 'LOG_LEVEL', value: 'info' },
          { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
          { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'db', key: 'url' } } },
        ],
        resources: { limits: { cpu: '500m', memory: '128Mi' }, requests: { cpu: '250m', memory: '64Mi' } },
        volumeMounts: [{ name: 'kube-api-access-q9x7d', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
        livenessProbe: probe('/healthz'),
        readinessProbe: probe('/ready'),
        startupProbe: probe('/started'),
        lifecycle: { preStop: { exec: { command: ['/bin/sh', '-c', 'sleep 5'] } } },
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        imagePullPolicy: 'IfNotPresent',
        securityContext: { capabilities: { drop: ['ALL'] }, runAsNonRoot: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'web',
    serviceAccount: 'web',
    nodeName: 'node-17',
    securityContext: { fsGroup: 1000 },
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 100, podAffinityTerm: { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'kubernetes.io/hostname' } },
        ],
      },
    },
    schedulerName: 'default-scheduler',
    priority: 0,
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
    tolerations: [
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
    ],
  },
  status: {
    phase: 'Running',
    hostIP: '10.0.0.17',
    hostIPs: [{ ip: '10.0.0.17' }],
    podIP: '10.244.17.23',
    podIPs: [{ ip: '10.244.17.23' }],
    startTime: '2026-01-01T00:00:01Z',
    qosClass: 'Burstable',
    observedGeneration: 1,
    conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition),
    containerStatuses: [
      {
        name: 'web',
        state: { running: { startedAt: '2026-01-01T00:00:05Z' } },
        lastState: {},
        ready: true,
        restartCount: 0,
        image: 'registry.example.com/shop/web:1.25.3',
        started: true,
        imageID: 'registry.example.com/shop/web@sha256:4c0fdaa8b6341bfdeca5f18f7837462c80cff90527ee35ef185571e1c327beac',
        containerID: 'containerd://3b4a2f0c6c1c1d2d2a0d1f4c4f0a9a0f1c1d2d2a0d1f4c4f0a9a0f1c1d2d2a0d',
      },
    ],
  },
};
const text = JSON.stringify(pod);
const POOL = 512;
const pods = Array.from({ length: POOL }, () => JSON.parse(text) as typeof pod);

let sink: unknown;

/** Microseconds per call: the best of several rounds, so that other work on the machine counts as little as may be. */
function micros(work: (index: number) => unknown, options: { readonly rounds?: number; readonly calls?: number; readonly before?: () => void } = {}): number {
  const { rounds = 15, calls = 20_000, before } = options;
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    before?.();
    const start = performance.now();
    for (let i = 0; i < calls; i++) sink = work(i);
    best = Math.min(best, ((performance.now() - start) / calls) * 1000);
  }
  return Number(best.toFixed(4));
}

function freezeMicros(): number {
  let fresh: object[] = [];
  return micros((i) => deepFreeze(fresh[i] as object), { calls: 5000, before: () => (fresh = Array.from({ length: 5000 }, () => JSON.parse(text) as object)) });
}

const at = (i: number): typeof pod => pods[i % POOL] as typeof pod;
const frozen = pods.map((each) => deepFreeze(JSON.parse(JSON.stringify(each)) as typeof pod));
const equal = pods.map((each) => JSON.parse(JSON.stringify(each)) as typeof pod);
const statusPatch: readonly JsonPatchOperation[] = [
  { op: 'replace', path: '/status/containerStatuses/0/restartCount', value: 1 },
  { op: 'replace', path: '/status/phase', value: 'Failed' },
];
const mergeStatus = { status: { phase: 'Failed', reason: 'Evicted' } };
const strategicImage = { spec: { containers: [{ name: 'web', image: 'registry.example.com/shop/web:1.27.0' }] } };
const simple = compileLabelSelector('app=web');
const complex = compileLabelSelector('app in (web, api),tier!=backend,!canary,app.kubernetes.io/part-of');
const { schema } = await Pod.model();
void Deployment;

const lower = (name: string, run: () => number, aim?: number): Benchmark => ({ name, unit: 'µs', better: 'lower', ...(aim === undefined ? {} : { aim }), run });

export const benchmarks: readonly Benchmark[] = [
  lower('cloneJson of a 4 KB Pod', () => micros((i) => cloneJson(at(i))), 4),
  lower('deepFreeze of a fresh 4 KB Pod', freezeMicros, 6),
  lower('deepFreeze of a frozen Pod', () => micros((i) => deepFreeze(frozen[i % POOL]), { calls: 1_000_000 }), 0.05),
  lower('deepEqual of two equal 4 KB Pods', () => micros((i) => deepEqual(at(i), equal[i % POOL]))),
  lower('deepEqual of the same Pod', () => micros((i) => deepEqual(at(i), at(i)), { calls: 1_000_000 }), 0.05),
  lower('label selector with one term', () => micros((i) => simple(at(i).metadata.labels), { calls: 1_000_000 }), 0.05),
  lower('label selector with four terms', () => micros((i) => complex(at(i).metadata.labels), { calls: 1_000_000 }), 0.2),
  lower('parseQuantity of 64Mi', () => micros(() => parseQuantity('64Mi'), { calls: 500_000 }), 0.2),
  lower('quantityToMillis of 250m', () => micros(() => quantityToMillis('250m'), { calls: 500_000 }), 0.1),
  lower('quantityToBytes of 64Mi', () => micros(() => quantityToBytes('64Mi'), { calls: 500_000 }), 0.1),
  lower('JSON patch of a status', () => micros((i) => applyJsonPatch(frozen[i % POOL], statusPatch))),
  lower('merge patch of a status', () => micros((i) => applyMergePatch(frozen[i % POOL], mergeStatus))),
  lower('strategic merge patch of an image', () => micros((i) => applyStrategicMergePatch(frozen[i % POOL], strategicImage, schema))),
  lower('JSON patch of a difference in one field', () => {
    const changed = frozen.map((each) => applyMergePatch(each, mergeStatus));
    return micros((i) => createJsonPatch(frozen[i % POOL], changed[i % POOL]));
  }),
  { name: 'size of the Pod', unit: 'bytes', better: 'lower', run: () => text.length },
];

if (sink === benchmarks) throw new Error('never');
