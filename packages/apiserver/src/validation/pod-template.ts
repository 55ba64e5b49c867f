import { compileLabelSelector, type FieldError, type LabelSelector } from '@kybern/core';
import type { PodTemplateSpec } from '@kybern/core/kinds';
import { invalidValue, notSupported, required } from './field-errors.ts';
import { isEmptySelector, validateLabelSelector } from './label-selectors.ts';
import { validateAnnotations, validateLabels } from './object-meta.ts';
import { validatePodSpec } from './pod-spec.ts';

/** Checks the template of Pods. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (ValidatePodTemplateSpec) */
export function validatePodTemplate(template: PodTemplateSpec, field: string, errors: FieldError[]): void {
  const { metadata, spec } = template;
  if (metadata?.labels !== undefined) validateLabels(metadata.labels, `${field}.labels`, errors);
  if (metadata?.annotations !== undefined) validateAnnotations(metadata.annotations, `${field}.annotations`, errors);
  if (spec === undefined) {
    errors.push(required(`${field}.spec.containers`));
    return;
  }
  validatePodSpec(spec, `${field}.spec`, errors);
  if ((spec.ephemeralContainers ?? []).length > 0) {
    errors.push({
      field: `${field}.spec.ephemeralContainers`,
      reason: 'FieldValueForbidden',
      message: 'Forbidden: ephemeral containers not allowed in pod template',
    });
  }
}

/** A selector with the template whose Pods it must select. */
export interface SelectedTemplate {
  readonly selector: LabelSelector | undefined;
  readonly template: PodTemplateSpec;
  /** What an empty selector is invalid for: `deployment`. */
  readonly kind: string;
  readonly restartPolicies?: readonly string[];
}

/** Checks a selector and a template that belong together. @see kubernetes v1.36 pkg/apis/apps/validation/validation.go (ValidatePodTemplateSpecForReplicaSet) */
export function validateSelectedTemplate({ selector, template, kind, restartPolicies = ['Always'] }: SelectedTemplate, errors: FieldError[]): void {
  const before = errors.length;
  if (selector === undefined) errors.push(required('spec.selector'));
  else {
    validateLabelSelector(selector, 'spec.selector', errors);
    if (isEmptySelector(selector)) errors.push(invalidValue('spec.selector', selector, `empty selector is invalid for ${kind}`));
  }
  if (selector !== undefined && errors.length === before && !isEmptySelector(selector) && !compileLabelSelector(selector)(template.metadata?.labels)) {
    errors.push(invalidValue('spec.template.metadata.labels', template.metadata?.labels ?? {}, '`selector` does not match template `labels`'));
  }
  validatePodTemplate(template, 'spec.template', errors);
  const policy = template.spec?.restartPolicy;
  if (policy !== undefined && !restartPolicies.includes(policy)) errors.push(notSupported('spec.template.spec.restartPolicy', policy, restartPolicies));
}
