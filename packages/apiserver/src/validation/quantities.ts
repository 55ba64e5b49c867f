import { compareQuantities, type FieldError } from '@kybern/core';
import { NOT_NEGATIVE } from './formats.ts';
import { invalidValue } from './field-errors.ts';

const ZERO = 48;
const NINE = 57;
const MAX_DIGITS = 15;

/**
 * Compares two valid quantities. The common case, whole numbers with the same suffix, is decided without parsing.
 *
 * @returns negative, zero or positive as `a` is less than, equal to or greater than `b`
 */
export function compareQuantityTexts(a: string, b: string): number {
  if (a === b) return 0;
  const digitsOfA = countDigits(a);
  const digitsOfB = countDigits(b);
  const simple = digitsOfA > 0 && digitsOfB > 0 && digitsOfA <= MAX_DIGITS && digitsOfB <= MAX_DIGITS && sameSuffix(a, b, { digitsOfA, digitsOfB });
  return simple ? digitsOfA - digitsOfB || compareDigits(a, b, digitsOfA) : compareQuantities(a, b);
}

/** How many digits a text begins with; 0 when the first is a zero, for then length says nothing of size. */
function countDigits(text: string): number {
  if (text.charCodeAt(0) === ZERO) return 0;
  let i = 0;
  while (i < text.length && text.charCodeAt(i) >= ZERO && text.charCodeAt(i) <= NINE) i += 1;
  return i;
}

/** Whether what follows the digits is the same letters: no fraction, no exponent. */
function sameSuffix(a: string, b: string, { digitsOfA, digitsOfB }: { digitsOfA: number; digitsOfB: number }): boolean {
  const length = a.length - digitsOfA;
  if (b.length - digitsOfB !== length || length > 2) return false;
  for (let i = 0; i < length; i++) {
    const code = a.charCodeAt(digitsOfA + i);
    if (code !== b.charCodeAt(digitsOfB + i) || code <= NINE) return false;
  }
  return true;
}

function compareDigits(a: string, b: string, count: number): number {
  for (let i = 0; i < count; i++) if (a.charCodeAt(i) !== b.charCodeAt(i)) return a.charCodeAt(i) - b.charCodeAt(i);
  return 0;
}

/** Whether a valid quantity is less than zero. */
export function isNegativeQuantity(quantity: string): boolean {
  return quantity.charCodeAt(0) === 45 && compareQuantities(quantity, '0') < 0;
}

/** Refuses quantities below zero. */
export function validateNonNegative(quantity: string, field: string, errors: FieldError[]): void {
  if (isNegativeQuantity(quantity)) errors.push(invalidValue(field, quantity, NOT_NEGATIVE));
}
