import type { FieldError } from '@kybern/core';
import type { FlowSchema, LimitedPriorityLevelConfiguration, PolicyRulesWithSubjects, PriorityLevelConfiguration } from '@kybern/core/kinds';
import type { Strategy } from '../strategy.ts';
import { forbiddenField, invalidValue, notSupported, required } from '../validation/field-errors.ts';
import { between } from '../validation/formats.ts';
import { dns1123Subdomain } from '../validation/names.ts';

const MAX_PRECEDENCE = 10_000;
const SUBJECTS = { User: 'user', Group: 'group', ServiceAccount: 'serviceAccount' } as const;

/** FlowSchemas. @see kubernetes v1.36 pkg/apis/flowcontrol/validation/validation.go (ValidateFlowSchemaSpec) */
export const flowSchemaStrategy: Strategy = {
  generation: true,
  validate({ metadata, spec }: FlowSchema, errors) {
    if (spec === undefined) return;
    const { matchingPrecedence = 1000, distinguisherMethod, priorityLevelConfiguration, rules = [] } = spec;
    if (matchingPrecedence <= 0 || matchingPrecedence > MAX_PRECEDENCE)
      errors.push(invalidValue('spec.matchingPrecedence', matchingPrecedence, 'must be a value between 1 and 10000'));
    if (matchingPrecedence === 1 && metadata.name !== 'exempt')
      errors.push(invalidValue('spec.matchingPrecedence', matchingPrecedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
    const type: string | undefined = distinguisherMethod?.type;
    if (type !== undefined && type !== 'ByUser' && type !== 'ByNamespace')
      errors.push(notSupported('spec.distinguisherMethod', type, ['ByNamespace', 'ByUser']));
    const { name } = priorityLevelConfiguration;
    if (name === '') errors.push(required('spec.priorityLevelConfiguration.name', 'must reference a priority level'));
    else for (const problem of dns1123Subdomain(name, false)) errors.push(invalidValue('spec.priorityLevelConfiguration.name', name, problem));
    rules.forEach((rule, i) => validateRule(rule, `spec.rules[${String(i)}]`, errors));
  },
};

function validateRule({ subjects, resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects, field: string, errors: FieldError[]): void {
  if (subjects.length === 0) errors.push(required(`${field}.subjects`, 'subjects must contain at least one value'));
  subjects.forEach((subject, i) => {
    const at = `${field}.subjects[${String(i)}]`;
    const kinds = Object.keys(SUBJECTS);
    const own = Object.hasOwn(SUBJECTS, subject.kind) ? SUBJECTS[subject.kind as keyof typeof SUBJECTS] : undefined;
    if (own === undefined) errors.push(notSupported(`${at}.kind`, subject.kind, kinds));
    for (const name of Object.values(SUBJECTS)) {
      if (name === own && subject[name] === undefined) errors.push(required(`${at}.${name}`, `${name} is required when subject kind is '${subject.kind}'`));
      if (own !== undefined && name !== own && subject[name] !== undefined)
        errors.push(
          forbiddenField(
            `${at}.${name}`,
            `${name} is forbidden when subject kind is not '${kinds.find((kind) => SUBJECTS[kind as keyof typeof SUBJECTS] === name) ?? ''}'`,
          ),
        );
    }
  });
  if (resourceRules.length === 0 && nonResourceRules.length === 0)
    errors.push(required(field, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  resourceRules.forEach(({ verbs, apiGroups, resources, namespaces = [], clusterScope }, i) => {
    const at = `${field}.resourceRules[${String(i)}]`;
    validateList(verbs, `${at}.verbs`, 'verbs must contain at least one value', errors);
    validateList(apiGroups, `${at}.apiGroups`, 'resource rules must supply at least one api group', errors);
    validateList(resources, `${at}.resources`, 'resource rules must supply at least one resource', errors);
    if (namespaces.length === 0 && clusterScope !== true)
      errors.push(required(`${at}.namespaces`, 'resource rules that are not cluster scoped must supply at least one namespace'));
  });
  nonResourceRules.forEach(({ verbs, nonResourceURLs }, i) => {
    const at = `${field}.nonResourceRules[${String(i)}]`;
    validateList(verbs, `${at}.verbs`, 'verbs must contain at least one value', errors);
    validateList(nonResourceURLs, `${at}.nonResourceURLs`, 'nonResourceURLs must contain at least one value', errors);
  });
}

function validateList(values: readonly string[], field: string, none: string, errors: FieldError[]): void {
  if (values.length === 0) errors.push(required(field, none));
  else if (values.length > 1 && values.includes('*'))
    errors.push(invalidValue(field, values, `if '*' is present, must not specify other ${field.split('.').pop() ?? ''}`));
}

/** PriorityLevelConfigurations. @see kubernetes v1.36 pkg/apis/flowcontrol/validation/validation.go (ValidatePriorityLevelConfiguration) */
export const priorityLevelStrategy: Strategy = {
  generation: true,
  validate({ metadata, spec }: PriorityLevelConfiguration, errors) {
    if (spec === undefined) return;
    const { type, limited, exempt } = spec;
    if ((metadata.name === 'exempt') !== (type === 'Exempt'))
      errors.push(invalidValue('spec.type', type, "type must be 'Exempt' if and only if `name` is 'exempt'"));
    if (type === 'Exempt') {
      if (limited !== undefined) errors.push(forbiddenField('spec.limited', 'must be nil if the type is not Limited'));
    } else if (type === 'Limited') {
      if (exempt !== undefined) errors.push(forbiddenField('spec.exempt', 'must be nil if the type is Limited'));
      if (limited === undefined) errors.push(required('spec.limited', 'must not be empty when type is Limited'));
      else validateLimited(limited, 'spec.limited', errors);
    } else errors.push(notSupported('spec.type', type, ['Exempt', 'Limited']));
  },
};

const MAX_QUEUES = 10_000_000;

function validateLimited(limited: LimitedPriorityLevelConfiguration, field: string, errors: FieldError[]): void {
  const { nominalConcurrencyShares: shares, lendablePercent: lendable = 0, borrowingLimitPercent: borrowing, limitResponse } = limited;
  if (shares !== undefined && shares < 0) errors.push(invalidValue(`${field}.nominalConcurrencyShares`, shares, 'must be a non-negative integer'));
  if (lendable < 0 || lendable > 100) errors.push(invalidValue(`${field}.lendablePercent`, lendable, between(0, 100)));
  if (borrowing !== undefined && borrowing < 0)
    errors.push(invalidValue(`${field}.borrowingLimitPercent`, borrowing, 'if specified, must be a non-negative integer'));
  const { type, queuing } = limitResponse ?? { type: 'Reject' };
  if (type === 'Reject') {
    if (queuing !== undefined) errors.push(forbiddenField(`${field}.limitResponse.queuing`, 'must be nil if limited.limitResponse.type is not Limited'));
  } else if (type === 'Queue') {
    if (queuing === undefined) {
      errors.push(required(`${field}.limitResponse.queuing`, 'must not be empty if limited.limitResponse.type is Limited'));
      return;
    }
    for (const name of ['queueLengthLimit', 'queues', 'handSize'] as const) {
      const value = queuing[name];
      if (value !== undefined && value <= 0) errors.push(invalidValue(`${field}.limitResponse.queuing.${name}`, value, 'must be positive'));
    }
    const { queues = 64, handSize = 8 } = queuing;
    if (queues > MAX_QUEUES) errors.push(invalidValue(`${field}.limitResponse.queuing.queues`, queues, `must not be greater than ${String(MAX_QUEUES)}`));
    if (handSize > queues)
      errors.push(invalidValue(`${field}.limitResponse.queuing.handSize`, handSize, `should not be greater than queues (${String(queues)})`));
  } else errors.push(notSupported(`${field}.limitResponse.type`, type, ['Queue', 'Reject']));
}
