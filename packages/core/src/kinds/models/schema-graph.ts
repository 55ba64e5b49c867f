import type { Schema } from '../../kind-model.ts';

/** The schemas of one group-version as they are stored: text until they are asked for. */
export interface SchemaModule {
  /** What the names of its types begin with in Kubernetes' OpenAPI, such as `io.k8s.api.core.v1`. */
  readonly prefix: string;
  /** The modules that references of the form `module/Name` point into. */
  readonly imports: Readonly<Record<string, SchemaModule>>;
  /** Name → JSON text. */
  readonly texts: Readonly<Record<string, string>>;
  /** What was parsed so far; each node is made once, so that nodes are shared. */
  readonly nodes: Map<string, Schema>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Stored = Mutable<Schema> & { $ref?: string };

/**
 * The schema node of a type. References inside it are resolved when they are first read.
 *
 * @throws {Error} when the module has no such type, which is a fault of the generator
 */
export function schemaNode(module: SchemaModule, name: string): Schema {
  const known = module.nodes.get(name);
  if (known !== undefined) return known;
  const text = module.texts[name];
  if (text === undefined) throw new Error(`there is no schema ${name}`);
  const node = JSON.parse(text) as Stored;
  // Not enumerable, because it leads back to the node itself.
  Object.defineProperty(node, 'named', { value: { name: `${module.prefix}.${name}`, schema: node } });
  module.nodes.set(name, node);
  link(module, node);
  return node;
}

function link(module: SchemaModule, node: Stored): void {
  if (node.properties !== undefined) for (const name of Object.keys(node.properties)) linkChild(module, node.properties as Record<string, Stored>, name);
  if (node.items !== undefined) linkChild(module, node, 'items');
  if (node.additionalProperties !== undefined) linkChild(module, node, 'additionalProperties');
}

function linkChild<K extends string>(module: SchemaModule, holder: { [P in K]?: Schema }, key: K): void {
  const { $ref, ...siblings } = holder[key] as Stored;
  if ($ref === undefined) {
    link(module, holder[key] as Stored);
    return;
  }
  const settle = (value: Schema): Schema => {
    Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: false });
    return value;
  };
  Object.defineProperty(holder, key, {
    enumerable: true,
    configurable: true,
    get: () => settle(extended(referred(module, $ref), siblings)),
  });
}

function referred(module: SchemaModule, ref: string): Schema {
  const slash = ref.indexOf('/');
  if (slash < 0) return schemaNode(module, ref);
  const other = module.imports[ref.slice(0, slash)];
  if (other === undefined) throw new Error(`there are no schemas ${ref}`);
  return schemaNode(other, ref.slice(slash + 1));
}

/** A node that differs from the shared one in what stands beside the reference (a patch strategy, say) and shares everything below. */
function extended(node: Schema, siblings: Partial<Schema>): Schema {
  if (Object.keys(siblings).length === 0) return node;
  return Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(node), ...Object.getOwnPropertyDescriptors(siblings) }) as Schema;
}
