import type { Kind, MutableJson } from '@kybern/core';
import { PriorityClass } from '@kybern/core/kinds';
import type { StateStore } from '@kybern/state';
import { forbidden } from '../authorization.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';

/** Gives a Pod the priority of its PriorityClass, or of the global default. @see kubernetes v1.36 plugin/pkg/admission/priority/admission.go */
export const priority: AdmissionPlugin = {
  name: 'Priority',
  handles: ({ kind }, operation, subresource) => kind.plural === 'pods' && kind.group === '' && subresource === undefined && operation === 'CREATE',
  mutate(attributes) {
    const { spec } = attributes.object as MutableJson;
    if (typeof spec !== 'object' || spec === null) return;
    const found = findClass(attributes, spec.priorityClassName);
    if (found instanceof Promise) return found.then((late) => apply(attributes, late));
    apply(attributes, found);
  },
};

function apply(attributes: AdmissionAttributes, found: PriorityClass | undefined): void {
  const { spec } = attributes.object as MutableJson;
  const value = found?.value ?? 0;
  if (found !== undefined) spec.priorityClassName = found.metadata.name;
  if (spec.priority !== undefined && spec.priority !== value) {
    throw forbidden(
      attributes,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  }
  spec.priority = value;
  const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority';
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    throw forbidden(
      attributes,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  }
  spec.preemptionPolicy = policy;
}

function findClass(attributes: AdmissionAttributes, name: unknown): PriorityClass | undefined | Promise<PriorityClass | undefined> {
  const { env } = attributes;
  if (typeof name !== 'string' || name === '') return env.defaultPriorityClass('');
  return env.lookup(PriorityClass as Kind, undefined, name).then((found) => {
    if (found === undefined) throw forbidden(attributes, `no PriorityClass with name ${name} was found`);
    return found as PriorityClass;
  });
}

/** The PriorityClass for Pods that name none. Of several defaults the one with the lowest value counts. */
export async function findDefaultPriorityClass(state: StateStore): Promise<PriorityClass | undefined> {
  const { records } = await state.range('/registry/scheduling.k8s.io/priorityclasses/');
  let found: PriorityClass | undefined;
  for (const { value } of records) {
    const candidate = value as PriorityClass;
    if (candidate.globalDefault === true && (found === undefined || (candidate.value ?? 0) < (found.value ?? 0))) found = candidate;
  }
  return found;
}
