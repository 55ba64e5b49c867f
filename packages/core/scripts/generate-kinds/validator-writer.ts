import { Ajv } from 'ajv';
import { _Code } from 'ajv/dist/compile/codegen/code.js';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { enforcement, isStruct, type Enforcement } from './enforcement.ts';
import { resolveRef, walkSchema, type Definition, type OpenApiSchema } from './input.ts';
import type { GenerationPlan, ModulePlan } from './plan.ts';
import { leafOf } from './schema-writer.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';

/** Types that decode by code of their own: schema → check of `checks.ts`. Leaves that are missing here take any value. */
const LEAF_CHECKS: Readonly<Record<string, string>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'intOrString',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'object',
  [`${META}FieldsV1`]: 'object',
  [`${META}Time`]: 'time',
  [`${META}MicroTime`]: 'time',
  [`${META}Duration`]: 'string',
};

/** The code of one module's validators, and what it must import. */
export interface WrittenValidators {
  readonly code: string;
  /** Names of `checks.ts`. */
  readonly checks: readonly string[];
  /** Module → validators of it. */
  readonly imports: ReadonlyMap<string, readonly string[]>;
}

/** What the code of one module has asked for so far. */
interface Scope {
  readonly plan: GenerationPlan;
  readonly module: ModulePlan;
  readonly rules: Enforcement;
  readonly checks: Set<string>;
  readonly imports: Map<string, Set<string>>;
  /** Expression → name of the constant that holds the check which it makes. */
  readonly constants: Map<string, string>;
}

/**
 * Compiles the validators of one module with ajv.
 *
 * ajv brings the functions, their names and the standalone form; the vocabulary is ours. OpenAPI's words as ajv implements them cost about 300
 * bytes for every field, and an object and a path for every nested value; ours cost 60 bytes, and make nothing before a fault is found.
 */
export function writeValidators(plan: GenerationPlan, module: ModulePlan): WrittenValidators {
  const scope: Scope = { plan, module, rules: enforcement(plan), checks: new Set(), imports: new Map(), constants: new Map() };
  const definitions = module.definitions.filter((definition) => leafOf(definition) === undefined);
  const ajv = new Ajv({ allErrors: true, strict: false, validateSchema: false, code: { source: true, esm: true, lines: true } });
  ajv.addKeyword({ keyword: 'fields', code: ({ gen, schema }) => void gen.code(new _Code(schema as string)) });
  for (const definition of definitions) ajv.addSchema({ $id: definition.name, fields: writeBody(scope, definition) });
  const whole = standaloneCode.default(ajv, Object.fromEntries(definitions.map(({ name }) => [name, name])));
  const code = compact(whole, { functions: definitions.length, exported: usedElsewhere(plan, module) });
  const constants = [...scope.constants].map(([expression, name]) => `const ${name} = ${expression};\n`).join('');
  return { code: `${code}${constants}`, checks: [...scope.checks].sort(), imports: sortedImports(scope) };
}

/** The types of a module that other modules refer to. */
function usedElsewhere(plan: GenerationPlan, module: ModulePlan): Set<string> {
  const used = new Set<string>();
  for (const definition of plan.modules.filter((other) => other !== module).flatMap((other) => other.definitions)) {
    walkSchema(definition.schema, ({ $ref }) => {
      const target = $ref === undefined ? undefined : resolveRef(plan.input, $ref);
      if (target?.module === module.name) used.add(target.name);
    });
  }
  return used;
}

/**
 * Takes out of ajv's output what nobody has a use for: the schemas themselves, the parameters that say where a value was found, and the exports of
 * what only this module needs.
 */
function compact(code: string, { functions, exported }: { functions: number; exported: ReadonlySet<string> }): string {
  const lines = code.split('\n').filter((line) => !/^("use strict";|const schema\d+ = |\/\*# sourceURL|;?$)/.test(line));
  const kept = lines.join('\n').replaceAll(/^export const (\w+) = /gm, (line, name: string) => (exported.has(name) ? line : `const ${name} = `));
  const text = kept.replaceAll('(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){', '(data){');
  if (text.split('(data){').length !== functions + 1) throw new Error('the output of ajv has another form than expected');
  return text;
}

const sortedImports = (scope: Scope): Map<string, string[]> =>
  new Map([...scope.imports].sort(([left], [right]) => (left < right ? -1 : 1)).map(([module, names]) => [module, [...names].sort()]));

/** The body of the validator of one type: one call for each field. `data`, `vErrors` and `errors` are ajv's names. */
function writeBody(scope: Scope, definition: Definition): string {
  const fields = Object.entries(definition.schema.properties ?? {}).flatMap(([field, schema]) => writeField(scope, definition, { field, schema }));
  const [head, tail] = fields.length === 0 ? ['', ''] : ['let e = null;\n', '\nvErrors = e;'];
  return `if (!${use(scope, 'isObject')}(data)) vErrors = ${use(scope, 'wrong')}(null, "", data, "object");\nelse {\n${head}${fields.join('\n')}${tail}\n}\nerrors = vErrors === null ? 0 : 1;\n`;
}

function writeField(scope: Scope, definition: Definition, { field, schema }: { field: string; schema: OpenApiSchema }): string[] {
  const value = `data${/^[\w$]+$/.test(field) ? `.${field}` : `[${JSON.stringify(field)}]`}`;
  const path = JSON.stringify(`.${field}`);
  if (isStruct(schema) && scope.rules.isChecked(definition) && scope.rules.needsFields(resolveRef(scope.plan.input, schema.$ref))) {
    return [`e = ${use(scope, 'sub')}(e, ${path}, ${value} ?? ${use(scope, 'NOTHING')}, ${elementCheck(scope, schema, definition)});`];
  }
  const required = scope.rules.isRequired(definition, field) ? [`e = ${use(scope, 'need')}(e, ${path}, ${value});`] : [];
  return [...required, ...writeTest(scope, definition, { schema, path, value })];
}

/** Types that are checked without a call of a validator. */
const SIMPLE: Readonly<Record<string, string>> = { string: 'str', boolean: 'bool', int32: 'i32' };

function writeTest(scope: Scope, definition: Definition, { schema, path, value }: { schema: OpenApiSchema; path: string; value: string }): string[] {
  const call = (name: string, ...more: readonly string[]): string[] => [`e = ${use(scope, name)}(${['e', path, value, ...more].join(', ')});`];
  if (schema.type === 'array') return call('list', elementCheck(scope, schema.items ?? {}, definition));
  if (schema.additionalProperties !== undefined) return call('map', elementCheck(scope, schema.additionalProperties, definition));
  const plain = schema.$ref === undefined && !(schema.enum !== undefined && scope.rules.isChecked(definition)) && schema.format !== 'byte';
  const simple = plain ? SIMPLE[schema.type === 'integer' ? (schema.format ?? '') : (schema.type ?? '')] : undefined;
  if (simple !== undefined) return call(simple);
  const check = elementCheck(scope, schema, definition);
  return check === 'anything' ? [] : call('sub', check);
}

/** The name of the function that checks a value of `schema`. */
function elementCheck(scope: Scope, schema: OpenApiSchema, owner: Definition): string {
  if (schema.$ref !== undefined) return reference(scope, resolveRef(scope.plan.input, schema.$ref));
  if (schema.enum !== undefined && scope.rules.isChecked(owner))
    return constant(scope, `${use(scope, 'oneOf')}(${schema.enum.map((value) => JSON.stringify(value)).join(',')})`);
  if (schema.type === 'array') return constant(scope, `${use(scope, 'listOf')}(${elementCheck(scope, schema.items ?? {}, owner)})`);
  if (schema.type === 'string') return use(scope, schema.format === 'byte' ? 'bytes' : 'string');
  if (schema.type === 'integer') return use(scope, schema.format === 'int32' ? 'int32' : 'int64');
  if (schema.type === 'boolean' || schema.type === 'number') return use(scope, schema.type);
  return use(scope, 'anything');
}

function reference(scope: Scope, target: Definition): string {
  if (leafOf(target) !== undefined) return use(scope, LEAF_CHECKS[target.id] ?? 'anything');
  if (target.module !== scope.module.name) scope.imports.set(target.module, (scope.imports.get(target.module) ?? new Set()).add(target.name));
  return target.name;
}

function use(scope: Scope, check: string): string {
  scope.checks.add(check);
  return check;
}

function constant(scope: Scope, expression: string): string {
  const known = scope.constants.get(expression) ?? `check${scope.constants.size + 1}`;
  scope.constants.set(expression, known);
  return known;
}
