import type { MutableJson } from '../kind-model.ts';
import { items, pointer, struct, type DefaultsByKind } from './access.ts';

const TIMEOUT_SECONDS = 10;
const HTTPS_PORT = 443;

/** @see kubernetes v1.36 pkg/apis/admissionregistration/v1/defaults.go */
export const defaults: DefaultsByKind = {
  MutatingAdmissionPolicy: setPolicyDefaults,
  MutatingAdmissionPolicyBinding: setPolicyBindingDefaults,
  MutatingWebhookConfiguration(configuration) {
    for (const webhook of items(configuration.webhooks)) {
      setWebhookDefaults(webhook);
      webhook.reinvocationPolicy ??= 'Never';
    }
  },
  ValidatingAdmissionPolicy: setPolicyDefaults,
  ValidatingAdmissionPolicyBinding: setPolicyBindingDefaults,
  ValidatingWebhookConfiguration(configuration) {
    for (const webhook of items(configuration.webhooks)) setWebhookDefaults(webhook);
  },
};

function setWebhookDefaults(webhook: MutableJson): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.timeoutSeconds ??= TIMEOUT_SECONDS;
  setMatchDefaults(webhook);
  setScopeDefaults(webhook.rules);
  const service = pointer(struct(webhook, 'clientConfig').service);
  if (service !== undefined) service.port ??= HTTPS_PORT;
}

function setPolicyDefaults(policy: MutableJson): void {
  const spec = struct(policy, 'spec');
  spec.failurePolicy ??= 'Fail';
  setMatchResourcesDefaults(pointer(spec.matchConstraints));
}

function setPolicyBindingDefaults(binding: MutableJson): void {
  setMatchResourcesDefaults(pointer(struct(binding, 'spec').matchResources));
}

function setMatchResourcesDefaults(resources: MutableJson | undefined): void {
  if (resources === undefined) return;
  setMatchDefaults(resources);
  setScopeDefaults(resources.resourceRules);
  setScopeDefaults(resources.excludeResourceRules);
}

function setMatchDefaults(parent: MutableJson): void {
  parent.matchPolicy ??= 'Equivalent';
  parent.namespaceSelector ??= {};
  parent.objectSelector ??= {};
}

function setScopeDefaults(rules: MutableJson): void {
  for (const rule of items(rules)) rule.scope ??= '*';
}
