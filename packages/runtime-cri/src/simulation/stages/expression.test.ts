import { expect, it } from 'vitest';
import { compileExpression } from './expression.ts';

const at = { age: 90, time: 9 * 3_600, weekday: 1, replicas: 4, attempt: 0 };

it.each([
  ['1 + 2 * 3', 7],
  ['(1 + 2) * 3', 9],
  ['10 - 4 - 3', 3],
  ['-age + 100', 10],
  ['100m', 0.1],
  ['2Ki', 2048],
  ['7 % 4', 3],
  ['age > 1 * minute', 1],
  ['age > 2 * minute || weekday == 1', 1],
  ['age > 2 * minute && weekday == 1', 0],
  ['!attempt', 1],
  ['time >= 8 * hour && time < 18 * hour ? 900m : 100m', 0.9],
  ['age < 60 ? 1 : age < 120 ? 2 : 3', 2],
  ['min(3, max(1, replicas)) + floor(2.7) + abs(-1)', 6],
  ['sin(pi / 2)', 1],
  ['1 / replicas', 0.25],
])('%s is %d', (text, value) => {
  expect(compileExpression(text)(at)).toBeCloseTo(value, 12);
});

it.each([
  ['1 +', 'it ends too early, at character 4'],
  ['1 2', 'unexpected "2", at character 3'],
  ['(1', 'expected ")", at character 3'],
  ['constructor', 'there is no "constructor"'],
  ['1 # 2', 'not understood'],
  ['min(1', 'expected ")"'],
  ['1 ? 2', 'expected ":"'],
  ['100mm', 'not understood'],
  ['', 'it ends too early'],
])('%s is refused', (text, message) => {
  expect(() => compileExpression(text)).toThrow(message);
});
