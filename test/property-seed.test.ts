import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('the seed of property tests', () => {
  it.skipIf(process.env['PROPERTY_SEED'] === 'random')('is the one that the setup file sets', () => {
    expect(fc.readConfigureGlobal()?.seed).toBe(Number(process.env['PROPERTY_SEED'] ?? '1'));
  });
});
