import type { HostPattern } from '../ingress/route.ts';

/** A hostname of a listener or route as a pattern; a wildcard stands for one or more labels. */
export function gatewayHost(hostname: string | undefined): HostPattern {
  if (hostname === undefined || hostname === '') return { type: 'Any' };
  const lower = hostname.toLowerCase();
  return lower.startsWith('*.') ? { type: 'Wildcard', suffix: lower.slice(1), labels: 'many' } : { type: 'Exact', host: lower };
}

/** The hosts that are in both patterns, which is always one of the two; undefined when there are none. */
export function intersectHosts(a: HostPattern, b: HostPattern): HostPattern | undefined {
  if (covers(a, b)) return b;
  return covers(b, a) ? a : undefined;
}

function covers(wide: HostPattern, narrow: HostPattern): boolean {
  if (wide.type === 'Any') return true;
  if (narrow.type === 'Any') return false;
  if (wide.type === 'Exact') return narrow.type === 'Exact' && narrow.host === wide.host;
  const text = narrow.type === 'Exact' ? narrow.host : narrow.suffix;
  return text.endsWith(wide.suffix) && (narrow.type === 'Wildcard' || text.length > wide.suffix.length);
}
