import { ApiError } from './api-error.ts';
import type { DefinedModel } from './internal/defined-model.ts';
import type { Kind } from './kind.ts';
import type { KindSchema } from './kind-schema.ts';

/** A CustomResourceDefinition as it is written: what a server adds is not there yet. */
export interface CustomResourceDefinitionManifest {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: 'Namespaced' | 'Cluster';
    readonly names: {
      readonly plural: string;
      readonly singular: string;
      readonly kind: string;
      readonly listKind: string;
      readonly shortNames?: readonly string[];
      readonly categories?: readonly string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly served: true;
      readonly storage: true;
      readonly schema: { readonly openAPIV3Schema: KindSchema };
      readonly subresources?: { readonly status: Readonly<Record<never, never>> };
    }[];
  };
}

/** What every object has without its definition saying so. */
const IMPLIED: readonly string[] = ['apiVersion', 'kind', 'metadata'];

/**
 * The CustomResourceDefinition that makes any Kubernetes API server serve a kind of one's own, with one version.
 *
 * @example await client.create(CustomResourceDefinition, await customResourceDefinition(Site));
 * @param kind one that `defineKind` made
 * @throws {ApiError} `BadRequest` for any other kind: nobody knows its schema
 */
export async function customResourceDefinition(kind: Kind): Promise<CustomResourceDefinitionManifest> {
  const { structural } = (await kind.model()) as Partial<DefinedModel>;
  if (structural === undefined) throw new ApiError('BadRequest', `kind ${kind.kind} was not made by defineKind`);
  const { group, version, scope, plural, singular, listKind, shortNames, categories } = kind;
  const hasStatus = kind.subresources.some(({ name }) => name === 'status');
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: {
        plural,
        singular,
        kind: kind.kind,
        listKind,
        ...(shortNames.length === 0 ? {} : { shortNames }),
        ...(categories.length === 0 ? {} : { categories }),
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: withoutImplied(structural) },
          ...(hasStatus ? { subresources: { status: {} } } : {}),
        },
      ],
    },
  };
}

function withoutImplied({ properties = {}, required = [], ...rest }: KindSchema): KindSchema {
  const names = required.filter((name) => !IMPLIED.includes(name));
  return {
    ...rest,
    ...(names.length === 0 ? {} : { required: names }),
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => !IMPLIED.includes(name))),
  };
}
