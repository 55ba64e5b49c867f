import type { Kind, Schema } from '@kybern/core';
import { operationsOf, type Operation } from './operations.ts';
import { createTypeCollector, type Dialect, type Doc, type TypeCollector } from './types.ts';

/** What patches may come as. */
const PATCH_TYPES = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'];
const TYPES = ['application/json', 'application/yaml'];

/** A kind with its schema. */
export interface TypedKind {
  readonly kind: Kind;
  readonly schema: Schema;
  /** What a CustomResourceDefinition says of the objects, word for word; undefined for all other kinds. */
  readonly custom?: ((dialect: Dialect) => Doc) | undefined;
}

/** The OpenAPI 3.0 document of one group and version. */
export function openApiV3(kinds: readonly TypedKind[], version: string): Doc {
  const types = createTypeCollector(3);
  const paths = pathsOf(kinds, types, 3);
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version }, paths, components: { schemas: types.definitions() } };
}

/** The Swagger 2.0 document of everything. */
export function openApiV2(kinds: readonly TypedKind[], version: string): Doc {
  const types = createTypeCollector(2);
  const paths = pathsOf(kinds, types, 2);
  return { swagger: '2.0', info: { title: 'Kubernetes', version }, paths, definitions: types.definitions() };
}

function pathsOf(kinds: readonly TypedKind[], types: TypeCollector, dialect: Dialect): Doc {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const typed of kinds) {
    types.kind(typed);
    for (const operation of operationsOf(typed.kind)) {
      const item = (paths[operation.path] ??= parametersOfPath(operation.path, dialect));
      item[operation.method] = dialect === 2 ? operationV2(operation, typed, types) : operationV3(operation, typed, types);
    }
  }
  return paths;
}

function parametersOfPath(path: string, dialect: Dialect): Record<string, unknown> {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  if (names.length === 0) return {};
  const type = dialect === 2 ? { type: 'string', uniqueItems: true } : { schema: { type: 'string', uniqueItems: true } };
  return { parameters: names.map((name) => ({ name, in: 'path', required: true, ...type })) };
}

/** What both dialects say alike. */
function common(operation: Operation): Doc {
  const { kind, subresource } = operation;
  const { group, version, kind: name } = subresource ?? kind;
  return {
    operationId: operation.id,
    tags: [`${kind.group === '' ? 'core' : kind.group.replace(/\.k8s\.io$/, '')}_${kind.version}`],
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': { group, kind: name, version },
  };
}

function operationV3(operation: Operation, typed: TypedKind, types: TypeCollector): Doc {
  const { body, answer } = bodiesOf(operation, typed, types);
  const content = (media: readonly string[], schema: Doc): Doc => Object.fromEntries(media.map((type) => [type, { schema }]));
  return {
    ...common(operation),
    parameters: operation.queryParameters.map(({ name, type }) => ({ name, in: 'query', schema: { type, uniqueItems: true } })),
    ...(body === undefined ? {} : { requestBody: { content: content(operation.method === 'patch' ? patchTypes(typed) : ['*/*'], body) } }),
    responses: { 200: { description: 'OK', content: content(TYPES, answer) } },
  };
}

function operationV2(operation: Operation, typed: TypedKind, types: TypeCollector): Doc {
  const { body, answer } = bodiesOf(operation, typed, types);
  return {
    ...common(operation),
    consumes: operation.method === 'patch' ? patchTypes(typed) : ['*/*'],
    produces: TYPES,
    schemes: ['https'],
    parameters: [
      ...(body === undefined ? [] : [{ name: 'body', in: 'body', ...(operation.method === 'delete' ? {} : { required: true }), schema: body }]),
      ...operation.queryParameters.map(({ name, type }) => ({ name, in: 'query', type, uniqueItems: true })),
    ],
    responses: { 200: { description: 'OK', schema: answer } },
  };
}

/** Without Go types nobody knows how lists merge strategically. */
function patchTypes({ custom }: TypedKind): readonly string[] {
  return custom === undefined ? PATCH_TYPES : PATCH_TYPES.filter((type) => !type.includes('strategic'));
}

function bodiesOf(operation: Operation, typed: TypedKind, types: TypeCollector): { readonly body: Doc | undefined; readonly answer: Doc } {
  const { subresource } = operation;
  const { kind } = typed;
  const same = subresource === undefined || (subresource.group === kind.group && subresource.version === kind.version && subresource.kind === kind.kind);
  const object = same ? types.kind(typed) : { type: 'object' };
  const answer = operation.answer === 'status' ? types.status() : operation.answer === 'list' ? types.list(typed) : object;
  if (!operation.body) return { body: undefined, answer };
  return { body: operation.method === 'patch' || operation.method === 'delete' ? { type: 'object' } : object, answer };
}
