import { ApiError } from '../api-error.ts';
import { isJsonObject } from '../json-data.ts';
import type { FieldType } from './field-type.ts';
import { checkDepth, isGranularList, isGranularMap } from './fields-of.ts';
import { formatFieldSetPath, itemElement, listProblem } from './path-element.ts';

/**
 * Checks that the elements of the lists in an applied object can be told apart.
 *
 * @throws {ApiError} `BadRequest` naming every list element that cannot
 * @see kubernetes v1.36 sigs.k8s.io/structured-merge-diff typed/validate.go
 */
export function checkApplied(applied: unknown, type: FieldType): void {
  const problems: string[] = [];
  check(applied, type, { path: [], problems });
  if (problems.length > 0) throw unfitApply(applied, problems);
}

/**
 * 400 for an applied object that is not one of its kind.
 *
 * @param problems what is wrong with it, each with its path: `.spec.replicaz: field not declared in schema`
 * @see kubernetes v1.36 …/apimachinery/pkg/util/managedfields/internal/structuredmerge.go (Apply)
 */
export function unfitApply(applied: unknown, problems: readonly string[]): ApiError {
  const { apiVersion, kind, metadata } = (isJsonObject(applied) ? applied : {}) as {
    readonly apiVersion?: unknown;
    readonly kind?: unknown;
    readonly metadata?: unknown;
  };
  const { namespace = '', name = '' } = (isJsonObject(metadata) ? metadata : {}) as { readonly namespace?: unknown; readonly name?: unknown };
  const [only] = problems;
  const list = problems.length === 1 ? only : `errors:\n${problems.map((text) => `  ${text}`).join('\n')}`;
  return new ApiError(
    'BadRequest',
    `failed to create typed patch object (${String(namespace)}/${String(name)}; ${String(apiVersion)}, Kind=${String(kind)}): ${list ?? ''}`,
  );
}

interface Place {
  readonly path: readonly string[];
  readonly problems: string[];
}

function check(value: unknown, type: FieldType, { path, problems }: Place): void {
  checkDepth(path.length);
  if (isGranularMap(value, type)) {
    for (const name of Object.keys(value)) {
      const item = value[name];
      if (typeof item !== 'object' || item === null) continue;
      const field = type.field(name);
      check(item, field.type, { path: [...path, field.element], problems });
    }
  } else if (isGranularList(value, type)) checkList(value, type, { path, problems });
}

function checkList(value: readonly unknown[], type: FieldType, { path, problems }: Place): void {
  const seen = new Set<string>();
  const items = type.items();
  value.forEach((item, i) => {
    const problem = listProblem(type, item);
    const element = itemElement(type, item, i);
    if (problem !== undefined) problems.push(`${formatFieldSetPath(path)}: element ${i}: ${problem}`);
    else if (seen.has(element)) problems.push(`${formatFieldSetPath(path)}: duplicate entries for key ${formatFieldSetPath([element])}`);
    seen.add(element);
    check(item, items, { path: [...path, element], problems });
  });
}
