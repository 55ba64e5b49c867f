import { describe, expect, it } from 'vitest';
import {
  alreadyExists,
  ApiError,
  conflict,
  invalid,
  isAlreadyExists,
  isApiError,
  isConflict,
  isExpired,
  isInvalid,
  isNotFound,
  notFound,
} from './api-error.ts';
import { Deployment, Pod } from './kinds/index.ts';

describe('ApiError', () => {
  it.each([
    { error: notFound(Deployment, 'web'), reason: 'NotFound', code: 404, message: 'deployments.apps "web" not found', is: isNotFound },
    { error: alreadyExists(Pod, 'web'), reason: 'AlreadyExists', code: 409, message: 'pods "web" already exists', is: isAlreadyExists },
    {
      error: conflict(Pod, 'web', 'it changed'),
      reason: 'Conflict',
      code: 409,
      message: 'Operation cannot be fulfilled on pods "web": it changed',
      is: isConflict,
    },
    {
      error: invalid(Deployment, 'web', [{ field: 'spec.replicas', reason: 'FieldValueInvalid', message: 'no' }]),
      reason: 'Invalid',
      code: 422,
      message: 'Deployment.apps "web" is invalid: spec.replicas: no',
      is: isInvalid,
    },
    { error: new ApiError('Expired', 'too old'), reason: 'Expired', code: 410, message: 'too old', is: isExpired },
    { error: new ApiError('Gone', 'too old'), reason: 'Gone', code: 410, message: 'too old', is: isExpired },
  ])('$reason has its code, its words and its predicate', ({ error, reason, code, message, is }) => {
    expect(error).toMatchObject({ reason, code, message });
    const hits = [isNotFound, isAlreadyExists, isConflict, isInvalid, isExpired].filter((predicate) => predicate(error));
    expect(hits).toEqual([is]);
    expect(ApiError.fromStatus(error.toStatus())).toEqual(error);
  });

  it('lists several causes', () => {
    const errors = ['a', 'b'].map((field) => ({ field, reason: 'FieldValueRequired' as const, message: 'Required value' }));
    const error = invalid(Pod, 'web', errors);
    expect(error.message).toBe('Pod "web" is invalid: [a: Required value, b: Required value]');
    expect(error.details).toEqual({ name: 'web', kind: 'Pod', causes: errors });
  });

  it('is known across installations by its shape, and nothing else is', () => {
    const twin = Object.assign(new Error('x'), { name: 'ApiError', reason: 'NotFound', code: 404 });
    expect(isApiError(twin) && isNotFound(twin)).toBe(true);
    for (const other of [new Error('x'), { name: 'ApiError', reason: 'NotFound', code: 404 }, undefined, 'NotFound'])
      expect(isApiError(other) || isNotFound(other)).toBe(false);
  });

  it('takes what it does not know for Unknown', () => {
    expect(ApiError.fromStatus({ reason: 'Surprising', code: 418 })).toMatchObject({ reason: 'Unknown', code: 418, message: 'unknown error' });
    expect(ApiError.fromStatus({ reason: 'toString' }).reason).toBe('Unknown');
  });
});
