import { apiVersionOf, type Kind, type Subresource } from '../kind.ts';
import type { KindModel } from '../kind-model.ts';
import type { KubernetesObject } from '../object.ts';
import { createModel, type ModelModule } from './models/create-model.ts';

/** What all kinds of one API group and version have in common. */
export interface GroupVersion {
  readonly group: string;
  readonly version: string;
  /** Loads schemas and validators. */
  readonly load: () => Promise<ModelModule>;
}

/** What is particular to one built-in kind; everything that is left out is as it is for most. */
export interface KindRow {
  readonly groupVersion: GroupVersion;
  readonly kind: string;
  readonly plural: string;
  /** Default: the kind in lower case. */
  readonly singular?: string;
  /** Default: the kind and `List`. */
  readonly listKind?: string;
  /** Default: `Namespaced`. */
  readonly scope?: 'Cluster';
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Default: all eight. */
  readonly verbs?: readonly string[];
  /** Group, version and kind default to those of the object itself. */
  readonly subresources?: readonly (Pick<Subresource, 'name' | 'verbs'> & Partial<Subresource>)[];
}

const NONE: readonly never[] = Object.freeze([]);
const ALL_VERBS: readonly string[] = Object.freeze(['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']);

/** Makes the frozen constant of one built-in kind. Nothing is loaded before {@link Kind.model} is called. */
export function builtinKind<T extends KubernetesObject>(row: KindRow): Kind<T> {
  const { group, version, load } = row.groupVersion;
  const { kind, shortNames = NONE, categories = NONE, verbs = ALL_VERBS, subresources = NONE } = row;
  let model: ReturnType<Kind['model']> | undefined;
  return Object.freeze({
    group,
    version,
    kind,
    listKind: row.listKind ?? `${kind}List`,
    plural: row.plural,
    singular: row.singular ?? kind.toLowerCase(),
    shortNames,
    categories,
    scope: row.scope ?? 'Namespaced',
    verbs,
    subresources: Object.freeze(subresources.map((sub) => Object.freeze({ group, version, kind, ...sub }))),
    model: () => (model ??= load().then((module) => createModel(module, kind))),
  });
}

/** A look-up by `apiVersion` and `kind` over a fixed set of kinds; its index is built at the first call. */
export function kindLookup(kinds: readonly Kind[]): (apiVersion: string, kind: string) => Kind | undefined {
  let index: Map<string, Kind> | undefined;
  return (apiVersion, kind) => {
    index ??= new Map(kinds.map((each) => [`${apiVersionOf(each)} ${each.kind}`, each]));
    return index.get(`${apiVersion} ${kind}`);
  };
}

/** A module of models, and the `apiVersion kind` of the bodies in it. */
export interface BodyGroup {
  readonly load: () => Promise<ModelModule>;
  readonly apiVersion: string;
  readonly kinds: readonly string[];
}

/** A look-up by `apiVersion` and `kind` over bodies; each model is loaded at most once. */
export function bodyLookup(groups: readonly BodyGroup[]): (apiVersion: string, kind: string) => Promise<KindModel> | undefined {
  const loaded = new Map<string, Promise<KindModel>>();
  return (apiVersion, kind) => {
    const name = `${apiVersion} ${kind}`;
    const known = loaded.get(name);
    if (known !== undefined) return known;
    const group = groups.find((each) => each.apiVersion === apiVersion && each.kinds.includes(kind));
    if (group === undefined) return undefined;
    const model = group.load().then((module) => createModel(module, kind));
    loaded.set(name, model);
    return model;
  };
}
