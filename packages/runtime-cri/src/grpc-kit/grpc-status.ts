import type { IncomingHttpHeaders } from 'node:http2';
import { GRPC_CODES, RuntimeError, type RuntimeErrorCode } from '../errors.ts';

/** What containerd and CRI-O say with the code UNKNOWN although there is a better one. */
const TEXTS: readonly (readonly [text: RegExp, code: RuntimeErrorCode])[] = [
  [/is reserved for|already exists/, 'ALREADY_EXISTS'],
  [/connect: connection refused|i\/o timeout|no such host|EOF$/, 'UNAVAILABLE'],
  [/: not found$|not found: |does not exist/, 'NOT_FOUND'],
  [/401 Unauthorized|authorization failed|403 Forbidden/, 'PERMISSION_DENIED'],
];

/** The error that a gRPC status is; undefined when it is OK. */
export function runtimeErrorOf(headers: IncomingHttpHeaders): RuntimeError | undefined {
  const number = Number(headers['grpc-status']);
  if (number === 0) return undefined;
  const message = decodeMessage(String(headers['grpc-message'] ?? 'the server gave no reason'));
  const code = codeOf(number);
  return new RuntimeError(code === 'UNKNOWN' ? refine(message) : code, message);
}

function codeOf(number: number): RuntimeErrorCode {
  for (const [name, value] of Object.entries(GRPC_CODES)) if (value === number) return name as RuntimeErrorCode;
  return 'UNKNOWN';
}

function refine(message: string): RuntimeErrorCode {
  return TEXTS.find(([text]) => text.test(message))?.[1] ?? 'UNKNOWN';
}

/** Percent-encoded, unless the server did not keep to that. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
