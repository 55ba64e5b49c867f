import { readFile } from 'node:fs/promises';

/**
 * A place at or below `path` at which something is mounted, as Linux tells; undefined when there is none, or nobody tells.
 *
 * @param table where Linux tells; for tests
 */
export async function mountedBelow(path: string, table = '/proc/self/mountinfo'): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(table, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return text
    .split('\n')
    .map((line) => unescape(line.split(' ')[4] ?? ''))
    .find((place) => place === path || place.startsWith(`${path}/`));
}

/** Blanks and the like are written in octal. */
const unescape = (text: string): string => text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
