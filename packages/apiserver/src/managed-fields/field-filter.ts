import { differenceWithBelow, fieldSetOf, setOf, type FieldSet } from '@kybern/core/server-side-apply';
import type { Resource } from '../resource.ts';

const STATUS: FieldSet = fieldSetOf([['f:status']]);

/** What of a set of fields a write through `subresource` can set; undefined: everything. */
export type FieldFilter = ((fields: FieldSet) => FieldSet) | undefined;

/**
 * The fields that a write cannot set are reset by the rules of its resource; so nobody comes to own them by it.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/registry/rest/update.go (ResetFieldsStrategy)
 */
export function fieldFilter({ hasStatus, strategy }: Resource, subresource: string | undefined): FieldFilter {
  switch (subresource) {
    case undefined:
    case 'scale':
      return hasStatus ? withoutStatus : undefined;
    case 'status':
      return strategy.statusUpdatesMetadata === false ? ONLY_STATUS : STATUS_AND_METADATA;
    case 'approval':
      return ONLY_STATUS;
    default:
      return ONLY_SPEC;
  }
}

/**
 * Fields of built-in kinds that Go's types always have, however empty: whoever fills them in does not come to own them as such, only what is in them.
 * Whether there is a pointer in between is not in the schema.
 */
const ALWAYS_THERE: ReadonlySet<string> = new Set(
  [
    'metadata',
    'containers',
    'spec',
    'status',
    'template',
    'jobTemplate',
    'strategy',
    'updateStrategy',
    'resources',
    'source',
    'nodeInfo',
    'daemonEndpoints',
    'kubeletEndpoint',
    'loadBalancer',
  ].map((name) => `f:${name}`),
);

/** {@link fieldFilter} for what an update changed. */
export function updateFilter(resource: Resource, subresource: string | undefined): FieldFilter {
  const filter = fieldFilter(resource, subresource);
  if (resource.custom) return filter;
  return (fields) => withoutAlwaysThere(filter === undefined ? fields : filter(fields));
}

function withoutAlwaysThere(fields: FieldSet): FieldSet {
  if (fields.children === undefined) return fields;
  let children: Map<string, FieldSet> | undefined;
  for (const [element, child] of fields.children) {
    if (child.children === undefined) continue;
    const below = withoutAlwaysThere(child);
    const kept = below.member && ALWAYS_THERE.has(element) ? setOf(false, below.children) : below;
    if (kept !== child) (children ??= new Map(fields.children)).set(element, kept);
  }
  return children === undefined ? fields : setOf(fields.member, children);
}

const withoutStatus = (fields: FieldSet): FieldSet => differenceWithBelow(fields, STATUS);

const only = (elements: readonly string[]) => {
  const others = (fields: FieldSet): string[] => [...(fields.children?.keys() ?? [])].filter((element) => !elements.includes(element));
  return (fields: FieldSet): FieldSet => {
    const dropped = others(fields);
    return dropped.length === 0 ? fields : differenceWithBelow(fields, fieldSetOf(dropped.map((element) => [element])));
  };
};

const ONLY_SPEC = only(['f:spec']);
const ONLY_STATUS = only(['f:status']);
const STATUS_AND_METADATA = only(['f:status', 'f:metadata']);
