import { describe, expect, it } from 'vitest';
import type { Kind } from '../../kind.ts';
import {
  CertificateSigningRequest, ConfigMap, ControllerRevision, CustomResourceDefinition, Deployment, DeviceClass, EndpointSlice, Event, Lease, Namespace, NetworkPolicy, Node, Pod,
  RoleBinding, Secret, Service,
} from '../index.ts';

const errorsOf = async (kind: Kind, object: unknown): Promise<string[]> =>
  (await kind.model()).validate(object).map((error) => `${error.reason} ${error.field}: ${error.message}`);

const pod = (spec: object, rest: object = {}): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers: [{ name: 'app' }], ...spec }, ...rest });

describe('validate', () => {
  it.each([
    { name: 'a Pod with what it must have', kind: Pod, object: pod({}) },
    { name: 'an empty Namespace', kind: Namespace, object: { metadata: { name: 'web' } } },
    { name: 'a null wherever a field may be absent', kind: Pod, object: pod({ volumes: null, nodeName: null, priority: null, overhead: null, securityContext: null }, { status: null }) },
    { name: 'a null in a map, which Go reads as the zero value', kind: ConfigMap, object: { metadata: { name: 'a', labels: { app: null } }, data: { key: null } } },
    { name: 'the empty string of a closed set, which Go reads as absent', kind: Pod, object: pod({ restartPolicy: '' }) },
    { name: 'quantities that are numbers', kind: Pod, object: pod({ containers: [{ name: 'app', resources: { limits: { cpu: 1, memory: 1e9 } } }] }) },
    { name: 'named and numbered ports', kind: Service, object: { spec: { ports: [{ port: 80, targetPort: 'http' }, { port: 81, targetPort: 8081 }] } } },
    { name: 'a slice without endpoints', kind: EndpointSlice, object: { addressType: 'IPv4', endpoints: null } },
    { name: 'a struct that is absent and lacks nothing', kind: DeviceClass, object: { metadata: { name: 'gpu' } } },
    { name: 'a number whose zero value is right', kind: ControllerRevision, object: { metadata: { name: 'a' } } },
    { name: 'a status that lacks what only the schema requires', kind: Pod, object: pod({}, { status: { phase: 'Dreaming', containerStatuses: [{ name: 'app' }] } }) },
    { name: 'any JSON where the type is open', kind: ControllerRevision, object: { revision: 1, data: { a: [1, null, { b: true }] } } },
    { name: 'a policy without a selector', kind: NetworkPolicy, object: { metadata: { name: 'deny' }, spec: {} } },
    { name: 'times with fractions and offsets', kind: Lease, object: { spec: { acquireTime: '2026-01-01T00:00:00.000001Z', renewTime: '2026-01-01T00:00:00+02:00' } } },
    { name: 'base64 with line breaks', kind: Secret, object: { data: { key: 'aGVs\nbG8=' } } },
  ])('accepts $name', async ({ kind, object }) => {
    expect(await errorsOf(kind, object)).toEqual([]);
  });

  it.each([
    { name: 'a list in place of the object', kind: Pod, object: [], errors: ['FieldValueTypeInvalid : Invalid value: []: must be of type object'] },
    { name: 'a missing struct, by what it lacks', kind: Pod, object: {}, errors: ['FieldValueRequired spec.containers: Required value'] },
    {
      name: 'missing fields down to the template',
      kind: Deployment,
      object: { spec: {} },
      errors: ['FieldValueRequired spec.selector: Required value', 'FieldValueRequired spec.template.spec.containers: Required value'],
    },
    { name: 'a null for a field that must be there', kind: Pod, object: { spec: { containers: null } }, errors: ['FieldValueRequired spec.containers: Required value'] },
    {
      name: 'a field of a list item',
      kind: Pod,
      object: pod({ containers: [{ name: 'app' }, { image: 7 }] }),
      errors: ['FieldValueTypeInvalid spec.containers[1].image: Invalid value: 7: must be of type string', 'FieldValueRequired spec.containers[1].name: Required value'],
    },
    { name: 'a map value', kind: Pod, object: pod({ nodeSelector: { 'kubernetes.io/os': true } }), errors: ['FieldValueTypeInvalid spec.nodeSelector[kubernetes.io/os]: Invalid value: true: must be of type string'] },
    { name: 'a map that is a list', kind: ConfigMap, object: { data: ['a'] }, errors: ['FieldValueTypeInvalid data: Invalid value: ["a"]: must be of type object'] },
    { name: 'a list that is a map', kind: Pod, object: pod({ volumes: {} }), errors: ['FieldValueTypeInvalid spec.volumes: Invalid value: {}: must be of type array'] },
    { name: 'a null in a list', kind: Pod, object: pod({ containers: [null] }), errors: ['FieldValueTypeInvalid spec.containers[0]: Invalid value: null: must be of type object'] },
    { name: 'text for a number', kind: Deployment, object: { spec: { replicas: 'three', selector: {}, template: { spec: { containers: [] } } } }, errors: ['FieldValueTypeInvalid spec.replicas: Invalid value: "three": must be of type integer'] },
    { name: 'a fraction for a number', kind: Pod, object: pod({ priority: 1.5 }), errors: ['FieldValueTypeInvalid spec.priority: Invalid value: 1.5: must be of type integer (32 bits)'] },
    { name: 'a number that is too large', kind: Pod, object: pod({ priority: 2 ** 31 }), errors: ['FieldValueTypeInvalid spec.priority: Invalid value: 2147483648: must be of type integer (32 bits)'] },
    { name: 'a 64-bit number that is too large', kind: Pod, object: pod({ terminationGracePeriodSeconds: 1e30 }), errors: ['FieldValueTypeInvalid spec.terminationGracePeriodSeconds: Invalid value: 1e+30: must be of type integer'] },
    {
      name: 'a value outside a closed set',
      kind: Pod,
      object: pod({ restartPolicy: 'Sometimes' }),
      errors: ['FieldValueNotSupported spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"'],
    },
    { name: 'another type in a closed set', kind: Pod, object: pod({ restartPolicy: 1 }), errors: ['FieldValueTypeInvalid spec.restartPolicy: Invalid value: 1: must be of type string'] },
    {
      name: 'an item outside a closed set',
      kind: NetworkPolicy,
      object: { spec: { policyTypes: ['Ingress', 'Sideways'] } },
      errors: ['FieldValueNotSupported spec.policyTypes[1]: Unsupported value: "Sideways": supported values: "Egress", "Ingress"'],
    },
    {
      name: 'text that is no quantity',
      kind: Pod,
      object: pod({ overhead: { cpu: 'lots' } }),
      errors: ["FieldValueTypeInvalid spec.overhead[cpu]: Invalid value: \"lots\": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    },
    { name: 'text that is no time', kind: Event, object: { firstTimestamp: 'yesterday' }, errors: ['FieldValueTypeInvalid firstTimestamp: Invalid value: "yesterday": must be a date and time as RFC 3339 writes it'] },
    { name: 'a day that no month has', kind: Event, object: { firstTimestamp: '2026-01-32T00:00:00Z' }, errors: ['FieldValueTypeInvalid firstTimestamp: Invalid value: "2026-01-32T00:00:00Z": must be a date and time as RFC 3339 writes it'] },
    { name: 'text that is no base64', kind: Secret, object: { data: { key: 'not base64!' } }, errors: ['FieldValueTypeInvalid data[key]: Invalid value: "not base64!": must be base64'] },
    { name: 'a boolean for an int-or-string', kind: Service, object: { spec: { ports: [{ port: 80, targetPort: true }] } }, errors: ['FieldValueTypeInvalid spec.ports[0].targetPort: Invalid value: true: must be of type integer or string'] },
    { name: 'text for a boolean', kind: Node, object: { spec: { unschedulable: 'true' } }, errors: ['FieldValueTypeInvalid spec.unschedulable: Invalid value: "true": must be of type boolean'] },
    { name: 'text for an open object', kind: ControllerRevision, object: { data: 'x', revision: 1 }, errors: ['FieldValueTypeInvalid data: Invalid value: "x": must be of type object'] },
    { name: 'what a map of lists holds', kind: CertificateSigningRequest, object: { spec: { request: '', signerName: 'a/b', extra: { groups: ['a', 1] } } }, errors: ['FieldValueTypeInvalid spec.extra[groups][1]: Invalid value: 1: must be of type string'] },
    { name: 'a reference that lacks a name', kind: RoleBinding, object: { roleRef: { kind: 'Role' } }, errors: ['FieldValueRequired roleRef.name: Required value'] },
    {
      name: 'a schema inside a definition',
      kind: CustomResourceDefinition,
      object: {
        spec: { group: 'a', scope: 'Namespaced', names: { plural: 'as', kind: 'A' }, versions: [{ name: 'v1', schema: { openAPIV3Schema: { properties: { a: { properties: { b: { maxLength: 'x' } } } } } } }] },
      },
      errors: ['FieldValueTypeInvalid spec.versions[0].schema.openAPIV3Schema.properties[a].properties[b].maxLength: Invalid value: "x": must be of type integer'],
    },
  ])('reports $name', async ({ kind, object, errors }) => {
    expect(await errorsOf(kind, object)).toEqual(errors);
  });

  it('tells the field and the type errors of one object together', async () => {
    const errors = await errorsOf(Pod, { metadata: { name: 1, labels: { a: 1 } }, spec: { containers: [{}] } });
    expect(errors).toHaveLength(3);
  });

  it('ends the list of errors of a hostile object', async () => {
    const errors = await errorsOf(ConfigMap, { data: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`key-${i}`, i])) });
    expect(errors).toHaveLength(200);
  });

  it('shortens long values', async () => {
    const [error] = await errorsOf(Pod, pod({ priority: 'x'.repeat(10_000) }));
    expect(error?.length).toBeLessThan(300);
  });

  it('takes __proto__ as data', async () => {
    const object = JSON.parse('{"metadata":{"labels":{"__proto__":1}}}') as object;
    expect(await errorsOf(ConfigMap, object)).toEqual(['FieldValueTypeInvalid metadata.labels[__proto__]: Invalid value: 1: must be of type string']);
  });

  it('forgets the faults of the object before', async () => {
    await errorsOf(Pod, {});
    expect(await errorsOf(Pod, pod({}))).toEqual([]);
  });
});
