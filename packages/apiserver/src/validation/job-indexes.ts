/** Indexes of a Job's Pods as its status writes them: `1,3-5,7`. @see kubernetes v1.36 pkg/apis/batch/validation/validation.go (validateIndexesFormat) */
type Interval = readonly [first: number, last: number];

/** What is wrong with indexes that are written as `1,3-5`; undefined: nothing. @param completions how many indexes there are */
export function indexProblem(text: string, completions: number): string | undefined {
  if (text === '') return undefined;
  let previous: number | undefined;
  for (const part of text.split(',')) {
    const interval = parseInterval(part, completions);
    if (typeof interval === 'string') return interval;
    if (previous !== undefined && previous >= interval[0]) return notIncreasing(previous, interval[0]);
    previous = interval[1];
  }
  return undefined;
}

/** The first index that is in both texts; undefined: none. What is malformed is passed over: {@link indexProblem} names it. */
export function overlappingIndex(a: string, b: string, completions: number): number | undefined {
  const [mine, theirs] = [intervalsOf(a, completions), intervalsOf(b, completions)];
  for (let i = 0, j = 0; i < mine.length && j < theirs.length; ) {
    const [[x, y], [u, v]] = [mine[i] as Interval, theirs[j] as Interval];
    if (x <= v && u <= y) return Math.max(x, u);
    if (x <= u) i += 1;
    else j += 1;
  }
  return undefined;
}

const intervalsOf = (text: string, completions: number): Interval[] =>
  text === '' ? [] : text.split(',').flatMap((part) => asList(parseInterval(part, completions)));
const asList = (interval: Interval | string): Interval[] => (typeof interval === 'string' ? [] : [interval]);
const notIncreasing = (previous: number, current: number): string => `non-increasing order, previous: ${previous}, current: ${current}`;

/** @returns what is wrong, as a sentence, or the interval */
function parseInterval(part: string, completions: number): Interval | string {
  const limits = part.split('-');
  if (limits.length > 2)
    return `the fragment ${JSON.stringify(part)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  const numbers: number[] = [];
  for (const limit of limits) {
    if (!/^[+-]?\d{1,10}$/.test(limit)) return `cannot convert string to integer for index: ${JSON.stringify(limit)}`;
    if (Number(limit) >= completions) return `too large index: ${JSON.stringify(limit)}`;
    numbers.push(Number(limit));
  }
  const [first = 0, last = first] = numbers;
  return numbers.length === 2 && first >= last ? notIncreasing(first, last) : [first, last];
}
