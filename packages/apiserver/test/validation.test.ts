import type { Kind } from '@kybern/core';
import * as kinds from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { causesOf, changed, rejection, startServer, VALID } from './fixtures.ts';

type Name = keyof typeof VALID;
type Case = readonly [changes: Readonly<Record<string, unknown>>, cause: string];

const kindOf = (name: Name): Kind => (kinds as unknown as Record<string, Kind>)[name] as Kind;
const NOT_NEGATIVE = 'must be greater than or equal to 0';

/** What is wrong with an object after a change, as the only cause. The message's beginning is enough. */
const CASES: Readonly<Partial<Record<Name, readonly Case[]>>> = {
  Pod: [
    [{ 'metadata.name': 'Web' }, 'metadata.name: Invalid value: "Web": a lowercase RFC 1123 subdomain'],
    [{ 'metadata.name': undefined }, 'metadata.name: Required value: name or generateName is required'],
    [{ 'metadata.labels': { 'a b': 'c' } }, 'metadata.labels: Invalid value: "a b": name part must consist of'],
    [{ 'metadata.labels': { a: 'b/c' } }, 'metadata.labels: Invalid value: "b/c": a valid label must be an empty string or consist of'],
    [{ 'metadata.annotations': { 'a b': 'c' } }, 'metadata.annotations: Invalid value: "a b": name part must consist of'],
    [{ 'metadata.annotations': { a: 'x'.repeat(262_145) } }, 'metadata.annotations: Too long: may not be more than 262144 bytes'],
    [{ 'metadata.finalizers': ['no good'] }, 'metadata.finalizers[0]: Invalid value: "no good": name part'],
    [
      { 'metadata.ownerReferences': [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: '' }] },
      'metadata.ownerReferences[0].uid: Invalid value: "": uid must not be empty',
    ],
    [{ 'spec.containers': [] }, 'spec.containers: Required value'],
    [{ 'spec.containers.0.name': 'Main' }, 'spec.containers[0].name: Invalid value: "Main": a lowercase RFC 1123 label'],
    [{ 'spec.containers.0.image': '' }, 'spec.containers[0].image: Required value'],
    [{ 'spec.containers.0.image': ' a' }, 'spec.containers[0].image: Invalid value: " a": must not have leading or trailing whitespace'],
    [{ 'spec.containers.1': { name: 'main', image: 'a' } }, 'spec.containers[1].name: Duplicate value: "main"'],
    [{ 'spec.initContainers': [{ name: 'main', image: 'a' }] }, 'spec.initContainers[0].name: Duplicate value: "main"'],
    [
      { 'spec.initContainers': [{ name: 'i', image: 'a', livenessProbe: { tcpSocket: { port: 1 } } }] },
      'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    ],
    [{ 'spec.containers.0.ports': [{ containerPort: 0 }] }, 'spec.containers[0].ports[0].containerPort: Required value'],
    [
      { 'spec.containers.0.ports': [{ containerPort: 70_000 }] },
      'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
    [
      {
        'spec.containers.0.ports': [
          { containerPort: 1, name: 'a' },
          { containerPort: 2, name: 'a' },
        ],
      },
      'spec.containers[0].ports[1].name: Duplicate value: "a"',
    ],
    [
      { 'spec.containers.0.ports': [{ containerPort: 1, name: '1-1' }] },
      'spec.containers[0].ports[0].name: Invalid value: "1-1": must contain at least one letter (a-z)',
    ],
    [
      {
        'spec.containers.0.ports': [
          { containerPort: 1, hostPort: 80 },
          { containerPort: 2, hostPort: 80 },
        ],
      },
      'spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"',
    ],
    [{ 'spec.containers.0.env': [{ name: 'A=B', value: 'c' }] }, 'spec.containers[0].env[0].name: Invalid value: "A=B": a valid environment variable name'],
    [{ 'spec.containers.0.env': [{ name: '', value: 'c' }] }, 'spec.containers[0].env[0].name: Required value'],
    [
      { 'spec.containers.0.env': [{ name: 'A', value: 'c', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] },
      'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
    ],
    [
      { 'spec.containers.0.env': [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.nope' } } }] },
      'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.nope": supported values: "metadata.name"',
    ],
    [{ 'spec.containers.0.envFrom': [{}] }, 'spec.containers[0].envFrom[0]: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
    [
      { 'spec.containers.0.resources': { requests: { cpu: '2' }, limits: { cpu: '1' } } },
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ],
    [{ 'spec.containers.0.resources': { requests: { cpu: '-1' } } }, `spec.containers[0].resources.requests[cpu]: Invalid value: "-1": ${NOT_NEGATIVE}`],
    [
      { 'spec.containers.0.resources': { requests: { gpu: '1' } } },
      'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
    ],
    [
      { 'spec.containers.0.resources': { requests: { 'example.com/gpu': '1' } } },
      'spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources',
    ],
    [{ 'spec.containers.0.livenessProbe': {} }, 'spec.containers[0].livenessProbe: Required value: must specify a handler type'],
    [
      { 'spec.containers.0.livenessProbe': { exec: { command: ['a'] }, tcpSocket: { port: 1 } } },
      'spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
    ],
    [
      { 'spec.containers.0.livenessProbe': { exec: { command: ['a'] }, successThreshold: 2 } },
      'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
    ],
    [
      { 'spec.containers.0.readinessProbe': { httpGet: { port: 0, path: '/' } } },
      'spec.containers[0].readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive',
    ],
    [
      { 'spec.containers.0.readinessProbe': { exec: { command: ['a'] }, terminationGracePeriodSeconds: 1 } },
      'spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes',
    ],
    [{ 'spec.containers.0.volumeMounts': [{ name: 'data', mountPath: '/data' }] }, 'spec.containers[0].volumeMounts[0].name: Not found: "data"'],
    [
      {
        'spec.volumes': [{ name: 'a', emptyDir: {} }],
        'spec.containers.0.volumeMounts': [
          { name: 'a', mountPath: '/a' },
          { name: 'a', mountPath: '/a' },
        ],
      },
      'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique',
    ],
    [
      { 'spec.volumes': [{ name: 'a', emptyDir: {} }], 'spec.containers.0.volumeMounts': [{ name: 'a', mountPath: '/a', subPath: '../b' }] },
      'spec.containers[0].volumeMounts[0].subPath: Invalid value: "../b": must not contain \'..\'',
    ],
    [
      { 'spec.volumes': [{ name: 'a', emptyDir: {}, hostPath: { path: '/' } }] },
      'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
    ],
    [
      {
        'spec.volumes': [
          { name: 'a', emptyDir: {} },
          { name: 'a', emptyDir: {} },
        ],
      },
      'spec.volumes[1].name: Duplicate value: "a"',
    ],
    [{ 'spec.volumes': [{ name: 'a', configMap: {} }] }, 'spec.volumes[0].configMap.name: Required value'],
    [
      { 'spec.volumes': [{ name: 'a', secret: { secretName: 's', items: [{ key: 'k', path: '/p' }] } }] },
      'spec.volumes[0].secret.items[0].path: Invalid value: "/p": must be a relative path',
    ],
    [
      { 'spec.volumes': [{ name: 'a', projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 5 } }] } }] },
      'spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 5',
    ],
    [{ 'spec.nodeSelector': { 'a b': 'c' } }, 'spec.nodeSelector: Invalid value: "a b"'],
    [
      { 'spec.tolerations': [{ operator: 'Equal', value: 'x' }] },
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty',
    ],
    [
      { 'spec.tolerations': [{ key: 'a', operator: 'Exists', tolerationSeconds: 1, effect: 'NoSchedule' }] },
      'spec.tolerations[0].effect: Invalid value: "NoSchedule": effect must be \'NoExecute\' when `tolerationSeconds` is set',
    ],
    [
      { 'spec.affinity': { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } } },
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term',
    ],
    [
      { 'spec.affinity': { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: '' }] } } },
      'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty',
    ],
    [
      { 'spec.topologySpreadConstraints': [{ maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] },
      'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
    ],
    [{ 'spec.hostname': 'a.b' }, 'spec.hostname: Invalid value: "a.b": a lowercase RFC 1123 label'],
    [{ 'spec.activeDeadlineSeconds': 0 }, 'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive'],
    [{ 'spec.terminationGracePeriodSeconds': -1 }, `spec.terminationGracePeriodSeconds: Invalid value: -1: ${NOT_NEGATIVE}`],
    [{ 'spec.securityContext': { runAsUser: -1 } }, 'spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive'],
    [{ 'spec.schedulingGates': [{ name: 'a' }, { name: 'a' }] }, 'spec.schedulingGates[1]: Duplicate value: "a"'],
    [{ 'spec.restartPolicy': 'Sometimes' }, 'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"'],
  ],
  Service: [
    [{ 'spec.ports': [] }, 'spec.ports: Required value'],
    [{ 'spec.ports': [{ port: 0 }] }, 'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive'],
    [{ 'spec.ports': [{ port: 80 }, { port: 81, name: 'b' }] }, 'spec.ports[0].name: Required value'],
    [
      {
        'spec.ports': [
          { port: 80, name: 'a' },
          { port: 81, name: 'a' },
        ],
      },
      'spec.ports[1].name: Duplicate value: "a"',
    ],
    [{ 'spec.ports': [{ port: 80, nodePort: 30_080 }] }, "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    [{ 'spec.ports': [{ port: 80, targetPort: 'Up' }] }, 'spec.ports[0].targetPort: Invalid value: "Up": must contain only alpha-numeric characters'],
    [{ 'spec.selector': { 'a b': 'c' } }, 'spec.selector: Invalid value: "a b"'],
    [{ 'spec.type': 'ExternalName' }, 'spec.externalName: Required value'],
    [
      { 'spec.clusterIP': '10.200.0.1' },
      'spec.clusterIPs: Invalid value: ["10.200.0.1"]: failed to allocate IP 10.200.0.1: the provided IP (10.200.0.1) is not in the valid range',
    ],
    [{ 'spec.clusterIP': '10.96.0.1' }, 'spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP 10.96.0.1: provided IP is already allocated'],
    [{ 'spec.clusterIP': 'nope' }, 'spec.clusterIPs[0]: Invalid value: "nope": must be a valid IP address'],
    [
      { 'spec.type': 'NodePort', 'spec.ports': [{ port: 80, nodePort: 80 }] },
      'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    ],
    [{ 'spec.loadBalancerSourceRanges': ['10.0.0.0/8'] }, "spec.loadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"],
    [{ 'spec.externalTrafficPolicy': 'Local' }, 'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
  ],
  Deployment: [
    [{ 'spec.selector': {} }, 'spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    [
      { 'spec.template.metadata.labels': { app: 'other' } },
      'spec.template.metadata.labels: Invalid value: {"app":"other"}: `selector` does not match template `labels`',
    ],
    [{ 'spec.replicas': -1 }, `spec.replicas: Invalid value: -1: ${NOT_NEGATIVE}`],
    [{ 'spec.template.spec.restartPolicy': 'Never' }, 'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    [{ 'spec.template.spec.containers': [] }, 'spec.template.spec.containers: Required value'],
    [
      { 'spec.strategy': { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } },
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ],
    [
      { 'spec.strategy': { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } },
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
    ],
    [
      { 'spec.strategy': { rollingUpdate: { maxSurge: 'many' } } },
      'spec.strategy.rollingUpdate.maxSurge: Invalid value: "many": a valid percent string must be',
    ],
    [
      { 'spec.strategy': { rollingUpdate: { maxUnavailable: '101%' } } },
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
    ],
    [{ 'spec.minReadySeconds': 600 }, 'spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds'],
    [
      { 'spec.selector': { matchExpressions: [{ key: 'app', operator: 'In' }] } },
      "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ],
  ],
  ReplicaSet: [[{ 'spec.template.metadata.labels': {} }, 'spec.template.metadata.labels: Invalid value: {}: `selector` does not match template `labels`']],
  ReplicationController: [[{ 'spec.template': undefined }, 'spec.template: Required value']],
  DaemonSet: [
    [
      { 'spec.updateStrategy': { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } },
      'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
    ],
  ],
  StatefulSet: [
    [{ 'metadata.name': 'a.b' }, 'metadata.name: Invalid value: "a.b": a lowercase RFC 1123 label'],
    [
      { 'spec.volumeClaimTemplates': [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }] },
      'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
    ],
  ],
  Job: [
    [{ 'spec.template.spec.restartPolicy': 'Always' }, 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    [{ 'spec.backoffLimit': -1 }, `spec.backoffLimit: Invalid value: -1: ${NOT_NEGATIVE}`],
    [
      { 'spec.completionMode': 'Indexed', 'spec.completions': undefined, 'spec.parallelism': 2 },
      'spec.completions: Required value: when completion mode is Indexed',
    ],
  ],
  CronJob: [
    [{ 'spec.schedule': 'often' }, 'spec.schedule: Invalid value: "often": expected exactly 5 fields, found 1: [often]'],
    [{ 'spec.schedule': '61 * * * *' }, 'spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61'],
    [{ 'spec.timeZone': 'Mars/Olympus' }, 'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus'],
    [{ 'metadata.name': 'x'.repeat(53) }, `metadata.name: Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`],
  ],
  ConfigMap: [
    [{ data: { 'a/b': 'c' } }, 'data[a/b]: Invalid value: "a/b": a valid config key must consist of'],
    [{ binaryData: { key: 'dmFsdWU=' } }, 'binaryData[key]: Invalid value: "key": duplicate of key present in data'],
    [{ data: { key: 'x'.repeat(1024 * 1024 + 1) } }, ': Too long: may not be more than 1048576 bytes'],
  ],
  Secret: [
    [{ type: 'kubernetes.io/tls', data: { 'tls.crt': '' } }, 'data[tls.key]: Required value'],
    [
      { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'bm90IGpzb24=' } },
      'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be valid JSON',
    ],
  ],
  Namespace: [[{ 'metadata.name': 'a.b' }, 'metadata.name: Invalid value: "a.b": a lowercase RFC 1123 label']],
  Node: [
    [
      {
        'spec.taints': [
          { key: 'a', effect: 'NoSchedule' },
          { key: 'a', effect: 'NoSchedule' },
        ],
      },
      'spec.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique by key and effect pair',
    ],
    [{ 'spec.podCIDRs': ['nope'] }, 'spec.podCIDRs[0]: Invalid value: "nope": must be a valid CIDR value'],
  ],
  PersistentVolumeClaim: [
    [{ 'spec.accessModes': [] }, 'spec.accessModes: Required value: at least 1 access mode is required'],
    [{ 'spec.resources': { requests: { storage: '0' } } }, 'spec.resources[storage]: Invalid value: "0": must be greater than zero'],
  ],
  PersistentVolume: [
    [{ 'spec.hostPath': undefined }, 'spec: Required value: must specify a volume type'],
    [{ 'spec.nfs': { server: 's', path: '/' } }, 'spec.nfs: Forbidden: may not specify more than 1 volume type'],
    [{ 'spec.capacity': {} }, 'spec.capacity: Required value'],
  ],
  StorageClass: [[{ provisioner: '' }, 'provisioner: Required value']],
  Ingress: [
    [{ 'spec.rules': [] }, 'spec: Invalid value: []: either `defaultBackend` or `rules` must be specified'],
    [{ 'spec.rules.0.host': '10.0.0.1' }, 'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
    [{ 'spec.rules.0.http.paths.0.path': 'a' }, 'spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path'],
    [
      { 'spec.rules.0.http.paths.0.backend': { service: { name: 'web' } } },
      'spec.rules[0].http.paths[0].backend: Required value: port name or number is required',
    ],
  ],
  NetworkPolicy: [
    [{ 'spec.ingress.0.from': [{}] }, 'spec.ingress[0].from[0]: Required value: must specify a peer'],
    [
      { 'spec.ingress.0.from': [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/9'] } }] },
      'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/9": must be a strict subset of `cidr`',
    ],
    [{ 'spec.ingress.0.ports': [{ port: 80, endPort: 70 }] }, 'spec.ingress[0].ports[0].endPort: Invalid value: 70: must be greater than or equal to `port`'],
  ],
  PodDisruptionBudget: [
    [
      { 'spec.maxUnavailable': 1 },
      'spec: Invalid value: {"minAvailable":1,"selector":{"matchLabels":{"app":"web"}},"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set',
    ],
  ],
  PriorityClass: [
    [
      { 'metadata.name': 'system-mine' },
      "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
    ],
    [{ value: 1_000_000_001 }, 'value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
  ],
  HorizontalPodAutoscaler: [
    [{ 'spec.minReplicas': 9 }, 'spec.maxReplicas: Invalid value: 5: must be greater than or equal to `minReplicas`'],
    [{ 'spec.metrics': [{ type: 'Resource' }] }, 'spec.metrics[0].resource: Required value: must populate information for the given metric source'],
  ],
  Role: [
    [{ 'rules.0.verbs': [] }, 'rules[0].verbs: Required value: verbs must contain at least one value'],
    [{ 'metadata.name': 'a/b' }, 'metadata.name: Invalid value: "a/b": may not contain \'/\''],
  ],
  RoleBinding: [
    [{ 'roleRef.kind': 'Rule' }, 'roleRef.kind: Unsupported value: "Rule": supported values: "ClusterRole", "Role"'],
    [{ 'subjects.0.kind': 'Robot' }, 'subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"'],
  ],
  ClusterRole: [
    [
      { 'rules.0.resources': ['pods'] },
      'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: rules cannot apply to both regular resources and non-resource URLs',
    ],
  ],
  EndpointSlice: [
    [{ 'endpoints.0.addresses': ['::1'] }, 'endpoints[0].addresses[0]: Invalid value: "::1": must be an IPv4 address'],
    [{ 'endpoints.0.addresses': [] }, 'endpoints[0].addresses: Required value: must contain at least 1 address'],
  ],
  Lease: [[{ 'spec.leaseDurationSeconds': 0 }, 'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0']],
  Event: [[{ 'involvedObject.namespace': 'other' }, 'involvedObject.namespace: Invalid value: "other": does not match event.namespace']],
};

describe('validation of new objects', () => {
  it.each(Object.keys(VALID).map((name) => ({ name: name as Name })))('takes a valid $name', async ({ name }) => {
    await using server = await startServer();
    const created = await server.client.create(kindOf(name), VALID[name] as never);
    expect(created.metadata.name).toBe(VALID[name].metadata.name);
  });

  const rows = Object.entries(CASES).flatMap(([name, cases]) =>
    cases.map(([changes, cause]) => ({ name: `${name}: ${cause.slice(0, 100)}`, kind: name as Name, changes, cause })),
  );
  it.each(rows)('$name', async ({ kind, changes, cause }) => {
    await using server = await startServer();
    const causes = await causesOf(server.client.create(kindOf(kind), changed(VALID[kind], changes)));
    expect(causes).toHaveLength(1);
    expect(causes[0]).toContain(cause);
    expect(causes[0]?.startsWith(cause)).toBe(true);
  });

  it('names everything at once', async () => {
    await using server = await startServer();
    const wrong = changed(VALID.Deployment, {
      'metadata.name': 'Web',
      'spec.replicas': -1,
      'spec.template.spec.containers.0.image': '',
      'spec.template.metadata.labels': { other: 'x' },
    });
    expect((await causesOf(server.client.create(kindOf('Deployment'), wrong))).map((cause) => cause.split(':')[0])).toEqual([
      'metadata.name',
      'spec.replicas',
      'spec.template.metadata.labels',
      'spec.template.spec.containers[0].image',
    ]);
  });

  it('says it as Kubernetes does', async () => {
    await using server = await startServer();
    const error = await rejection(server.client.create(kindOf('Deployment'), changed(VALID.Deployment, { 'spec.replicas': -1 })));
    expect(error.toStatus()).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      reason: 'Invalid',
      details: {
        name: 'web',
        group: 'apps',
        kind: 'Deployment',
        causes: [{ reason: 'FieldValueInvalid', message: 'Invalid value: -1: must be greater than or equal to 0', field: 'spec.replicas' }],
      },
      code: 422,
    });
  });
});
