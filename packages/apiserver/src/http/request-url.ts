import { ApiError } from '@kybern/core';

/** What a URL of the API names, before anything is looked up. */
export type Route =
  | {
      readonly type: 'resource';
      readonly group: string;
      readonly version: string;
      readonly plural: string;
      readonly namespace?: string;
      readonly name?: string;
      readonly subresource?: string;
    }
  | { readonly type: 'other'; readonly path: string };

/**
 * Takes a request's path apart: `/api/v1/namespaces/web/pods/a/status`, `/apis/apps/v1/deployments`, or anything else (discovery, health, version).
 *
 * @throws {ApiError} `BadRequest` when the path has parts that are not well-formed percent-encoding
 */
export function parsePath(path: string): Route {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodePart);
  const core = parts[0] === 'api';
  if ((!core && parts[0] !== 'apis') || parts.length < (core ? 3 : 4)) return { type: 'other', path };
  const [group, version] = core ? ['', parts[1] ?? ''] : [parts[1] ?? '', parts[2] ?? ''];
  const rest = parts.slice(core ? 2 : 3);
  // `/namespaces/x` is the namespace itself, `/namespaces/x/status` its subresource, `/namespaces/x/pods` what is in it.
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2] ?? '');
  const [plural = '', name, ...sub] = inNamespace ? rest.slice(2) : rest;
  return {
    type: 'resource',
    group,
    version,
    plural,
    ...(inNamespace ? { namespace: rest[1] ?? '' } : {}),
    ...(name === undefined ? {} : { name }),
    ...(sub.length === 0 ? {} : { subresource: sub.join('/') }),
  };
}

const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize']);

function decodePart(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new ApiError('BadRequest', `the URL has a part that is not percent-encoded right: ${part}`, { cause });
  }
}
