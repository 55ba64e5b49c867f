import { compileExpression, type Expression, type Variables } from './expression.ts';
import type { Place } from './place.ts';

/** When a curve is asked, and of what. */
export interface UsageMoment {
  /** Since the container's start, or since the stage that set the curve. */
  readonly ageMs: number;
  /** Since the Unix epoch. */
  readonly nowMs: number;
  readonly replicas: number;
  readonly attempt: number;
}

/** How much of a resource is used at a moment: cores or bytes, at least 0. */
export type UsageCurve = (moment: UsageMoment) => number;

const DAY_MS = 86_400_000;
const SECOND_MS = 1_000;
/** 1970-01-01 was a Thursday. */
const EPOCH_WEEKDAY = 4;
const FORMS = ['steps', 'sine', 'table', 'expression'];

/**
 * Reads a curve: a quantity, or an object with one of `steps`, `sine`, `table` and `expression`, and perhaps `shared`.
 *
 * @throws {ScriptError} when it is none
 */
export function readCurve(place: Place): UsageCurve {
  if (typeof place.value === 'string' || typeof place.value === 'number') {
    const constant = place.quantity();
    return () => constant;
  }
  place.fields(...FORMS, 'shared');
  const forms = FORMS.filter((form) => place.at(form).isThere);
  if (forms.length !== 1) place.fail(`expected a quantity or exactly one of ${FORMS.join(', ')}`);
  const curve = READERS[forms[0] ?? '']?.(place.at(forms[0] ?? '')) ?? place.fail('not understood');
  const shared = place.at('shared').maybe((flag) => flag.flag()) === true;
  return (moment) => {
    const value = curve(moment);
    const used = Number.isFinite(value) ? Math.max(0, value) : 0;
    return shared ? used / Math.max(1, moment.replicas) : used;
  };
}

const READERS: Readonly<Record<string, (place: Place) => UsageCurve>> = { steps: readSteps, sine: readSine, table: readTable, expression: readExpression };

/** The position in time that a curve goes by: since the container's start, or since midnight. */
function positionOf(place: Place): (moment: UsageMoment) => number {
  const from = place.at('from').maybe((text) => text.text()) ?? 'start';
  if (from !== 'start' && from !== 'midnight') place.at('from').fail('expected start or midnight');
  return from === 'start' ? ({ ageMs }) => ageMs : ({ nowMs }) => nowMs % DAY_MS;
}

interface Step {
  readonly atMs: number;
  readonly value: number;
}

function readSteps(place: Place): UsageCurve {
  place.fields('points', 'every', 'linear', 'from');
  const points = place
    .at('points')
    .list()
    .map((point): Step => ({ atMs: point.fields('at', 'value').at('at').durationMs(), value: point.at('value').quantity() }));
  if (points.length === 0) place.at('points').fail('expected at least one point');
  if (points.some(({ atMs }, index) => index > 0 && atMs <= (points[index - 1]?.atMs ?? 0))) place.at('points').fail('expected the times to go up');
  const everyMs = place.at('every').maybe((every) => every.durationMs()) ?? Infinity;
  if (everyMs === 0) place.at('every').fail('expected more than 0');
  const linear = place.at('linear').maybe((flag) => flag.flag()) === true;
  const position = positionOf(place);
  return (moment) => {
    const atMs = everyMs === Infinity ? position(moment) : position(moment) % everyMs;
    const next = points.findIndex((point) => point.atMs > atMs);
    const before = points[(next < 0 ? points.length : next) - 1] ?? points[0];
    const after = next < 0 ? before : points[next];
    if (before === undefined || after === undefined) return 0;
    if (!linear || after.atMs <= before.atMs) return before.value;
    return before.value + ((after.value - before.value) * (atMs - before.atMs)) / (after.atMs - before.atMs);
  };
}

function readSine(place: Place): UsageCurve {
  place.fields('min', 'max', 'period', 'peakAt', 'from');
  const [min, max, periodMs] = [place.at('min').quantity(), place.at('max').quantity(), place.at('period').durationMs()];
  if (max < min) place.at('max').fail('expected at least min');
  if (periodMs === 0) place.at('period').fail('expected more than 0');
  const peakMs = place.at('peakAt').maybe((peak) => peak.durationMs()) ?? periodMs / 2;
  const position = positionOf(place);
  return (moment) => (min + max) / 2 + ((max - min) / 2) * Math.cos((2 * Math.PI * (position(moment) - peakMs)) / periodMs);
}

/** The first row whose condition holds decides; without one nothing is used. */
function readTable(place: Place): UsageCurve {
  const rows = place.list().map((row) => {
    row.fields('when', 'value');
    return { when: row.at('when').maybe(expressionOf), value: expressionOf(row.at('value')) };
  });
  if (rows.length === 0) place.fail('expected at least one row');
  return (moment) => {
    const variables = variablesOf(moment);
    return rows.find(({ when }) => when === undefined || when(variables) !== 0)?.value(variables) ?? 0;
  };
}

function readExpression(place: Place): UsageCurve {
  const expression = expressionOf(place);
  return (moment) => expression(variablesOf(moment));
}

function expressionOf(place: Place): Expression {
  return place.read((value) => compileExpression(typeof value === 'number' ? String(value) : place.text()));
}

function variablesOf({ ageMs, nowMs, replicas, attempt }: UsageMoment): Variables {
  return {
    age: ageMs / SECOND_MS,
    time: (nowMs % DAY_MS) / SECOND_MS,
    weekday: (Math.floor(nowMs / DAY_MS) + EPOCH_WEEKDAY) % 7,
    replicas,
    attempt,
  };
}
