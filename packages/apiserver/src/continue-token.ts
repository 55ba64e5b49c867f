import { badRequest } from './errors.ts';

/** Where the next page of a list begins. */
export interface ContinueToken {
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
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv < 0 || typeof start !== 'string' || start === '') throw malformed();
  return { revision: rv, after: start };
}

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
