import type { Kind, KubernetesObject, Subresource } from '@kybern/core';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '@kybern/core/kinds';
import type { CustomModel } from './custom-model.ts';

/** One served version of a CustomResourceDefinition, and what the definition says of it. */
export interface CustomVersion {
  readonly definition: CustomResourceDefinition;
  readonly version: CustomResourceDefinitionVersion;
  /** The version that objects are stored in. */
  readonly storageVersion: string;
}

/** A kind that a CustomResourceDefinition makes. Its model is compiled when it is first needed. */
export interface CustomKind extends Kind {
  readonly custom: CustomVersion;
  readonly model: () => Promise<CustomModel>;
}

/** The definition behind a kind; undefined for built-in kinds and those that are given at composition time. */
export function customVersionOf(kind: Kind): CustomVersion | undefined {
  return (kind as Partial<CustomKind>).custom;
}

const VERBS: readonly string[] = Object.freeze(['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']);
const SUBRESOURCE_VERBS: readonly string[] = Object.freeze(['get', 'patch', 'update']);
/** Updates stay possible, so that finalizers can be taken away. */
const TERMINATING_VERBS: readonly string[] = Object.freeze(['delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']);

/** Whether a condition of a definition is true. */
export function isTrue({ status }: CustomResourceDefinition, type: 'Established' | 'NamesAccepted' | 'Terminating'): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
}

/** The kinds that a definition makes, once it is established: one for each served version, the most stable first. */
export function customKindsOf(definition: CustomResourceDefinition): readonly CustomKind[] {
  if (!isTrue(definition, 'Established')) return [];
  const storageVersion = definition.spec.versions.find(({ storage }) => storage)?.name ?? '';
  return definition.spec.versions
    .filter(({ served }) => served)
    .toSorted((a, b) => compareVersions(a.name, b.name))
    .map((version) => customKind({ definition, version, storageVersion }));
}

function customKind(custom: CustomVersion): CustomKind {
  const { definition, version } = custom;
  const { group, scope } = definition.spec;
  const names = definition.status?.acceptedNames ?? definition.spec.names;
  let model: Promise<CustomModel> | undefined;
  return Object.freeze({
    group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    scope: scope === 'Cluster' ? 'Cluster' : 'Namespaced',
    verbs: isTrue(definition, 'Terminating') ? TERMINATING_VERBS : VERBS,
    subresources: Object.freeze(subresourcesOf(custom)),
    custom,
    model: () => (model ??= import('./custom-model.ts').then((module) => module.createCustomModel(custom))),
  });
}

function subresourcesOf({ definition, version }: CustomVersion): Subresource[] {
  const { status, scale } = version.subresources ?? {};
  const { group, names } = definition.spec;
  const verbs = SUBRESOURCE_VERBS;
  return [
    ...(status === undefined ? [] : [{ name: 'status', group, version: version.name, kind: names.kind, verbs }]),
    ...(scale === undefined ? [] : [{ name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs }]),
  ];
}

const VERSION = /^v(\d{1,15})(?:(alpha|beta)(\d{1,15}))?$/;
const STABILITY = { alpha: 0, beta: 1, '': 2 } as const;

/**
 * Orders versions as Kubernetes prefers them: `v2`, `v1`, `v1beta2`, `v1beta1`, `v1alpha1`, then everything else by name.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/version/helpers.go (CompareKubeAwareVersionStrings)
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [VERSION.exec(a), VERSION.exec(b)];
  if (left === null || right === null) return left !== null ? -1 : right !== null ? 1 : a < b ? -1 : a > b ? 1 : 0;
  const rank = ([, major, stability = '', minor = '0']: RegExpExecArray): number[] => [
    STABILITY[stability as keyof typeof STABILITY],
    Number(major),
    Number(minor),
  ];
  const [x, y] = [rank(left), rank(right)];
  return x.map((each, i) => (y[i] ?? 0) - each).find((difference) => difference !== 0) ?? 0;
}

/** A definition that was read from the store, as the type that it is. */
export function asDefinition(object: KubernetesObject): CustomResourceDefinition {
  return object as unknown as CustomResourceDefinition;
}
