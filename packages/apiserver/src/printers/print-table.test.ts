import type { KubernetesObject } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import { printTable } from './print-table.ts';

const NOW = Date.UTC(2026, 0, 2, 0, 0, 0);
const CREATED = '2026-01-01T00:00:00Z';

/** The cells of an object, as shown by `-o wide`. */
function cells(apiVersion: string, kind: string, fields: object): string {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const { metadata, ...rest } = fields as { metadata?: object };
  const object = { apiVersion, kind, metadata: { name: 'a', creationTimestamp: CREATED, ...metadata }, ...rest } as unknown as KubernetesObject;
  const [row] = printTable({ kind: { group: group ?? '', version: version ?? '', kind }, objects: [object], nowMs: NOW }).rows;
  return (row?.cells ?? []).map(String).join('|');
}

const container = (name: string, image = 'nginx'): object => ({ name, image });
const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [container('c1', 'i1'), container('c2', 'i2')], nodeSelector: { disk: 'ssd', arch: 'arm' } },
};
const selector = { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['b', 'a'] }] };
const running = (name: string, more: object = {}): object => ({ name, ready: true, restartCount: 0, state: { running: {} }, ...more });
const waiting = (name: string, reason: string): object => ({ name, ready: false, restartCount: 0, state: { waiting: { reason } } });
const ended = (name: string, terminated: object): object => ({ name, ready: false, restartCount: 0, state: { terminated } });

describe('a Pod', () => {
  const pod = (spec: object, status: object, metadata: object = {}): string =>
    cells('v1', 'Pod', { metadata, spec: { containers: [container('a'), container('b')], ...spec }, status })
      .split('|')
      .slice(1, 4)
      .join(' ');
  it.each([
    { name: 'running', status: { phase: 'Running', containerStatuses: [running('a'), running('b')] }, expected: '2/2 Running 0' },
    { name: 'pending', status: { phase: 'Pending' }, expected: '0/2 Pending 0' },
    {
      name: 'gated',
      status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
      expected: '0/2 SchedulingGated 0',
    },
    { name: 'evicted', status: { phase: 'Failed', reason: 'Evicted' }, expected: '0/2 Evicted 0' },
    { name: 'crashing', status: { phase: 'Running', containerStatuses: [running('a'), waiting('b', 'CrashLoopBackOff')] }, expected: '1/2 CrashLoopBackOff 0' },
    { name: 'creating', status: { phase: 'Pending', containerStatuses: [waiting('a', 'ContainerCreating')] }, expected: '0/2 ContainerCreating 0' },
    {
      name: "the first container's reason",
      status: { phase: 'Running', containerStatuses: [waiting('a', 'First'), waiting('b', 'Second')] },
      expected: '0/2 First 0',
    },
    { name: 'ended by a signal', status: { phase: 'Failed', containerStatuses: [ended('a', { exitCode: 137, signal: 9 })] }, expected: '0/2 Signal:9 0' },
    { name: 'ended with a code', status: { phase: 'Failed', containerStatuses: [ended('a', { exitCode: 3 })] }, expected: '0/2 ExitCode:3 0' },
    {
      name: 'one of two done',
      status: {
        phase: 'Running',
        containerStatuses: [ended('a', { exitCode: 0, reason: 'Completed' }), running('b')],
        conditions: [{ type: 'Ready', status: 'False' }],
      },
      expected: '1/2 NotReady 0',
    },
    {
      name: 'restarted a while ago',
      status: {
        phase: 'Running',
        containerStatuses: [running('a', { restartCount: 3, lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T23:55:00Z' } } }), running('b')],
      },
      expected: '2/2 Running 3 (5m ago)',
    },
    {
      name: 'waiting for init',
      spec: { initContainers: [{ name: 'i' }, { name: 'j' }] },
      status: { phase: 'Pending', initContainerStatuses: [waiting('i', 'PodInitializing')] },
      expected: '0/2 Init:0/2 0',
    },
    {
      name: 'the second init container at work',
      spec: { initContainers: [{ name: 'i' }, { name: 'j' }] },
      status: { phase: 'Pending', initContainerStatuses: [ended('i', { exitCode: 0 }), running('j')] },
      expected: '0/2 Init:1/2 0',
    },
    {
      name: 'failed init',
      spec: { initContainers: [{ name: 'i' }] },
      status: { phase: 'Pending', initContainerStatuses: [ended('i', { exitCode: 2 })] },
      expected: '0/2 Init:ExitCode:2 0',
    },
    {
      name: 'failed init with a reason',
      spec: { initContainers: [{ name: 'i' }] },
      status: { phase: 'Pending', initContainerStatuses: [ended('i', { exitCode: 1, reason: 'Error' })] },
      expected: '0/2 Init:Error 0',
    },
    {
      name: 'an init image that is missing',
      spec: { initContainers: [{ name: 'i' }] },
      status: { phase: 'Pending', initContainerStatuses: [waiting('i', 'ErrImagePull')] },
      expected: '0/2 Init:ErrImagePull 0',
    },
    {
      name: 'with a sidecar',
      spec: { initContainers: [{ name: 's', restartPolicy: 'Always' }] },
      status: { phase: 'Running', initContainerStatuses: [running('s', { started: true })], containerStatuses: [running('a'), running('b')] },
      expected: '3/3 Running 0',
    },
    {
      name: 'being deleted',
      metadata: { deletionTimestamp: CREATED },
      status: { phase: 'Running', containerStatuses: [running('a')] },
      expected: '1/2 Terminating 0',
    },
    { name: 'lost', metadata: { deletionTimestamp: CREATED }, status: { phase: 'Running', reason: 'NodeLost' }, expected: '0/2 Unknown 0' },
    {
      name: 'done and being deleted',
      metadata: { deletionTimestamp: CREATED },
      status: { phase: 'Succeeded', containerStatuses: [ended('a', { exitCode: 0, reason: 'Completed' })] },
      expected: '0/2 Completed 0',
    },
  ])('$name: $expected', ({ spec = {}, status, metadata = {}, expected }) => {
    expect(pod(spec, status, metadata)).toBe(expected);
  });

  it('shows more when it is asked to', () => {
    const fields = {
      spec: { containers: [container('a')], nodeName: 'node-1', readinessGates: [{ conditionType: 'x' }, { conditionType: 'y' }] },
      status: {
        podIPs: [{ ip: '10.0.0.1' }],
        nominatedNodeName: 'node-2',
        conditions: [
          { type: 'x', status: 'True' },
          { type: 'y', status: 'False' },
        ],
      },
    };
    expect(cells('v1', 'Pod', fields)).toBe('a|0/1||0|24h|10.0.0.1|node-1|node-2|1/2');
    expect(cells('v1', 'Pod', { spec: { containers: [container('a')] } })).toBe('a|0/1||0|24h|<none>|<none>|<none>|<none>');
  });
});

describe('the cells of', () => {
  it.each<{ name: string; apiVersion: string; kind: string; fields: object; expected: string }>([
    {
      name: 'a Deployment',
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      fields: { spec: { replicas: 3, template, selector }, status: { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 } },
      expected: 'a|1/3|2|1|24h|c1,c2|i1,i2|app=web,tier in (a,b)',
    },
    {
      name: 'a ReplicaSet',
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      fields: { spec: { replicas: 3, template, selector }, status: { replicas: 2 } },
      expected: 'a|3|2|0|24h|c1,c2|i1,i2|app=web,tier in (a,b)',
    },
    {
      name: 'a StatefulSet',
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      fields: { spec: { replicas: 3, template }, status: { readyReplicas: 2 } },
      expected: 'a|2/3|24h|c1,c2|i1,i2',
    },
    {
      name: 'a DaemonSet',
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      fields: {
        spec: { template, selector: {} },
        status: { desiredNumberScheduled: 5, currentNumberScheduled: 4, numberReady: 3, updatedNumberScheduled: 2, numberAvailable: 1 },
      },
      expected: 'a|5|4|3|2|1|arch=arm,disk=ssd|24h|c1,c2|i1,i2|<none>',
    },
    {
      name: 'a ReplicationController',
      apiVersion: 'v1',
      kind: 'ReplicationController',
      fields: { spec: { replicas: 1, selector: { b: '2', a: '1' }, template } },
      expected: 'a|1|0|0|24h|c1,c2|i1,i2|a=1,b=2',
    },
    {
      name: 'a Job',
      apiVersion: 'batch/v1',
      kind: 'Job',
      fields: { spec: { completions: 3, template, selector }, status: { succeeded: 1, startTime: '2026-01-01T23:59:00Z' } },
      expected: 'a|Running|1/3|60s|24h|c1,c2|i1,i2|app=web,tier in (a,b)',
    },
    {
      name: 'a complete Job',
      apiVersion: 'batch/v1',
      kind: 'Job',
      fields: {
        spec: { parallelism: 2 },
        status: { succeeded: 1, startTime: CREATED, completionTime: '2026-01-01T00:00:09Z', conditions: [{ type: 'Complete', status: 'True' }] },
      },
      expected: 'a|Complete|1/1 of 2|9s|24h|||<none>',
    },
    {
      name: 'a CronJob',
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      fields: {
        spec: { schedule: '* * * * *', suspend: false, jobTemplate: { spec: { template } } },
        status: { active: [{}], lastScheduleTime: '2026-01-01T23:59:30Z' },
      },
      expected: 'a|* * * * *|<none>|False|1|30s|24h|c1,c2|i1,i2|<none>',
    },
    { name: 'a PodTemplate', apiVersion: 'v1', kind: 'PodTemplate', fields: { template }, expected: 'a|c1,c2|i1,i2|app=web' },
    {
      name: 'a ControllerRevision',
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      fields: { revision: 4, metadata: { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'u', controller: true }] } },
      expected: 'a|statefulset.apps/db|4|24h',
    },
    {
      name: 'a PodDisruptionBudget',
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      fields: { spec: { minAvailable: '50%' }, status: { disruptionsAllowed: 1 } },
      expected: 'a|50%|N/A|1|24h',
    },
    { name: 'a Scale', apiVersion: 'autoscaling/v1', kind: 'Scale', fields: { spec: { replicas: 3 }, status: { replicas: 2 } }, expected: 'a|3|2|24h' },
    {
      name: 'an autoscaler',
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      fields: {
        spec: {
          scaleTargetRef: { kind: 'Deployment', name: 'web' },
          minReplicas: 1,
          maxReplicas: 5,
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
            { type: 'Pods', pods: { target: { averageValue: '1k' } } },
            { type: 'External', external: { target: { value: '2' } } },
          ],
        },
        status: { currentReplicas: 2, currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 50 } } }] },
      },
      expected: 'a|Deployment/web|cpu: 50%/80%, <unknown>/1k + 1 more...|1|5|2|24h',
    },
    {
      name: 'an older autoscaler',
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      fields: { spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 5, targetCPUUtilizationPercentage: 80 } },
      expected: 'a|Deployment/web|cpu: <unknown>/80%|<unset>|5|0|24h',
    },
    {
      name: 'a Service',
      apiVersion: 'v1',
      kind: 'Service',
      fields: {
        spec: {
          type: 'LoadBalancer',
          clusterIPs: ['10.0.0.1'],
          ports: [
            { port: 80, nodePort: 30080, protocol: 'TCP' },
            { port: 53, protocol: 'UDP' },
          ],
          selector: { app: 'web' },
          externalIPs: ['1.2.3.4'],
        },
        status: { loadBalancer: { ingress: [{ ip: '9.9.9.9' }, { hostname: 'h' }] } },
      },
      expected: 'a|LoadBalancer|10.0.0.1|9.9.9.9,h,1.2.3.4|80:30080/TCP,53/UDP|24h|app=web',
    },
    {
      name: 'a Service that waits',
      apiVersion: 'v1',
      kind: 'Service',
      fields: { spec: { type: 'LoadBalancer' } },
      expected: 'a|LoadBalancer|<none>|<pending>|<none>|24h|<none>',
    },
    {
      name: 'a Service by name',
      apiVersion: 'v1',
      kind: 'Service',
      fields: { spec: { type: 'ExternalName', externalName: 'example.com' } },
      expected: 'a|ExternalName|<none>|example.com|<none>|24h|<none>',
    },
    {
      name: 'Endpoints',
      apiVersion: 'v1',
      kind: 'Endpoints',
      fields: { subsets: [{ addresses: [{ ip: '1.1.1.1' }, { ip: '::2' }], ports: [{ port: 80 }, { port: 81 }] }] },
      expected: 'a|1.1.1.1:80,[::2]:80,1.1.1.1:81 + 1 more...|24h',
    },
    { name: 'no Endpoints', apiVersion: 'v1', kind: 'Endpoints', fields: {}, expected: 'a|<none>|24h' },
    {
      name: 'an EndpointSlice',
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      fields: { addressType: 'IPv4', ports: [{ port: 80 }, { name: 'x' }, {}], endpoints: [{ addresses: ['1.1.1.1'] }] },
      expected: 'a|IPv4|80,x,*|1.1.1.1|24h',
    },
    {
      name: 'an Ingress',
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      fields: { spec: { rules: [{ host: 'h1' }, {}, { host: 'h2' }], tls: [{}] } },
      expected: 'a|<none>|h1,h2||80, 443|24h',
    },
    {
      name: 'an IngressClass',
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      fields: { spec: { controller: 'x.io/c', parameters: { apiGroup: 'g', kind: 'P', name: 'n' } } },
      expected: 'a|x.io/c|P.g/n|24h',
    },
    { name: 'a NetworkPolicy', apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', fields: { spec: { podSelector: {} } }, expected: 'a|<none>|24h' },
    {
      name: 'an IPAddress',
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IPAddress',
      fields: { spec: { parentRef: { group: '', resource: 'services', namespace: 'default', name: 'web' } } },
      expected: 'a|services/default/web|24h',
    },
    {
      name: 'a Node',
      apiVersion: 'v1',
      kind: 'Node',
      fields: {
        metadata: { labels: { 'node-role.kubernetes.io/control-plane': '', 'kubernetes.io/role': 'db' } },
        spec: { unschedulable: true },
        status: {
          conditions: [{ type: 'Ready', status: 'Unknown' }],
          nodeInfo: { kubeletVersion: 'v1' },
          addresses: [{ type: 'InternalIP', address: '1.1.1.1' }],
        },
      },
      expected: 'a|NotReady,SchedulingDisabled|control-plane,db|24h|v1|1.1.1.1|<none>|<unknown>|<unknown>|<unknown>',
    },
    {
      name: 'an Event',
      apiVersion: 'v1',
      kind: 'Event',
      fields: {
        type: 'Normal',
        reason: 'R',
        involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'f' },
        source: { component: 'c', host: 'h' },
        message: ' m\n',
        firstTimestamp: '2026-01-01T23:00:00Z',
        lastTimestamp: '2026-01-01T23:59:50Z',
        count: 7,
      },
      expected: '10s|Normal|R|pod/p|f|c, h|m|60m|7|a',
    },
    {
      name: 'a newer Event',
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      fields: {
        type: 'Normal',
        reason: 'R',
        regarding: { kind: 'Pod', name: 'p' },
        reportingController: 'c',
        note: 'm',
        eventTime: '2026-01-01T23:59:50.000000Z',
      },
      expected: '10s|Normal|R|pod/p||c|m|10s|1|a',
    },
    { name: 'a Namespace', apiVersion: 'v1', kind: 'Namespace', fields: { status: { phase: 'Active' } }, expected: 'a|Active|24h' },
    { name: 'a ConfigMap', apiVersion: 'v1', kind: 'ConfigMap', fields: { data: { a: '' }, binaryData: { b: '' } }, expected: 'a|2|24h' },
    { name: 'a Secret', apiVersion: 'v1', kind: 'Secret', fields: { type: 'Opaque', data: { a: '' } }, expected: 'a|Opaque|1|24h' },
    { name: 'a ServiceAccount', apiVersion: 'v1', kind: 'ServiceAccount', fields: {}, expected: 'a|24h' },
    {
      name: 'a ResourceQuota',
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      fields: { status: { hard: { pods: '10', 'limits.cpu': '2', 'requests.cpu': '1' }, used: { 'requests.cpu': '500m' } } },
      expected: 'a|pods: 0/10, requests.cpu: 500m/1|limits.cpu: 0/2|24h',
    },
    { name: 'a Lease', apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', fields: { spec: { holderIdentity: 'n' } }, expected: 'a|n|24h' },
    {
      name: 'a PriorityClass',
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      fields: { value: 5, preemptionPolicy: 'Never' },
      expected: 'a|5|false|24h|Never',
    },
    {
      name: 'a PersistentVolume',
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      fields: {
        spec: {
          capacity: { storage: '1024Mi' },
          accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
          persistentVolumeReclaimPolicy: 'Retain',
          claimRef: { namespace: 'd', name: 'c' },
          storageClassName: 's',
          volumeMode: 'Filesystem',
        },
        status: { phase: 'Bound' },
      },
      expected: 'a|1Gi|RWO,RWX|Retain|Bound|d/c|s|<unset>||24h|Filesystem',
    },
    {
      name: 'an unbound claim',
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      fields: { spec: { storageClassName: 's' }, status: { phase: 'Pending' } },
      expected: 'a|Pending||||s|<unset>|24h|<unset>',
    },
    {
      name: 'a bound claim',
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      fields: {
        metadata: { deletionTimestamp: CREATED },
        spec: { volumeName: 'v' },
        status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOncePod'] },
      },
      expected: 'a|Terminating|v|1Gi|RWOP||<unset>|24h|<unset>',
    },
    {
      name: 'the default StorageClass',
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      fields: { metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: 'p' },
      expected: 'a (default)|p|Delete|Immediate|false|24h',
    },
    {
      name: 'a CSIDriver',
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      fields: { spec: { attachRequired: false } },
      expected: 'a|false|false|false|<unset>|false|<none>|24h',
    },
    {
      name: 'a RoleBinding',
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      fields: {
        roleRef: { kind: 'Role', name: 'r' },
        subjects: [
          { kind: 'User', name: 'u' },
          { kind: 'User', name: 'v' },
          { kind: 'ServiceAccount', name: 's', namespace: 'n' },
        ],
      },
      expected: 'a|Role/r|24h|u, v||n/s',
    },
    { name: 'a Role', apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', fields: {}, expected: `a|${CREATED}` },
    {
      name: 'a certificate request',
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      fields: {
        spec: { signerName: 's', username: 'u', expirationSeconds: 3600 },
        status: { conditions: [{ type: 'Approved', status: 'True' }], certificate: 'YQ==' },
      },
      expected: 'a|24h|s|u|60m|Approved,Issued',
    },
    {
      name: 'a webhook configuration',
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      fields: { webhooks: [{}, {}] },
      expected: 'a|2|24h',
    },
    {
      name: 'a policy binding',
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      fields: { spec: { policyName: 'p', paramRef: { name: 'n' } } },
      expected: 'a|p|*/n|24h',
    },
    {
      name: 'a ResourceClaim',
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaim',
      fields: { status: { allocation: {}, reservedFor: [{}] } },
      expected: 'a|allocated,reserved|24h',
    },
    {
      name: 'an APIService',
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      fields: { spec: { service: { namespace: 'n', name: 's' } }, status: { conditions: [{ type: 'Available', status: 'False', reason: 'X' }] } },
      expected: 'a|n/s|False (X)|24h',
    },
    { name: "a kind of one's own", apiVersion: 'example.com/v1', kind: 'Site', fields: {}, expected: 'a|24h' },
  ])('$name', ({ apiVersion, kind, fields, expected }) => {
    expect(cells(apiVersion, kind, fields)).toBe(expected);
  });
});

describe('printTable', () => {
  it('describes its columns', () => {
    const { columnDefinitions } = printTable({ kind: { group: '', version: 'v1', kind: 'Pod' }, objects: [], nowMs: NOW });
    expect(columnDefinitions.map(({ name, priority }) => `${name}/${String(priority)}`).join(' ')).toBe(
      'Name/0 Ready/0 Status/0 Restarts/0 Age/0 IP/1 Node/1 Nominated Node/1 Readiness Gates/1',
    );
    expect(columnDefinitions[0]).toMatchObject({ type: 'string', format: 'name' });
  });

  it('marks Pods that are over', () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a' },
      spec: { containers: [] },
      status: { phase: 'Succeeded' },
    } as unknown as KubernetesObject;
    expect(printTable({ kind: { group: '', version: 'v1', kind: 'Pod' }, objects: [pod], nowMs: NOW }).rows[0]?.conditions).toMatchObject([
      { type: 'Completed', reason: 'Succeeded' },
    ]);
  });

  it('shows the columns that it is given', () => {
    const object = { apiVersion: 'example.com/v1', kind: 'Site', metadata: { name: 'a' }, spec: { domain: 'd' } } as unknown as KubernetesObject;
    const columns = [{ name: 'Domain', cell: (site: KubernetesObject) => (site as unknown as { spec: { domain: string } }).spec.domain }];
    expect(printTable({ kind: { group: 'example.com', version: 'v1', kind: 'Site' }, objects: [object], nowMs: NOW, columns }).rows[0]?.cells).toEqual(['d']);
  });
});
