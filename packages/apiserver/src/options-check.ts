import { invalid, type ApiError, type FieldError } from '@kybern/core';
import type { ApiRequest, RequestOptions, Verb } from './request.ts';
import { forbiddenField, invalidValue, notSupported, required, tooLong } from './validation/field-errors.ts';

/** What Kubernetes calls the options of a verb. */
const OPTIONS_KINDS: Readonly<Record<Verb, string>> = {
  get: 'GetOptions',
  list: 'ListOptions',
  watch: 'ListOptions',
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
  delete: 'DeleteOptions',
  deletecollection: 'ListOptions',
};
const MAX_MANAGER_LENGTH = 128;
const EXACT = 'Exact';
const NOT_OLDER = 'NotOlderThan';

/** 422 for options that make no sense, one cause each. */
export function invalidOptions(verb: Verb, errors: readonly FieldError[]): ApiError {
  return invalid({ group: 'meta.k8s.io', plural: '', kind: OPTIONS_KINDS[verb] }, '', errors);
}

/**
 * Checks the options of a request, before anything else looks at it.
 *
 * @throws {ApiError} `Invalid`, naming everything that is wrong
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/apis/meta/internalversion/validation/validation.go (ValidateListOptions), …/meta/v1/validation/validation.go
 */
export function checkOptions({ verb, options, patchType }: ApiRequest): void {
  if (options === undefined) return;
  switch (verb) {
    case 'get':
    case 'delete':
      return;
    case 'list':
    case 'watch':
    case 'deletecollection':
      if (options.resourceVersionMatch === undefined && options.sendInitialEvents === undefined) return;
      refuse(verb, verb === 'watch' ? watchErrors(options) : listErrors(options));
      return;
    default:
      checkWriter(verb, options, patchType === 'apply');
  }
}

function refuse(verb: Verb, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidOptions(verb, errors);
}

function listErrors({ resourceVersion = '', resourceVersionMatch: match, continue: token = '', sendInitialEvents }: RequestOptions): FieldError[] {
  const errors: FieldError[] = [];
  const field = 'resourceVersionMatch';
  if (match !== undefined && match !== '') {
    if (resourceVersion === '') errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (token !== '') errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden when continue is provided'));
    if (match !== EXACT && match !== NOT_OLDER) errors.push(notSupported(field, match, ['', EXACT, NOT_OLDER]));
    if (match === EXACT && resourceVersion === '0') errors.push(forbiddenField(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (sendInitialEvents !== undefined) errors.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return errors;
}

function watchErrors({ resourceVersionMatch: match, continue: token = '', sendInitialEvents }: RequestOptions): FieldError[] {
  const errors: FieldError[] = [];
  const field = 'resourceVersionMatch';
  if (sendInitialEvents !== undefined && match !== NOT_OLDER)
    errors.push(forbiddenField(field, `sendInitialEvents requires setting resourceVersionMatch to ${NOT_OLDER}`));
  if (match !== undefined && match !== '') {
    if (sendInitialEvents === undefined) errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
    if (match !== NOT_OLDER) errors.push(notSupported(field, match, [NOT_OLDER]));
    if (token !== '') errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden when continue is provided'));
  }
  return errors;
}

const PRINTABLE = /^[ -~]*$/;

function checkWriter(verb: Verb, { fieldManager: manager, force }: RequestOptions, isApply: boolean): void {
  const fine = manager === undefined ? !isApply : manager.length <= MAX_MANAGER_LENGTH && PRINTABLE.test(manager) && (manager !== '' || !isApply);
  if (fine && (force === undefined || isApply || verb !== 'patch')) return;
  const errors: FieldError[] = [];
  if (verb === 'patch' && !isApply && force !== undefined) errors.push(forbiddenField('force', 'may not be specified for non-apply patch'));
  if (isApply && (manager ?? '') === '') errors.push(required('fieldManager', 'is required for apply patch'));
  if (manager !== undefined) errors.push(...managerErrors(manager));
  refuse(verb, errors);
}

function managerErrors(manager: string): FieldError[] {
  const errors: FieldError[] = [];
  const bytes = new TextEncoder().encode(manager).length;
  if (bytes > MAX_MANAGER_LENGTH) errors.push(tooLong('fieldManager', MAX_MANAGER_LENGTH));
  let position = 0;
  for (const char of manager) {
    const code = char.codePointAt(0) as number;
    if (/[\p{C}\p{Zl}\p{Zp}]/u.test(char) || (/\p{Zs}/u.test(char) && char !== ' ')) {
      const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
      errors.push(invalidValue('fieldManager', manager, `invalid character ${name} (at position ${String(position)})`));
    }
    position += new TextEncoder().encode(char).length;
  }
  return errors;
}
