/**
 * Texts that came before. The first few are fields, which costs next to nothing in the usual case of two or three; more are hashed, so that nobody can
 * make it slow.
 */
export interface Seen {
  a: string | undefined;
  b: string | undefined;
  c: string | undefined;
  d: string | undefined;
  more: Set<string> | undefined;
}

/** Nothing seen yet. */
export function nothingSeen(): Seen {
  return { a: undefined, b: undefined, c: undefined, d: undefined, more: undefined };
}

/** Whether the text came before. */
export function wasSeen(seen: Seen, text: string): boolean {
  return seen.a === text || seen.b === text || seen.c === text || seen.d === text || seen.more?.has(text) === true;
}

/** Notes a text. @returns whether it came before */
export function see(seen: Seen, text: string): boolean {
  if (wasSeen(seen, text)) return true;
  if (seen.a === undefined) seen.a = text;
  else if (seen.b === undefined) seen.b = text;
  else if (seen.c === undefined) seen.c = text;
  else if (seen.d === undefined) seen.d = text;
  else (seen.more ??= new Set()).add(text);
  return false;
}
