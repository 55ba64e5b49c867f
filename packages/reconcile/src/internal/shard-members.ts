import type { Lease } from '@kybern/core/kinds/coordination-v1';

/** Who is alive, by what was seen locally: a member whose Lease was not seen to change for a whole duration is not, whatever times are written in it. */
export class LiveMembers {
  readonly #durationMs: number;
  /** By name of the Lease: what it said, and when that was first seen. */
  readonly #seen = new Map<string, { readonly renewTime: string; readonly atMs: number }>();

  constructor(durationMs: number) {
    this.#durationMs = durationMs;
  }

  /** The identities that are alive by now, given all Leases of the group. */
  see(leases: readonly Lease[], nowMs: number): readonly string[] {
    const names = new Set(leases.map(({ metadata }) => metadata.name));
    for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name);
    return leases.flatMap(({ metadata, spec }) => {
      const renewTime = spec?.renewTime ?? '';
      const known = this.#seen.get(metadata.name);
      if (known?.renewTime !== renewTime) this.#seen.set(metadata.name, { renewTime, atMs: nowMs });
      else if (nowMs - known.atMs >= this.#durationMs) return [];
      return spec?.holderIdentity === undefined ? [] : [spec.holderIdentity];
    });
  }
}

/**
 * The member who should hold a shard: the one with the highest hash of both. Every replica that knows the same members says the same, and when a member comes or goes
 * only the shards change hands that it gets or had. Undefined when nobody is there.
 */
export function preferredMember(shard: string, members: readonly string[]): string | undefined {
  let best: { readonly member: string; readonly weight: number } | undefined;
  for (const member of members) {
    const weight = hash(`${shard}/${member}`);
    if (best === undefined || weight > best.weight || (weight === best.weight && member > best.member)) best = { member, weight };
  }
  return best?.member;
}

/** FNV-1a, its bits mixed once more: similar names must not have similar hashes. @see https://github.com/aappleby/smhasher (fmix32) */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
