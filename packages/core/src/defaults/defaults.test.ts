import { describe, expect, it } from 'vitest';
import { cloneJson } from '../json-data.ts';
import type { Kind } from '../kind.ts';
import {
  APIService,
  ClusterRoleBinding,
  CronJob,
  CSIDriver,
  CustomResourceDefinition,
  DaemonSet,
  Deployment,
  Endpoints,
  EndpointSlice,
  FlowSchema,
  HorizontalPodAutoscaler,
  Ingress,
  IngressClass,
  Job,
  LimitRange,
  MutatingWebhookConfiguration,
  Namespace,
  NetworkPolicy,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  PodDisruptionBudget,
  PriorityClass,
  PriorityLevelConfiguration,
  ReplicaSet,
  ReplicationController,
  ResourceClaim,
  ResourceQuota,
  ResourceSlice,
  RuntimeClass,
  Secret,
  Service,
  StatefulSet,
  StorageClass,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  findBodyModel,
  findKind,
} from '../kinds/index.ts';

type Fields = Record<string, unknown>;
interface Row {
  readonly name: string;
  readonly kind: Kind;
  readonly given: Fields;
  readonly expected: Fields;
}

async function defaulted(kind: Kind, given: Fields): Promise<Fields> {
  const object = cloneJson(given) as Fields;
  (await kind.model()).setDefaults(object);
  return object;
}

const check = (rows: readonly Row[]): void => {
  it.each(rows)('$name', async ({ kind, given, expected }) => {
    expect(await defaulted(kind, given)).toMatchObject(expected);
  });
};

const template = (labels: Fields): Fields => ({ template: { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'a:1' }] } } });
const defaultedTemplate = {
  template: { spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, containers: [{ imagePullPolicy: 'IfNotPresent' }] } },
};

describe('workloads', () => {
  check([
    {
      name: 'a Deployment rolls by quarters',
      kind: Deployment,
      given: { spec: template({}) },
      expected: {
        spec: {
          replicas: 1,
          revisionHistoryLimit: 10,
          progressDeadlineSeconds: 600,
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
          ...defaultedTemplate,
        },
      },
    },
    {
      name: 'a Deployment keeps zero replicas and its own numbers',
      kind: Deployment,
      given: { spec: { replicas: 0, strategy: { rollingUpdate: { maxSurge: 0 } } } },
      expected: { spec: { replicas: 0, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: '25%' } } } },
    },
    {
      name: 'a ReplicaSet has one replica',
      kind: ReplicaSet,
      given: {},
      expected: { spec: { replicas: 1, template: { spec: { dnsPolicy: 'ClusterFirst' } } } },
    },
    {
      name: 'a StatefulSet goes in order and retains claims',
      kind: StatefulSet,
      given: { spec: { ...template({}), volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }] } },
      expected: {
        spec: {
          replicas: 1,
          revisionHistoryLimit: 10,
          podManagementPolicy: 'OrderedReady',
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
          volumeClaimTemplates: [{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } }],
          ...defaultedTemplate,
        },
      },
    },
    {
      name: 'a DaemonSet replaces one at a time',
      kind: DaemonSet,
      given: { spec: template({}) },
      expected: {
        spec: { revisionHistoryLimit: 10, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }, ...defaultedTemplate },
      },
    },
    {
      name: 'a ReplicationController takes labels and selector from its template',
      kind: ReplicationController,
      given: { spec: template({ app: 'a' }) },
      expected: { metadata: { labels: { app: 'a' } }, spec: { replicas: 1, selector: { app: 'a' }, ...defaultedTemplate } },
    },
    {
      name: 'a ReplicationController keeps its own selector',
      kind: ReplicationController,
      given: { metadata: { labels: { a: 'b' } }, spec: { selector: { c: 'd' }, ...template({ app: 'a' }) } },
      expected: { metadata: { labels: { a: 'b' } }, spec: { selector: { c: 'd' } } },
    },
    {
      name: 'a Job runs once',
      kind: Job,
      given: { spec: template({ app: 'a' }) },
      expected: {
        metadata: { labels: { app: 'a' } },
        spec: {
          completions: 1,
          parallelism: 1,
          backoffLimit: 6,
          completionMode: 'NonIndexed',
          suspend: false,
          manualSelector: false,
          podReplacementPolicy: 'TerminatingOrFailed',
        },
      },
    },
    {
      name: 'a Job with limits for each index has none for all, and replaces what failed',
      kind: Job,
      given: { spec: { backoffLimitPerIndex: 1, podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }] } } },
      expected: {
        spec: {
          backoffLimit: 2147483647,
          podReplacementPolicy: 'Failed',
          podFailurePolicy: { rules: [{ onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }] },
        },
      },
    },
    {
      name: 'a CronJob may overlap and keeps a little history',
      kind: CronJob,
      given: { spec: { schedule: '* * * * *', jobTemplate: { spec: template({}) } } },
      expected: {
        spec: {
          concurrencyPolicy: 'Allow',
          suspend: false,
          successfulJobsHistoryLimit: 3,
          failedJobsHistoryLimit: 1,
          jobTemplate: { spec: defaultedTemplate },
        },
      },
    },
    { name: 'a PodDisruptionBudget needs nothing', kind: PodDisruptionBudget, given: {}, expected: { spec: {} } },
  ]);

  it('a Deployment that recreates has no rolling update', async () => {
    expect(await defaulted(Deployment, { spec: { strategy: { type: 'Recreate' } } })).toMatchObject({ spec: { strategy: { type: 'Recreate' } } });
    expect((await defaulted(Deployment, { spec: { strategy: { type: 'Recreate' } } }))['spec']).not.toHaveProperty('strategy.rollingUpdate');
  });

  it('a StatefulSet that rolls by its own word gets no rolling update that it did not ask for', async () => {
    expect((await defaulted(StatefulSet, { spec: { updateStrategy: { type: 'RollingUpdate' } } }))['spec']).toMatchObject({
      updateStrategy: { type: 'RollingUpdate' },
    });
    expect((await defaulted(StatefulSet, { spec: { updateStrategy: { type: 'RollingUpdate' } } }))['spec']).not.toHaveProperty('updateStrategy.rollingUpdate');
  });

  it('a Job with parallelism alone has no number of completions', async () => {
    expect((await defaulted(Job, { spec: { parallelism: 2 } }))['spec']).not.toHaveProperty('completions');
  });

  it('labels that are taken over are a copy', async () => {
    const job = await defaulted(Job, { spec: template({ app: 'a' }) });
    const labels = (job['metadata'] as Fields)['labels'];
    expect(labels).not.toBe((job['spec'] as { template: { metadata: Fields } }).template.metadata['labels']);
  });
});

describe('autoscaling', () => {
  const v1 = findKind('autoscaling/v1', 'HorizontalPodAutoscaler') as Kind;
  check([
    {
      name: 'v2 aims at 80 % of the CPU',
      kind: HorizontalPodAutoscaler,
      given: {},
      expected: {
        spec: { minReplicas: 1, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }] },
      },
    },
    {
      name: 'v2 completes a behaviour that is given in part',
      kind: HorizontalPodAutoscaler,
      given: { spec: { behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } } },
      expected: {
        spec: {
          behavior: {
            scaleUp: {
              stabilizationWindowSeconds: 0,
              selectPolicy: 'Max',
              policies: [
                { type: 'Pods', value: 4, periodSeconds: 15 },
                { type: 'Percent', value: 100, periodSeconds: 15 },
              ],
            },
            scaleDown: { stabilizationWindowSeconds: 60, selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
          },
        },
      },
    },
    {
      name: 'v2 has canonical targets',
      kind: HorizontalPodAutoscaler,
      given: { spec: { metrics: [{ pods: { target: { averageValue: 1000 } } }] } },
      expected: { spec: { metrics: [{ pods: { target: { averageValue: '1k' } } }] } },
    },
    { name: 'v1 has only a minimum', kind: v1, given: {}, expected: { spec: { minReplicas: 1 } } },
  ]);
});

describe('networking', () => {
  check([
    {
      name: 'a Service is a ClusterIP',
      kind: Service,
      given: { spec: { ports: [{ port: 80 }, { port: 53, protocol: 'UDP', targetPort: 'dns' }, { port: 81, targetPort: 0 }] } },
      expected: {
        spec: {
          type: 'ClusterIP',
          sessionAffinity: 'None',
          internalTrafficPolicy: 'Cluster',
          ports: [
            { port: 80, protocol: 'TCP', targetPort: 80 },
            { port: 53, protocol: 'UDP', targetPort: 'dns' },
            { port: 81, targetPort: 81 },
          ],
        },
        status: { loadBalancer: {} },
      },
    },
    {
      name: 'a LoadBalancer is reached from everywhere',
      kind: Service,
      given: { spec: { type: 'LoadBalancer' }, status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }, { hostname: 'a' }] } } },
      expected: {
        spec: { externalTrafficPolicy: 'Cluster', allocateLoadBalancerNodePorts: true },
        status: { loadBalancer: { ingress: [{ ip: '10.0.0.1', ipMode: 'VIP' }, { hostname: 'a' }] } },
      },
    },
    {
      name: 'affinity to the client lasts three hours',
      kind: Service,
      given: { spec: { sessionAffinity: 'ClientIP' } },
      expected: { spec: { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } } },
    },
    {
      name: 'external addresses make a ClusterIP external',
      kind: Service,
      given: { spec: { externalIPs: ['10.0.0.1'] } },
      expected: { spec: { externalTrafficPolicy: 'Cluster' } },
    },
    {
      name: 'Endpoints are TCP',
      kind: Endpoints,
      given: { subsets: [{ ports: [{ port: 1 }] }] },
      expected: { subsets: [{ ports: [{ port: 1, protocol: 'TCP' }] }] },
    },
    {
      name: 'an EndpointSlice has nameless TCP ports',
      kind: EndpointSlice,
      given: { ports: [{ port: 1 }] },
      expected: { ports: [{ port: 1, name: '', protocol: 'TCP' }] },
    },
    { name: 'an Ingress has a status', kind: Ingress, given: {}, expected: { spec: {}, status: { loadBalancer: {} } } },
    {
      name: 'parameters of an IngressClass are of the cluster',
      kind: IngressClass,
      given: { spec: { parameters: { kind: 'A', name: 'a' } } },
      expected: { spec: { parameters: { scope: 'Cluster' } } },
    },
    {
      name: 'a NetworkPolicy is about what comes in',
      kind: NetworkPolicy,
      given: { spec: { ingress: [{ ports: [{ port: 80 }] }] } },
      expected: { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 80, protocol: 'TCP' }] }] } },
    },
    {
      name: 'a NetworkPolicy with egress rules is about both',
      kind: NetworkPolicy,
      given: { spec: { egress: [{}] } },
      expected: { spec: { policyTypes: ['Ingress', 'Egress'] } },
    },
  ]);

  it('a Service without affinity has no settings of it, and inside is not outside', async () => {
    const { spec } = (await defaulted(Service, { spec: { sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } } } })) as { spec: Fields };
    expect(spec).not.toHaveProperty('sessionAffinityConfig');
    expect(spec).not.toHaveProperty('externalTrafficPolicy');
    expect(spec).not.toHaveProperty('allocateLoadBalancerNodePorts');
  });

  it('an ExternalName has no traffic policy', async () => {
    expect((await defaulted(Service, { spec: { type: 'ExternalName' } }))['spec']).not.toHaveProperty('internalTrafficPolicy');
  });
});

describe('storage', () => {
  check([
    {
      name: 'a PersistentVolume is retained and a file system',
      kind: PersistentVolume,
      given: { spec: { capacity: { storage: '1024Gi' }, hostPath: { path: '/a' } } },
      expected: {
        spec: { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem', capacity: { storage: '1Ti' }, hostPath: { type: '' } },
        status: { phase: 'Pending' },
      },
    },
    {
      name: 'a claim is a file system',
      kind: PersistentVolumeClaim,
      given: { spec: { resources: { requests: { storage: 1073741824 } } } },
      expected: { spec: { volumeMode: 'Filesystem', resources: { requests: { storage: '1073741824' } } }, status: { phase: 'Pending' } },
    },
    { name: 'a StorageClass deletes and binds at once', kind: StorageClass, given: {}, expected: { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' } },
    {
      name: 'a CSIDriver attaches',
      kind: CSIDriver,
      given: {},
      expected: {
        spec: {
          attachRequired: true,
          podInfoOnMount: false,
          storageCapacity: false,
          fsGroupPolicy: 'ReadWriteOnceWithFSType',
          volumeLifecycleModes: ['Persistent'],
          requiresRepublish: false,
          seLinuxMount: false,
        },
      },
    },
  ]);
});

describe('the core group', () => {
  check([
    {
      name: 'a Namespace carries its name as a label',
      kind: Namespace,
      given: { metadata: { name: 'web', labels: { a: 'b' } } },
      expected: { metadata: { labels: { a: 'b', 'kubernetes.io/metadata.name': 'web' } }, spec: {}, status: { phase: 'Active' } },
    },
    {
      name: 'a Node has its capacity to give',
      kind: Node,
      given: { status: { capacity: { cpu: 4, memory: '16384Mi' } } },
      expected: { spec: {}, status: { capacity: { cpu: '4', memory: '16Gi' }, allocatable: { cpu: '4', memory: '16Gi' } } },
    },
    { name: 'a Secret is opaque', kind: Secret, given: {}, expected: { type: 'Opaque' } },
    {
      name: 'a ResourceQuota has canonical quantities',
      kind: ResourceQuota,
      given: { spec: { hard: { pods: 10, 'requests.cpu': '1000m' } } },
      expected: { spec: { hard: { pods: '10', 'requests.cpu': '1' } } },
    },
    {
      name: 'a LimitRange limits containers by its maximum and requests by limit and minimum',
      kind: LimitRange,
      given: { spec: { limits: [{ type: 'Container', max: { cpu: '2' }, default: { memory: '1Gi' }, min: { cpu: '1', storage: '1' } }] } },
      expected: { spec: { limits: [{ default: { cpu: '2', memory: '1Gi' }, defaultRequest: { cpu: '2', memory: '1Gi', storage: '1' } }] } },
    },
  ]);

  it('a Namespace without a name gets no label', async () => {
    expect((await defaulted(Namespace, { metadata: { generateName: 'web-' } }))['metadata']).toEqual({ generateName: 'web-' });
  });

  it('a LimitRange of Pods has no defaults', async () => {
    expect(await defaulted(LimitRange, { spec: { limits: [{ type: 'Pod', max: { cpu: '2' } }] } })).toEqual({
      spec: { limits: [{ type: 'Pod', max: { cpu: '2' } }] },
    });
  });
});

describe('access and admission', () => {
  const webhook = {
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    namespaceSelector: {},
    objectSelector: {},
    timeoutSeconds: 10,
    rules: [{ scope: '*' }],
    clientConfig: { service: { port: 443 } },
  };
  check([
    {
      name: 'a binding is to a role of RBAC, for users and groups of RBAC',
      kind: ClusterRoleBinding,
      given: { roleRef: { kind: 'ClusterRole', name: 'a' }, subjects: [{ kind: 'User' }, { kind: 'Group' }, { kind: 'ServiceAccount' }] },
      expected: {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io' }, { apiGroup: 'rbac.authorization.k8s.io' }, { kind: 'ServiceAccount' }],
      },
    },
    {
      name: 'a webhook fails closed',
      kind: MutatingWebhookConfiguration,
      given: { webhooks: [{ rules: [{}], clientConfig: { service: {} } }] },
      expected: { webhooks: [{ ...webhook, reinvocationPolicy: 'Never' }] },
    },
    {
      name: 'a policy fails closed',
      kind: ValidatingAdmissionPolicy,
      given: { spec: { matchConstraints: { resourceRules: [{}] } } },
      expected: {
        spec: {
          failurePolicy: 'Fail',
          matchConstraints: { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, resourceRules: [{ scope: '*' }] },
        },
      },
    },
    {
      name: 'a binding of a policy matches equivalents',
      kind: ValidatingAdmissionPolicyBinding,
      given: { spec: { matchResources: {} } },
      expected: { spec: { matchResources: { matchPolicy: 'Equivalent' } } },
    },
    { name: 'a FlowSchema comes in the middle', kind: FlowSchema, given: {}, expected: { spec: { matchingPrecedence: 1000 } } },
    {
      name: 'a limited priority level queues',
      kind: PriorityLevelConfiguration,
      given: { spec: { limited: { limitResponse: { queuing: {} } } } },
      expected: {
        spec: { limited: { nominalConcurrencyShares: 30, lendablePercent: 0, limitResponse: { queuing: { handSize: 8, queues: 64, queueLengthLimit: 50 } } } },
      },
    },
    {
      name: 'an exempt priority level has no shares',
      kind: PriorityLevelConfiguration,
      given: { spec: { exempt: {} } },
      expected: { spec: { exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } } },
    },
    { name: 'an APIService is reached by HTTPS', kind: APIService, given: { spec: { service: {} } }, expected: { spec: { service: { port: 443 } } } },
    {
      name: 'a CustomResourceDefinition names itself',
      kind: CustomResourceDefinition,
      given: { spec: { names: { kind: 'CronTab' }, versions: [{ name: 'v1' }, { name: 'v2', storage: true }] } },
      expected: { spec: { names: { singular: 'crontab', listKind: 'CronTabList' }, conversion: { strategy: 'None' } }, status: { storedVersions: ['v2'] } },
    },
  ]);

  it('a token lasts an hour', async () => {
    const request: Fields = {};
    (await findBodyModel('authentication.k8s.io/v1', 'TokenRequest'))?.setDefaults(request);
    expect(request).toEqual({ spec: { expirationSeconds: 3600 } });
  });
});

describe('scheduling and devices', () => {
  check([
    { name: 'a PriorityClass preempts', kind: PriorityClass, given: {}, expected: { preemptionPolicy: 'PreemptLowerPriority' } },
    {
      name: 'a RuntimeClass has canonical overhead',
      kind: RuntimeClass,
      given: { overhead: { podFixed: { cpu: 0.25 } } },
      expected: { overhead: { podFixed: { cpu: '250m' } } },
    },
    {
      name: 'a ResourceClaim asks for one device',
      kind: ResourceClaim,
      given: { spec: { devices: { requests: [{ exactly: { tolerations: [{ key: 'a' }] } }, { firstAvailable: [{ allocationMode: 'All' }] }] } } },
      expected: {
        spec: {
          devices: {
            requests: [
              { exactly: { allocationMode: 'ExactCount', count: 1, tolerations: [{ key: 'a', operator: 'Equal' }] } },
              { firstAvailable: [{ allocationMode: 'All' }] },
            ],
          },
        },
      },
    },
    {
      name: 'a device has canonical capacities',
      kind: ResourceSlice,
      given: { spec: { devices: [{ capacity: { memory: { value: '1024Mi' } } }], sharedCounters: [{ counters: { a: { value: 0.0001 } } }] } },
      expected: { spec: { devices: [{ capacity: { memory: { value: '1Gi' } } }], sharedCounters: [{ counters: { a: { value: '100u' } } }] } },
    },
    {
      name: 'a device counts once',
      kind: ResourceSlice,
      given: { spec: { devices: [{ nodeAllocatableResourceMappings: { cpu: {} } }] } },
      expected: { spec: { devices: [{ nodeAllocatableResourceMappings: { cpu: { allocationMultiplier: '1' } } }] } },
    },
    {
      name: 'an old claim asks in the request itself',
      kind: findKind('resource.k8s.io/v1beta1', 'ResourceClaim') as Kind,
      given: { spec: { devices: { requests: [{ deviceClassName: 'gpu' }] } } },
      expected: { spec: { devices: { requests: [{ allocationMode: 'ExactCount', count: 1 }] } } },
    },
  ]);
});
