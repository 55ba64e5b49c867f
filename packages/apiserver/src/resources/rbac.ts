import { deepEqual, type FieldError } from '@kybern/core';
import type { ClusterRole, PolicyRule, Role, RoleBinding, Subject } from '@kybern/core/kinds';
import type { Strategy } from '../strategy.ts';
import { invalidValue, notSupported, required } from '../validation/field-errors.ts';
import { validateLabelSelector } from '../validation/label-selectors.ts';
import { pathSegment } from '../validation/names.ts';
import { checkBinding, checkRole } from './rbac-escalation.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** Roles. @see kubernetes v1.36 pkg/apis/rbac/validation/validation.go (ValidateRole) */
export const roleStrategy: Strategy = {
  nameRule: pathSegment,
  createOnUpdate: true,
  check: checkRole,
  validate: ({ rules = [] }: Role, errors) => rules.forEach((rule, i) => validateRule(rule, { namespaced: true, field: `rules[${i}]` }, errors)),
};

/** ClusterRoles. @see kubernetes v1.36 pkg/apis/rbac/validation/validation.go (ValidateClusterRole) */
export const clusterRoleStrategy: Strategy = {
  nameRule: pathSegment,
  createOnUpdate: true,
  check: checkRole,
  validate({ rules = [], aggregationRule }: ClusterRole, errors) {
    rules.forEach((rule, i) => validateRule(rule, { namespaced: false, field: `rules[${i}]` }, errors));
    const selectors = aggregationRule?.clusterRoleSelectors;
    if (aggregationRule !== undefined && (selectors ?? []).length === 0)
      errors.push(required('aggregationRule.clusterRoleSelectors', 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
    selectors?.forEach((selector, i) => validateLabelSelector(selector, `aggregationRule.clusterRoleSelectors[${i}]`, errors));
  },
};

function validateRule(rule: PolicyRule, { namespaced, field }: { namespaced: boolean; field: string }, errors: FieldError[]): void {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  if (verbs.length === 0) errors.push(required(`${field}.verbs`, 'verbs must contain at least one value'));
  if (nonResourceURLs.length > 0) {
    if (namespaced) errors.push(invalidValue(`${field}.nonResourceURLs`, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
    if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0) {
      errors.push(invalidValue(`${field}.nonResourceURLs`, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'));
    }
    return;
  }
  if (apiGroups.length === 0) errors.push(required(`${field}.apiGroups`, 'resource rules must supply at least one api group'));
  if (resources.length === 0) errors.push(required(`${field}.resources`, 'resource rules must supply at least one resource'));
}

/** RoleBindings and ClusterRoleBindings: what they bind to is fixed. @see kubernetes v1.36 pkg/apis/rbac/validation/validation.go (ValidateRoleBinding) */
export const roleBindingStrategy: Strategy = bindingStrategy(['ClusterRole', 'Role']);
/** As {@link roleBindingStrategy}, to ClusterRoles only. */
export const clusterRoleBindingStrategy: Strategy = bindingStrategy(['ClusterRole']);

function bindingStrategy(kinds: readonly string[]): Strategy {
  const namespaced = kinds.length > 1;
  return {
    nameRule: pathSegment,
    createOnUpdate: true,
    check: checkBinding,
    validate({ roleRef, subjects = [] }: RoleBinding, errors) {
      if (roleRef.apiGroup !== GROUP) errors.push(notSupported('roleRef.apiGroup', roleRef.apiGroup ?? '', [GROUP]));
      if (!kinds.includes(roleRef.kind)) errors.push(notSupported('roleRef.kind', roleRef.kind, kinds));
      if (roleRef.name === '') errors.push(required('roleRef.name'));
      else for (const problem of pathSegment(roleRef.name, false)) errors.push(invalidValue('roleRef.name', roleRef.name, problem));
      subjects.forEach((subject, i) => validateSubject(subject, { namespaced, field: `subjects[${i}]` }, errors));
    },
    validateUpdate(object, old, errors) {
      if (!deepEqual(object.roleRef, old.roleRef)) errors.push(invalidValue('roleRef', object.roleRef, 'cannot change roleRef'));
    },
  };
}

function validateSubject(subject: Subject, { namespaced, field }: { namespaced: boolean; field: string }, errors: FieldError[]): void {
  const { kind, name, apiGroup = '', namespace = '' } = subject;
  if (name === '') errors.push(required(`${field}.name`));
  if (kind === 'ServiceAccount') {
    if (apiGroup !== '') errors.push(notSupported(`${field}.apiGroup`, apiGroup, ['']));
    if (!namespaced && namespace === '') errors.push(required(`${field}.namespace`));
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== GROUP) errors.push(notSupported(`${field}.apiGroup`, apiGroup, [GROUP]));
  } else errors.push(notSupported(`${field}.kind`, kind, ['Group', 'ServiceAccount', 'User']));
}
