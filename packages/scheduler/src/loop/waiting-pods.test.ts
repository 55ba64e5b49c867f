import { expect, it } from 'vitest';
import { durationText } from './waiting-pods.ts';

it.each([
  [0, '0s'],
  [250, '250ms'],
  [1500, '1.5s'],
  [60_000, '1m0s'],
  [300_000, '5m0s'],
  [5_400_000, '1h30m0s'],
  [3_600_000, '1h0m0s'],
])('%d ms are written as %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
