import { ApiError } from '../api-error.ts';
import type { ApplyConflict } from './apply.ts';
import { pathsOf } from './field-set.ts';
import type { Manager } from './managers.ts';
import { formatFieldSetPath } from './path-element.ts';

/**
 * 409 for an apply that would change what others own, with one cause per field. To retry with `force` takes the fields over.
 *
 * @see kubernetes v1.36 …/apimachinery/pkg/util/managedfields/internal/conflict.go
 */
export function applyConflictError(conflicts: readonly ApplyConflict[]): ApiError {
  const found = conflicts
    .map(({ manager, fields }) => ({ name: describe(manager), paths: pathsOf(fields).map(formatFieldSetPath) }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const causes = found.flatMap(({ name, paths }) => paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${name}`, field })));
  return new ApiError('Conflict', message(found, causes.length), { details: { causes } });
}

function message(found: readonly { readonly name: string; readonly paths: readonly string[] }[], count: number): string {
  const [first] = found;
  if (count === 1 && first !== undefined) return `Apply failed with 1 conflict: conflict with ${first.name}: ${first.paths[0] ?? ''}`;
  const lines = found.flatMap(({ name, paths }) => [`conflicts with ${name}:`, ...paths.map((path) => `- ${path}`)]);
  return `Apply failed with ${count} conflicts: ${lines.join('\n')}`;
}

function describe({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = JSON.stringify(manager) + (subresource === undefined ? '' : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === 'Apply' ? name : `${name} using ${apiVersion}`;
}
