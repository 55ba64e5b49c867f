const DAY_S = 86_400;
/** The first instant whose year has five digits. */
const YEAR_10000_MS = 253_402_300_800_000;
/** From 0000-03-01 to 1970-01-01. */
const DAYS_BEFORE_EPOCH = 719_468;
const DAYS_IN_400_YEARS = 146_097;
const ZERO = 48;
const DASH = 45;
const COLON = 58;

/**
 * `YYYY-MM-DDTHH:MM:SSZ`, computed: every write formats a few times, and a `Date` costs several times as much. Years are counted from March on here, so
 * that a leap day is the last of its year.
 *
 * @throws {RangeError} when `epochMs` is not a time that a `Date` can hold
 */
export function formatSeconds(epochMs: number): string {
  if (!(epochMs >= 0 && epochMs < YEAR_10000_MS)) return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
  const seconds = Math.floor(epochMs / 1000);
  const days = Math.floor(seconds / DAY_S);
  const shifted = days + DAYS_BEFORE_EPOCH;
  const era = Math.floor(shifted / DAYS_IN_400_YEARS);
  const dayOfEra = shifted - era * DAYS_IN_400_YEARS;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / (DAYS_IN_400_YEARS - 1))) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return text(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month * 100 + day, seconds - days * DAY_S);
}

/** In one call, so that it is one flat text and not a tree of pieces. */
function text(year: number, monthAndDay: number, secondOfDay: number): string {
  const [century, month, hour] = [Math.floor(year / 100), Math.floor(monthAndDay / 100), Math.floor(secondOfDay / 3600)];
  const [ofCentury, day, minute, second] = [year - century * 100, monthAndDay - month * 100, Math.floor(secondOfDay / 60) % 60, secondOfDay % 60];
  // biome-ignore format: one line per part reads better than one per character
  return String.fromCharCode(
    tens(century), ones(century), tens(ofCentury), ones(ofCentury), DASH, tens(month), ones(month), DASH, tens(day), ones(day), 84,
    tens(hour), ones(hour), COLON, tens(minute), ones(minute), COLON, tens(second), ones(second), 90,
  );
}

const tens = (value: number): number => ZERO + Math.floor(value / 10);
const ones = (value: number): number => ZERO + (value % 10);
