import type { Kind } from '@kybern/core';
import { rootOf } from './types.ts';

/** What a document says of one method of one path, in neither dialect. */
export interface Operation {
  readonly path: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly id: string;
  readonly action: 'list' | 'get' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection';
  readonly kind: Kind;
  readonly body: boolean;
  readonly answer: 'object' | 'list' | 'status';
  readonly queryParameters: readonly QueryParameter[];
  /** Undefined: of the object itself. The body may then be of another kind. */
  readonly subresource?: Kind['subresources'][number];
}

/** A parameter after the question mark. */
export interface QueryParameter {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean';
}

const text = (name: string): QueryParameter => ({ name, type: 'string' });
const number = (name: string): QueryParameter => ({ name, type: 'integer' });
const flag = (name: string): QueryParameter => ({ name, type: 'boolean' });

const PRETTY: readonly QueryParameter[] = [text('pretty')];
const WRITE: readonly QueryParameter[] = [...PRETTY, text('dryRun'), text('fieldManager'), text('fieldValidation')];
const PATCH: readonly QueryParameter[] = [...WRITE, flag('force')];
const LIST: readonly QueryParameter[] = [
  ...PRETTY,
  flag('allowWatchBookmarks'),
  text('continue'),
  text('fieldSelector'),
  text('labelSelector'),
  number('limit'),
  text('resourceVersion'),
  text('resourceVersionMatch'),
  flag('sendInitialEvents'),
  number('timeoutSeconds'),
  flag('watch'),
];
const DELETE: readonly QueryParameter[] = [...PRETTY, text('dryRun'), number('gracePeriodSeconds'), flag('orphanDependents'), text('propagationPolicy')];

/** The operations that a kind is served with. */
export function operationsOf(kind: Kind): readonly Operation[] {
  const namespaced = kind.scope === 'Namespaced';
  const root = `/${rootOf(kind)}`;
  const collection = `${root}/${namespaced ? 'namespaces/{namespace}/' : ''}${kind.plural}`;
  const title = `${groupTitle(kind)}${namespaced ? 'Namespaced' : ''}${kind.kind}`;
  const has = (verb: string): boolean => kind.verbs.includes(verb);
  const one = (method: Operation['method'], path: string, rest: Omit<Operation, 'method' | 'path' | 'kind'>): Operation => ({ method, path, kind, ...rest });
  const list = (path: string, id: string): Operation => one('get', path, { id, action: 'list', body: false, answer: 'list', queryParameters: LIST });
  const item = `${collection}/{name}`;
  return [
    ...(has('list') ? [list(collection, `list${title}`)] : []),
    ...(has('list') && namespaced ? [list(`${root}/${kind.plural}`, `list${groupTitle(kind)}${kind.kind}ForAllNamespaces`)] : []),
    ...(has('create') ? [one('post', collection, { id: `create${title}`, action: 'post', body: true, answer: 'object', queryParameters: WRITE })] : []),
    ...(has('deletecollection')
      ? [
          one('delete', collection, {
            id: `delete${groupTitle(kind)}Collection${namespaced ? 'Namespaced' : ''}${kind.kind}`,
            action: 'deletecollection',
            body: true,
            answer: 'status',
            queryParameters: [...DELETE, ...LIST.slice(1)],
          }),
        ]
      : []),
    ...(has('get') ? [one('get', item, { id: `read${title}`, action: 'get', body: false, answer: 'object', queryParameters: PRETTY })] : []),
    ...(has('update') ? [one('put', item, { id: `replace${title}`, action: 'put', body: true, answer: 'object', queryParameters: WRITE })] : []),
    ...(has('patch') ? [one('patch', item, { id: `patch${title}`, action: 'patch', body: true, answer: 'object', queryParameters: PATCH })] : []),
    ...(has('delete') ? [one('delete', item, { id: `delete${title}`, action: 'delete', body: true, answer: 'status', queryParameters: DELETE })] : []),
    ...kind.subresources.flatMap((sub) => subresourceOperations(kind, sub, { item, title })),
  ];
}

const METHODS: Readonly<Record<string, Pick<Operation, 'method' | 'action' | 'body' | 'queryParameters'> & { readonly word: string }>> = {
  get: { method: 'get', action: 'get', body: false, queryParameters: PRETTY, word: 'read' },
  create: { method: 'post', action: 'post', body: true, queryParameters: WRITE, word: 'create' },
  update: { method: 'put', action: 'put', body: true, queryParameters: WRITE, word: 'replace' },
  patch: { method: 'patch', action: 'patch', body: true, queryParameters: PATCH, word: 'patch' },
};

function subresourceOperations(kind: Kind, subresource: Kind['subresources'][number], { item, title }: { item: string; title: string }): Operation[] {
  return subresource.verbs.flatMap((verb) => {
    const row = METHODS[verb];
    if (row === undefined) return [];
    const { word, ...rest } = row;
    const id = `${word}${title}${subresource.name.slice(0, 1).toUpperCase()}${subresource.name.slice(1)}`;
    return [{ ...rest, path: `${item}/${subresource.name}`, id, kind, answer: 'object', subresource }];
  });
}

/** `CoreV1`, `AppsV1`, `RbacAuthorizationV1`. */
function groupTitle({ group, version }: Kind): string {
  const words = group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split('.');
  return [...words, version].map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
}
