import fc from 'fast-check';
import { isApiError } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import { decodeContinue, encodeContinue } from './continue-token.ts';

const part = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('/') && text !== '.' && text !== '..');

describe('continue tokens', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(part, { minLength: 1, maxLength: 3 }), (revision, parts) => {
        const after = parts.join('/');
        const token = encodeContinue({ revision, after });
        expect(token).toMatch(/^[-_A-Za-z0-9]+$/);
        expect(decodeContinue(token)).toEqual({ revision, after });
      }),
    );
  });

  it('are those of Kubernetes', () => {
    expect(atob(encodeContinue({ revision: 7, after: 'default/a' }))).toBe('{"v":"meta.k8s.io/v1","rv":7,"start":"default/a"}');
  });

  it.each(['../x', 'a/../b', '/a', 'a//b', './a', ''])('that lead elsewhere are refused: %s', (after) => {
    expect(() => decodeContinue(encodeContinue({ revision: 1, after }))).toThrow('continue key is not valid');
  });

  it('that are forged are refused', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.jsonValue().map((value) => btoa(encodeURIComponent(JSON.stringify(value)))),
        ),
        (token) => {
          try {
            decodeContinue(token);
          } catch (error) {
            expect(isApiError(error) && error.code).toBe(400);
          }
        },
      ),
    );
  });
});
