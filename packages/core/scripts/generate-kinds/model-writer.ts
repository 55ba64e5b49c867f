import { HEADER, variable } from './kind-writer.ts';
import type { GenerationPlan, ModulePlan } from './plan.ts';
import { importedModules, writeSchemas } from './schema-writer.ts';

/** `kinds/models/<module>.js`: the schemas and validators of one group-version. */
export function writeModel(plan: GenerationPlan, module: ModulePlan): string {
  const imported = importedModules(plan.input, module);
  const imports = imported.map((name) => `import { schemas as ${variable(name)} } from './${name}.js';\n`);
  const links = imported.map((name) => `'${name}': ${variable(name)}`).join(', ');
  return [HEADER, ...imports, '\n', writeSchemas(plan.input, module), `\nexport const schemas = { imports: { ${links} }, texts, nodes: new Map() };\n`].join('');
}

/** The declarations beside {@link writeModel}'s file. */
export function writeModelTypes(): string {
  return `${HEADER}import type { SchemaModule } from './schema-graph.ts';\n\nexport declare const schemas: SchemaModule;\n`;
}
