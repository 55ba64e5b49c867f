import type { FieldError } from '@kybern/core';
import type { ValidationRule } from '@kybern/core/kinds';
import { forbiddenField, invalidValue, notSupported, required } from '../../validation/field-errors.ts';
import { schemaPlaces, type SchemaPlace } from './schema-places.ts';

/** What compiling the rules of one place found, as sentences. */
export interface RuleFinding {
  readonly rule: number;
  readonly part: 'rule' | 'messageExpression' | 'fieldPath';
  readonly kind: 'invalid' | 'forbidden';
  readonly message: string;
}

/** Compiles the rules of one place of a schema to find out what is wrong with them. */
export interface RuleCompiler {
  /** @returns `cost`: what all rules of the place may cost, in Kubernetes' units */
  checkRules(place: SchemaPlace): { readonly findings: readonly RuleFinding[]; readonly cost: number };
}

const REASONS = ['FieldValueInvalid', 'FieldValueForbidden', 'FieldValueRequired', 'FieldValueDuplicate'];
/** What all rules of one schema may cost. @see kubernetes v1.36 …/apiextensions-apiserver/pkg/apis/apiextensions/validation/cel_validation.go (StaticEstimatedCRDCostLimit) */
const SCHEMA_COST_LIMIT = 100_000_000;

/** Checks `x-kubernetes-validations` all over a schema: texts, syntax, types, and what they may cost. */
export function validateRules(root: SchemaPlace, compiler: RuleCompiler, errors: FieldError[]): void {
  let cost = 0;
  for (const place of schemaPlaces(root, false)) {
    const rules = place.schema['x-kubernetes-validations'] ?? [];
    if (rules.length === 0) continue;
    const found: FieldError[] = [];
    rules.forEach((rule, i) => validateTexts(rule, `${place.path}.x-kubernetes-validations[${i}]`, found));
    if (found.length === 0) cost += validateCompiled(place, { rules, compiler, errors: found });
    errors.push(...found);
  }
  if (cost > SCHEMA_COST_LIMIT)
    errors.push(
      forbiddenField(
        root.path,
        `x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of ${factor(cost / SCHEMA_COST_LIMIT)}`,
      ),
    );
}

/** @see kubernetes v1.36 …/validation/validation.go (getExpressionCostErrorMessage) */
export function factor(times: number): string {
  return times > 100 ? 'more than 100x' : `${times.toFixed(1)}x`;
}

function validateTexts({ rule, message, messageExpression, reason }: ValidationRule, at: string, errors: FieldError[]): void {
  if (rule.trim() === '') errors.push(required(`${at}.rule`, 'rule is not specified'));
  if (message !== undefined && message !== '') {
    if (message.trim() === '') errors.push(invalidValue(`${at}.message`, message, 'message must be non-empty if specified'));
    else if (/[\r\n]/.test(message)) errors.push(invalidValue(`${at}.message`, message, 'message must not contain line breaks'));
  } else if (/[\r\n]/.test(rule.trim()) && (messageExpression ?? '') === '')
    errors.push(required(`${at}.message`, 'message must be specified if rule contains line breaks'));
  if (messageExpression !== undefined && messageExpression !== '' && messageExpression.trim() === '')
    errors.push(required(`${at}.messageExpression`, 'messageExpression must be non-empty if specified'));
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${at}.reason`, reason, REASONS));
}

interface Compiling {
  readonly rules: readonly ValidationRule[];
  readonly compiler: RuleCompiler;
  readonly errors: FieldError[];
}

function validateCompiled(place: SchemaPlace, { rules, compiler, errors }: Compiling): number {
  const { findings, cost } = compiler.checkRules(place);
  for (const { rule, part, kind, message } of findings) {
    const at = `${place.path}.x-kubernetes-validations[${rule}].${part}`;
    errors.push(kind === 'forbidden' ? forbiddenField(at, message) : invalidValue(at, valueOf(rules[rule], part), message));
  }
  return cost;
}

function valueOf(rule: ValidationRule | undefined, part: RuleFinding['part']): unknown {
  return rule?.[part] ?? '';
}
