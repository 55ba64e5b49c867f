// In a browser's worker there are no node: modules. What @kybern/testing imports is bundled as for a browser, and nothing of it may be missing there.
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('nothing on the way of @kybern/testing is a module of Node', { timeout: 120_000 }, async () => {
  const entry = fileURLToPath(new URL('../src/index.ts', import.meta.url));
  const { metafile, errors } = await build({
    entryPoints: [entry],
    bundle: true,
    splitting: true,
    format: 'esm',
    outdir: 'nowhere',
    write: false,
    metafile: true,
    platform: 'neutral',
    mainFields: ['browser', 'module', 'main'],
    conditions: ['@kybern/source', 'browser', 'import'],
    logLevel: 'silent',
    external: ['node:*'],
  });
  expect(errors).toEqual([]);
  const graph = reachable(metafile.inputs, Object.keys(metafile.inputs).find((input) => input.endsWith('packages/testing/src/index.ts')) ?? '');
  const node = [...graph.values()].filter(({ path }) => path.startsWith('node:')).map(({ path, from }) => `${path} from ${from}`);
  expect(node).toEqual([]);
  expect(graph.size).toBeGreaterThan(200);
});

type Inputs = Readonly<Record<string, { readonly imports: readonly { readonly path: string; readonly kind: string }[] }>>;

/** What is imported from an entry on, other than lazily: with who imports it. */
function reachable(inputs: Inputs, entry: string): ReadonlyMap<string, { readonly path: string; readonly from: string }> {
  const seen = new Map<string, { path: string; from: string }>([[entry, { path: entry, from: '' }]]);
  const queue = [entry];
  for (let from = queue.pop(); from !== undefined; from = queue.pop()) {
    for (const { path, kind } of inputs[from]?.imports ?? []) {
      if (kind === 'dynamic-import' || seen.has(path)) continue;
      seen.set(path, { path, from });
      queue.push(path);
    }
  }
  return seen;
}
