import type { Kind, KubernetesObject, MutableJson } from '@kybern/core';
import { PriorityClass } from '@kybern/core/kinds';
import { forbidden } from '../authorization.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';

/** A PriorityClass, as far as it is read. */
interface ClassLike extends KubernetesObject {
  readonly value?: number;
  readonly globalDefault?: boolean;
  readonly preemptionPolicy?: string;
}

/** Gives a Pod the priority of its PriorityClass, or of the global default. @see kubernetes v1.36 plugin/pkg/admission/priority/admission.go */
export const priority: AdmissionPlugin = {
  name: 'Priority',
  handles: ({ kind }, operation, subresource) => kind.plural === 'pods' && kind.group === '' && subresource === undefined && operation === 'CREATE',
  async mutate(attributes) {
    const { spec } = attributes.object as MutableJson;
    if (typeof spec !== 'object' || spec === null) return;
    const found = await findClass(attributes, spec.priorityClassName);
    const value = found?.value ?? 0;
    if (found !== undefined) spec.priorityClassName = found.metadata.name;
    if (spec.priority !== undefined && spec.priority !== value) {
      throw forbidden(attributes, `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`);
    }
    spec.priority = value;
    const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority';
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
      throw forbidden(attributes, `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`);
    }
    spec.preemptionPolicy = policy;
  },
};

async function findClass(attributes: AdmissionAttributes, name: unknown): Promise<ClassLike | undefined> {
  const { env } = attributes;
  if (typeof name !== 'string' || name === '') return findDefault(attributes);
  const found = await env.lookup(PriorityClass as Kind, undefined, name);
  if (found === undefined) throw forbidden(attributes, `no PriorityClass with name ${name} was found`);
  return found as ClassLike;
}

/** Of several defaults the one with the lowest value counts. */
async function findDefault({ env }: AdmissionAttributes): Promise<ClassLike | undefined> {
  const { records } = await env.state.range(env.resource(PriorityClass as Kind).prefix);
  let found: ClassLike | undefined;
  for (const { value } of records) {
    const candidate = value as ClassLike;
    if (candidate.globalDefault === true && (found === undefined || (candidate.value ?? 0) < (found.value ?? 0))) found = candidate;
  }
  return found;
}
