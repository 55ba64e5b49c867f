import { badRequest } from './errors.ts';

/** {@link ContinueToken.revision} of a page that is read from what is there when it is asked for. */
export const NEWEST = -1;

/** Where the next page of a list begins. */
export interface ContinueToken {
  /** Which picture the page is of, or {@link NEWEST}. */
  readonly revision: number;
  /** The key after which the page begins, without the list's prefix. */
  readonly after: string;
}

/**
 * Writes a token as Kubernetes does: base64url of JSON with a version.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/storage/continue.go
 */
export function encodeContinue({ revision, after }: ContinueToken): string {
  return toBase64Url(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: after }));
}

/** @throws {ApiError} `BadRequest` */
export function decodeContinue(token: string): ContinueToken {
  const parsed = parse(token);
  if (parsed?.v !== 'meta.k8s.io/v1') throw malformed();
  const { rv, start } = parsed;
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv < NEWEST || typeof start !== 'string' || !isBelow(start)) throw malformed();
  return { revision: rv, after: start };
}

/** A key below the list's prefix: nothing in it leads up, or elsewhere. */
const isBelow = (key: string): boolean => key.split('/').every((part) => part !== '' && part !== '.' && part !== '..');

const malformed = (): Error => badRequest('continue key is not valid: the token was not issued by this server');

function parse(token: string): { v?: unknown; rv?: unknown; start?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(fromBase64Url(token));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // What is not base64 of JSON is a malformed token: the caller reports it as such.
    return undefined;
  }
}

function toBase64Url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): string {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
}
