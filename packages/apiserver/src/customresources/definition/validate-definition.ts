import { deepEqual, isDns1123Subdomain, nameProblems, type FieldError } from '@kybern/core';
import type { CustomResourceDefinition, CustomResourceDefinitionNames, CustomResourceDefinitionSpec } from '@kybern/core/kinds';
import { IMMUTABLE, forbiddenField, invalidValue, notSupported, required } from '../../validation/field-errors.ts';
import { dns1123Subdomain } from '../../validation/names.ts';
import { isTrue } from '../custom-kind.ts';
import { hasRules } from '../custom-model.ts';
import { isKnownFormat } from '../schema/formats.ts';
import { schemaPlaces } from './schema-places.ts';
import { APPROVAL_ANNOTATION, isProtectedGroup } from './status.ts';
import { validateSchema } from './validate-schema.ts';
import { validateVersions } from './validate-versions.ts';

/** What is wrong with a definition, and what is doubtful. */
export interface DefinitionFindings {
  readonly errors: FieldError[];
  readonly warnings: readonly string[];
}

/**
 * Checks a CustomResourceDefinition.
 *
 * @param old what it was before; what was wrong with it then is not forgiven
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go
 */
export async function validateDefinition(definition: CustomResourceDefinition, old: CustomResourceDefinition | undefined): Promise<DefinitionFindings> {
  const errors: FieldError[] = [];
  const { spec } = definition;
  validateName(definition, errors);
  validateApproval(definition, old, errors);
  validateSpec(spec, errors);
  validateVersions(spec, errors);
  validateConversion(spec, errors);
  if (spec.preserveUnknownFields === true && old?.spec.preserveUnknownFields !== true)
    errors.push(
      invalidValue(
        'spec.preserveUnknownFields',
        true,
        'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ),
    );
  for (const { schema, path, hasStatus } of schemasOf(spec))
    validateSchema({ schema, path, hasStatus, rules: hasRules(schema) ? await import('../cel/rules.ts') : undefined }, errors);
  if (old !== undefined) validateImmutable(definition, old, errors);
  return { errors, warnings: [...formatWarnings(spec, old?.spec), ...conversionWarnings(spec)] };
}

function validateName({ metadata: { name }, spec: { names, group } }: CustomResourceDefinition, errors: FieldError[]): void {
  if (name !== `${names.plural}.${group}` && dns1123Subdomain(name ?? '', false).length === 0)
    errors.push(invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
}

function validateApproval({ metadata, spec }: CustomResourceDefinition, old: CustomResourceDefinition | undefined, errors: FieldError[]): void {
  const approved = (of: CustomResourceDefinition['metadata']): string => of.annotations?.[APPROVAL_ANNOTATION] ?? '';
  const isFine = (text: string): boolean => text.startsWith('unapproved') || URL.canParse(text);
  if (!isProtectedGroup(spec.group) || isFine(approved(metadata)) || (old !== undefined && !isFine(approved(old.metadata)))) return;
  const field = `metadata.annotations[${APPROVAL_ANNOTATION}]`;
  const text = `protected groups must have approval annotation "${APPROVAL_ANNOTATION}", see https://github.com/kubernetes/enhancements/pull/1111`;
  errors.push(approved(metadata) === '' ? required(field, text) : invalidValue(field, approved(metadata), text));
}

function validateSpec(spec: CustomResourceDefinitionSpec, errors: FieldError[]): void {
  const { group, scope, names } = spec;
  if (group === '') errors.push(required('spec.group'));
  else if (!isDns1123Subdomain(group)) errors.push(invalidValue('spec.group', group, nameProblems('dns1123Subdomain', group).join(',')));
  else if (!group.includes('.')) errors.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'));
  if (scope === '') errors.push(required('spec.scope'));
  else if (scope !== 'Cluster' && scope !== 'Namespaced') errors.push(notSupported('spec.scope', scope, ['Cluster', 'Namespaced']));
  for (const name of ['plural', 'singular', 'kind', 'listKind'] as const) if ((names[name] ?? '') === '') errors.push(required(`spec.names.${name}`));
  validateNames(names, errors);
}

function validateNames(names: CustomResourceDefinitionNames, errors: FieldError[]): void {
  const check = (field: string, value: string, prefix = ''): void => {
    const problems = value === '' ? [] : nameProblems('dns1035Label', prefix === '' ? value : value.toLowerCase());
    if (problems.length > 0) errors.push(invalidValue(`spec.names.${field}`, value, prefix + problems.join(',')));
  };
  check('plural', names.plural);
  check('singular', names.singular ?? '');
  for (const field of ['kind', 'listKind'] as const) check(field, names[field] ?? '', 'may have mixed case, but should otherwise match: ');
  names.shortNames?.forEach((name, i) => check(`shortNames[${i}]`, name));
  if (names.kind !== '' && names.kind === names.listKind)
    errors.push(invalidValue('spec.names.listKind', names.listKind, 'kind and listKind may not be the same'));
  names.categories?.forEach((name, i) => check(`categories[${i}]`, name));
}

function validateConversion({ conversion }: CustomResourceDefinitionSpec, errors: FieldError[]): void {
  const { strategy = 'None', webhook } = conversion ?? {};
  const at = 'spec.conversion';
  if (strategy === 'None') {
    if (webhook !== undefined) errors.push(forbiddenField(`${at}.webhook`, 'should not be set when strategy is not set to Webhook'));
  } else if (strategy !== 'Webhook') errors.push(notSupported(`${at}.strategy`, strategy, ['None', 'Webhook']));
  else if (webhook?.clientConfig === undefined) errors.push(required(`${at}.webhookClientConfig`, 'required when strategy is set to Webhook'));
  else {
    const { url, service } = webhook.clientConfig;
    if ((url === undefined) === (service === undefined)) errors.push(required(`${at}.webhookClientConfig`, 'exactly one of url or service is required'));
    if (webhook.conversionReviewVersions.length === 0) errors.push(required(`${at}.conversionReviewVersions`, 'must specify one of v1, v1beta1'));
  }
}

// Differs from Kubernetes: objects are not sent to a webhook, they are taken for the same in all versions.
function conversionWarnings({ conversion, versions }: CustomResourceDefinitionSpec): string[] {
  if (conversion?.strategy !== 'Webhook' || versions.length < 2) return [];
  return ['spec.conversion.strategy: conversion webhooks are not called; objects are converted as by strategy None'];
}

/** A schema of a definition and where it is. */
interface PlacedSchema {
  readonly schema: NonNullable<NonNullable<CustomResourceDefinitionSpec['versions'][number]['schema']>['openAPIV3Schema']>;
  readonly path: string;
  readonly hasStatus: boolean;
}

/** What all versions have alike is named once, as Kubernetes does inside. */
function schemasOf({ versions }: CustomResourceDefinitionSpec): PlacedSchema[] {
  const hoisted = versions.every(({ schema }) => deepEqual(schema, versions[0]?.schema));
  return versions.slice(0, hoisted ? 1 : undefined).flatMap(({ schema, subresources }, i) => {
    const found = schema?.openAPIV3Schema;
    const path = hoisted ? 'spec.validation.openAPIV3Schema' : `spec.versions[${i}].schema.openAPIV3Schema`;
    return found === undefined ? [] : [{ schema: found, path, hasStatus: subresources?.status !== undefined }];
  });
}

function validateImmutable({ spec, status }: CustomResourceDefinition, old: CustomResourceDefinition, errors: FieldError[]): void {
  const same = (field: string, value: unknown, before: unknown): void => {
    if (value !== before) errors.push(invalidValue(field, value, IMMUTABLE));
  };
  if (isTrue(old, 'Established')) {
    same('spec.scope', spec.scope, old.spec.scope);
    same('spec.names.kind', spec.names.kind, old.spec.names.kind);
  }
  same('spec.group', spec.group, old.spec.group);
  same('spec.names.plural', spec.names.plural, old.spec.names.plural);
  const names = new Set(spec.versions.map(({ name }) => name));
  status?.storedVersions?.forEach((name, i) => {
    if (!names.has(name))
      errors.push(
        invalidValue(
          `status.storedVersions[${i}]`,
          name,
          'missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions'.replaceAll(
            'v1',
            name,
          ),
        ),
      );
  });
}

/** Formats that nobody knows, unless they were there before. */
function formatWarnings(spec: CustomResourceDefinitionSpec, old: CustomResourceDefinitionSpec | undefined): string[] {
  const formats = (of: CustomResourceDefinitionSpec): Set<string> =>
    new Set(
      of.versions.flatMap(({ schema }) => {
        const root = schema?.openAPIV3Schema;
        if (root === undefined) return [];
        return [...schemaPlaces({ schema: root, path: '', parent: undefined, role: 'root' })].flatMap((place) => place.schema.format ?? []);
      }),
    );
  const known = old === undefined ? new Set<string>() : formats(old);
  return [...formats(spec)]
    .filter((format) => format !== '' && !isKnownFormat(format) && !known.has(format))
    .map((format) => `unrecognized format ${JSON.stringify(format)}`);
}
