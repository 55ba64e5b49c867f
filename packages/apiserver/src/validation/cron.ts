import type { Problem } from './formats.ts';

/** One field of a cron expression: its bounds and the names that stand for numbers. */
interface CronField {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly names?: readonly string[];
}

const FIELDS: readonly CronField[] = [
  { name: 'minute', low: 0, high: 59 },
  { name: 'hour', low: 0, high: 23 },
  { name: 'day of month', low: 1, high: 31 },
  { name: 'month', low: 1, high: 12, names: ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { name: 'day of week', low: 0, high: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];
const MACROS: readonly string[] = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];

/**
 * What is wrong with a cron schedule: five fields, a macro such as `@daily`, or `@every <duration>`.
 *
 * @see kubernetes v1.36 pkg/apis/batch/validation/validation.go (validateScheduleFormat), github.com/robfig/cron/v3 parser.go
 */
export function cronProblem(schedule: string): Problem {
  const text = schedule.trim();
  if (/\bTZ=/.test(text)) return 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
  if (text.startsWith('@')) {
    const known = MACROS.includes(text) || /^@every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text);
    return known ? undefined : `unrecognized descriptor: ${text}`;
  }
  const fields = text.split(/\s+/);
  if (fields.length !== FIELDS.length) return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
  for (let i = 0; i < FIELDS.length; i++) {
    for (const part of (fields[i] as string).split(',')) {
      const problem = partProblem(part, FIELDS[i] as CronField);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function partProblem(part: string, field: CronField): Problem {
  const [range, step, ...more] = part.split('/');
  if (more.length > 0) return `too many slashes: ${part}`;
  if (step !== undefined && !(Number(step) > 0 && /^\d+$/.test(step))) return `step of range should be a positive number: ${part}`;
  if (range === '*' || range === '?') return undefined;
  const [from = '', to, ...rest] = (range as string).split('-');
  if (rest.length > 0) return `too many hyphens: ${part}`;
  const low = valueOf(from, field);
  const high = to === undefined ? low : valueOf(to, field);
  if (Number.isNaN(low) || Number.isNaN(high)) return `failed to parse int from ${Number.isNaN(low) ? from : (to ?? '')}: invalid syntax in ${field.name}`;
  if (low < field.low) return `beginning of range (${low}) below minimum (${field.low}): ${part}`;
  if (high > field.high) return `end of range (${high}) above maximum (${field.high}): ${part}`;
  return low > high ? `beginning of range (${low}) beyond end of range (${high}): ${part}` : undefined;
}

function valueOf(text: string, { names }: CronField): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0 && text !== '') return named;
  return /^\d+$/.test(text) ? Number(text) : NaN;
}
