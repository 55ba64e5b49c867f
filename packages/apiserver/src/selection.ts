import { compileLabelSelector, type KubernetesObject, type MutableJson } from '@kybern/core';
import { compileFields, type FieldTerm } from './field-selectors.ts';
import type { RequestOptions } from './request.ts';
import type { Resource } from './resource.ts';

/** Which objects a list or watch is about, besides its namespace. */
export interface Selection {
  /** Undefined when everything is selected. */
  readonly matches: ((object: KubernetesObject) => boolean) | undefined;
  /** The equality terms of the field selector. */
  readonly fields: readonly FieldTerm[];
}

const EVERYTHING: Selection = Object.freeze({ matches: undefined, fields: Object.freeze([]) });

/** Compiles the selectors of a request. @throws {ApiError} `BadRequest` on bad syntax, or a field that the kind cannot be selected by */
export function compileSelection(resource: Resource, options: RequestOptions | undefined): Selection {
  if (options === undefined) return EVERYTHING;
  const { labels, labelSelector, fieldSelector } = options;
  const tests: ((object: MutableJson) => boolean)[] = [];
  if (labels !== undefined && Object.keys(labels).length > 0) tests.push(byLabels(compileLabelSelector({ matchLabels: labels })));
  if (labelSelector !== undefined && labelSelector !== '') tests.push(byLabels(compileLabelSelector(labelSelector)));
  const fields = fieldSelector === undefined || fieldSelector === '' ? [] : compileFields(resource, fieldSelector);
  for (const field of fields) tests.push(field.matches);
  if (tests.length === 0) return EVERYTHING;
  const [only] = tests;
  return { matches: tests.length === 1 && only !== undefined ? only : (object) => tests.every((test) => test(object)), fields };
}

function byLabels(matches: (labels: Readonly<Record<string, string>> | undefined) => boolean): (object: MutableJson) => boolean {
  return (object) => matches(object.metadata.labels);
}
