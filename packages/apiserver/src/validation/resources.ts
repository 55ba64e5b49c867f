import { isQualifiedName, ownValue, type FieldError } from '@kybern/core';
import type { ResourceRequirements } from '@kybern/core/kinds';
import { invalidValue, required } from './field-errors.ts';
import { NOT_NEGATIVE } from './formats.ts';
import { QUALIFIED_NAME_MESSAGE } from './names.ts';
import { compareQuantityTexts, isNegativeQuantity } from './quantities.ts';

type Quantities = Readonly<Record<string, string>>;

const isStandard = (name: string): boolean => name === 'cpu' || name === 'memory' || name === 'ephemeral-storage';
const HUGE_PAGES = 'hugepages-';

/**
 * Extended resources (those with a foreign prefix) and huge pages cannot be overcommitted.
 *
 * @see kubernetes v1.36 pkg/apis/core/v1/helper/helpers.go (IsOvercommitAllowed, IsNativeResource)
 */
function mayOvercommit(name: string): boolean {
  return (!name.includes('/') || name.includes('kubernetes.io/')) && !name.startsWith(HUGE_PAGES);
}

/** Checks what a container asks for. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidateContainerResourceRequirements) */
export function validateResources(resources: ResourceRequirements, field: string, errors: FieldError[]): void {
  const { limits, requests } = resources;
  if (limits !== undefined) validateList(limits, `${field}.limits`, errors);
  if (requests === undefined) return;
  validateList(requests, `${field}.requests`, errors);
  const amounts = { limits, requests, field };
  for (const name in requests) validateRequest(name, amounts, errors);
}

interface Amounts {
  readonly limits: Quantities | undefined;
  readonly requests: Quantities;
  readonly field: string;
}

function validateRequest(name: string, { limits, requests, field }: Amounts, errors: FieldError[]): void {
  const request = requests[name] as string;
  const limit = ownValue(limits, name);
  if (limit === undefined) {
    if (!mayOvercommit(name)) errors.push(required(`${field}.limits`, 'Limit must be set for non overcommitable resources'));
    return;
  }
  const order = compareQuantityTexts(request, limit);
  if (order > 0) errors.push(invalidValue(`${field}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`));
  else if (order < 0 && !mayOvercommit(name)) errors.push(invalidValue(`${field}.requests`, request, `must be equal to ${name} limit of ${limit}`));
}

function validateList(list: Quantities, field: string, errors: FieldError[]): void {
  for (const name in list) {
    const quantity = list[name] as string;
    if (isNegativeQuantity(quantity)) errors.push(invalidValue(`${field}[${name}]`, quantity, NOT_NEGATIVE));
    if (isStandard(name)) continue;
    validateResourceName(name, field, errors);
    if (!mayOvercommit(name) && !name.startsWith(HUGE_PAGES) && !isWhole(quantity))
      errors.push(invalidValue(`${field}[${name}]`, quantity, 'must be an integer'));
  }
}

function validateResourceName(name: string, field: string, errors: FieldError[]): void {
  if (!isQualifiedName(name)) errors.push(invalidValue(field, name, QUALIFIED_NAME_MESSAGE));
  else if (!name.includes('/') && !name.startsWith(HUGE_PAGES))
    errors.push(invalidValue(`${field}[${name}]`, name, 'must be a standard resource for containers'));
}

const WHOLE = /^\d+(k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/;

function isWhole(quantity: string): boolean {
  return WHOLE.test(quantity) || (/^\d+m$/.test(quantity) && quantity.endsWith('000m'));
}
