import type { DnsRecord, Zone } from './kinds.ts';

/** What a zone's file should be. */
export interface ZoneFilePlan {
  /** Undefined when the file is as it should be. */
  readonly text: string | undefined;
  /** Name servers load a file only when this is greater than before. */
  readonly serial: number;
}

/**
 * Computes a zone's file from what is wanted and from the file that is there.
 *
 * Pure. What is not wanted is replaced, whoever wrote it; the serial goes up exactly when the rest changes.
 */
export function computeZoneFile(zone: Zone, records: readonly DnsRecord[], current: string | undefined): ZoneFilePlan {
  const serial = serialOf(current);
  const wanted = zoneFileText(zone, records, serial);
  return wanted === current ? { text: undefined, serial } : { text: zoneFileText(zone, records, serial + 1), serial: serial + 1 };
}

/** The serial of a file; 0 when there is no file, or no serial in it. */
export function serialOf(text: string | undefined): number {
  return Number(text?.match(/\bSOA\s+\S+\s+\S+\s+\(\s*(\d+)/)?.[1] ?? 0);
}

function zoneFileText({ spec: { domain, ttlSeconds } }: Zone, records: readonly DnsRecord[], serial: number): string {
  const lines = records.map(({ spec: { name, type, value } }) => `${name} IN ${type} ${type === 'CNAME' ? `${value}.` : value}`).sort();
  return [`$ORIGIN ${domain}.`, `$TTL ${ttlSeconds}`, `@ IN SOA ns.${domain}. admin.${domain}. ( ${serial} 3600 600 86400 ${ttlSeconds} )`, ...lines, ''].join(
    '\n',
  );
}
