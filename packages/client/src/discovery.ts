import { dynamicKind, type DynamicObject, type Kind } from '@kybern/core';
import type { Transport } from './transport.ts';

/** Both have one shape; the older one is what servers before 1.30 know. */
const ACCEPT = ['v2', 'v2beta1'].map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`).join(',');

interface GroupList {
  readonly items?: readonly { readonly metadata?: { readonly name?: string }; readonly versions?: readonly Version[] | null }[] | null;
}

interface Version {
  readonly version: string;
  readonly resources?: readonly Resource[] | null;
}

interface ResponseKind {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
}

interface Resource {
  readonly resource: string;
  readonly responseKind?: ResponseKind | null;
  readonly scope?: string;
  readonly singularResource?: string;
  readonly verbs?: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly { readonly subresource: string; readonly responseKind?: ResponseKind | null; readonly verbs?: readonly string[] }[] | null;
}

/**
 * Everything that a server serves, as kinds: the preferred version of each group first.
 *
 * @throws {ApiError} what the server answered
 * @see kubernetes v1.36 staging/src/k8s.io/client-go/discovery/aggregated_discovery.go
 */
export async function discoverKinds(transport: Transport, signal?: AbortSignal): Promise<readonly Kind<DynamicObject>[]> {
  const lists = await Promise.all(['/api', '/apis'].map((path) => transport.json({ method: 'GET', path, accept: ACCEPT, signal })));
  return lists.flatMap((list) => kindsOf(list as GroupList));
}

function kindsOf({ items }: GroupList): readonly Kind<DynamicObject>[] {
  return (items ?? []).flatMap(({ metadata, versions }) =>
    (versions ?? []).flatMap(({ version, resources }) => (resources ?? []).flatMap((resource) => kindOf({ group: metadata?.name ?? '', version }, resource))),
  );
}

/** Resources that only have subresources, and no objects, are left out. */
function kindOf(of: { readonly group: string; readonly version: string }, resource: Resource): readonly Kind<DynamicObject>[] {
  const { responseKind, shortNames, categories, verbs, subresources } = resource;
  if (responseKind?.kind === undefined || responseKind.kind === '') return [];
  const kind = dynamicKind({
    ...of,
    kind: responseKind.kind,
    plural: resource.resource,
    scope: resource.scope === 'Cluster' ? 'Cluster' : 'Namespaced',
    ...(resource.singularResource === undefined ? {} : { singular: resource.singularResource }),
    ...(shortNames === undefined ? {} : { shortNames }),
    ...(categories === undefined ? {} : { categories }),
    ...(verbs === undefined ? {} : { verbs }),
    subresources: (subresources ?? []).map(({ subresource, responseKind: body, verbs: allowed }) => ({
      name: subresource,
      group: body?.group ?? '',
      version: body?.version ?? '',
      kind: body?.kind ?? '',
      verbs: allowed ?? [],
    })),
  });
  return [kind];
}
