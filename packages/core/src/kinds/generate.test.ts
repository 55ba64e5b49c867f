import { describe, expect, it } from 'vitest';
import { committed, generate } from '../../scripts/generate-kinds.ts';

describe('generate-kinds', () => {
  const files = generate();

  it('writes what is committed, to the byte', () => {
    const before = committed();
    expect([...files.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [path, content] of files) expect(content === before.get(path), `${path} is stale: run \`pnpm generate\``).toBe(true);
  });

  it('writes the same every time', () => {
    expect(generate()).toEqual(files);
  });

  it('compiles nothing at run time', () => {
    for (const [path, content] of files) expect(content, path).not.toMatch(/\beval\b|new Function|\brequire\(|from 'ajv/);
  });
});
