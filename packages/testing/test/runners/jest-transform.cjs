// TypeScript for jest, by esbuild.
const { transformSync } = require('esbuild');

exports.process = (source, sourcefile) =>
  transformSync(source, { loader: 'ts', format: 'esm', target: 'node22', sourcefile, sourcemap: 'inline' });
