import { ApiError } from '@kybern/core';
import { invalidOptions } from '../options-check.ts';
import type { RequestOptions, Verb } from '../request.ts';
import { invalidValue, notSupported } from '../validation/field-errors.ts';

/** Reads the options that Kubernetes takes as query parameters. @throws {ApiError} `BadRequest` naming the parameter; `Invalid` for values that it does not have */
export function queryOptions(query: URLSearchParams, signal: AbortSignal | undefined, verb: Verb): RequestOptions {
  return {
    resourceVersion: text(query, 'resourceVersion'),
    resourceVersionMatch: text(query, 'resourceVersionMatch'),
    labelSelector: text(query, 'labelSelector'),
    fieldSelector: text(query, 'fieldSelector'),
    limit: integer(query, 'limit'),
    continue: text(query, 'continue'),
    allowWatchBookmarks: boolean(query, 'allowWatchBookmarks'),
    sendInitialEvents: boolean(query, 'sendInitialEvents'),
    timeoutSeconds: integer(query, 'timeoutSeconds'),
    dryRun: dryRun(query.getAll('dryRun'), verb),
    fieldManager: text(query, 'fieldManager'),
    fieldValidation: fieldValidation(text(query, 'fieldValidation'), verb),
    force: boolean(query, 'force'),
    gracePeriodSeconds: integer(query, 'gracePeriodSeconds'),
    propagationPolicy: propagationPolicy(text(query, 'propagationPolicy')),
    signal,
  };
}

/** The same for a DELETE, whose options may also come as a `DeleteOptions` body, which wins. @throws {ApiError} `BadRequest`, `Invalid` */
export function deleteOptions(query: URLSearchParams, body: unknown, signal: AbortSignal | undefined): RequestOptions {
  const options = queryOptions(query, signal, 'delete');
  if (body === undefined || body === null) return options;
  if (typeof body !== 'object') throw bad('the body of a DELETE must be a DeleteOptions object');
  const given = body as { gracePeriodSeconds?: unknown; propagationPolicy?: unknown; orphanDependents?: unknown; dryRun?: unknown; preconditions?: unknown };
  if (isGiven(given.propagationPolicy) && isGiven(given.orphanDependents)) {
    throw invalidOptions('delete', [invalidValue('propagationPolicy', given.propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set')]);
  }
  const policy = given.propagationPolicy ?? (given.orphanDependents === true ? 'Orphan' : given.orphanDependents === false ? 'Background' : undefined);
  return {
    ...options,
    ...(given.gracePeriodSeconds === undefined || given.gracePeriodSeconds === null
      ? {}
      : { gracePeriodSeconds: wholeNumber('gracePeriodSeconds', given.gracePeriodSeconds) }),
    ...(policy === undefined || policy === null ? {} : { propagationPolicy: propagationPolicy(String(policy)) }),
    ...(Array.isArray(given.dryRun) ? { dryRun: dryRun(given.dryRun.map(String), 'delete') } : {}),
    ...(typeof given.preconditions === 'object' && given.preconditions !== null ? { preconditions: given.preconditions } : {}),
  };
}

function text(query: URLSearchParams, name: string): string | undefined {
  const value = query.get(name);
  return value === null || value === '' ? undefined : value;
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const value = text(query, name);
  return value === undefined ? undefined : wholeNumber(name, Number(value));
}

function wholeNumber(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw bad(`${name} must be a whole number`);
  return value;
}

/** Kubernetes takes a parameter without a value, and anything but false and 0, as true. */
function boolean(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  return value === null ? undefined : !['false', '0'].includes(value.toLowerCase());
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

function dryRun(values: readonly string[], verb: Verb): boolean | undefined {
  if (values.length === 0) return undefined;
  if (values.some((value) => value !== 'All')) throw invalidOptions(verb, [notSupported('dryRun', values, ['All'])]);
  return true;
}

function fieldValidation(value: string | undefined, verb: Verb): RequestOptions['fieldValidation'] {
  if (value === undefined || value === 'Strict' || value === 'Warn' || value === 'Ignore') return value;
  throw invalidOptions(verb, [notSupported('fieldValidation', value, ['', 'Ignore', 'Strict', 'Warn'])]);
}

function propagationPolicy(value: string | undefined): RequestOptions['propagationPolicy'] {
  if (value === undefined || value === 'Background' || value === 'Foreground' || value === 'Orphan') return value;
  throw invalidOptions('delete', [notSupported('propagationPolicy', value, ['Foreground', 'Background', 'Orphan', 'nil'])]);
}

function bad(message: string): ApiError {
  return new ApiError('BadRequest', message);
}
