import { closure, type ApiInput, type Definition, type ResourceRow } from './input.ts';

/** A kind that is not a resource of its own: the body of a subresource, of a review or of discovery. It has a type and a model, but no `Kind`. */
export interface BodyKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly definition: Definition;
}

/** One generated group-version. */
export interface ModulePlan {
  readonly name: string;
  readonly definitions: readonly Definition[];
  readonly resources: readonly ResourceRow[];
  readonly bodies: readonly BodyKind[];
}

/** Everything that is generated, in the order in which it is written. */
export interface GenerationPlan {
  readonly input: ApiInput;
  readonly modules: readonly ModulePlan[];
}

/** Bodies that no subresource of the input names: `apiVersion/kind` → schema. */
const MORE_BODIES: readonly (readonly [group: string, version: string, schema: string])[] = [
  ['', 'v1', 'io.k8s.api.core.v1.PodLogOptions'],
  ['', 'v1', 'io.k8s.api.core.v1.PodStatusResult'],
  ['', 'v1', 'io.k8s.api.core.v1.RangeAllocation'],
  ['', 'v1', 'io.k8s.api.core.v1.SerializedReference'],
  ['admission.k8s.io', 'v1', 'io.k8s.api.admission.v1.AdmissionReview'],
  ['apidiscovery.k8s.io', 'v2', 'io.k8s.api.apidiscovery.v2.APIGroupDiscoveryList'],
  ['apiextensions.k8s.io', 'v1', 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ConversionReview'],
  ...[
    'APIGroup',
    'APIGroupList',
    'APIResourceList',
    'APIVersions',
    'CreateOptions',
    'DeleteOptions',
    'GetOptions',
    'ListOptions',
    'PatchOptions',
    'Status',
    'UpdateOptions',
    'WatchEvent',
  ].map((kind) => ['', 'v1', `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`] as const),
  ...['PartialObjectMetadata', 'PartialObjectMetadataList', 'Table', 'TableOptions'].map(
    (kind) => ['meta.k8s.io', 'v1', `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`] as const,
  ),
];

/** Types of meta/v1 that programs use although no kind refers to them. */
const MORE_TYPES: readonly string[] = ['Condition', 'FieldSelectorRequirement', 'GroupVersionKind', 'GroupVersionResource', 'ApplyOptions'];

/** Decides what is generated and where. */
export function planGeneration(input: ApiInput): GenerationPlan {
  const bodies = bodyKinds(input);
  const roots = [
    ...input.resources.map((row) => definitionOf(input, row.schema)),
    ...bodies.map((body) => body.definition),
    ...MORE_TYPES.map((name) => definitionOf(input, `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`)),
  ];
  const wanted = closure(input, roots);
  const names = [...new Set([...wanted].map((definition) => definition.module))].sort();
  return {
    input,
    modules: names.map((name) => ({
      name,
      definitions: [...wanted].filter(({ module }) => module === name).sort(byName),
      resources: input.resources.filter((row) => definitionOf(input, row.schema).module === name),
      bodies: bodies.filter((body) => body.definition.module === name),
    })),
  };
}

function bodyKinds(input: ApiInput): BodyKind[] {
  const resources = new Set(input.resources.map((row) => row.schema));
  const found = new Map<string, BodyKind>();
  const add = (group: string, version: string, definition: Definition): void => {
    if (!resources.has(definition.id)) found.set(definition.id, { group, version, kind: definition.name, definition });
  };
  for (const { group, version, kind } of input.resources.flatMap((row) => row.subresources)) add(group, version, bodyDefinition(input, group, version, kind));
  for (const [group, version, id] of MORE_BODIES) add(group, version, definitionOf(input, id));
  return [...found.values()];
}

/** The schema of a subresource's body: it lives in the package that the resources of its group and version come from. */
function bodyDefinition(input: ApiInput, group: string, version: string, kind: string): Definition {
  const neighbour = input.resources.find((row) => row.group === group && row.version === version);
  if (neighbour === undefined) throw new Error(`no resource is served in ${group}/${version}, the group and version of ${kind}`);
  return definitionOf(input, `${neighbour.schema.slice(0, neighbour.schema.lastIndexOf('.'))}.${kind}`);
}

/** The definition of a schema that must be there. */
export function definitionOf(input: ApiInput, id: string): Definition {
  const found = input.definitions.get(id);
  if (found === undefined) throw new Error(`the input has no schema ${id}`);
  return found;
}

const byName = (left: Definition, right: Definition): number => (left.name < right.name ? -1 : 1);
