import { dynamicKind, type Client, type DynamicObject, type Kind, type MutableJson } from '@kybern/core';
import { CustomResourceDefinition, type JSONSchemaProps } from '@kybern/core/kinds';

export const GROUP = 'tools.example.com';
export const Definition: Kind = CustomResourceDefinition as Kind;

/** A definition of Widgets. */
export function widgets(schema: JSONSchemaProps, options: { spec?: object; version?: object } = {}): MutableJson {
  return {
    metadata: { name: `widgets.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...options.version }],
      ...options.spec,
    },
  };
}

/** A schema of objects whose spec has these properties. */
export function spec(properties: Record<string, JSONSchemaProps>, rest: JSONSchemaProps = {}): JSONSchemaProps {
  return {
    type: 'object',
    properties: { spec: { type: 'object', properties, ...rest }, status: { type: 'object', properties: { phase: { type: 'string' } } } },
  };
}

export const Widget: Kind<DynamicObject> = dynamicKind({ group: GROUP, version: 'v1', kind: 'Widget' });

export const define = (client: Client, definition: MutableJson): Promise<MutableJson> => client.create(Definition, definition);

export const widget = (fields: object = {}, name = 'a'): never => ({ metadata: { name }, ...fields }) as never;
