/** What one writer or reader asked of one key, and what came of it. Times are monotonic ms of one clock. */
export interface Operation {
  readonly startMs: number;
  readonly endMs: number;
  readonly key: string;
  readonly action:
    | { readonly type: 'get' }
    /** Values are unique over the whole history. `expect`: the revision that the key must have. */
    | { readonly type: 'put'; readonly value: string; readonly expect: number | undefined }
    | { readonly type: 'delete'; readonly expect: number | undefined };
  readonly outcome: /** A read: what was there, and which revision wrote it; nothing: undefined. */
    | { readonly type: 'read'; readonly found: { readonly value: string; readonly revision: number } | undefined }
    /** A write was acknowledged as this revision; a delete of nothing changes nothing and has none. */
    | { readonly type: 'written'; readonly revision: number | undefined }
    /** It was refused: it must have had no effect. */
    | { readonly type: 'refused' }
    /** Nobody knows: it may have had its effect at any time after it began, once. */
    | { readonly type: 'unknown' };
}

/** One change, as a log or a watcher tells it. */
export interface Told {
  readonly revision: number;
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** What was put; of no meaning for a delete. */
  readonly value: string;
}

/** All that is known of a run. */
export interface RunHistory {
  readonly operations: readonly Operation[];
  /** Every change that there was after `from`, in order: the truth. */
  readonly log: readonly Told[];
  readonly from: number;
  /** What each watcher was told, from which revision on, and up to which it must have been told everything. */
  readonly watchers: readonly { readonly name: string; readonly from: number; readonly until: number; readonly told: readonly Told[] }[];
}

/** What a key held from one revision on. */
interface Version {
  readonly revision: number;
  readonly value: string | undefined;
}

const text = ({ revision, type, key, value }: Told): string => `${type} ${key}${type === 'put' ? `=${value}` : ''}@${revision}`;

/**
 * Holds a run against what a store promises: operations are linearizable, and their order is that of the revisions; what was acknowledged is there, what was
 * refused is not, what is not known is there once at most; watchers are told all of it, once and in order. The log gives the order, so this is one pass
 * and no search.
 *
 * @returns what is wrong; empty when nothing is
 */
export function checkHistory(history: RunHistory): string[] {
  const problems: string[] = [];
  const versions = checkLog(history, problems);
  checkWrites(history, problems);
  checkReads(history, versions, problems);
  for (const { name, from, until, told } of history.watchers) {
    const wanted = history.log.filter(({ revision }) => revision > from && revision <= until).map(text);
    const got = told.filter(({ revision }) => revision <= until).map(text);
    const at = wanted.findIndex((each, index) => each !== got[index]);
    if (at >= 0 || got.length !== wanted.length) {
      const index = at < 0 ? wanted.length : at;
      problems.push(`watcher ${name}, event ${index}: told ${got[index] ?? 'nothing'} where the log has ${wanted[index] ?? 'nothing'}`);
    }
  }
  return problems;
}

/** The log itself: revisions go up, and nothing is in it that nobody asked for. */
function checkLog({ log, from, operations }: RunHistory, problems: string[]): ReadonlyMap<string, readonly Version[]> {
  const writers = new Map<string, Operation>();
  for (const operation of operations) if (operation.action.type === 'put') writers.set(operation.action.value, operation);
  const versions = new Map<string, Version[]>();
  const seen = new Set<string>();
  let last = from;
  for (const told of log) {
    if (told.revision < last) problems.push(`the log goes back: ${text(told)} after ${last}`);
    last = told.revision;
    const of = versions.get(told.key) ?? [];
    versions.set(told.key, of);
    if (told.type === 'put') checkPut(told, { writer: writers.get(told.value), before: of.at(-1), again: seen.has(told.value) }, problems);
    seen.add(told.value);
    of.push({ revision: told.revision, value: told.type === 'put' ? told.value : undefined });
  }
  return versions;
}

function checkPut(
  told: Told,
  { writer, before, again }: { writer: Operation | undefined; before: Version | undefined; again: boolean },
  problems: string[],
): void {
  if (again) problems.push(`written twice: ${text(told)}`);
  if (writer === undefined || writer.key !== told.key) return void problems.push(`nobody wrote ${text(told)}`);
  if (writer.outcome.type === 'refused') problems.push(`refused, and yet there: ${text(told)}`);
  const had = before?.value === undefined ? 0 : before.revision;
  const { action } = writer;
  if (action.type === 'put' && action.expect !== undefined && action.expect !== had)
    problems.push(`${text(told)} expected ${action.expect}, and the key had ${had}`);
}

/** Acknowledged writes: each is in the log, and one that began after another was acknowledged comes after it. */
function checkWrites({ log, operations }: RunHistory, problems: string[]): void {
  const byRevision = new Map(log.map((told) => [told.revision, told]));
  const acknowledged: { operation: Operation; revision: number }[] = [];
  for (const operation of operations) {
    const { outcome, action, key } = operation;
    if (outcome.type !== 'written' || outcome.revision === undefined) continue;
    acknowledged.push({ operation, revision: outcome.revision });
    const told = byRevision.get(outcome.revision);
    const is = told?.key === key && told.type === action.type && (action.type !== 'put' || told.value === action.value);
    if (!is)
      problems.push(`acknowledged, and not there: ${action.type} ${key} as ${outcome.revision}; the log has ${told === undefined ? 'nothing' : text(told)}`);
  }
  const ends = acknowledged.toSorted((a, b) => a.operation.endMs - b.operation.endMs);
  let highest = 0;
  let next = 0;
  for (const { operation, revision } of acknowledged.toSorted((a, b) => a.operation.startMs - b.operation.startMs)) {
    for (let end = ends[next]; end !== undefined && end.operation.endMs < operation.startMs; end = ends[next]) {
      highest = Math.max(highest, end.revision);
      next += 1;
    }
    if (revision <= highest) problems.push(`revision ${revision} of ${operation.key} was given after ${highest} had been acknowledged`);
  }
}

/**
 * Reads: what was found was there at some moment of the read. The state must be at least as new as everything that was acknowledged or read before the
 * read began, and what was found must not have been replaced by anything that was acknowledged by then.
 */
function checkReads({ operations, from }: RunHistory, versions: ReadonlyMap<string, readonly Version[]>, problems: string[]): void {
  const known = operations
    .flatMap(({ endMs, outcome }) => {
      if (outcome.type === 'written' && outcome.revision !== undefined) return [{ endMs, revision: outcome.revision }];
      if (outcome.type === 'read' && outcome.found !== undefined) return [{ endMs, revision: outcome.found.revision }];
      return [];
    })
    .sort((a, b) => a.endMs - b.endMs);
  const reads = operations.filter(({ outcome }) => outcome.type === 'read').sort((a, b) => a.startMs - b.startMs);
  let floor = from;
  let next = 0;
  for (const { key, startMs, outcome } of reads) {
    for (let end = known[next]; end !== undefined && end.endMs < startMs; end = known[next]) {
      floor = Math.max(floor, end.revision);
      next += 1;
    }
    if (outcome.type === 'read') checkRead({ key, found: outcome.found, floor }, versions.get(key) ?? [], problems);
  }
}

function checkRead(
  { key, found, floor }: { key: string; found: { value: string; revision: number } | undefined; floor: number },
  versions: readonly Version[],
  problems: string[],
): void {
  const what = found === undefined ? `nothing at ${key}` : `${key}=${found.value}@${found.revision}`;
  if (found !== undefined && !versions.some(({ revision, value }) => revision === found.revision && value === found.value))
    return void problems.push(`read ${what}, which never was`);
  // A version holds from its revision to before the next one; one such time must reach to the floor.
  const held = versions.some((version, index) => {
    const same = found === undefined ? version.value === undefined : version.revision === found.revision;
    return same && (versions[index + 1]?.revision ?? Infinity) > floor;
  });
  const neverWritten = found === undefined && (versions[0]?.revision ?? Infinity) > floor;
  if (!held && !neverWritten) problems.push(`read ${what}, which was over when ${floor} had been seen`);
}
