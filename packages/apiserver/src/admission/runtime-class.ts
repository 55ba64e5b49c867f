import { deepEqual, ownValue, type MutableJson } from '@kybern/core';
import type { Pod, RuntimeClass } from '@kybern/core/kinds';
import { forbidden } from '../authorization.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';

/**
 * Gives Pods the overhead and the nodes of their RuntimeClass.
 *
 * @see kubernetes v1.36 plugin/pkg/admission/runtimeclass/admission.go
 */
export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  handles: ({ kind }, operation, subresource) => kind.plural === 'pods' && kind.group === '' && subresource === undefined && operation === 'CREATE',
  mutate(attributes) {
    const { spec } = attributes.object as MutableJson;
    if (typeof spec !== 'object' || spec === null || typeof spec.runtimeClassName !== 'string') return;
    const found = findClass(attributes, spec.runtimeClassName);
    setOverhead(attributes, found);
    setScheduling(attributes, found);
  },
  validate(attributes) {
    const { runtimeClassName, overhead } = (attributes.object as Pod).spec;
    if (overhead === undefined) return;
    const podFixed = runtimeClassName === undefined ? undefined : findClass(attributes, runtimeClassName).overhead?.podFixed;
    if (podFixed === undefined) throw forbidden(attributes, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
    if (!deepEqual(podFixed, overhead)) throw forbidden(attributes, OTHER_OVERHEAD);
  },
};

const OTHER_OVERHEAD = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

function findClass(attributes: AdmissionAttributes, name: string): RuntimeClass {
  const found = attributes.env.tables.runtimeClasses.get('', name);
  if (found === undefined) throw forbidden(attributes, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
  return found;
}

function setOverhead(attributes: AdmissionAttributes, { overhead }: RuntimeClass): void {
  const { spec } = attributes.object as MutableJson;
  const podFixed = overhead?.podFixed;
  if (podFixed === undefined) return;
  if (spec.overhead !== undefined && !deepEqual(spec.overhead, podFixed)) throw forbidden(attributes, OTHER_OVERHEAD);
  spec.overhead = { ...podFixed };
}

function setScheduling(attributes: AdmissionAttributes, { scheduling }: RuntimeClass): void {
  const { spec } = attributes.object as MutableJson;
  for (const [key, value] of Object.entries(scheduling?.nodeSelector ?? {})) {
    const own = ownValue<unknown>(spec.nodeSelector, key);
    if (own !== undefined && own !== value) {
      throw forbidden(attributes, `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${String(own)}`);
    }
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
  }
  for (const toleration of scheduling?.tolerations ?? []) {
    const present: readonly unknown[] = spec.tolerations ?? [];
    if (!present.some((each) => deepEqual(each, toleration))) spec.tolerations = [...present, { ...toleration }];
  }
}
