// Setup of every test file: property tests try the same cases in each run, so that a red run is about the change at hand.
// `PROPERTY_SEED=7 npm test` tries others, `PROPERTY_SEED=random` new ones each time.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

const seed = process.env['PROPERTY_SEED'] ?? '1';
const { testPath } = expect.getState();
// Most files have no properties, and are not to wait for the library.
if (seed !== 'random' && testPath !== undefined && readFileSync(testPath, 'utf8').includes("'fast-check'")) {
  const { default: fc } = await import('fast-check');
  fc.configureGlobal({ seed: Number(seed) });
}
