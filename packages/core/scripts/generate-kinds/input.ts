import { readFileSync } from 'node:fs';

/** One OpenAPI schema of the input. The input uses no other keywords. */
export interface OpenApiSchema {
  readonly $ref?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly items?: OpenApiSchema;
  readonly additionalProperties?: OpenApiSchema;
  readonly oneOf?: readonly OpenApiSchema[];
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-patch-strategy'?: string;
  readonly 'x-kubernetes-patch-merge-key'?: string;
}

/** One served resource of the input. */
export interface ResourceRow {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind?: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly { name: string; group: string; version: string; kind: string; verbs: readonly string[] }[];
  readonly schema: string;
  /** Served by another server, behind the API server. */
  readonly aggregated?: boolean;
}

/** A type of the input: its schema, the module that it is generated into, and its name there. */
export interface Definition {
  readonly id: string;
  readonly module: string;
  readonly name: string;
  readonly schema: OpenApiSchema;
}

/** The whole input. */
export interface ApiInput {
  readonly groups: readonly { readonly name: string; readonly versions: readonly string[] }[];
  readonly resources: readonly ResourceRow[];
  readonly definitions: ReadonlyMap<string, Definition>;
}

/** Reads the schemas and resources of `packages/core/data`. */
export function readInput(folder: URL): ApiInput {
  const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  const { schemas } = read('k8s-1.36.schemas.json') as { schemas: Record<string, OpenApiSchema> };
  const { groups, resources } = read('resources.json') as Omit<ApiInput, 'definitions'>;
  const definitions = new Map(Object.entries(schemas).map(([id, schema]) => [id, toDefinition(id, schema)]));
  return { groups, resources, definitions };
}

function toDefinition(id: string, schema: OpenApiSchema): Definition {
  const parts = id.split('.');
  const name = parts.pop() ?? '';
  return { id, name, module: moduleOf(parts), schema };
}

/** `io.k8s.api.apps.v1` → `apps-v1`; the three packages that carry no version join `meta-v1`. */
function moduleOf(parts: readonly string[]): string {
  const [group, version] = parts.slice(-2);
  return version !== undefined && /^v\d/.test(version) ? `${group}-${version}` : 'meta-v1';
}

/** The definition that a `$ref` names. */
export function resolveRef(input: ApiInput, ref: string): Definition {
  const found = input.definitions.get(ref.slice(ref.lastIndexOf('/') + 1));
  if (found === undefined) throw new Error(`the input has no schema ${ref}`);
  return found;
}

/** Calls `visit` with every schema inside `schema`, itself first. */
export function walkSchema(schema: OpenApiSchema, visit: (schema: OpenApiSchema) => void): void {
  visit(schema);
  for (const child of Object.values(schema.properties ?? {})) walkSchema(child, visit);
  if (schema.items !== undefined) walkSchema(schema.items, visit);
  if (schema.additionalProperties !== undefined) walkSchema(schema.additionalProperties, visit);
}

/** Everything that the given definitions need, themselves included. */
export function closure(input: ApiInput, roots: Iterable<Definition>): Set<Definition> {
  const seen = new Set<Definition>();
  const queue = [...roots];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    walkSchema(next.schema, ({ $ref }) => {
      if ($ref !== undefined) queue.push(resolveRef(input, $ref));
    });
  }
  return seen;
}
