import { apiVersionOf } from '@kybern/core';
import type { ApiResponse } from '../request.ts';
import type { CustomVersion } from './custom-kind.ts';

/** Adds the warning of a version that its definition calls deprecated. @see kubernetes v1.36 …/apiextensions-apiserver/pkg/apiserver/customresource_handler.go */
export function withDeprecation({ definition, version }: CustomVersion, response: ApiResponse): ApiResponse {
  if (version.deprecated !== true) return response;
  const { group, names } = definition.spec;
  const text = version.deprecationWarning ?? `${apiVersionOf({ group, version: version.name })} ${names.kind} is deprecated`;
  return { ...response, warnings: [text, ...response.warnings] };
}
