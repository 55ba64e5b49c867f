import { isDns1123Subdomain, isLabelValue, isQualifiedName } from '@kybern/core';
import type { NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PreferredSchedulingTerm } from '@kybern/core/kinds';
import { SchedulerConfigError } from '../errors.ts';
import { integer, list, oneOf, record, text, type Reader } from './config-reader.ts';

const shape = record<NodeSelectorRequirement>({ key: text, operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'), values: list(text) }, [
  'key',
  'operator',
]);

/** @see kubernetes v1.36 staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go (nodeSelectorRequirementsAsSelector) */
const labelRequirement: Reader<NodeSelectorRequirement> = (value, path) => {
  const requirement = shape(value, path);
  if (!isQualifiedName(requirement.key)) throw new SchedulerConfigError(`${path}.key`, `"${requirement.key}" is no valid label key`);
  checkValues(requirement, path);
  return requirement;
};

function checkValues({ operator, values = [] }: NodeSelectorRequirement, path: string): void {
  const at = `${path}.values`;
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) throw new SchedulerConfigError(at, `${operator} needs at least one value`);
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) throw new SchedulerConfigError(at, `${operator} takes no values`);
  if ((operator === 'Gt' || operator === 'Lt') && (values.length !== 1 || !/^[+-]?\d+$/.test(values[0] ?? ''))) {
    throw new SchedulerConfigError(at, `${operator} takes one whole number`);
  }
  const bad = values.findIndex((value) => !isLabelValue(value));
  if (bad >= 0) throw new SchedulerConfigError(`${at}[${bad}]`, 'is no valid label value');
}

const fieldRequirement: Reader<NodeSelectorRequirement> = (value, path) => {
  const requirement = shape(value, path);
  const { key, operator, values = [] } = requirement;
  if (key !== 'metadata.name') throw new SchedulerConfigError(`${path}.key`, 'only metadata.name can be selected');
  if (operator !== 'In' && operator !== 'NotIn') throw new SchedulerConfigError(`${path}.operator`, 'must be In or NotIn for a field');
  if (values.length !== 1) throw new SchedulerConfigError(`${path}.values`, 'a field takes one value');
  if (!isDns1123Subdomain(values[0] as string)) throw new SchedulerConfigError(`${path}.values[0]`, 'is no valid node name');
  return requirement;
};

const term = record<NodeSelectorTerm>({ matchExpressions: list(labelRequirement), matchFields: list(fieldRequirement) }, []);

const selector: Reader<NodeSelector> = (value, path) => {
  const read = record<NodeSelector>({ nodeSelectorTerms: list(term) }, ['nodeSelectorTerms'])(value, path);
  if (read.nodeSelectorTerms.length === 0) throw new SchedulerConfigError(`${path}.nodeSelectorTerms`, 'must have at least one term');
  return read;
};

/** The affinity that NodeAffinity adds to every Pod's own. */
export const nodeAffinityReader: Reader<NodeAffinity> = record<NodeAffinity>(
  {
    requiredDuringSchedulingIgnoredDuringExecution: selector,
    preferredDuringSchedulingIgnoredDuringExecution: list(
      record<PreferredSchedulingTerm>({ weight: integer(1, 100), preference: term }, ['weight', 'preference']),
    ),
  },
  [],
);
