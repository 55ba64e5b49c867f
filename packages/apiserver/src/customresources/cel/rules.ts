import type { FieldError, MutableJson } from '@kybern/core';
import type { ValidationRule } from '@kybern/core/kinds';
import { Optional } from '@marcbachmann/cel-js';
import type { SchemaPlace } from '../definition/schema-places.ts';
import type { RuleFinding } from '../definition/validate-rules.ts';
import { factor } from '../definition/validate-rules.ts';
import { compileStructural, fieldOf, type Structural } from '../schema/structural.ts';
import { childPath, NOTHING, oldItems } from '../schema/validate.ts';
import { costOfLoops, occurrences } from './cost.ts';
import { createRuleEnvironment, OUT_OF_BUDGET, type RuleEnvironment } from './environment.ts';
import { compileExpression, type Expression } from './expression.ts';
import { celEquals, createTypeTable, type CelType, type TypeTable } from './types.ts';

/** The compiled rules of a schema. */
export interface CelRules {
  /** There are rules. */
  readonly mayFail: boolean;
  /** Checks an object; `old` is undefined on create. Rules that a part of the object broke before and that did not change pass. */
  check(object: MutableJson, old: MutableJson | undefined, errors: FieldError[]): void;
}

interface CompiledRule {
  readonly source: ValidationRule;
  readonly rule: Expression;
  readonly message: Expression | undefined;
  readonly path: string;
}

/** The rules of one place, with how values are shown to them; undefined where there are none at or below it. */
interface RuleNode {
  readonly schema: Structural;
  readonly type: CelType;
  readonly rules: readonly CompiledRule[];
  readonly fields: ReadonlyMap<string, RuleNode>;
  readonly items: RuleNode | undefined;
  readonly values: RuleNode | undefined;
}

/** What all rules may cost for one object, in steps. @see kubernetes v1.36 …/apiserver/pkg/apis/cel/config.go (RuntimeCELCostBudget) */
const OBJECT_BUDGET = 1_000_000;
/** What one rule may cost by its schema. @see kubernetes v1.36 …/apiextensions/validation/validation.go (StaticEstimatedCostLimit) */
const RULE_COST_LIMIT = 10_000_000;

/** Compiles the rules of a schema. Those that do not compile, which the server refuses, fail when they are evaluated. */
export function compileRules(schema: Structural): CelRules {
  const environment = createRuleEnvironment();
  const types = createTypeTable(environment.env);
  const described = describe(schema, types, true);
  const root = described === undefined ? undefined : compile(described, environment);
  return {
    mayFail: root !== undefined,
    check(object, old, errors) {
      if (root === undefined) return;
      environment.allow(OBJECT_BUDGET);
      const run: Run = { errors, exhausted: false };
      evaluate(root, object, { path: '', old: old ?? NOTHING, run });
    },
  };
}

/** A place before its rules are compiled: all types have to be there first. */
type Described = Omit<RuleNode, 'rules' | 'fields' | 'items' | 'values'> & {
  readonly fields: ReadonlyMap<string, Described>;
  readonly items: Described | undefined;
  readonly values: Described | undefined;
};

function describe(schema: Structural, types: TypeTable, root = false): Described | undefined {
  const fields = new Map<string, Described>();
  for (const [name, child] of schema.properties ?? []) {
    const below = describe(child, types);
    if (below !== undefined) fields.set(name, below);
  }
  const items = schema.items === undefined ? undefined : describe(schema.items, types);
  const values = schema.rest === undefined || schema.rest === true ? undefined : describe(schema.rest, types);
  const own = schema.raw['x-kubernetes-validations'] ?? [];
  if (own.length === 0 && fields.size === 0 && items === undefined && values === undefined) return undefined;
  return { schema, type: own.length === 0 ? { name: 'dyn', convert: (value) => value } : types.of(schema, root), fields, items, values };
}

function compile(described: Described, environment: RuleEnvironment): RuleNode {
  const { schema, type, fields, items, values } = described;
  return {
    schema,
    type,
    rules: (schema.raw['x-kubernetes-validations'] ?? []).flatMap((source) => compileRule(source, type, environment).rule ?? []),
    fields: new Map([...fields].map(([name, child]) => [name, compile(child, environment)])),
    items: items === undefined ? undefined : compile(items, environment),
    values: values === undefined ? undefined : compile(values, environment),
  };
}

interface Compilation {
  readonly rule: CompiledRule | undefined;
  readonly findings: readonly Omit<RuleFinding, 'rule'>[];
}

function compileRule(source: ValidationRule, type: CelType, { env }: RuleEnvironment): Compilation {
  const findings: Omit<RuleFinding, 'rule'>[] = [];
  const scope = env
    .clone()
    .registerVariable('self', type.name)
    .registerVariable('oldSelf', source.optionalOldSelf === true ? `optional<${type.name}>` : type.name);
  const rule = compileExpression(scope, source.rule);
  const text = source.messageExpression ?? '';
  const message = text === '' ? undefined : compileExpression(scope, text);
  const fail = (part: RuleFinding['part'], what: string): void => void findings.push({ part, kind: 'invalid', message: what });
  if ('error' in rule) fail('rule', `compilation failed: ${rule.error}`);
  else if (rule.type !== 'bool' && !rule.type.startsWith('dyn')) fail('rule', 'compilation failed: must evaluate to a bool');
  if (message !== undefined && 'error' in message) fail('messageExpression', `compilation failed: ${message.error}`);
  else if (message !== undefined && message.type !== 'string' && !message.type.startsWith('dyn'))
    fail('messageExpression', 'compilation failed: must evaluate to a string');
  const path = source.fieldPath ?? '';
  if (path !== '' && !FIELD_PATH.test(path)) fail('fieldPath', `fieldPath must be a valid path: ${path}`);
  if ('error' in rule || (message !== undefined && 'error' in message)) return { rule: undefined, findings };
  return { rule: { source, rule, message, path }, findings };
}

const FIELD_PATH = /^(?:\.[A-Za-z_$][\w$-]*|\['(?:[^'\\]|\\.)+'\])+$/;

interface Run {
  readonly errors: FieldError[];
  exhausted: boolean;
}

interface At {
  readonly path: string;
  readonly old: unknown;
  readonly run: Run;
}

function evaluate(node: RuleNode, value: unknown, at: At): void {
  const { path, old, run } = at;
  if (run.exhausted || value === null || value === undefined) return;
  if (node.rules.length > 0) evaluateRules(node, value, at);
  if (Array.isArray(value)) {
    const { items } = node;
    const before = oldItems(node.schema, old);
    if (items !== undefined) value.forEach((item, i) => evaluate(items, item, { path: `${path}[${i}]`, old: before?.(item) ?? NOTHING, run }));
  } else if (typeof value === 'object') evaluateFields(node, value as Record<string, unknown>, at);
}

function evaluateFields(node: RuleNode, value: Readonly<Record<string, unknown>>, { path, old, run }: At): void {
  const before = (name: string): unknown =>
    typeof old === 'object' && old !== null && Object.hasOwn(old, name) ? (old as Record<string, unknown>)[name] : NOTHING;
  for (const [name, child] of node.fields)
    if (Object.hasOwn(value, name)) evaluate(child, value[name], { path: childPath(path, name), old: before(name), run });
  const { values } = node;
  if (values === undefined) return;
  for (const name of Object.keys(value)) {
    if (fieldOf(node.schema, name) === node.schema.rest) evaluate(values, value[name], { path: `${path}[${name}]`, old: before(name), run });
  }
}

function evaluateRules({ rules, type, schema }: RuleNode, value: unknown, { path, old, run }: At): void {
  const self = type.convert(value);
  const oldSelf = old === NOTHING || old === null ? undefined : type.convert(old);
  const unchanged = oldSelf !== undefined && celEquals(self, oldSelf);
  for (const compiled of rules) {
    if (run.exhausted) return;
    const { rule, source } = compiled;
    if (rule.usesOldSelf) {
      if (oldSelf === undefined && source.optionalOldSelf !== true) continue;
    } else if (unchanged) continue;
    const variables = new Map<string, unknown>([['self', self]]);
    if (source.optionalOldSelf === true) variables.set('oldSelf', oldSelf === undefined ? Optional.none() : Optional.of(oldSelf));
    else if (oldSelf !== undefined) variables.set('oldSelf', oldSelf);
    evaluateRule(compiled, variables, { path, run, shown: schema.type ?? 'any' });
  }
}

interface Reporting {
  readonly path: string;
  readonly run: Run;
  /** The type of the value, which stands for it in messages. */
  readonly shown: string;
}

function evaluateRule(
  { source, rule, message, path: fieldPath }: CompiledRule,
  variables: ReadonlyMap<string, unknown>,
  { path, run, shown }: Reporting,
): void {
  const field = fieldPath === '' ? path : `${path}${fieldPath}`.replace(/^\./, '');
  const report = (reason: FieldError['reason'], text: string): void => void run.errors.push({ field: field === '' ? '<nil>' : field, reason, message: text });
  const fallback = source.message ?? `failed rule: ${source.rule.trim()}`;
  try {
    const result = rule.evaluate(variables);
    if (result === true) return;
    if (typeof result !== 'boolean') throw new TypeError('the rule does not evaluate to a bool');
    const text = messageOf(message, variables) ?? fallback;
    report(source.reason ?? 'FieldValueInvalid', withReason(source.reason, shown, text));
  } catch (error) {
    const { summary } = error as { readonly summary?: string };
    const why = (summary ?? (error instanceof Error ? error.message : String(error))).split('\n')[0] ?? '';
    if (why === OUT_OF_BUDGET) {
      run.exhausted = true;
      report('FieldValueInvalid', `Invalid value: ${JSON.stringify(shown)}: ${OUT_OF_BUDGET}`);
    } else report('FieldValueInvalid', `Invalid value: ${JSON.stringify(shown)}: ${lowerFirst(why)} evaluating rule: ${source.message ?? source.rule.trim()}`);
  }
}

const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);

function messageOf(message: Expression | undefined, variables: ReadonlyMap<string, unknown>): string | undefined {
  if (message === undefined) return undefined;
  try {
    const text = message.evaluate(variables);
    return typeof text === 'string' && text.trim() !== '' && !/[\r\n]/.test(text) ? text.trim() : undefined;
  } catch {
    return undefined; // then the plain message stands, as in Kubernetes
  }
}

function withReason(reason: ValidationRule['reason'], shown: string, text: string): string {
  const value = JSON.stringify(shown);
  switch (reason) {
    case 'FieldValueForbidden':
      return `Forbidden: ${text}`;
    case 'FieldValueRequired':
      return `Required value: ${text}`;
    case 'FieldValueDuplicate':
      return `Duplicate value: ${value}`;
    default:
      return `Invalid value: ${value}: ${text}`;
  }
}

/** Finds what is wrong with the rules of one place of a schema, and what they may cost. */
export function checkRules(place: SchemaPlace): { readonly findings: readonly RuleFinding[]; readonly cost: number } {
  const environment = createRuleEnvironment();
  const type = createTypeTable(environment.env).of(compileStructural(place.schema), place.role === 'root');
  let total = 0;
  const uncorrelated = uncorrelatedPath(place);
  const all = (place.schema['x-kubernetes-validations'] ?? []).flatMap((source, rule) => {
    const { rule: compiled, findings } = compileRule(source, type, environment);
    const found: RuleFinding[] = findings.map((finding) => ({ ...finding, rule }));
    if (compiled?.rule.usesOldSelf === true && uncorrelated !== undefined)
      found.push({ rule, part: 'rule', kind: 'invalid', message: `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}` });
    const cost = compiled === undefined ? 0 : costOfLoops(compiled.rule.loops, place.schema) * occurrences(place);
    total += cost;
    if (cost > RULE_COST_LIMIT)
      found.push({
        rule,
        part: 'rule',
        kind: 'forbidden',
        message: `estimated rule cost exceeds budget by factor of ${factor(cost / RULE_COST_LIMIT)} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      });
    return found;
  });
  return { findings: all, cost: total };
}

/** The list above a place whose items cannot be told apart from one state to the next. */
function uncorrelatedPath(place: SchemaPlace): string | undefined {
  for (let at: SchemaPlace | undefined = place; at !== undefined; at = at.parent) {
    if (at.role === 'items' && at.parent?.schema['x-kubernetes-list-type'] !== 'map') return at.parent?.path;
  }
  return undefined;
}
