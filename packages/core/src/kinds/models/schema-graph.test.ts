import { describe, expect, it } from 'vitest';
import type { Schema } from '../../kind-model.ts';
import type { Kind } from '../../kind.ts';
import { CustomResourceDefinition, Deployment, HorizontalPodAutoscaler, Lease, PersistentVolume, Pod, Secret, Service, builtinKinds, betaKinds } from '../index.ts';

/** `spec.containers[]` → the schema node there; `{}` steps into a map. */
function at(schema: Schema, path: string): Schema | undefined {
  return path.split(/\.|(?=\[\])|(?=\{\})/).reduce<Schema | undefined>((node, step) => {
    if (step === '[]') return node?.items;
    return step === '{}' ? node?.additionalProperties : node?.properties?.[step];
  }, schema);
}

describe('schema', () => {
  it.each<{ name: string; kind: Kind; path: string; expected: Partial<Schema> }>([
    { name: 'a list with a merge key', kind: Pod, path: 'spec.containers', expected: { type: 'array', listType: 'map', listMapKeys: ['name'], patchMergeKey: 'name', patchStrategy: 'merge' } },
    { name: 'a list with two keys', kind: Pod, path: 'spec.containers[].ports', expected: { listMapKeys: ['containerPort', 'protocol'], patchMergeKey: 'containerPort' } },
    { name: 'a list that retains keys', kind: Pod, path: 'spec.volumes', expected: { patchStrategy: 'merge,retainKeys' } },
    { name: 'a set', kind: Pod, path: 'metadata.finalizers', expected: { listType: 'set', patchStrategy: 'merge' } },
    { name: 'an atomic list', kind: Pod, path: 'spec.containers[].args', expected: { listType: 'atomic' } },
    { name: 'a patch strategy beside a reference', kind: Deployment, path: 'spec.strategy', expected: { type: 'object', patchStrategy: 'retainKeys' } },
    { name: 'a map type beside a reference', kind: PersistentVolume, path: 'spec.claimRef', expected: { mapType: 'granular' } },
    { name: 'a quantity', kind: Pod, path: 'spec.containers[].resources.limits{}', expected: { type: 'string', format: 'quantity' } },
    { name: 'an int-or-string', kind: Service, path: 'spec.ports[].targetPort', expected: { format: 'int-or-string' } },
    { name: 'a time', kind: Pod, path: 'metadata.creationTimestamp', expected: { type: 'string', format: 'date-time' } },
    { name: 'a micro time', kind: Lease, path: 'spec.renewTime', expected: { format: 'micro-time' } },
    { name: 'bytes', kind: Secret, path: 'data{}', expected: { format: 'byte' } },
    { name: 'a default', kind: Service, path: 'spec.ports[].protocol', expected: { default: 'TCP' } },
    { name: 'no zero value as a default', kind: HorizontalPodAutoscaler, path: 'spec.maxReplicas', expected: { type: 'integer', default: undefined } },
    { name: 'a closed set', kind: Pod, path: 'spec.restartPolicy', expected: { enum: ['Always', 'Never', 'OnFailure'] } },
    { name: 'open JSON', kind: CustomResourceDefinition, path: 'spec.versions[].schema.openAPIV3Schema.default', expected: { preserveUnknownFields: true } },
  ])('knows $name', async ({ kind, path, expected }) => {
    const node = at((await kind.model()).schema, path);
    expect({ ...node, ...(expected.default === undefined ? { default: node?.default } : {}) }).toMatchObject(expected);
  });

  it('shares one node for a type, within a kind and between groups', async () => {
    const pod = (await Pod.model()).schema;
    const template = at((await Deployment.model()).schema, 'spec.template');
    expect(template?.properties?.['spec']).toBe(pod.properties?.['spec']);
    expect(at(pod, 'spec.initContainers[]')).toBe(at(pod, 'spec.containers[]'));
    expect(template?.properties?.['metadata']).toBe(pod.properties?.['metadata']);
  });

  it('keeps what stands beside a reference apart from the shared node', async () => {
    const strategy = at((await Deployment.model()).schema, 'spec.strategy');
    expect(strategy?.properties?.['rollingUpdate']?.properties?.['maxSurge']).toMatchObject({ format: 'int-or-string' });
    expect(Object.keys(strategy ?? {}).sort()).toEqual(['patchStrategy', 'properties', 'type']);
  });

  it('is cyclic where the type is', async () => {
    const props = at((await CustomResourceDefinition.model()).schema, 'spec.versions[].schema.openAPIV3Schema');
    expect(props?.properties?.['properties']?.additionalProperties).toBe(props);
    expect(props?.properties?.['not']).toBe(props);
  });

  it('has every reference of every kind resolved', async () => {
    const seen = new Set<Schema>();
    const visit = (node: Schema): void => {
      if (seen.has(node)) return;
      seen.add(node);
      for (const child of [...Object.values(node.properties ?? {}), node.items, node.additionalProperties]) if (child !== undefined) visit(child);
    };
    for (const kind of [...builtinKinds, ...betaKinds]) visit((await kind.model()).schema);
    expect([...seen].filter((node) => '$ref' in node)).toEqual([]);
  });
});
