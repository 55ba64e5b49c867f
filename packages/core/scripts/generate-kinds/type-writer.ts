import { resolveRef, walkSchema, type ApiInput, type Definition, type OpenApiSchema, type ResourceRow } from './input.ts';
import type { GenerationPlan, ModulePlan } from './plan.ts';

/** Types of the input that are TypeScript's own or hand-written: schema → expression, and what to import from `object.ts` for it. */
const SPECIAL: Readonly<Record<string, readonly [expression: string, imported?: string]>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': ['string'],
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': ['string'],
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': ['string'],
  'io.k8s.apimachinery.pkg.apis.meta.v1.Duration': ['string'],
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': ['JsonObject', 'JsonObject'],
  'io.k8s.apimachinery.pkg.runtime.RawExtension': ['JsonObject', 'JsonObject'],
  'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': ['ObjectMeta', 'ObjectMeta'],
  'io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference': ['OwnerReference', 'OwnerReference'],
  'io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry': ['ManagedFieldsEntry', 'ManagedFieldsEntry'],
  'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta': ['ListMeta', 'ListMeta'],
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': ['number | string'],
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': ['Json', 'Json'],
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': ['JSONSchemaProps | readonly JSONSchemaProps[]'],
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': ['JSONSchemaProps | boolean'],
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': ['JSONSchemaProps | readonly string[]'],
};

/** Fields whose Go type says more than their schema. */
const SPECIAL_FIELDS: Readonly<Record<string, readonly [expression: string, imported?: string]>> = {
  'io.k8s.apimachinery.pkg.apis.meta.v1.TableRow.cells': ['readonly Json[]', 'Json'],
};

/** Collects what the module that is being written must import. */
interface Scope {
  readonly input: ApiInput;
  readonly module: ModulePlan;
  readonly fromObject: Set<string>;
  /** Module → names. */
  readonly fromModules: Map<string, Set<string>>;
}

/** The interfaces of one module, and the type-only imports that they need. */
export interface WrittenTypes {
  readonly imports: readonly string[];
  /** One declaration for each definition that is not a TypeScript type of its own or hand-written. */
  readonly declarations: ReadonlyMap<Definition, string>;
}

/** Whether a definition has an interface of its own in its module. */
export const hasInterface = (definition: Definition): boolean => SPECIAL[definition.id] === undefined;

/** Writes the interfaces of one module. */
export function writeTypes(plan: GenerationPlan, module: ModulePlan): WrittenTypes {
  const scope: Scope = { input: plan.input, module, fromObject: new Set(), fromModules: new Map() };
  const users = usersOf(plan);
  const declarations = new Map<Definition, string>();
  for (const definition of module.definitions) {
    if (!hasInterface(definition)) continue;
    const resource = module.resources.find((row) => row.schema === definition.id);
    const title = resource === undefined ? describeNested(definition, users.get(definition.id)) : `The kind ${definition.name} of ${apiVersion(resource)}.`;
    declarations.set(definition, `/** ${title} */\nexport interface ${definition.name} {\n${fields(scope, definition, resource)}}\n`);
  }
  return { imports: imports(scope), declarations };
}

const apiVersion = (row: { group: string; version: string }): string => (row.group === '' ? row.version : `${row.group}/${row.version}`);

/** Schema → names of the types that have a field of it. */
function usersOf(plan: GenerationPlan): Map<string, Set<string>> {
  const users = new Map<string, Set<string>>();
  for (const definition of plan.modules.flatMap((module) => module.definitions)) {
    walkSchema(definition.schema, ({ $ref }) => {
      if ($ref === undefined) return;
      const { id } = resolveRef(plan.input, $ref);
      users.set(id, (users.get(id) ?? new Set()).add(definition.name));
    });
  }
  return users;
}

function describeNested({ name, module }: Definition, users: ReadonlySet<string> = new Set()): string {
  const version = module.replace('-', '/');
  const [first, second, ...more] = [...users].filter((user) => user !== name);
  if (first === undefined) return `The type ${name} of ${version}.`;
  return `The type ${name} of ${version}, a part of ${[first, second].filter(Boolean).join(' and ')}${more.length > 0 ? ' and others' : ''}.`;
}

function fields(scope: Scope, definition: Definition, resource: ResourceRow | undefined): string {
  const required = new Set(definition.schema.required);
  const lines = Object.entries(definition.schema.properties ?? {}).map(([field, schema]) => {
    const fixed = resource === undefined ? undefined : headerField(scope, field, resource);
    const special = SPECIAL_FIELDS[`${definition.id}.${field}`];
    const type = fixed ?? (special === undefined ? expression(scope, schema) : useSpecial(scope, special));
    const always = fixed !== undefined || required.has(field) || isAlwaysThere(field, schema) || (field === 'spec' && resource !== undefined);
    return `  readonly ${/^[\w$]+$/.test(field) ? field : `'${field}'`}${always ? '' : '?'}: ${type};\n`;
  });
  return lines.join('');
}

/** The three fields that every object has. */
function headerField(scope: Scope, field: string, row: ResourceRow): string | undefined {
  if (field === 'apiVersion') return `'${apiVersion(row)}'`;
  if (field === 'kind') return `'${row.kind}'`;
  return field === 'metadata' ? useSpecial(scope, ['NamedObjectMeta', 'NamedObjectMeta']) : undefined;
}

/** A `spec` that is a struct in Go (not a pointer) is there in every decoded object; so is it in ours, because the defaults fill it in. */
const isAlwaysThere = (field: string, schema: OpenApiSchema): boolean => field === 'spec' && schema.$ref !== undefined && schema.default !== undefined;

function expression(scope: Scope, schema: OpenApiSchema): string {
  if (schema.$ref !== undefined) return reference(scope, resolveRef(scope.input, schema.$ref));
  if (schema.enum !== undefined) return schema.enum.map((value) => `'${value}'`).join(' | ');
  if (schema.type === 'array') return `readonly ${inArray(expression(scope, schema.items ?? {}))}[]`;
  if (schema.additionalProperties !== undefined) return `Readonly<Record<string, ${expression(scope, schema.additionalProperties)}>>`;
  if (schema.type === 'integer') return 'number';
  if (schema.type === 'string' || schema.type === 'number' || schema.type === 'boolean') return schema.type;
  return useSpecial(scope, schema.type === 'object' ? ['JsonObject', 'JsonObject'] : ['Json', 'Json']);
}

const inArray = (type: string): string => (/[ |]/.test(type) && !type.startsWith('Readonly<') ? `(${type})` : type);

function useSpecial(scope: Scope, [type, imported]: readonly [string, string?]): string {
  if (imported !== undefined) scope.fromObject.add(imported);
  return type;
}

function reference(scope: Scope, definition: Definition): string {
  const special = SPECIAL[definition.id];
  if (special !== undefined) return useSpecial(scope, special);
  if (definition.module === scope.module.name) return definition.name;
  if (scope.module.definitions.some(({ name }) => name === definition.name)) throw new Error(`${scope.module.name} needs two types ${definition.name}`);
  const names = scope.fromModules.get(definition.module) ?? new Set();
  scope.fromModules.set(definition.module, names.add(definition.name));
  return definition.name;
}

function imports(scope: Scope): string[] {
  const line = (names: Iterable<string>, from: string): string => `import type { ${[...names].sort().join(', ')} } from '${from}';`;
  const modules = [...scope.fromModules].sort(([left], [right]) => (left < right ? -1 : 1)).map(([module, names]) => line(names, `./${module}.ts`));
  return scope.fromObject.size === 0 ? modules : [line(scope.fromObject, '../../object.ts'), ...modules];
}
