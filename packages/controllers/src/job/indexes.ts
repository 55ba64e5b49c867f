/** Indexes `first` to `last`, both included. */
export interface IndexInterval {
  readonly first: number;
  readonly last: number;
}

/** A set of completion indexes: intervals in increasing order, which neither touch nor overlap. */
export type IndexSet = readonly IndexInterval[];

/**
 * The set that `text` (such as `1,3-5,7`) stands for, without what is not below `completions`. Parts that are no indexes are ignored.
 *
 * @see kubernetes v1.36 pkg/controller/job/indexed_job_utils.go (parseIndexesFromString)
 */
export function parseIndexes(text: string | undefined, completions: number): IndexSet {
  let result: IndexSet = [];
  for (const part of (text ?? '').split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) continue;
    const first = Number(match[1]);
    const last = Math.min(Number(match[2] ?? match[1]), completions - 1);
    if (first <= last) result = mergeIndexes(result, [{ first, last }]);
  }
  return result;
}

/** The set as text: two neighbours as `1,2`, more as `1-3`. */
export function formatIndexes(set: IndexSet): string {
  const text = ({ first, last }: IndexInterval): string => (first === last ? String(first) : `${first}${last === first + 1 ? ',' : '-'}${last}`);
  return set.map(text).join(',');
}

/** All that is in either set. */
export function mergeIndexes(a: IndexSet, b: IndexSet): IndexSet {
  if (b.length === 0) return a;
  const result: IndexInterval[] = [];
  for (const interval of [...a, ...b].sort((x, y) => x.first - y.first)) {
    const before = result.at(-1);
    if (before === undefined || interval.first > before.last + 1) result.push(interval);
    else if (interval.last > before.last) result[result.length - 1] = { first: before.first, last: interval.last };
  }
  return result;
}

/** The set with more indexes in it. */
export function withIndexes(set: IndexSet, indexes: Iterable<number>): IndexSet {
  return mergeIndexes(
    set,
    [...indexes].map((index) => ({ first: index, last: index })),
  );
}

/** How many indexes are in the set. */
export const countIndexes = (set: IndexSet): number => set.reduce((total, { first, last }) => total + last - first + 1, 0);

/** Whether an index is in the set. */
export const hasIndex = (set: IndexSet, index: number): boolean => set.some(({ first, last }) => first <= index && index <= last);

/** How many indexes are in both sets. */
export function countCommonIndexes(a: IndexSet, b: IndexSet): number {
  let [i, j, common] = [0, 0, 0];
  for (;;) {
    const [x, y] = [a[i], b[j]];
    if (x === undefined || y === undefined) return common;
    common += Math.max(0, Math.min(x.last, y.last) - Math.max(x.first, y.first) + 1);
    if (x.last <= y.last) i += 1;
    if (y.last <= x.last) j += 1;
  }
}

/** The lowest indexes below `completions` that are not in `taken`, at most `count`. */
export function freeIndexes(taken: IndexSet, count: number, completions: number): readonly number[] {
  const result: number[] = [];
  let candidate = 0;
  for (const { first, last } of [...taken, { first: completions, last: completions }]) {
    for (; candidate < Math.min(first, completions) && result.length < count; candidate++) result.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  return result;
}
