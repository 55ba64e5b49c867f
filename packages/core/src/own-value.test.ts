import { describe, expect, it } from 'vitest';
import { ownValue } from '@kybern/core';

describe('ownValue', () => {
  it.each(['constructor', '__proto__', 'toString', 'valueOf', 'a'])('finds nothing under %s where nothing was put', (key) => {
    expect(ownValue({}, key)).toBeUndefined();
    expect(ownValue(undefined, key)).toBeUndefined();
  });

  it.each(['constructor', '__proto__', 'a'])('finds what was put under %s', (key) => {
    expect(ownValue(JSON.parse(`{"${key}":"x"}`) as Record<string, string>, key)).toBe('x');
  });
});
