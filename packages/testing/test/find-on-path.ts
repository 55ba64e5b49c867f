import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';

/** The path of the first of some programs that this machine has. */
export function findOnPath(...names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false; // not there, or not to be run: the next one
      }
    });
}

/** Tests with a program. Without it they fail in continuous integration and are skipped elsewhere, and say so. */
export function describeWith(
  { title, programs, debianPackage }: { readonly title: string; readonly programs: readonly string[]; readonly debianPackage: string },
  declare: (path: string) => void,
): void {
  const path = findOnPath(...programs);
  if (path !== undefined) return void describe(title, () => declare(path));
  const why = `there is no ${programs.join(' or ')} on the PATH: install it, for instance with Debian's package ${debianPackage}`;
  describe(title, () => {
    it(`needs ${programs[0] ?? ''}`, (context) => {
      if (process.env['CI'] === 'true') throw new Error(why);
      context.skip(why);
    });
  });
}
