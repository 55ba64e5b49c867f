import type { MutableJson } from '../kind-model.ts';
import { formatQuantity, parseQuantity, type Quantity } from '../quantity.ts';
import { isAbsent, pointer } from './access.ts';

const MILLI_SCALE = 3;

/**
 * Brings the quantities of a resource list into the form that Kubernetes stores: canonical text, nothing finer than a thousandth.
 *
 * @see kubernetes v1.36 pkg/apis/core/v1/defaults.go (SetDefaults_ResourceList)
 */
export function setResourceListDefaults(value: MutableJson): void {
  const list = pointer(value);
  if (list === undefined) return;
  for (const name in list) {
    const quantity: unknown = list[name];
    if (isCanonical(quantity)) continue;
    const text = canonical(quantity, roundUp);
    if (text !== quantity) list[name] = text;
  }
}

/** Sets canonical text in place of a quantity that stands alone; it is not rounded. */
export function setQuantityForm(parent: MutableJson, field: string): void {
  const value: unknown = parent[field];
  if (isAbsent(value) || isCanonical(value)) return;
  const text = canonical(value, (quantity) => quantity);
  if (text !== value) parent[field] = text;
}

/** Requests and limits. */
export function setRequirementsDefaults(resources: MutableJson | undefined): void {
  if (resources === undefined) return;
  setResourceListDefaults(resources.limits);
  setResourceListDefaults(resources.requests);
}

const ZERO = 48;
const NINE = 57;
const SMALL_I = 105;
const MAX_CANONICAL_LENGTH = 5;
/** Up to three digits and a suffix cannot be written shorter. This is nearly every quantity that there is, and needs no parsing. */
function isCanonical(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const { length } = value;
  if (length === 0 || length > MAX_CANONICAL_LENGTH) return false;
  let digits = 0;
  while (digits < length && value.charCodeAt(digits) >= ZERO && value.charCodeAt(digits) <= NINE) digits += 1;
  if (digits === 0 || digits > 3) return false;
  if (value.charCodeAt(0) === ZERO) return length === 1;
  return digits === length || isSuffix(value, digits);
}

/** Whether what follows the digits is `m`, or a suffix of thousands, or one of 1024s. Character codes, because this runs for every quantity stored. */
function isSuffix(value: string, at: number): boolean {
  const binary = value.length === at + 2 && value.charCodeAt(at + 1) === SMALL_I;
  if (!binary && value.length !== at + 1) return false;
  switch (value.charCodeAt(at)) {
    case 77: // M
    case 71: // G
    case 84: // T
    case 80: // P
    case 69: // E
      return true;
    case 75: // K
      return binary;
    case 107: // k
    case 109: // m
      return !binary;
    default:
      return false;
  }
}

/** What is no quantity is left as it is: validation reports it. */
function canonical(value: unknown, adjust: (quantity: Quantity) => Quantity): unknown {
  if (typeof value !== 'string' && typeof value !== 'number') return value;
  const quantity = parseOrUndefined(value);
  return quantity === undefined ? value : formatQuantity(adjust(quantity));
}

/** Whether `value` is a quantity that can be reckoned with. */
export function isQuantity(value: unknown): value is string {
  return isCanonical(value) || (typeof value === 'string' && parseOrUndefined(value) !== undefined);
}

function parseOrUndefined(value: string | number): Quantity | undefined {
  try {
    return parseQuantity(value);
  } catch {
    return undefined;
  }
}

/** Away from zero, to thousandths. */
function roundUp(quantity: Quantity): Quantity {
  if (quantity.scale <= MILLI_SCALE) return quantity;
  const divisor = 10n ** BigInt(quantity.scale - MILLI_SCALE);
  const rest = quantity.mantissa % divisor;
  const step = rest > 0n ? 1n : rest < 0n ? -1n : 0n;
  return { ...quantity, mantissa: quantity.mantissa / divisor + step, scale: MILLI_SCALE };
}
