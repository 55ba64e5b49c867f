import type { Kind } from '@kybern/core';

/** Where in a kind's URL space a request goes. */
export interface ResourceTarget {
  /** Unset on a namespaced kind: all namespaces. */
  readonly namespace?: string | undefined;
  /** Unset: the collection. */
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/**
 * The path of a resource, such as `/apis/apps/v1/namespaces/default/deployments/web/scale`.
 *
 * @see kubernetes v1.36 https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
 */
export function resourcePath(kind: Pick<Kind, 'group' | 'version' | 'plural' | 'scope'>, target: ResourceTarget = {}): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const namespace = kind.scope === 'Namespaced' && target.namespace !== undefined ? `/namespaces/${encodeURIComponent(target.namespace)}` : '';
  const name = target.name === undefined ? '' : `/${encodeURIComponent(target.name)}`;
  const subresource = target.subresource === undefined ? '' : `/${target.subresource}`;
  return `${root}${namespace}/${kind.plural}${name}${subresource}`;
}
