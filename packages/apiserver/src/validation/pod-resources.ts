import { addQuantities, formatQuantity, ownValue, type FieldError, type QuantityInput } from '@kybern/core';
import type { PodSpec } from '@kybern/core/kinds';
import { forbiddenField, invalidValue, notSupported } from './field-errors.ts';
import { compareQuantityTexts } from './quantities.ts';
import { validateResources } from './resources.ts';

const SUPPORTED: readonly string[] = ['cpu', 'hugepages-', 'memory'];

/** Checks what a Pod asks for as a whole: it has room for its containers. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (validatePodResources) */
export function validatePodResources(spec: PodSpec, field: string, errors: FieldError[]): void {
  const { resources = {}, containers } = spec;
  if ((resources.claims ?? []).length > 0) errors.push(forbiddenField(`${field}.claims`, 'claims may not be set at the pod level'));
  for (const part of ['limits', 'requests'] as const) {
    for (const name of Object.keys(resources[part] ?? {}))
      if (name !== 'cpu' && name !== 'memory' && !name.startsWith('hugepages-')) errors.push(notSupported(`${field}.${part}[${name}]`, name, SUPPORTED));
  }
  validateResources(resources, field, errors);
  for (const name of Object.keys(resources.requests ?? {})) {
    const whole = resources.requests?.[name] as string;
    const parts = containers.flatMap((container) => ownValue(container.resources?.requests, name) ?? []);
    const sum = formatQuantity(parts.reduce<QuantityInput>((total, part) => addQuantities(total, part), '0'));
    if (compareQuantityTexts(whole, sum) < 0)
      errors.push(invalidValue(`${field}.requests[${name}]`, whole, `must be greater than or equal to aggregate container requests of ${sum}`));
  }
  for (const name of Object.keys(resources.limits ?? {})) {
    const whole = resources.limits?.[name] as string;
    containers.forEach((container, i) => {
      const limit = ownValue(container.resources?.limits, name);
      if (limit !== undefined && compareQuantityTexts(limit, whole) > 0)
        errors.push(
          invalidValue(
            field.replace(/resources$/, `containers[${String(i)}].resources.limits[${name}]`),
            limit,
            `must be less than or equal to pod limits of ${whole}`,
          ),
        );
    });
  }
}
