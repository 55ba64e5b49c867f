import { beforeAll, expect, it } from 'vitest';
import { describeKubectl, itSince, kubectlMinor } from './kubectl/kubectl.ts';

const labels = { app: 'described' };
const template = (restartPolicy?: string): object => ({
  metadata: { labels },
  spec: { ...(restartPolicy === undefined ? {} : { restartPolicy }), containers: [{ name: 'main', image: 'nginx' }] },
});
const selector = { matchLabels: labels };

const OBJECTS: readonly object[] = [
  {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'controller' },
    spec: { replicas: 1, selector: { app: 'rc' }, template: { metadata: { labels: { app: 'rc' } }, spec: { containers: [{ name: 'main', image: 'nginx' }] } } },
  },
  { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'set' }, spec: { serviceName: 'set', replicas: 1, selector, template: template() } },
  { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'everywhere' }, spec: { selector, template: template() } },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'nginx' }] } },
    },
  },
  { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once' }, spec: { template: template('Never') } },
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'often' },
    spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: template('Never') } } },
  },
  {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'claim' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  },
  {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'volume' },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/data' }, storageClassName: 'none' },
  },
  { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'fast' }, provisioner: 'example.com/disk' },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'door' },
    spec: {
      rules: [{ host: 'a.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }],
    },
  },
  { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'class' }, spec: { controller: 'example.com/ingress' } },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'walls' }, spec: { podSelector: selector, policyTypes: ['Ingress'] } },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'budget' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } } },
  {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'scaler' },
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
  },
  {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'limits', namespace: 'kube-public' },
    spec: { limits: [{ type: 'Container', max: { cpu: '2' } }] },
  },
  { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'quota', namespace: 'kube-public' }, spec: { hard: { pods: '5' } } },
];

describeKubectl('kubectl, describing', (k) => {
  beforeAll(async () => {
    // Older versions of kubectl know neither CronJobs nor budgets of the versions that are served.
    const known = OBJECTS.filter((object) => kubectlMinor >= 21 || !/CronJob|PodDisruptionBudget/.test(JSON.stringify(object)));
    await k().ok('apply -f -', { input: ['', ...known.map((object) => JSON.stringify(object))].join('\n---\n') });
    await k().ok('rollout status statefulset/set --timeout=28s');
    await k().ok('rollout status deployment/web --timeout=28s');
  }, 120_000);

  it.each([
    { name: 'a ReplicationController', args: 'rc controller', patterns: [/^Replicas: +1 current \/ 1 desired$/m, /SuccessfulCreate/] },
    { name: 'a StatefulSet', args: 'statefulset set', patterns: [/^Replicas: +1 desired \| 1 total$/m, /SuccessfulCreate/] },
    { name: 'a DaemonSet', args: 'daemonset everywhere', patterns: [/^Desired Number of Nodes Scheduled: 3$/m, /SuccessfulCreate/] },
    { name: 'a Deployment', args: 'deployment web', patterns: [/^StrategyType: +RollingUpdate$/m, /ScalingReplicaSet/] },
    { name: 'a Job', args: 'job once', patterns: [/^Parallelism: +1$/m, /SuccessfulCreate/] },
    { name: 'a claim', args: 'pvc claim', patterns: [/^Status: +(Bound|Pending)$/m, /^Capacity:/m] },
    { name: 'a volume', args: 'pv volume', patterns: [/^Reclaim Policy: +Retain$/m, /Path: +\/data/] },
    { name: 'a StorageClass', args: 'storageclass fast', patterns: [/^Provisioner: +example\.com\/disk$/m, /^VolumeBindingMode: +Immediate$/m] },
    { name: 'an IngressClass', args: 'ingressclass class', patterns: [/^Controller: +example\.com\/ingress$/m] },
    { name: 'a NetworkPolicy', args: 'networkpolicy walls', patterns: [/PodSelector: +app=described/, /Policy Types: Ingress/] },
    { name: 'a LimitRange', args: 'limitrange limits -n kube-public', patterns: [/^Container +cpu +- +2 +2 +2 +-$/m] },
    { name: 'a ResourceQuota', args: 'quota quota -n kube-public', patterns: [/^pods +0 +5$/m] },
    { name: 'an EndpointSlice', args: 'endpointslice kubernetes', patterns: [/^AddressType: +IPv4$/m, /127\.0\.0\.1/] },
    { name: 'the Endpoints of the cluster', args: 'endpoints kubernetes', patterns: [/Addresses: +127\.0\.0\.1/] },
  ])('describes $name', async ({ args, patterns }) => {
    const text = await k().ok(`describe ${args}`);
    for (const pattern of patterns) expect(text).toMatch(pattern);
  });

  itSince(21, 'describes CronJobs, budgets, autoscalers and Ingresses', async () => {
    expect(await k().ok('describe cronjob often')).toMatch(/^Schedule: +\*\/5 \* \* \* \*$/m);
    expect(await k().ok('describe pdb budget')).toMatch(/^Min available: +1$/m);
    expect(await k().ok('describe ingress door')).toMatch(/a\.example\.com/);
    expect(await k().ok('describe hpa scaler')).toMatch(/^Reference: +Deployment\/web$/m);
  });

  itSince(20, 'drains a Node around a budget, and says what holds it up', async () => {
    const [node = ''] = (await k().ok('get pods -l app=web -o jsonpath={.items[0].spec.nodeName}')).split(' ');
    if (kubectlMinor < 21) return;
    const held = await k().run(`drain ${node} --ignore-daemonsets --force --delete-emptydir-data --timeout=3s`);
    expect(held.code).not.toBe(0);
    expect(held.err + held.out).toMatch(/Cannot evict pod as it would violate the pod's disruption budget/);
    await k().ok('delete pdb budget');
    expect(await k().ok(`drain ${node} --ignore-daemonsets --force --delete-emptydir-data --timeout=28s`)).toMatch(/(drained|evicted)/);
    await k().ok(`uncordon ${node}`);
  });

  it('builds with kustomize, and says what a cluster is made of', async () => {
    await k().file('settings.yaml', JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { a: 'b' } }));
    await k().file('kustomization.yaml', 'namePrefix: mine-\nresources: [settings.yaml]\n');
    expect(await k().ok(['apply', '-k', k().folder])).toBe('configmap/mine-settings created\n');
    expect(await k().ok(['kustomize', k().folder])).toMatch(/name: mine-settings/);
    expect(await k().ok('cluster-info dump --namespaces=kube-public')).toMatch(/"kind": "NodeList"/);
  });
});
