import { ownerReference, type ObjectInput } from '@kybern/core';
import { Job, type Container, type Pod, type PodSpec } from '@kybern/core/kinds';
import { podFromTemplate } from '../pod-template.ts';
import { judgePodFailure } from './pod-failure-policy.ts';
import { COMPLETION_INDEX, countAnnotation, INDEX_FAILURES, INDEX_IGNORED_FAILURES, JOB_TRACKING } from './job-pods.ts';

const INDEX_VARIABLE = 'JOB_COMPLETION_INDEX';
/** What remains of a name when the random part is added. */
const MAX_GENERATE_NAME = 58;

/** A Pod of a Job without indexes, to be created. */
export function jobPod(job: Job): ObjectInput<Pod> {
  const pod = podFromTemplate(job.spec.template, ownerReference(Job, job, { controller: true }), job.metadata.namespace);
  const finalizers = pod.metadata?.finalizers ?? [];
  return { ...pod, metadata: { ...pod.metadata, finalizers: finalizers.includes(JOB_TRACKING) ? finalizers : [...finalizers, JOB_TRACKING] } };
}

/**
 * The Pod of an index, to be created. It knows its index by annotation, label, host name and environment, and how often its index has failed.
 *
 * @param replaced the failed Pod of that index that it takes the place of
 * @see kubernetes v1.36 pkg/controller/job/job_controller.go (manageJob)
 */
export function indexedPod(job: Job, index: number, replaced: Pod | undefined): ObjectInput<Pod> {
  const pod = jobPod(job);
  const { metadata, spec } = pod;
  const suffix = `-${index}-`;
  const failures = job.spec.backoffLimitPerIndex === undefined ? {} : failureAnnotations(job, replaced);
  return {
    ...pod,
    metadata: {
      ...metadata,
      generateName: `${job.metadata.name.slice(0, MAX_GENERATE_NAME - suffix.length)}${suffix}`,
      labels: { ...metadata?.labels, [COMPLETION_INDEX]: String(index) },
      annotations: { ...metadata?.annotations, [COMPLETION_INDEX]: String(index), ...failures },
    },
    spec: { ...withIndexVariable(spec as PodSpec), hostname: `${job.metadata.name}-${index}` },
  };
}

function failureAnnotations({ spec }: Job, replaced: Pod | undefined): Readonly<Record<string, string>> {
  if (replaced === undefined) return { [INDEX_FAILURES]: '0' };
  const { counted } = judgePodFailure(spec.podFailurePolicy, replaced);
  const failures = countAnnotation(replaced, INDEX_FAILURES) + (counted ? 1 : 0);
  const ignored = countAnnotation(replaced, INDEX_IGNORED_FAILURES) + (counted ? 0 : 1);
  return { [INDEX_FAILURES]: String(failures), ...(ignored === 0 ? {} : { [INDEX_IGNORED_FAILURES]: String(ignored) }) };
}

function withIndexVariable(spec: PodSpec): PodSpec {
  const variable = { name: INDEX_VARIABLE, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${COMPLETION_INDEX}']` } } };
  const add = (container: Container): Container =>
    container.env?.some(({ name }) => name === INDEX_VARIABLE) === true ? container : { ...container, env: [...(container.env ?? []), variable] };
  return {
    ...spec,
    containers: spec.containers.map(add),
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(add) }),
  };
}
