import { readFileSync } from 'node:fs';
import { defineConfig, type Options } from 'tsup';

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly '@kybern/source'?: string }>>;
}

/**
 * The one build recipe of the workspace: ESM with source maps; the declarations come from `tsc -b` into the same folder.
 * The entries are the exports of the package that is built, so that a new door needs no second list.
 * `clean` stays off, because it would delete what tsc wrote while its build info still calls it up to date.
 */
export const library = (over: Options = {}): ReturnType<typeof defineConfig> =>
  defineConfig({
    entry: exported(),
    format: ['esm'],
    dts: false,
    clean: false,
    sourcemap: true,
    target: 'node22',
    splitting: true,
    // Half the bytes, and so a shorter start; names stay, for stack traces. Source maps have the rest.
    esbuildOptions(options) {
      options.minifyWhitespace = true;
      options.minifySyntax = true;
    },
    ...over,
  });

function exported(): string[] {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
  return Object.values(exports).flatMap((each) =>
    typeof each === 'string' || each['@kybern/source'] === undefined ? [] : [each['@kybern/source'].replace(/^\.\//, '')],
  );
}
