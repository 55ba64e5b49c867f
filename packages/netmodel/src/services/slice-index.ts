import type { EndpointSlice } from '@kybern/core/kinds';
import { SERVICE_NAME_LABEL } from './service-endpoints.ts';

/** The key of the Service that a slice belongs to, `namespace/name`; undefined when it belongs to none. */
export function serviceKeyOf({ metadata }: EndpointSlice): string | undefined {
  const service = metadata.labels?.[SERVICE_NAME_LABEL];
  return service === undefined || service === '' ? undefined : `${metadata.namespace ?? 'default'}/${service}`;
}

/** Groups slices by the key of their Service. */
export function groupSlices(slices: Iterable<EndpointSlice>): ReadonlyMap<string, readonly EndpointSlice[]> {
  const groups = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const key = serviceKeyOf(slice);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [slice]);
    else group.push(slice);
  }
  return groups;
}
