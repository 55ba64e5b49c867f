import { compareQuantities, type FieldError } from '@kybern/core';
import { NOT_NEGATIVE } from './formats.ts';
import { invalidValue } from './field-errors.ts';

const SIMPLE = /^(\d{1,15})([A-Za-z]*)$/;

/**
 * Compares two valid quantities. The common case, whole numbers with the same suffix, is decided without parsing.
 *
 * @returns negative, zero or positive as `a` is less than, equal to or greater than `b`
 */
export function compareQuantityTexts(a: string, b: string): number {
  if (a === b) return 0;
  const left = SIMPLE.exec(a);
  const right = left === null ? null : SIMPLE.exec(b);
  if (left !== null && right !== null && left[2] === right[2]) return Number(left[1]) - Number(right[1]);
  return compareQuantities(a, b);
}

/** Whether a valid quantity is less than zero. */
export function isNegativeQuantity(quantity: string): boolean {
  return quantity.charCodeAt(0) === 45 && compareQuantities(quantity, '0') < 0;
}

/** Refuses quantities below zero. */
export function validateNonNegative(quantity: string, field: string, errors: FieldError[]): void {
  if (isNegativeQuantity(quantity)) errors.push(invalidValue(field, quantity, NOT_NEGATIVE));
}
