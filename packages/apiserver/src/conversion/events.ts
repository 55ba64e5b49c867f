import type { Conversion } from './conversion.ts';

/** Fields of events.k8s.io/v1 and what core/v1 calls them. @see kubernetes v1.36 pkg/apis/events/v1/conversion.go */
const FIELDS: Readonly<Record<string, string>> = {
  note: 'message',
  regarding: 'involvedObject',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
  reportingController: 'reportingComponent',
};
const REVERSED: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(FIELDS).map(([name, core]) => [core, name]));

/** Events are stored as those of the core group. */
export const eventConversion: Conversion = {
  storedAs: { group: '', plural: 'events' },
  fromStored: (object) => ({ ...rename(object, REVERSED), apiVersion: 'events.k8s.io/v1' }),
  toStored: (object) => ({ ...rename(object, FIELDS), apiVersion: 'v1' }),
};

function rename(object: object, names: Readonly<Record<string, string>>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) {
    if (value !== undefined) out[Object.hasOwn(names, name) ? (names[name] as string) : name] = value as unknown;
  }
  return out;
}
