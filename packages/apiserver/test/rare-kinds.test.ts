import type { Kind } from '@kybern/core';
import * as kinds from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { causesOf, changed, startServer, VALID } from './fixtures.ts';

const kindOf = (name: string): Kind => (kinds as unknown as Record<string, Kind>)[name] as Kind;

const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };
const hook = {
  name: 'a.example.com',
  rules: [rule],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  clientConfig: { service: { name: 'hook', namespace: 'default', path: '/check' } },
};
const request = btoa('-----BEGIN CERTIFICATE REQUEST-----\nMAo=\n-----END CERTIFICATE REQUEST-----\n');

/** One valid object of each of the kinds that manifests seldom have. */
const RARE: Readonly<Record<string, object>> = {
  ...VALID,
  LimitRange: {
    metadata: { name: 'a' },
    spec: { limits: [{ type: 'Container', min: { cpu: '100m' }, max: { cpu: '1' }, default: { cpu: '500m' }, defaultRequest: { cpu: '200m' } }] },
  },
  ResourceQuota: { metadata: { name: 'a' }, spec: { hard: { pods: '5', 'requests.cpu': '1500m', 'count/deployments.apps': '3' } } },
  CSIDriver: { metadata: { name: 'disk.example.com' }, spec: { attachRequired: true, volumeLifecycleModes: ['Persistent'] } },
  CSIStorageCapacity: { metadata: { name: 'a' }, storageClassName: 'fast', capacity: '1Gi' },
  VolumeAttributesClass: { metadata: { name: 'a' }, driverName: 'disk.example.com', parameters: { iops: '1' } },
  VolumeAttachment: { metadata: { name: 'a' }, spec: { attacher: 'disk.example.com', nodeName: 'node-1', source: { persistentVolumeName: 'v' } } },
  Endpoints: { metadata: { name: 'a' }, subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80 }] }] },
  IPAddress: { metadata: { name: '10.200.0.7' }, spec: { parentRef: { resource: 'services', name: 'a', namespace: 'default' } } },
  ServiceCIDR: { metadata: { name: 'a' }, spec: { cidrs: ['10.200.0.0/24'] } },
  IngressClass: { metadata: { name: 'a' }, spec: { controller: 'example.com/ingress' } },
  RuntimeClass: { metadata: { name: 'a' }, handler: 'runc', overhead: { podFixed: { cpu: '10m' } } },
  FlowSchema: {
    metadata: { name: 'a' },
    spec: {
      matchingPrecedence: 500,
      priorityLevelConfiguration: { name: 'b' },
      rules: [{ subjects: [{ kind: 'User', user: { name: '*' } }], resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }] }],
    },
  },
  PriorityLevelConfiguration: {
    metadata: { name: 'a' },
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: { queues: 8, handSize: 4 } } } },
  },
  ValidatingWebhookConfiguration: { metadata: { name: 'a' }, webhooks: [hook] },
  MutatingWebhookConfiguration: { metadata: { name: 'a' }, webhooks: [hook] },
  ValidatingAdmissionPolicy: {
    metadata: { name: 'a' },
    spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'true', message: 'no' }] },
  },
  ValidatingAdmissionPolicyBinding: { metadata: { name: 'a' }, spec: { policyName: 'a', validationActions: ['Deny'] } },
  ResourceClaim: { metadata: { name: 'a' }, spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com' } }] } } },
  ResourceClaimTemplate: {
    metadata: { name: 'a' },
    spec: { spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com' } }] } } },
  },
  DeviceClass: { metadata: { name: 'gpu.example.com' }, spec: { selectors: [{ cel: { expression: 'true' } }] } },
  ResourceSlice: {
    metadata: { name: 'a' },
    spec: { driver: 'gpu.example.com', nodeName: 'node-1', pool: { name: 'node-1', generation: 1, resourceSliceCount: 1 }, devices: [{ name: 'gpu-0' }] },
  },
  CertificateSigningRequest: { metadata: { name: 'a' }, spec: { request, signerName: 'example.com/signer', usages: ['client auth'] } },
};

it.each(Object.keys(RARE).filter((name) => !Object.hasOwn(VALID, name)))('a valid %s is taken', async (name) => {
  await using server = await startServer();
  const created = await server.client.create(kindOf(name), RARE[name] as never);
  expect(created.metadata.uid).toBeDefined();
});

const volume = (source: object): object => ({ 'spec.volumes': [{ name: 'v', ...source }] });
const pod = (changes: object): object => changes;

const MISTAKES: readonly (readonly [string, object, ...string[]])[] = [
  // volumes
  [
    'Pod',
    volume({ iscsi: { targetPortal: '', iqn: 'nonsense', lun: 256 } }),
    'spec.volumes[0].iscsi.targetPortal: Required value',
    'spec.volumes[0].iscsi.iqn: Invalid value: "nonsense": must be valid format',
    'spec.volumes[0].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive',
  ],
  ['Pod', volume({ fc: {} }), 'spec.volumes[0].fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both'],
  [
    'Pod',
    volume({ azureFile: { secretName: '', shareName: '' } }),
    'spec.volumes[0].azureFile.secretName: Required value',
    'spec.volumes[0].azureFile.shareName: Required value',
  ],
  ['Pod', volume({ gitRepo: { repository: 'x', directory: '../up' } }), 'spec.volumes[0].gitRepo.directory: Invalid value: "../up": must not contain \'..\''],
  [
    'Pod',
    volume({ ephemeral: { volumeClaimTemplate: { spec: { accessModes: [], resources: { requests: { storage: '1Gi' } } } } } }),
    'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required',
  ],
  [
    'Pod',
    volume({
      projected: {
        sources: [{ secret: { name: 'a', items: [{ key: 'k', path: 'same' }] } }, { configMap: { name: 'a', items: [{ key: 'k', path: 'same' }] } }],
      },
    }),
    'spec.volumes[0].projected.sources[1].path: Invalid value: "same": conflicting duplicate paths',
  ],
  [
    'Pod',
    pod({
      'spec.volumes': [{ name: 'v', emptyDir: {} }],
      'spec.containers.0.volumeMounts': [{ name: 'v', mountPath: '/v', mountPropagation: 'Bidirectional' }],
    }),
    'spec.containers[0].volumeMounts[0].mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers',
  ],
  [
    'Pod',
    pod({ 'spec.volumes': [{ name: 'v', emptyDir: {} }], 'spec.containers.0.volumeMounts': [{ name: 'v', mountPath: '/v', recursiveReadOnly: 'Enabled' }] }),
    'spec.containers[0].volumeMounts[0].recursiveReadOnly: Forbidden: may only be specified when readOnly is true',
  ],
  // the Pod as a whole
  ['Pod', { 'spec.dnsPolicy': 'None' }, 'spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
  [
    'Pod',
    { 'spec.dnsConfig': { nameservers: ['1.1.1.1', 'one', '3.3.3.3', '4.4.4.4'], options: [{}] } },
    'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","one","3.3.3.3","4.4.4.4"]: must not have more than 3 nameservers',
    'spec.dnsConfig.nameservers[1]: Invalid value: "one": must be a valid IP address',
    'spec.dnsConfig.options[0]: Required value: must not be empty',
  ],
  ['Pod', { 'spec.hostAliases': [{ ip: 'x', hostnames: ['a'] }] }, 'spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address'],
  [
    'Pod',
    { 'spec.os': { name: 'windows' }, 'spec.securityContext': { runAsUser: 5 }, 'spec.containers.0.securityContext': { privileged: true } },
    'spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod',
    'spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod',
  ],
  [
    'Pod',
    { 'spec.os': { name: 'linux' }, 'spec.securityContext': { windowsOptions: { runAsUserName: 'a' } } },
    'spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod',
  ],
  ['Pod', { 'spec.os': { name: 'plan9' } }, 'spec.os.name: Unsupported value: "plan9": supported values: "linux", "windows"'],
  [
    'Pod',
    {
      'spec.securityContext': {
        sysctls: [
          { name: 'Net', value: '1' },
          { name: 'a.b', value: '1' },
          { name: 'a.b', value: '2' },
        ],
      },
    },
    'spec.securityContext.sysctls[0].name: Invalid value: "Net": must have at most 253 characters and match regex',
    'spec.securityContext.sysctls[2].name: Duplicate value: "a.b"',
  ],
  [
    'Pod',
    { 'spec.securityContext': { seccompProfile: { type: 'Localhost' } } },
    'spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost',
  ],
  [
    'Pod',
    { 'spec.containers.0.securityContext': { appArmorProfile: { type: 'RuntimeDefault', localhostProfile: 'x' } } },
    'spec.containers[0].securityContext.appArmorProfile.localhostProfile: Invalid value: "x": can only be set when AppArmor type is Localhost',
  ],
  [
    'Pod',
    { 'spec.resourceClaims': [{ name: 'a' }], 'spec.containers.0.resources': { claims: [{ name: 'b' }] } },
    'spec.resourceClaims[0]: Invalid value: {"name":"a"}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
    'spec.containers[0].resources.claims[0]: Not found: "b": must be one of the names in pod.spec.resourceClaims',
  ],
  [
    'Pod',
    { 'spec.resources': { requests: { cpu: '1' } }, 'spec.containers.0.resources': { requests: { cpu: '1500m' } } },
    'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 1500m',
  ],
  [
    'Pod',
    { 'spec.resources': { requests: { constructor: '1' }, limits: JSON.parse('{"__proto__":"1"}') as object } },
    'spec.resources.limits[__proto__]: Unsupported value: "__proto__"',
    'spec.resources.requests[constructor]: Unsupported value: "constructor"',
    'spec.resources.limits: Invalid value: "__proto__": name part must consist of alphanumeric characters',
    'spec.resources.requests[constructor]: Invalid value: "constructor": must be a standard resource for containers',
  ],
  [
    'Pod',
    { 'spec.hostPID': true, 'spec.shareProcessNamespace': true },
    'spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled.',
  ],
  [
    'Pod',
    { 'spec.containers.0.resizePolicy': [{ resourceName: 'disk', restartPolicy: 'NotRequired' }] },
    'spec.containers[0].resizePolicy: Unsupported value: "disk": supported values: "cpu", "memory"',
  ],
  [
    'Pod',
    { 'spec.topologySpreadConstraints': [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', matchLabelKeys: ['app'] }] },
    'spec.topologySpreadConstraints[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set',
  ],
  [
    'Pod',
    { 'spec.tolerations': [{ key: 'a', operator: 'Gt', value: 'many', effect: 'NoSchedule' }] },
    'spec.tolerations[0].operator: Invalid value: "many": value must be an integer when `operator` is \'Gt\'',
  ],
  // Jobs
  [
    'Job',
    { 'spec.completionMode': 'Indexed', 'spec.completions': 3, 'spec.successPolicy': { rules: [{ succeededIndexes: '2-1' }, {}] } },
    'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "2-1": error parsing succeededIndexes: non-increasing order, previous: 2, current: 1',
    'spec.successPolicy.rules[1]: Required value: at least one of succeededCount or succeededIndexes must be specified',
  ],
  [
    'Job',
    {
      'spec.podFailurePolicy': { rules: [{ action: 'FailJob', onExitCodes: { containerName: 'x', operator: 'In', values: [2, 1, 0] } }, { action: 'Ignore' }] },
    },
    'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer names in the pod template',
    'spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Invalid value: 0: must not be 0 for the In operator',
    'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,1,0]: must be ordered',
    'spec.podFailurePolicy.rules[1]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
  ],
  [
    'Job',
    { 'spec.maxFailedIndexes': 1 },
    'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
    'spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode',
  ],
  ['Job', { 'spec.managedBy': 'me' }, 'spec.managedBy: Invalid value: "me": must be a domain-prefixed path'],
  // autoscalers
  [
    'HorizontalPodAutoscaler',
    { 'spec.metrics': [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 0 } } }] },
    'spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0',
  ],
  [
    'HorizontalPodAutoscaler',
    { 'spec.metrics': [{ type: 'External', external: { metric: { name: '' }, target: { type: 'Value' } } }] },
    'spec.metrics[0].external.metric.name: Required value: must specify a metric name',
    'spec.metrics[0].external.target.averageValue: Required value: must set either a target value for metric or a per-pod target',
  ],
  [
    'HorizontalPodAutoscaler',
    { 'spec.behavior': { scaleUp: { policies: [{ type: 'Pods', value: 0, periodSeconds: 3000 }], selectPolicy: 'Any' } } },
    'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Any": supported values: "Disabled", "Max", "Min"',
    'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
    'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 3000: must be less than or equal to 1800',
  ],
  // limits and quotas
  [
    'LimitRange',
    { 'spec.limits.0.min.cpu': '2' },
    'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
    'spec.limits[0].defaultRequest[cpu]: Invalid value: "200m": min value 2 is greater than default request value 200m',
    'spec.limits[0].default[cpu]: Invalid value: "500m": min value 2 is greater than default value 500m',
  ],
  [
    'LimitRange',
    { 'spec.limits.0.type': 'Pod' },
    "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
    "spec.limits[0].defaultRequest: Forbidden: may not be specified when `type` is 'Pod'",
  ],
  [
    'LimitRange',
    { 'spec.limits.0': { type: 'PersistentVolumeClaim' } },
    'spec.limits[0]: Required value: either minimum or maximum storage value is required, but neither was provided',
  ],
  [
    'ResourceQuota',
    { 'spec.hard': { pods: '-1', nothing: '1' } },
    'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0',
    'spec.hard[nothing]: Invalid value: "nothing": must be a standard resource for quota',
  ],
  [
    'ResourceQuota',
    { 'spec.hard': { pods: '1' }, 'spec.scopes': ['BestEffort', 'NotBestEffort'] },
    'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
  ],
  [
    'ResourceQuota',
    { 'spec.hard': { configmaps: '1' }, 'spec.scopes': ['Terminating'] },
    'spec.scopes: Invalid value: ["Terminating"]: unsupported scope applied to resource',
  ],
  [
    'ResourceQuota',
    { 'spec.hard': { pods: '1' }, 'spec.scopeSelector': { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: [] }] } },
    "spec.scopeSelector.matchExpressions[0].values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
  ],
  // storage
  ['StorageClass', { reclaimPolicy: 'Recycle' }, 'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'],
  ['StorageClass', { provisioner: 'a b' }, 'provisioner: Invalid value: "a b": name part must consist of'],
  ['PersistentVolume', { 'spec.hostPath': { path: '/a/../b' } }, 'spec.hostPath.path: Invalid value: "/a/../b": must not contain \'..\''],
  [
    'PersistentVolumeClaim',
    { 'spec.dataSource': { kind: 'Pod', name: 'a' } },
    'spec.dataSource: Invalid value: "Pod": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
  ],
  [
    'CSIDriver',
    { 'spec.fsGroupPolicy': 'Some', 'spec.tokenRequests': [{ audience: 'a', expirationSeconds: 1 }] },
    'spec.fsGroupPolicy: Unsupported value: "Some": supported values: "File", "None", "ReadWriteOnceWithFSType"',
    'spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes',
  ],
  ['VolumeAttributesClass', { parameters: {} }, 'parameters: Required value: must contain at least one key/value pair'],
  ['VolumeAttachment', { 'spec.source': {} }, 'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName'],
  // networking
  [
    'Endpoints',
    { 'subsets.0.addresses.0.ip': '127.0.0.1' },
    'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  ],
  ['Endpoints', { 'subsets.0.addresses': [] }, 'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`'],
  [
    'EndpointSlice',
    { 'endpoints.0.addresses': ['169.254.1.1'] },
    'endpoints[0].addresses[0]: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
  ],
  [
    'IPAddress',
    { 'metadata.name': 'here', 'spec.parentRef.resource': '' },
    'metadata.name: Invalid value: "here": must be a valid IP address in canonical form',
    'spec.parentRef.resource: Required value',
  ],
  [
    'ServiceCIDR',
    { 'spec.cidrs': ['10.0.0.0/24', '10.1.0.0/24'] },
    'spec: Invalid value: {"cidrs":["10.0.0.0/24","10.1.0.0/24"]}: may specify no more than one IP for each IP family',
  ],
  [
    'IngressClass',
    { 'spec.controller': 'mine', 'spec.parameters': { kind: 'A', name: 'a', scope: 'Namespace' } },
    'spec.controller: Invalid value: "mine": must be a domain-prefixed path (such as "acme.io/foo")',
    "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
  ],
  ['Ingress', { 'spec.tls': [{ secretName: 'A_' }] }, 'spec.tls[0].secretName: Invalid value: "A_": a lowercase RFC 1123 subdomain'],
  ['RuntimeClass', { handler: 'Run C' }, 'handler: Invalid value: "Run C": a lowercase RFC 1123 label'],
  ['Lease', { 'spec.preferredHolder': 'me' }, 'spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined'],
  // flow control
  [
    'FlowSchema',
    { 'spec.matchingPrecedence': 1, 'spec.rules.0.subjects': [{ kind: 'User' }] },
    "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
    "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
  ],
  [
    'PriorityLevelConfiguration',
    { 'spec.limited.limitResponse': { type: 'Queue', queuing: { queues: 2, handSize: 4 } } },
    'spec.limited.limitResponse.queuing.handSize: Invalid value: 4: should not be greater than queues (2)',
  ],
  // admission
  [
    'ValidatingWebhookConfiguration',
    { 'webhooks.0.name': 'short', 'webhooks.0.sideEffects': 'Some', 'webhooks.0.timeoutSeconds': 31 },
    'webhooks[0].name: Invalid value: "short": should be a domain with at least three segments separated by dots',
    'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
    'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
  ],
  [
    'MutatingWebhookConfiguration',
    { 'webhooks.0.clientConfig': { url: 'http://a.b/c?d=e' }, 'webhooks.0.admissionReviewVersions': ['v7'] },
    'webhooks[0].admissionReviewVersions: Invalid value: ["v7"]: must include at least one of v1, v1beta1',
    'webhooks[0].clientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme',
    'webhooks[0].clientConfig.url: Invalid value: "d=e": query parameters are not permitted in the URL',
  ],
  [
    'ValidatingAdmissionPolicy',
    { 'spec.validations': [] },
    'spec.validations: Required value: validations or auditAnnotations must be non-empty',
    'spec.auditAnnotations: Required value: validations or auditAnnotations must be non-empty',
  ],
  [
    'ValidatingAdmissionPolicy',
    { 'spec.variables': [{ name: 'a b', expression: '' }], 'spec.matchConstraints': undefined },
    'spec.matchConstraints: Required value',
    'spec.variables[0].name: Invalid value: "a b": name is not a valid CEL identifier',
    'spec.variables[0].expression: Required value: expression is not specified',
  ],
  [
    'ValidatingAdmissionPolicyBinding',
    { 'spec.validationActions': ['Deny', 'Warn'], 'spec.paramRef': { name: 'a', parameterNotFoundAction: 'Deny', selector: {} } },
    'spec.paramRef.name: Forbidden: name and selector are mutually exclusive',
    'spec.paramRef.selector: Forbidden: name and selector are mutually exclusive',
    'spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn',
  ],
  // devices
  [
    'ResourceClaim',
    { 'spec.devices.requests': [{ name: 'A' }], 'spec.devices.constraints': [{ requests: ['b'], matchAttribute: 'model' }] },
    'spec.devices.requests[0].name: Invalid value: "A": a lowercase RFC 1123 label',
    'spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required',
    'spec.devices.constraints[0].requests[0]: Not found: "b"',
    'spec.devices.constraints[0].matchAttribute: Invalid value: "model"',
  ],
  [
    'ResourceSlice',
    { 'spec.allNodes': true, 'spec.devices': [{ name: 'a' }, { name: 'a' }] },
    'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
    'spec.devices[1].name: Duplicate value: "a"',
  ],
  ['DeviceClass', { 'spec.selectors': [{}] }, 'spec.selectors[0].cel: Required value'],
  [
    'CertificateSigningRequest',
    { 'spec.request': 'YQ==', 'spec.signerName': 'mine' },
    'spec.request: Invalid value: "YQ==": PEM block type must be CERTIFICATE REQUEST',
    'spec.signerName: Invalid value: "mine": must be a fully qualified domain and path of the form "example.com/signer-name"',
  ],
];

it.each(MISTAKES.map(([name, changes, ...causes]) => ({ name, changes, causes })))(
  'of a $name with $changes every mistake is named',
  async ({ name, changes, causes }) => {
    await using server = await startServer();
    const found = await causesOf(server.client.create(kindOf(name), changed(RARE[name] as object, changes as Record<string, unknown>)));
    expect(found.map((cause, i) => cause.slice(0, causes[i]?.length))).toEqual(causes);
  },
);

const fixed: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
  ['VolumeAttributesClass', { driverName: 'other.example.com' }, 'driverName: Forbidden: updates to driverName are forbidden.'],
  ['CSIDriver', { 'spec.volumeLifecycleModes': ['Ephemeral'] }, 'spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable'],
  ['ServiceCIDR', { 'spec.cidrs': ['10.201.0.0/24'] }, 'spec.cidrs: Invalid value: ["10.201.0.0/24"]: field is immutable'],
  ['IPAddress', { 'spec.parentRef.name': 'b' }, 'spec.parentRef: Invalid value: {"resource"'],
  ['ResourceClaim', { 'spec.devices.requests': [] }, 'spec: Invalid value: {"devices"'],
  ['ResourceSlice', { 'spec.driver': 'b.example.com' }, 'spec.driver: Invalid value: "b.example.com": field is immutable'],
  ['ResourceQuota', { 'spec.scopes': ['Terminating'], 'spec.hard': { pods: '5' } }, 'spec.scopes: Invalid value: ["Terminating"]: field is immutable'],
];

it.each(fixed)('what is fixed in a %s stays: %j', async (name, changes, cause) => {
  await using server = await startServer();
  const created = await server.client.create(kindOf(name), RARE[name] as never);
  const causes = await causesOf(server.client.update(kindOf(name), changed(created, changes)));
  expect(causes).toHaveLength(1);
  expect(causes[0]?.slice(0, cause.length)).toBe(cause);
});

it('a Job that waits may change where its Pods run, and nothing else of its template', async () => {
  await using server = await startServer();
  const { client } = server;
  const job = await client.create(kindOf('Job'), changed(VALID.Job, { 'spec.suspend': true }));
  const moved = changed(job, { 'spec.template.spec.nodeSelector': { zone: 'a' }, 'spec.template.spec.containers.0.resources': { requests: { cpu: '1' } } });
  expect(await client.update(kindOf('Job'), moved)).toMatchObject({ spec: { template: { spec: { nodeSelector: { zone: 'a' } } } } });
  const [cause = ''] = await causesOf(
    client.patch(kindOf('Job'), 'web', { type: 'strategic', patch: { spec: { template: { spec: { containers: [{ name: 'main', image: 'other' }] } } } } }),
  );
  expect(cause).toMatch(/^spec\.template: Invalid value: .*: field is immutable$/);
});
