import { HEADER, variable } from './kind-writer.ts';
import type { GenerationPlan, ModulePlan } from './plan.ts';
import { leafOf, importedModules, writeSchemas } from './schema-writer.ts';
import { writeValidators } from './validator-writer.ts';

/** `kinds/models/<module>.js`: the schemas and validators of one group-version. Plain JavaScript, because it has nothing to say to a type checker. */
export function writeModel(plan: GenerationPlan, module: ModulePlan): string {
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
    `\nexport const schemas = { imports: { ${links} }, texts, nodes: new Map() };\n`,
    `export const validators = { ${rootNames(module).join(', ')} };\n`,
  ].join('');
}

/** The types that have a model: kinds and bodies. */
function rootNames(module: ModulePlan): string[] {
  const kinds = module.resources.map(({ kind }) => kind);
  return [...new Set([...kinds, ...module.bodies.map(({ kind }) => kind)])].filter((name) => module.definitions.some((each) => each.name === name && leafOf(each) === undefined)).sort();
}

/** The declarations beside {@link writeModel}'s file. */
export function writeModelTypes(): string {
  return `${HEADER}import type { Check } from './checks.ts';\nimport type { SchemaModule } from './schema-graph.ts';\n\nexport declare const schemas: SchemaModule;\nexport declare const validators: Readonly<Record<string, Check>>;\n`;
}
