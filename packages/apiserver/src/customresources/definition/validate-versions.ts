import { deepEqual, nameProblems, type FieldError } from '@kybern/core';
import type { CustomResourceDefinitionSpec, CustomResourceDefinitionVersion, JSONSchemaProps } from '@kybern/core/kinds';
import { duplicate, invalidValue, required, tooMany } from '../../validation/field-errors.ts';
import { compileJsonPath, simplePath } from '../json-path.ts';

const MAX_SELECTABLE_FIELDS = 8;
const MAX_WARNING_LENGTH = 256;

/** Checks the versions of a definition, but for their schemas. */
export function validateVersions({ versions }: CustomResourceDefinitionSpec, errors: FieldError[]): void {
  const at = 'spec.versions';
  versions.forEach((version, i) => {
    const problems = nameProblems('dns1035Label', version.name);
    if (problems.length > 0) errors.push(invalidValue(`${at}[${i}].name`, version.name, problems.join(',')));
    if (version.schema?.openAPIV3Schema === undefined) errors.push(required(`${at}[${i}].schema.openAPIV3Schema`, 'schemas are required'));
    validateDeprecation(version, `${at}[${i}]`, errors);
  });
  if (new Set(versions.map(({ name }) => name)).size < versions.length) errors.push(invalidValue(at, versions, 'must contain unique version names'));
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.push(invalidValue(at, versions, 'must have exactly one version marked as storage version'));
  validateParts(versions, errors);
}

function validateDeprecation({ deprecated, deprecationWarning }: CustomResourceDefinitionVersion, path: string, errors: FieldError[]): void {
  if (deprecationWarning === undefined) return;
  const at = `${path}.deprecationWarning`;
  if (deprecated !== true) errors.push(invalidValue(at, deprecationWarning, 'can only be set for deprecated versions'));
  if (deprecationWarning.length > MAX_WARNING_LENGTH) errors.push(invalidValue(at, deprecationWarning, `must be <= ${MAX_WARNING_LENGTH} characters long`));
  if (deprecationWarning === '') errors.push(invalidValue(at, deprecationWarning, 'must not be empty'));
}

/** What all versions have alike is named once, as Kubernetes does inside. */
function validateParts(versions: readonly CustomResourceDefinitionVersion[], errors: FieldError[]): void {
  const each = (
    part: 'subresources' | 'additionalPrinterColumns' | 'selectableFields',
    check: (version: CustomResourceDefinitionVersion, path: string) => void,
  ): void => {
    const hoisted = versions.every((version) => deepEqual(version[part], versions[0]?.[part]));
    versions.slice(0, hoisted ? 1 : undefined).forEach((version, i) => check(version, `${hoisted ? 'spec' : `spec.versions[${i}]`}.${part}`));
  };
  each('subresources', (version, path) => validateScale(version, `${path}.scale`, errors));
  each('additionalPrinterColumns', (version, path) => validateColumns(version, path, errors));
  each('selectableFields', (version, path) => validateSelectableFields(version, path, errors));
}

function validateScale({ subresources }: CustomResourceDefinitionVersion, at: string, errors: FieldError[]): void {
  const scale = subresources?.scale;
  if (scale === undefined) return;
  const check = (name: 'specReplicasPath' | 'statusReplicasPath' | 'labelSelectorPath', roots: readonly string[]): void => {
    const path = scale[name] ?? '';
    if (path === '') {
      if (name !== 'labelSelectorPath') errors.push(required(`${at}.${name}`));
      return;
    }
    const names = simplePath(path);
    if (names === undefined) errors.push(invalidValue(`${at}.${name}`, path, 'should be a simple json path'));
    else if (names.length < 2 || !roots.includes(names[0] ?? ''))
      errors.push(
        invalidValue(`${at}.${name}`, path, `should be a json path under ${roots.length > 1 ? 'either ' : ''}${roots.map((root) => `.${root}`).join(' or ')}`),
      );
  };
  check('specReplicasPath', ['spec']);
  check('statusReplicasPath', ['status']);
  check('labelSelectorPath', ['status', 'spec']);
}

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

function validateColumns({ additionalPrinterColumns = [] }: CustomResourceDefinitionVersion, at: string, errors: FieldError[]): void {
  additionalPrinterColumns.forEach(({ name, type, format = '', jsonPath }, i) => {
    const path = `${at}[${i}]`;
    if (name === '') errors.push(required(`${path}.name`));
    if (type === '') errors.push(required(`${path}.type`, `must be one of ${COLUMN_TYPES.join(',')}`));
    else if (!COLUMN_TYPES.includes(type)) errors.push(invalidValue(`${path}.type`, type, `must be one of ${COLUMN_TYPES.join(',')}`));
    if (format !== '' && !COLUMN_FORMATS.includes(format)) errors.push(invalidValue(`${path}.format`, format, `must be one of ${COLUMN_FORMATS.join(',')}`));
    if (jsonPath === '') errors.push(required(`${path}.jsonPath`));
    else {
      const why = jsonPathProblem(jsonPath);
      if (why !== undefined) errors.push(invalidValue(`${path}.jsonPath`, jsonPath, why));
    }
  });
}

function jsonPathProblem(path: string): string | undefined {
  if (!/^[.[$]/.test(path)) return 'invalid json path: must begin with a dot';
  try {
    compileJsonPath(path);
    return undefined;
  } catch (error) {
    return `invalid json path: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function validateSelectableFields({ selectableFields = [], schema }: CustomResourceDefinitionVersion, at: string, errors: FieldError[]): void {
  if (selectableFields.length > MAX_SELECTABLE_FIELDS) errors.push(tooMany(at, selectableFields.length, MAX_SELECTABLE_FIELDS));
  const seen = new Set<string>();
  selectableFields.forEach(({ jsonPath }, i) => {
    const path = `${at}[${i}].jsonPath`;
    if (seen.has(jsonPath)) errors.push(duplicate(path, jsonPath));
    seen.add(jsonPath);
    const names = simplePath(jsonPath);
    if (jsonPath === '') errors.push(required(path));
    else if (names === undefined) errors.push(invalidValue(path, jsonPath, 'is an invalid path: must be a simple path of field names'));
    else if (names[0] === 'metadata') errors.push(invalidValue(path, jsonPath, 'must not point to fields in metadata'));
    else validateSelectedType(schema?.openAPIV3Schema, names, { path, jsonPath, errors });
  });
}

interface Selected {
  readonly path: string;
  readonly jsonPath: string;
  readonly errors: FieldError[];
}

function validateSelectedType(root: JSONSchemaProps | undefined, names: readonly string[], { path, jsonPath, errors }: Selected): void {
  let schema = root;
  for (const name of names) {
    const { properties } = schema ?? {};
    schema = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
  }
  if (schema === undefined) errors.push(invalidValue(path, jsonPath, `is an invalid path: does not refer to a valid field`));
  else if (!['string', 'boolean', 'integer'].includes(schema.type ?? ''))
    errors.push(
      invalidValue(path, jsonPath, 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'),
    );
}
