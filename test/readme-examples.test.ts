import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A TypeScript block of a README that follows the line `<!-- example: run -->`. */
const EXAMPLE = /<!-- example: run -->\s*```ts\n([\s\S]*?)```/g;

const readmes = globSync(['packages/*/README.md'], { cwd: root }).sort();
const examples = readmes.flatMap((readme) =>
  [...readFileSync(join(root, readme), 'utf8').matchAll(EXAMPLE)].map((match, index) => ({ readme, index, code: match[1] ?? '' })),
);

describe('the examples in the READMEs', () => {
  afterAll(() => {
    for (const readme of readmes) rmSync(join(root, dirname(readme), '.readme'), { recursive: true, force: true });
  });

  it('every package has one', () => {
    const without = globSync('packages/*/package.json', { cwd: root })
      .map((file) => join(dirname(file), 'README.md'))
      .filter((readme) => !examples.some((example) => example.readme === readme));
    expect(without).toEqual([]);
  });

  it.each(examples)('$readme #$index runs as written', { timeout: 60_000 }, ({ readme, index, code }) => {
    const folder = join(root, dirname(readme), '.readme');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `example-${String(index)}.ts`);
    writeFileSync(file, code);
    const { status, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--conditions=@kybern/source', file], {
      encoding: 'utf8',
      timeout: 50_000,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('they type-check', { timeout: 60_000 }, () => {
    const files = examples.map(({ readme, index }) => join(root, dirname(readme), '.readme', `example-${String(index)}.ts`)).filter((file) => existsSync(file));
    const config = join(root, 'node_modules/.cache/readme-tsconfig.json');
    mkdirSync(dirname(config), { recursive: true });
    writeFileSync(
      config,
      JSON.stringify({
        extends: join(root, 'tsconfig.test.json'),
        compilerOptions: { noUncheckedIndexedAccess: false, exactOptionalPropertyTypes: false, typeRoots: [join(root, 'node_modules/@types')] },
        include: [],
        files,
      }),
    );
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', config], { encoding: 'utf8', cwd: root });
    expect(stdout).toBe('');
  });
});
