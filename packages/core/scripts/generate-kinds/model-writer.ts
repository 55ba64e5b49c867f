import { HEADER, variable } from './kind-writer.ts';
import type { GenerationPlan, ModulePlan } from './plan.ts';
import { leafOf, importedModules, writeSchemas } from './schema-writer.ts';
import { writeValidators } from './validator-writer.ts';

/** `kinds/models/<module>.js`: the schemas and validators of one group-version. Plain JavaScript, because it has nothing to say to a type checker. */
export function writeModel(plan: GenerationPlan, module: ModulePlan, hasDefaults: boolean): string {
  const linked = importedModules(plan.input, module);
  const { code, checks, imports } = writeValidators(plan, module);
  const lines = linked.map((name) => {
    const validators = imports.get(name) ?? [];
    return `import { ${[`schemas as ${variable(name)}`, ...validators].join(', ')} } from './${name}.js';\n`;
  });
  const links = linked.map((name) => `'${name}': ${variable(name)}`).join(', ');
  return [
    HEADER,
    `import { ${checks.join(', ')} } from './checks.ts';\n`,
    ...lines,
    '\n',
    code,
    '\n',
    writeSchemas(plan.input, module),
    `\nexport const schemas = { prefix: '${prefixOf(module)}', imports: { ${links} }, texts, nodes: new Map() };\n`,
    `export const validators = { ${rootNames(module).join(', ')} };\n`,
    `export const withSpec = [${specNames(module).join(', ')}];\n`,
    hasDefaults ? `export { defaults } from '../../defaults/${module.name}.ts';\n` : 'export const defaults = {};\n',
  ].join('');
}

/** What the names of the module's types begin with in Kubernetes' OpenAPI. */
function prefixOf(module: ModulePlan): string {
  const root = module.definitions.find((each) => leafOf(each) === undefined);
  return root === undefined ? '' : root.id.slice(0, -root.name.length - 1);
}

/** The types that have a model: kinds and bodies. */
function rootNames(module: ModulePlan): string[] {
  const kinds = module.resources.map(({ kind }) => kind);
  return [...new Set([...kinds, ...module.bodies.map(({ kind }) => kind)])]
    .filter((name) => module.definitions.some((each) => each.name === name && leafOf(each) === undefined))
    .sort();
}

/** The kinds whose `spec` is a struct in Go: it is there even when nobody gave it. */
function specNames(module: ModulePlan): string[] {
  const roots = new Set(rootNames(module));
  return module.definitions.filter(({ name, schema }) => roots.has(name) && schema.properties?.['spec']?.$ref !== undefined).map(({ name }) => `'${name}'`);
}

/** The declarations beside {@link writeModel}'s file. */
export function writeModelTypes(): string {
  return `${HEADER}import type { ModelModule } from './create-model.ts';\n\nexport declare const schemas: ModelModule['schemas'];\nexport declare const validators: ModelModule['validators'];\nexport declare const withSpec: ModelModule['withSpec'];\nexport declare const defaults: ModelModule['defaults'];\n`;
}
