/** One place where a value departs from its type. */
export interface Fault {
  /** Kubernetes' field path with a leading dot. */
  path: string;
  readonly keyword: 'type' | 'required' | 'enum';
  readonly value: unknown;
  /** The name of the type, or the allowed values. */
  readonly expected: string | readonly string[];
}

/** A validator in ajv's form: false means that `errors` says what is wrong. `errors` is overwritten by the next call. */
export interface Check {
  (value: unknown): boolean;
  errors?: Fault[] | null;
}

type Faults = Fault[] | null;

/** More than these help nobody, and a hostile object could have millions. */
const MAX_FAULTS = 200;

/** The empty object that stands for a struct that is absent. */
export const NOTHING: object = Object.freeze({});

/** Whether `value` is an object in JSON's sense. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function add(faults: Faults, fault: Fault): Fault[] {
  if (faults === null) return [fault];
  if (faults.length < MAX_FAULTS) faults.push(fault);
  return faults;
}

/** Adds that the value is of another type. */
export function wrong(faults: Faults, path: string, value: unknown, expected: string): Fault[] {
  return add(faults, { path, keyword: 'type', value, expected });
}

/** Adds what a validator found, under the path of the value that it was given. */
function nested(faults: Faults, path: string, check: Check): Faults {
  let all = faults;
  for (const fault of check.errors ?? []) {
    fault.path = path + fault.path;
    all = add(all, fault);
  }
  return all;
}

// The checks of fields. An absent value and a null are right for each: what must be there, `need` says.

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;

/** The field must be there. */
export function need(faults: Faults, path: string, value: unknown): Faults {
  return isAbsent(value) ? add(faults, { path, keyword: 'required', value, expected: '' }) : faults;
}

/** The field is a string. */
export function str(faults: Faults, path: string, value: unknown): Faults {
  return typeof value === 'string' || isAbsent(value) ? faults : wrong(faults, path, value, 'string');
}

/** The field is a boolean. */
export function bool(faults: Faults, path: string, value: unknown): Faults {
  return isAbsent(value) || typeof value === 'boolean' ? faults : wrong(faults, path, value, 'boolean');
}

/** The field is a whole number of 32 bits. */
export function i32(faults: Faults, path: string, value: unknown): Faults {
  return isAbsent(value) || ((value as number) | 0) === value ? faults : wrong(faults, path, value, 'int32');
}

/** The field is of a type that has a validator. */
export function sub(faults: Faults, path: string, value: unknown, check: Check): Faults {
  return isAbsent(value) || check(value) ? faults : nested(faults, path, check);
}

/** The field is a list. */
export function list(faults: Faults, path: string, value: unknown, items: Check): Faults {
  if (isAbsent(value)) return faults;
  if (!Array.isArray(value)) return wrong(faults, path, value, 'array');
  let all = faults;
  for (let i = 0; i < value.length; i++) if (!items(value[i])) all = nested(all, `${path}[${i}]`, items);
  return all;
}

/** The field is a map. Go reads a null in a map as the zero value, so it is right for every type. */
export function map(faults: Faults, path: string, value: unknown, values: Check): Faults {
  if (isAbsent(value)) return faults;
  if (!isObject(value)) return wrong(faults, path, value, 'object');
  let all = faults;
  for (const key in value) if (value[key] !== null && !values(value[key])) all = nested(all, `${path}[${key}]`, values);
  return all;
}

/** A check that is true for what `accepts` accepts and otherwise tells the value and the type. */
function leaf(expected: string, accepts: (value: unknown) => boolean): Check {
  const check: Check = (value) => {
    if (accepts(value)) return true;
    check.errors = wrong(null, '', value, expected);
    return false;
  };
  return check;
}

/** A check of a list that is itself an item or the value of a map. */
export function listOf(items: Check): Check {
  const check: Check = (value) => {
    const errors = list(null, '', value, items);
    check.errors = errors;
    return errors === null;
  };
  return check;
}

/** A check for one of a closed set of strings. The empty string is Go's way to leave a string out. */
export function oneOf(...allowed: readonly string[]): Check {
  const check: Check = (value) => {
    if (typeof value === 'string' && (value === '' || allowed.includes(value))) return true;
    check.errors = typeof value === 'string' ? [{ path: '', keyword: 'enum', value, expected: allowed }] : wrong(null, '', value, 'string');
    return false;
  };
  return check;
}

const TIME = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const QUANTITY = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/;
const BASE64 = /^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/;

/** Takes every value. */
export const anything: Check = () => true;
/** A string. */
export const string: Check = leaf('string', (value) => typeof value === 'string');
/** True or false. */
export const boolean: Check = leaf('boolean', (value) => typeof value === 'boolean');
/** A number. */
export const number: Check = leaf('number', (value) => typeof value === 'number');
/** A whole number of 32 bits. */
export const int32: Check = leaf('int32', (value) => ((value as number) | 0) === value);
/** A whole number of 64 bits. */
export const int64: Check = leaf('int64', (value) => Number.isInteger(value) && Math.abs(value as number) <= 2 ** 63);
/** An object of any content. */
export const object: Check = leaf('object', isObject);
/** An `IntOrString`. */
export const intOrString: Check = leaf('integer or string', (value) => typeof value === 'string' || ((value as number) | 0) === value);
/** A `Time` or `MicroTime`: RFC 3339. */
export const time: Check = leaf('date-time', (value) => typeof value === 'string' && TIME.test(value));
/** A quantity, or the number that YAML made of one. */
export const quantity: Check = leaf('quantity', (value) => (typeof value === 'string' ? QUANTITY.test(value) : typeof value === 'number'));
/** Bytes in base64. */
export const bytes: Check = leaf('byte', (value) => typeof value === 'string' && BASE64.test(value) && value.replace(/[\r\n]/g, '').length % 4 === 0);
