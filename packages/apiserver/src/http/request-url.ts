import { ApiError } from '@kybern/core';

/** What a request is for: the parts of a URL that are looked at. */
export interface RequestTarget {
  readonly pathname: string;
  /** {@link NO_QUERY} itself when there is none. */
  readonly searchParams: URLSearchParams;
}

/** A query without parameters. Nobody adds any. */
export const NO_QUERY: URLSearchParams = new URLSearchParams();
/** Paths that mean what they say. */
const PLAIN_PATH = /^\/[\w\-:/]*(?:\.[\w\-:]+[\w\-:/]*)*$/;

/** Takes a request's URL apart. @throws {ApiError} `BadRequest` */
export function parseTarget(text: string): RequestTarget {
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  if (PLAIN_PATH.test(path) && !text.includes('#')) return { pathname: path, searchParams: mark < 0 ? NO_QUERY : new URLSearchParams(text.slice(mark + 1)) };
  // Several slashes at the beginning would otherwise name a host.
  const url = URL.parse(`https://localhost${text.startsWith('/') ? '' : '/'}${text}`);
  if (url === null) throw new ApiError('BadRequest', 'the URL of the request is malformed');
  return url;
}

/** What a URL of the API names, before anything is looked up. */
export type Route =
  | {
      readonly type: 'resource';
      readonly group: string;
      readonly version: string;
      readonly plural: string;
      readonly namespace: string | undefined;
      readonly name: string | undefined;
      readonly subresource: string | undefined;
    }
  | { readonly type: 'other'; readonly path: string };

/**
 * Takes a request's path apart: `/api/v1/namespaces/web/pods/a/status`, `/apis/apps/v1/deployments`, or anything else (discovery, health, version).
 *
 * @throws {ApiError} `BadRequest` when the path has parts that are not well-formed percent-encoding
 */
export function parsePath(path: string): Route {
  const parts: string[] = [];
  for (const part of path.split('/')) if (part !== '') parts.push(part.includes('%') ? decodePart(part) : part);
  const core = parts[0] === 'api';
  if ((!core && parts[0] !== 'apis') || parts.length < (core ? 3 : 4)) return { type: 'other', path };
  const [group, version] = core ? ['', parts[1] ?? ''] : [parts[1] ?? '', parts[2] ?? ''];
  const first = core ? 2 : 3;
  // `/namespaces/x` is the namespace itself, `/namespaces/x/status` its subresource, `/namespaces/x/pods` what is in it.
  const inNamespace = parts[first] === 'namespaces' && parts.length > first + 2 && !NAMESPACE_SUBRESOURCES.has(parts[first + 2] ?? '');
  const at = inNamespace ? first + 2 : first;
  return {
    type: 'resource',
    group,
    version,
    plural: parts[at] ?? '',
    namespace: inNamespace ? (parts[first + 1] ?? '') : undefined,
    name: parts[at + 1],
    subresource: parts.length > at + 2 ? parts.slice(at + 2).join('/') : undefined,
  };
}

const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize']);

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new ApiError('BadRequest', `the URL has a part that is not percent-encoded right: ${part}`, { cause });
  }
}
