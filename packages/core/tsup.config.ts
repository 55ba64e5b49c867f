import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Options } from 'tsup';
import { library } from '../../tsup.base.ts';

const src = join(dirname(fileURLToPath(import.meta.url)), 'src');
/** The modules of `src/internal/base.ts`. They import nothing else, so that no module is in two files. */
const BASE = new Set(
  ['api-error', 'clock', 'conditions', 'json-data', 'kind', 'quantity', 'internal/object-edit', 'internal/rfc-3339'].map((name) => `${name}.ts`),
);

/**
 * Takes the base modules from one file. By itself esbuild makes a file of every set of entries that share a module: eight of a few hundred bytes, each of which
 * costs half a millisecond at every start.
 */
const baseFromOneFile: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'base-from-one-file',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, resolveDir }) =>
      BASE.has(relative(src, join(resolveDir, path))) ? { path: '#base', external: true, sideEffects: false } : undefined,
    );
  },
};

/** Each group-version is an entry of its own; what `Kind.model()` loads becomes a chunk of its own, fetched when it is first needed. */
const entry = [
  'src/index.ts',
  'src/defaults/index.ts',
  'src/manifests.ts',
  'src/server-side-apply/index.ts',
  'src/testing/index.ts',
  'src/conformance/index.ts',
  'src/kinds/index.ts',
  'src/kinds/*-v*.ts',
];

export default [library({ entry: { base: 'src/internal/base.ts' } }), library({ entry, esbuildPlugins: [baseFromOneFile] })].flat();
