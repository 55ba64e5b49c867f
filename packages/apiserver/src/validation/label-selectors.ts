import { isLabelValue, isQualifiedName, type FieldError, type LabelSelector } from '@kybern/core';
import { forbiddenField, invalidValue, notSupported, required } from './field-errors.ts';
import { LABEL_VALUE_MESSAGE, QUALIFIED_NAME_MESSAGE } from './names.ts';
import { validateLabels } from './object-meta.ts';

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** Checks a label selector. @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go (ValidateLabelSelector) */
export function validateLabelSelector(selector: LabelSelector, field: string, errors: FieldError[]): void {
  if (selector.matchLabels !== undefined) validateLabels(selector.matchLabels, `${field}.matchLabels`, errors);
  selector.matchExpressions?.forEach(({ key, operator, values = [] }, i) => {
    const path = `${field}.matchExpressions[${i}]`;
    if (!isQualifiedName(key)) errors.push(invalidValue(`${path}.key`, key, QUALIFIED_NAME_MESSAGE));
    if (!OPERATORS.includes(operator)) errors.push(notSupported(`${path}.operator`, operator, OPERATORS));
    else if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (values.length > 0) errors.push(forbiddenField(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    values.forEach((value, j) => {
      if (!isLabelValue(value)) errors.push(invalidValue(`${path}.values[${j}]`, value, LABEL_VALUE_MESSAGE));
    });
  });
}

/** Whether a selector selects everything. */
export function isEmptySelector({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0;
}
