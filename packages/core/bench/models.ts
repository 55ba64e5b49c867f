import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cloneJson } from '@kybern/core';
import { Deployment, Pod, type Container } from '@kybern/core/kinds';
import type { Benchmark } from '../../../scripts/benchmark.ts';

const probe = (path: string): NonNullable<Container['livenessProbe']> => ({ httpGet: { path, port: 8080 }, initialDelaySeconds: 3 });
const container = (index: number): Container => ({
  name: `app-${index}`,
  image: `registry.example.com/shop/app:1.25.${index}`,
  command: ['/bin/app'],
  args: ['--port=8080', '--verbose'],
  ports: [{ name: 'http', containerPort: 8080 + index }],
  env: [
    { name: 'LOG_LEVEL', value: 'info' },
    { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'db', key: 'token' } } },
  ],
  resources: { requests: { cpu: '250m', memory: '64Mi' }, limits: { cpu: '500m', memory: '128Mi' } },
  livenessProbe: probe('/healthz'),
  readinessProbe: probe('/readyz'),
  volumeMounts: [
    { name: 'config', mountPath: '/etc/app' },
    { name: 'api-access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
  ],
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
});
const spec: Pod['spec'] = {
  containers: [container(0), container(1)],
  tolerations: [
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
  ],
  affinity: {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: { labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] }, topologyKey: 'kubernetes.io/hostname' },
        },
      ],
    },
  },
  volumes: [
    { name: 'config', configMap: { name: 'app-config' } },
    { name: 'cache', emptyDir: {} },
    {
      name: 'api-access',
      projected: {
        sources: [{ serviceAccountToken: { path: 'token' } }, { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } }],
      },
    },
  ],
};
const metadata = { name: 'web-6d4cf56db6-x7k2p', namespace: 'production', labels: { app: 'web', tier: 'frontend', 'pod-template-hash': '6d4cf56db6' } };
const template = { metadata: { labels: metadata.labels }, spec };

const POOL = 256;
const pod = await Pod.model();
const deployment = await Deployment.model();
const fresh = { apiVersion: 'v1', kind: 'Pod', metadata, spec };
/** Objects of several shapes, as a server sees them: with and without this field or that. */
const pods = Array.from({ length: POOL }, (_, i) => {
  const { affinity, ...rest } = spec;
  const copy = cloneJson({ ...fresh, spec: i % 3 === 0 ? rest : { ...rest, affinity }, ...(i % 2 === 0 ? {} : { status: { phase: 'Pending' } }) });
  if (i % 5 === 0) copy.metadata.annotations = { 'example.com/a': 'b' };
  pod.setDefaults(copy);
  return copy;
});
const deployments = Array.from({ length: POOL }, () => {
  const copy = cloneJson({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { selector: { matchLabels: { app: 'web' } }, template } });
  deployment.setDefaults(copy);
  return copy;
});

/** Microseconds per call: the best of several rounds, so that other work on the machine counts as little as may be. */
function micros(work: (index: number) => unknown): number {
  let best = Infinity;
  for (let round = 0; round < 15; round++) {
    const start = performance.now();
    for (let i = 0; i < 20_000; i++) work(i % POOL);
    best = Math.min(best, ((performance.now() - start) / 20_000) * 1000);
  }
  return best;
}

const dist = fileURLToPath(new URL('../dist/kinds/index.js', import.meta.url));
const FIVE = 'const { findKind } = await import(process.argv[1]); const start = performance.now();';
const LOAD =
  "await Promise.all([['v1', 'Pod'], ['apps/v1', 'Deployment'], ['coordination.k8s.io/v1', 'Lease'], ['discovery.k8s.io/v1', 'EndpointSlice'], ['events.k8s.io/v1', 'Event']].map(([v, k]) => findKind(v, k).model()));";

/** Milliseconds in a new process, from the built package. The best of several, for the same reason. */
function coldMs(program: string): number {
  if (!existsSync(dist)) throw new Error('build the package first: pnpm --filter @kybern/core build');
  const runs = Array.from({ length: 7 }, () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', `${program} console.log(performance.now() - start)`, dist], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    return Number(stdout);
  });
  return Math.min(...runs);
}

const lower = (name: string, unit: string, rest: Pick<Benchmark, 'run'> & { readonly aim?: number }): Benchmark => ({ name, unit, better: 'lower', ...rest });

export const benchmarks: readonly Benchmark[] = [
  lower('import all kinds, cold', 'ms', { run: () => coldMs('const start = performance.now(); await import(process.argv[1]);') }),
  lower('load the models of five groups, cold', 'ms', { aim: 25, run: () => coldMs(FIVE + LOAD) }),
  lower('validate a 4 KB Pod', 'µs', { aim: 6, run: () => micros((i) => pod.validate(pods[i])) }),
  lower('validate a Deployment of the same Pod', 'µs', { run: () => micros((i) => deployment.validate(deployments[i])) }),
  lower('set the defaults of a Pod that has them', 'µs', { aim: 1, run: () => micros((i) => pod.setDefaults(pods[i])) }),
  lower('size of the Pod', 'bytes', { run: () => JSON.stringify(pods[1]).length }),
];
