import { ApiError, type MutableJson } from '@kybern/core';
import type { Resource } from '../resource.ts';
import type { FieldReader, Strategy } from '../strategy.ts';
import { createUpdateRules, type UpdateRules } from '../subresources/update-rules.ts';
import { isTrue, type CustomVersion } from './custom-kind.ts';
import type { CustomParts } from './custom-model.ts';
import { simplePath, valueAt } from './json-path.ts';

/**
 * What is special about the objects of a definition: a generation that counts all but metadata and a status with an endpoint of its own, and the
 * definition's schema and rules.
 *
 * @param parts the compiled definition, which is loaded before anything is written
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/registry/customresource/strategy.go
 */
export function customStrategy({ definition, version }: CustomVersion, parts: () => CustomParts): Strategy {
  const hasStatus = version.subresources?.status !== undefined;
  return {
    generation: true,
    unconditionalUpdate: false,
    statusUpdatesMetadata: false,
    selectableFields: selectableFieldsOf(version),
    generationChanged: (object, old) => differs(object, old, hasStatus),
    check(_object, old) {
      if (old === undefined && isTrue(definition, 'Terminating')) throw terminating();
    },
    validate: (object, errors) => parts().check(object, undefined, errors),
    validateUpdate: (object, old, errors) => parts().check(object, old, errors),
    validateStatusUpdate: (object, old, errors) => parts().check(object, old, errors),
  };
}

function terminating(): ApiError {
  return new ApiError('MethodNotAllowed', 'create not allowed while custom resource definition is terminating');
}

/** Unchanged parts are the same references by now. */
function differs(object: MutableJson, old: MutableJson, hasStatus: boolean): boolean {
  const counts = (name: string): boolean => name !== 'metadata' && (!hasStatus || name !== 'status') && object[name] !== old[name];
  return Object.keys(object).some(counts) || Object.keys(old).some(counts);
}

function selectableFieldsOf({ selectableFields = [] }: CustomVersion['version']): Readonly<Record<string, FieldReader>> {
  return Object.fromEntries(
    selectableFields.map(({ jsonPath }) => {
      const path = simplePath(jsonPath) ?? [];
      const read: FieldReader = (object) => {
        const value = valueAt(object, path);
        return value === undefined || value === null ? '' : String(value as string);
      };
      return [path.join('.'), read];
    }),
  );
}

/** The rules of updates. On an update the old object takes part in the whole check, so that there is one check and not two. */
export function customUpdateRules(resource: Resource, subresource: string | undefined): UpdateRules {
  const { strategy } = resource;
  const rules = createUpdateRules(resource, subresource);
  if (subresource !== undefined) return rules;
  return { ...rules, validate: (object, old, errors) => strategy.validateUpdate?.(object, old, errors) };
}
