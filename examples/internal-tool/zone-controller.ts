import { condition } from '@kybern/core';
import { defineController, done, requeueAfter, withFinalizer, type ControllerDefinition } from '@kybern/reconcile';
import { DnsRecord, Zone } from './kinds.ts';
import type { ZoneDirectory } from './zone-directory.ts';
import { computeZoneFile } from './zone-file.ts';

/** Records by the key of their zone, so that a reconcile finds its records without looking at all. */
const byZone = { kind: DnsRecord, name: 'zone', by: (record: DnsRecord) => [zoneKey(record)] };

const zoneKey = ({ metadata, spec }: DnsRecord): string => `${metadata.namespace ?? ''}/${spec.zone}`;

/** Keeps a file in the directory for every Zone, with all of its records; also when somebody else changes the file, and when the Zone goes. */
export function zoneController(directory: ZoneDirectory): ControllerDefinition<Zone> {
  return defineController({
    for: Zone,
    watches: [{ kind: DnsRecord, map: (record) => [zoneKey(record)] }],
    indexes: [byZone],
    concurrency: 4,
    reconcile: withFinalizer({
      kind: Zone,
      finalizer: 'dns.example.com/file',
      async reconcile({ key, object: zone, cache, client, recorder }) {
        const records = cache.by(DnsRecord, byZone.name, key);
        const plan = computeZoneFile(zone, records, await directory.read(zone.spec.domain));
        if (plan.text !== undefined) {
          await directory.write(zone.spec.domain, plan.text);
          recorder.event(zone, { type: 'Normal', reason: 'Written', message: `serial ${plan.serial}, ${records.length} records` });
        }
        await client.mutateStatus(Zone, zone, (draft) => {
          draft.status.serial = plan.serial;
          draft.status.records = records.length;
          condition(draft, 'Ready', true, { reason: 'FileWritten' });
        });
        // Nobody tells of changes to the file: look again.
        return requeueAfter('30s', { background: true });
      },
      async cleanup({ object: zone }) {
        await directory.remove(zone.spec.domain);
        return done();
      },
    }),
  });
}
