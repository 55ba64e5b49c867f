import { formatTime, type Clock, type IdSource, type KubernetesObject } from '@kybern/core';
import { parseIp } from '@kybern/netmodel/addresses';
import { isCompareFailed, plainChange, type Change, type StateSnapshot, type StateStore } from '@kybern/state';
import { clusterIpsOf, nodePortsOf, SERVICE_PREFIX } from './service-allocators.ts';
import { withCommit } from '../with-commit.ts';

/** Where claims of addresses are: they are objects of the API, which anybody may look at. */
export const IP_ADDRESS_PREFIX = '/registry/networking.k8s.io/ipaddresses/';
/** Where claims of node ports are, which are nobody's business. */
const NODE_PORT_PREFIX = '/registry/ranges/servicenodeports/';
const MANAGER = 'ipallocator.k8s.io';

/** Another server gave what this write takes to a Service of its own, a moment before. Beginning again finds something else, or says so. */
export class ClaimTakenError extends Error {
  override readonly name = 'ClaimTakenError';
  /** The address or port. */
  readonly claimed: string;

  constructor(claimed: string) {
    super(`provided IP or port is already allocated: ${claimed}`);
    this.claimed = claimed;
  }
}

/** What a {@link withServiceClaims} store works with. */
export interface ClaimParts {
  readonly clock: Clock;
  readonly ids: IdSource;
}

/**
 * A store whose commits claim what Services hold: with a Service an IPAddress per address is written, and a key per node port, each only if it is not there
 * yet; they go when the Service lets go of them. So no two Services ever have the same address or node port, however many servers write to the store.
 *
 * A commit without a Service costs a look at its keys.
 *
 * @throws {ClaimTakenError} as a rejection of `commit`
 */
export function withServiceClaims(state: StateStore, parts: ClaimParts): StateStore {
  return withCommit(state, async (changes, options) => {
    const claims = changes.some(({ key }) => key.startsWith(SERVICE_PREFIX)) ? claimsOf(state.snapshot(), changes.map(plainChange), parts) : [];
    if (claims.length === 0) return state.commit(changes, options);
    try {
      const { records, ...result } = await state.commit([...changes, ...claims], options);
      return { ...result, records: records.slice(0, changes.length) };
    } catch (error) {
      if (isCompareFailed(error) && claims.some(({ key }) => key === error.key)) throw new ClaimTakenError(error.key.slice(error.key.lastIndexOf('/') + 1));
      throw error;
    }
  });
}

/** The claims that Services in a store should have and do not: of stores from before there were any. */
export function missingClaims(snapshot: StateSnapshot, parts: ClaimParts): readonly Change[] {
  return snapshot.range(SERVICE_PREFIX).records.flatMap(({ value }) => gains(undefined, value, parts).filter(({ key }) => snapshot.get(key) === undefined));
}

function claimsOf(snapshot: StateSnapshot, changes: readonly Change[], parts: ClaimParts): readonly Change[] {
  const claims = new Map<string, Change>();
  for (const { key, value } of changes) {
    if (!key.startsWith(SERVICE_PREFIX)) continue;
    const before = snapshot.get(key)?.value;
    for (const lost of gains(value, before, parts)) if (!claims.has(lost.key)) claims.set(lost.key, { key: lost.key, value: undefined });
    for (const gained of gains(before, value, parts)) claims.set(gained.key, gained);
  }
  return [...claims.values()];
}

/** The claims for what `now` holds and `before` did not. */
function gains(before: KubernetesObject | undefined, now: KubernetesObject | undefined, { clock, ids }: ClaimParts): Change[] {
  if (now === undefined) return [];
  const had = before === undefined ? [] : clusterIpsOf(before);
  const hadPorts = before === undefined ? [] : nodePortsOf(before);
  const made = { creationTimestamp: formatTime(clock.now()) };
  const { namespace, name } = now.metadata;
  const claims: Change[] = [];
  for (const ip of clusterIpsOf(now)) {
    const family = parseIp(ip)?.family;
    if (had.includes(ip) || family === undefined) continue;
    const labels = { 'ipaddress.kubernetes.io/ip-family': family, 'ipaddress.kubernetes.io/managed-by': MANAGER };
    const value = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IPAddress',
      metadata: { name: ip, uid: ids.uid(), ...made, labels },
      spec: { parentRef: { group: '', resource: 'services', namespace, name } },
    } as KubernetesObject;
    claims.push({ key: IP_ADDRESS_PREFIX + ip, value, expect: 0 });
  }
  for (const port of nodePortsOf(now)) {
    if (hadPorts.includes(port)) continue;
    const value = { apiVersion: 'v1', kind: 'RangeAllocation', metadata: { name: String(port), ...made } } as KubernetesObject;
    claims.push({ key: NODE_PORT_PREFIX + String(port), value, expect: 0 });
  }
  return claims;
}
