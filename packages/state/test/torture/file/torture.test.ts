import { expect, it } from 'vitest';
import { tortureFileStore } from './run.ts';

it('a durable store whose process is killed and whose disk fails keeps its promises', { timeout: 300_000 }, async () => {
  const report = await tortureFileStore({ seed: 'short', rounds: 16 });
  expect(report.problems).toEqual([]);
  expect(report.acknowledged).toBeGreaterThan(0);
  expect(Object.keys(report.faults).length).toBeGreaterThan(4);
});
