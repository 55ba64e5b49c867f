import type { Change, StateEvent, StateRecord } from '@kybern/state';

/** A record as the model has it. */
export interface Row {
  readonly data: string;
  readonly mod: number;
  readonly create: number;
  readonly version: number;
}

/** An event as the model has it. */
export interface Told {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly revision: number;
  readonly data: string;
}

/** All states, one per revision: slow, obvious, and what the store is held against. */
export class Model {
  readonly states: ReadonlyMap<string, Row>[];
  readonly events: Told[];
  compacted: number;

  constructor(states: ReadonlyMap<string, Row>[] = [new Map()], events: Told[] = [], compacted = 0) {
    this.states = states;
    this.events = events;
    this.compacted = compacted;
  }

  get revision(): number {
    return this.states.length - 1;
  }

  get now(): ReadonlyMap<string, Row> {
    return this.at(this.revision);
  }

  at(revision: number): ReadonlyMap<string, Row> {
    return this.states[revision] as ReadonlyMap<string, Row>;
  }

  fork(): Model {
    return new Model([...this.states], [...this.events], this.compacted);
  }

  /** What a commit must do: undefined when a compare fails. A change with `same` puts the identical value. */
  commit(changes: readonly Planned[]): 'failed' | 'unchanged' | 'changed' {
    if (changes.some(({ key, expect }) => expect !== undefined && (this.now.get(key)?.mod ?? 0) !== expect)) return 'failed';
    const next = new Map(this.now);
    const revision = this.revision + 1;
    const events: Told[] = [];
    for (const { key, data, same } of changes) {
      const row = next.get(key);
      if (same || (data === undefined && row === undefined)) continue;
      events.push({ type: data === undefined ? 'delete' : 'put', key, revision, data: data ?? (row as Row).data });
      if (data === undefined) next.delete(key);
      else next.set(key, { data, mod: revision, create: row?.create ?? revision, version: (row?.version ?? 0) + 1 });
    }
    if (events.length === 0) return 'unchanged';
    this.states.push(next);
    this.events.push(...events);
    return 'changed';
  }

  range(prefix: string, options: { at: number; after: string | undefined; limit: number | undefined }): { rows: string[]; remaining: number } {
    const keys = [...this.at(options.at).keys()].filter((key) => key.startsWith(prefix) && (options.after === undefined || key > options.after)).sort();
    const page = keys.slice(0, options.limit);
    return { rows: page.map((key) => rowText(key, this.at(options.at).get(key))), remaining: keys.length - page.length };
  }

  told(prefix: string, after: number, until: number): string[] {
    return this.events.filter(({ key, revision }) => key.startsWith(prefix) && revision > after && revision <= until).map(toldText);
  }
}

/** A change, before it is one of the store. */
export interface Planned {
  readonly key: string;
  readonly data: string | undefined;
  readonly same: boolean;
  readonly expect: number | undefined;
}

const rowText = (key: string, row: Row | undefined): string => `${key} ${row?.data} ${row?.mod} ${row?.create} ${row?.version}`;

const toldText = ({ type, key, revision, data }: Told): string => `${type} ${key} ${revision} ${data}`;

const dataOf = ({ value }: StateRecord): string => (value as unknown as { data: string }).data;

/** A record in the words of the model; checks the stamp on the way. */
export function recordText(record: StateRecord): string {
  if (record.value.metadata.resourceVersion !== String(record.modRevision)) throw new Error(`${record.key} is stamped wrongly`);
  return `${record.key} ${dataOf(record)} ${record.modRevision} ${record.createRevision} ${record.version}`;
}

/** An event in the words of the model; checks the stamp on the way. */
export function eventText({ type, key, revision, record }: StateEvent): string {
  if (record.value.metadata.resourceVersion !== String(revision)) throw new Error(`the event of ${key} is stamped wrongly`);
  return `${type} ${key} ${revision} ${dataOf(record)}`;
}

/** The store's change for a planned one. */
export function toChange({ key, data, same, expect }: Planned, current: StateRecord | undefined): Change {
  const value = same ? current?.value : data === undefined ? undefined : { apiVersion: 'v1', kind: 'Thing', metadata: { name: key }, data };
  return { key, value, ...(expect === undefined ? {} : { expect }) };
}
