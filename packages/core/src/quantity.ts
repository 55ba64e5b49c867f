import { ApiError } from './api-error.ts';

/** The family of suffixes in which a quantity is written: `Mi`, `M`, or `e6`. */
export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent';

/**
 * An exact amount: `mantissa / 10^scale`. Made by {@link parseQuantity}; the smallest unit is a billionth, as in Kubernetes.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go
 */
export interface Quantity {
  readonly mantissa: bigint;
  /** Decimal places, 0 to 9. */
  readonly scale: number;
  readonly format: QuantityFormat;
}

/** A quantity as objects hold it, or parsed. */
export type QuantityInput = Quantity | string | number;

const MAX_SCALE = 9;
const MAX_BINARY = 2n ** 63n - 1n;
// Differs from Kubernetes: exponents end here. No amount of anything is that large, and the arithmetic would be slow.
const MAX_EXPONENT = 400;
const MAX_LENGTH = 400;
const SYNTAX = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(|[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,6})$/;
const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const;
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;

/**
 * Parses a quantity such as `250m`, `1.5`, `64Mi`, `10k` or `1e3`. Exact; what is finer than a billionth is rounded away from zero, and binary
 * amounts end at 2^63-1, both as in Kubernetes.
 *
 * @param text the text, or the number that YAML made of it
 * @throws {ApiError} `BadRequest` when it is no quantity
 */
export function parseQuantity(text: string | number): Quantity {
  return (typeof text === 'string' ? parseSimple(text) : undefined) ?? parseAny(String(text));
}

/** Whole numbers with `m`, a binary suffix or none: nearly all that there are. */
function parseSimple(text: string): Quantity | undefined {
  const number = leadingNumber(text);
  if (number < 0) return undefined;
  const suffix = text.slice(digitCount(text));
  if (suffix === '') return { mantissa: BigInt(number), scale: 0, format: 'DecimalSI' };
  if (suffix === 'm') return { mantissa: BigInt(number), scale: 3, format: 'DecimalSI' };
  const value = number * binaryFactor(suffix);
  return Number.isSafeInteger(value) ? { mantissa: BigInt(value), scale: 0, format: 'BinarySI' } : undefined;
}

function parseAny(text: string): Quantity {
  const match = text.length <= MAX_LENGTH && text !== '' ? SYNTAX.exec(text) : null;
  if (match === null) throw bad(text);
  const [, sign, whole = '', fraction = '', suffix = ''] = match;
  const digits = BigInt(whole + fraction);
  const binary = suffix.endsWith('i');
  const power = binary ? 0 : decimalPower(suffix);
  if (Math.abs(power) > MAX_EXPONENT) throw bad(text);
  const amount = binary ? digits << BigInt(10 * BINARY_SUFFIXES.indexOf(suffix as (typeof BINARY_SUFFIXES)[number])) : digits;
  const rounded = toScale(amount, fraction.length - power);
  const capped = binary && rounded.mantissa > MAX_BINARY * pow10(rounded.scale) ? { mantissa: MAX_BINARY, scale: 0 } : rounded;
  const small = binary && capped.mantissa > 0n && capped.mantissa < pow10(capped.scale);
  const format: QuantityFormat = binary && !small ? 'BinarySI' : /^[eE]./.test(suffix) ? 'DecimalExponent' : 'DecimalSI';
  return { mantissa: sign === '-' ? -capped.mantissa : capped.mantissa, scale: capped.scale, format };
}

function decimalPower(suffix: string): number {
  if (suffix.length > 1) return Number(suffix.slice(1));
  return 3 * (DECIMAL_SUFFIXES.indexOf(suffix as (typeof DECIMAL_SUFFIXES)[number]) - 3);
}

/** Brings `amount / 10^scale` (amount ≥ 0) to a scale of 0 to 9, rounding up. */
function toScale(amount: bigint, scale: number): { mantissa: bigint; scale: number } {
  if (scale < 0) return { mantissa: amount * pow10(-scale), scale: 0 };
  if (scale <= MAX_SCALE) return { mantissa: amount, scale };
  return { mantissa: divideUp(amount, pow10(scale - MAX_SCALE)), scale: MAX_SCALE };
}

/** The quantity as a number, as near as a double gets. */
export function quantityToNumber(quantity: QuantityInput): number {
  if (typeof quantity === 'number') return quantity;
  const { mantissa, scale } = parsed(quantity);
  return scale === 0 ? Number(mantissa) : Number(mantissa) / 10 ** scale;
}

/** Thousandths, rounded away from zero: cpu `250m` is 250. */
export function quantityToMillis(quantity: QuantityInput): number {
  const simple = typeof quantity === 'string' ? simpleUnits(quantity, 1000) : -1;
  return simple >= 0 ? simple : toUnits(parsed(quantity), 3);
}

/** Whole units, rounded away from zero: memory `64Mi` is 67108864, `100m` is 1. */
export function quantityToBytes(quantity: QuantityInput): number {
  const simple = typeof quantity === 'string' ? simpleUnits(quantity, 1) : -1;
  return simple >= 0 ? simple : toUnits(parsed(quantity), 0);
}

/** The sum, in the format of `a`, or of `b` when `a` is zero. */
export function addQuantities(a: QuantityInput, b: QuantityInput): Quantity {
  const [x, y] = [parsed(a), parsed(b)];
  const scale = Math.max(x.scale, y.scale);
  const mantissa = x.mantissa * pow10(scale - x.scale) + y.mantissa * pow10(scale - y.scale);
  return { mantissa, scale, format: x.mantissa === 0n ? y.format : x.format };
}

/** The difference `a - b`, in the format of `a`, or of `b` when `a` is zero. */
export function subtractQuantities(a: QuantityInput, b: QuantityInput): Quantity {
  const y = parsed(b);
  return addQuantities(a, { ...y, mantissa: -y.mantissa });
}

/** Negative when `a` is less than `b`, zero when they are the same amount, positive when `a` is more. */
export function compareQuantities(a: QuantityInput, b: QuantityInput): number {
  const [x, y] = [parsed(a), parsed(b)];
  const scale = Math.max(x.scale, y.scale);
  const difference = x.mantissa * pow10(scale - x.scale) - y.mantissa * pow10(scale - y.scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/**
 * The canonical text: no fraction, the largest suffix of its family that needs none, so `0.5` is `500m`, `1024Mi` is `1Gi` and `1.5Gi` is `1536Mi`.
 * Binary amounts that are fractional or less than 1024 are written with decimal suffixes.
 */
export function formatQuantity(quantity: QuantityInput): string {
  const { mantissa, scale, format } = parsed(quantity);
  if (mantissa === 0n) return '0';
  const size = mantissa < 0n ? -mantissa : mantissa;
  const sign = mantissa < 0n ? '-' : '';
  const one = pow10(scale);
  // Beyond 2^63-1 binary text would not be read as the same amount.
  if (format === 'BinarySI' && size % one === 0n && size / one >= 1024n && size / one <= MAX_BINARY) return sign + formatBinary(size / one);
  return sign + formatDecimal(size * pow10(MAX_SCALE - scale), format === 'DecimalExponent');
}

function formatBinary(amount: bigint): string {
  let step = 0;
  while (step < BINARY_SUFFIXES.length - 1 && (amount & 1023n) === 0n) {
    amount >>= 10n;
    step += 1;
  }
  return `${amount}${BINARY_SUFFIXES[step]}`;
}

function formatDecimal(billionths: bigint, exponent: boolean): string {
  let step = 0;
  while (billionths % 1000n === 0n && (exponent || step < DECIMAL_SUFFIXES.length - 1)) {
    billionths /= 1000n;
    step += 1;
  }
  if (!exponent) return `${billionths}${DECIMAL_SUFFIXES[step]}`;
  return step === 3 ? String(billionths) : `${billionths}e${3 * (step - 3)}`;
}

const parsed = (quantity: QuantityInput): Quantity => (typeof quantity === 'object' ? quantity : parseQuantity(quantity));

function toUnits({ mantissa, scale }: Quantity, places: number): number {
  if (scale <= places) return Number(mantissa * pow10(places - scale));
  const divisor = pow10(scale - places);
  return Number(mantissa < 0n ? -divideUp(-mantissa, divisor) : divideUp(mantissa, divisor));
}

/** What {@link toUnits} gives for the texts of {@link parseSimple}, without bigints; -1 for others. */
function simpleUnits(text: string, perOne: number): number {
  const number = leadingNumber(text);
  if (number < 0) return -1;
  const suffix = text.slice(digitCount(text));
  if (suffix === 'm') return perOne === 1000 ? number : Math.ceil(number / 1000);
  const value = number * (suffix === '' ? 1 : binaryFactor(suffix)) * perOne;
  return Number.isSafeInteger(value) ? value : -1;
}

const MAX_SIMPLE_DIGITS = 15;

function digitCount(text: string): number {
  let i = 0;
  while (i < text.length && text.charCodeAt(i) >= 48 && text.charCodeAt(i) <= 57) i += 1;
  return i;
}

/** The whole number that `text` begins with; -1 when there is none or it may not be exact. */
function leadingNumber(text: string): number {
  const count = digitCount(text);
  if (count === 0 || count > MAX_SIMPLE_DIGITS) return -1;
  let number = 0;
  for (let i = 0; i < count; i++) number = number * 10 + text.charCodeAt(i) - 48;
  return number;
}

/** NaN for anything but a binary suffix. */
function binaryFactor(suffix: string): number {
  switch (suffix) {
    case 'Ki':
      return 2 ** 10;
    case 'Mi':
      return 2 ** 20;
    case 'Gi':
      return 2 ** 30;
    case 'Ti':
      return 2 ** 40;
    default:
      return NaN;
  }
}

const pow10 = (exponent: number): bigint => (exponent === 0 ? 1n : 10n ** BigInt(exponent));
const divideUp = (amount: bigint, divisor: bigint): bigint => (amount + divisor - 1n) / divisor;

function bad(text: string): ApiError {
  return new ApiError('BadRequest', `invalid quantity "${text.slice(0, MAX_LENGTH)}": write a number with an optional suffix, like 250m, 1.5, 64Mi or 1e3`);
}
