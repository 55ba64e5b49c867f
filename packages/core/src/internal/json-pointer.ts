import { ApiError } from '../api-error.ts';

/**
 * Splits a JSON pointer (RFC 6901) into its names; the empty pointer names the whole document and has none.
 *
 * @throws {ApiError} `BadRequest` when it is malformed
 */
export function parsePointer(pointer: unknown): readonly string[] {
  if (pointer === '') return [];
  if (typeof pointer !== 'string' || !pointer.startsWith('/') || /~(?![01])/.test(pointer)) {
    throw new ApiError('BadRequest', `invalid JSON pointer ${JSON.stringify(pointer) ?? 'undefined'}`);
  }
  const names = pointer.slice(1).split('/');
  return pointer.includes('~') ? names.map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~')) : names;
}

/** Writes names as a JSON pointer. */
export function formatPointer(names: readonly (string | number)[]): string {
  let pointer = '';
  for (const name of names) pointer += `/${escapePointer(String(name))}`;
  return pointer;
}

const escapePointer = (name: string): string => (/[~/]/.test(name) ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name);
