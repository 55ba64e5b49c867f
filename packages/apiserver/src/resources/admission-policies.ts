import { isDns1123Subdomain, isQualifiedName, type FieldError, type MutableJson } from '@kybern/core';
import type { Strategy } from '../strategy.ts';
import { CEL_IDENTIFIER, CEL_RESERVED } from '../validation/cel-words.ts';
import { duplicate, forbiddenField, invalidValue, notSupported, required } from '../validation/field-errors.ts';
import { between } from '../validation/formats.ts';
import { validateLabelSelector } from '../validation/label-selectors.ts';
import { dns1035Label, dns1123Label, dns1123Subdomain, pathSegment, QUALIFIED_NAME_MESSAGE } from '../validation/names.ts';

/** Webhook configurations. @see kubernetes v1.36 pkg/apis/admissionregistration/validation/validation.go (validateWebhookConfiguration) */
export const webhookConfigurationStrategy: Strategy = {
  unconditionalUpdate: false,
  generation: true,
  validate({ webhooks = [] }: MutableJson, errors) {
    const names = new Set<string>();
    (webhooks as readonly MutableJson[]).forEach((hook, i) => {
      const at = `webhooks[${String(i)}]`;
      if (names.has(hook.name)) errors.push(duplicate(`${at}.name`, hook.name));
      names.add(hook.name);
      validateWebhook(hook, at, errors);
    });
  },
};

const REVIEW_VERSIONS: readonly string[] = ['v1', 'v1beta1'];
const MAX_TIMEOUT_SECONDS = 30;

function validateWebhook(hook: MutableJson, field: string, errors: FieldError[]): void {
  const segments = String(hook.name).split('.');
  if (hook.name === '') errors.push(required(`${field}.name`));
  else if (!isDns1123Subdomain(hook.name)) errors.push(invalidValue(`${field}.name`, hook.name, dns1123Subdomain(hook.name, false)[0] ?? ''));
  else if (segments.length < 3) errors.push(invalidValue(`${field}.name`, hook.name, 'should be a domain with at least three segments separated by dots'));
  (hook.rules ?? []).forEach((rule: MutableJson, i: number) => validateOperationRule(rule, `${field}.rules[${String(i)}]`, errors));
  if (hook.sideEffects !== 'None' && hook.sideEffects !== 'NoneOnDryRun')
    errors.push(notSupported(`${field}.sideEffects`, hook.sideEffects, ['None', 'NoneOnDryRun']));
  const timeout: number | undefined = hook.timeoutSeconds;
  if (timeout !== undefined && (timeout > MAX_TIMEOUT_SECONDS || timeout < 1))
    errors.push(
      invalidValue(
        `${field}.timeoutSeconds`,
        timeout,
        `the timeout value must be ${between(1, MAX_TIMEOUT_SECONDS).replace('must be ', '').replace(', inclusive', ' seconds')}`,
      ),
    );
  validateSelectors(hook, field, errors);
  validateReviewVersions(hook.admissionReviewVersions ?? [], `${field}.admissionReviewVersions`, errors);
  validateClientConfig(hook.clientConfig ?? {}, `${field}.clientConfig`, errors);
  validateConditions(hook.matchConditions ?? [], `${field}.matchConditions`, errors);
  const policies = ['IfNeeded', 'Never'];
  if (hook.reinvocationPolicy !== undefined && !policies.includes(hook.reinvocationPolicy))
    errors.push(notSupported(`${field}.reinvocationPolicy`, hook.reinvocationPolicy, policies));
}

function validateSelectors(holder: MutableJson, field: string, errors: FieldError[]): void {
  for (const name of ['namespaceSelector', 'objectSelector'] as const)
    if (holder[name] !== undefined) validateLabelSelector(holder[name], `${field}.${name}`, errors);
}

function validateReviewVersions(versions: readonly string[], field: string, errors: FieldError[]): void {
  if (versions.length === 0) {
    errors.push(required(field, `must specify one of ${REVIEW_VERSIONS.join(', ')}`));
    return;
  }
  const seen = new Set<string>();
  versions.forEach((version, i) => {
    if (seen.has(version)) errors.push(invalidValue(`${field}[${String(i)}]`, version, 'duplicate version'));
    for (const problem of dns1035Label(version, false)) errors.push(invalidValue(`${field}[${String(i)}]`, version, problem));
    seen.add(version);
  });
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version)))
    errors.push(invalidValue(field, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`));
}

/** Checks where a webhook is. @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/util/webhook/validation.go */
export function validateClientConfig({ url, service }: MutableJson, field: string, errors: FieldError[]): void {
  if ((url === undefined) === (service === undefined)) errors.push(required(field, 'exactly one of url or service is required'));
  if (url !== undefined) validateUrl(url, `${field}.url`, errors);
  if (service === undefined) return;
  const { name = '', namespace = '', port = 443, path } = service;
  if (name === '') errors.push(required(`${field}.service.name`, 'service name is required'));
  if (namespace === '') errors.push(required(`${field}.service.namespace`, 'service namespace is required'));
  if (port < 1 || port > 65_535) errors.push(invalidValue(`${field}.service.port`, port, `port is not valid: ${between(1, 65_535)}`));
  if (path !== undefined) validateServicePath(path, `${field}.service.path`, errors);
}

function validateUrl(text: string, field: string, errors: FieldError[]): void {
  const form = '; desired format: https://host[/path]';
  if (!URL.canParse(text)) {
    errors.push(required(field, `url must be a valid URL${form}`));
    return;
  }
  const url = new URL(text);
  if (url.protocol !== 'https:') errors.push(invalidValue(field, url.protocol.slice(0, -1), `'https' is the only allowed URL scheme${form}`));
  if (url.host === '') errors.push(invalidValue(field, url.host, `host must be specified${form}`));
  if (url.username !== '' || url.password !== '') errors.push(invalidValue(field, url.username, 'user information is not permitted in the URL'));
  if (url.hash !== '') errors.push(invalidValue(field, url.hash.slice(1), 'fragments are not permitted in the URL'));
  if (url.search !== '') errors.push(invalidValue(field, url.search.slice(1), 'query parameters are not permitted in the URL'));
}

function validateServicePath(path: string, field: string, errors: FieldError[]): void {
  if (path === '/' || path === '') return;
  if (path === '//') {
    errors.push(invalidValue(field, path, 'segment[0] may not be empty'));
    return;
  }
  if (!path.startsWith('/')) errors.push(invalidValue(field, path, "must start with a '/'"));
  path
    .replace(/^\//, '')
    .replace(/\/$/, '')
    .split('/')
    .forEach((step, i) => {
      if (step === '') errors.push(invalidValue(field, path, `segment[${String(i)}] may not be empty`));
      else for (const problem of dns1123Subdomain(step, false)) errors.push(invalidValue(field, path, `segment[${String(i)}]: ${problem}`));
    });
}

/** Checks what operations on what resources a rule is about. @see kubernetes v1.36 pkg/apis/admissionregistration/validation/validation.go (validateRuleWithOperations, validateRule) */
function validateOperationRule({ operations = [], apiGroups = [], apiVersions = [], resources = [] }: MutableJson, field: string, errors: FieldError[]): void {
  for (const [name, values] of Object.entries({ operations, apiGroups, apiVersions, resources }) as [string, string[]][]) {
    if (values.length === 0) errors.push(required(`${field}.${name}`));
    else if (name !== 'resources' && values.length > 1 && values.includes('*'))
      errors.push(
        invalidValue(
          `${field}.${name}`,
          values,
          `if '*' is present, must not specify other ${name === 'operations' ? 'operations' : name === 'apiGroups' ? 'API groups' : 'API versions'}`,
        ),
      );
  }
  (apiVersions as string[]).forEach((version, i) => {
    if (version === '') errors.push(required(`${field}.apiVersions[${String(i)}]`));
  });
  validateResourceNames(resources, `${field}.resources`, errors);
}

function validateResourceNames(resources: readonly string[], field: string, errors: FieldError[]): void {
  const isEvery = resources.includes('*/*');
  if (isEvery && resources.length > 1) errors.push(invalidValue(field, resources, "if '*/*' is present, must not specify other resources"));
  resources.forEach((resource, i) => {
    if (resource === '') errors.push(required(`${field}[${String(i)}]`));
    const [plural = '', sub] = resource.split('/');
    if (sub === undefined && resources.includes('*') && plural !== '*')
      errors.push(invalidValue(`${field}[${String(i)}]`, resource, "if '*' is present, must not specify other resources without subresources"));
    if (sub === '*' && plural !== '*' && resources.some((other, j) => j !== i && other.startsWith(`${plural}/`)))
      errors.push(invalidValue(`${field}[${String(i)}]`, resource, `if '${plural}/*' is present, must not specify ${plural}/...`));
  });
}

const MAX_CONDITIONS = 64;

function validateConditions(conditions: readonly MutableJson[], field: string, errors: FieldError[]): void {
  if (conditions.length > MAX_CONDITIONS)
    errors.push({ field, reason: 'FieldValueTooMany', message: `Too many: ${String(conditions.length)}: must have at most ${String(MAX_CONDITIONS)} items` });
  const names = new Set<string>();
  conditions.forEach(({ name = '', expression = '' }, i) => {
    const at = `${field}[${String(i)}]`;
    if (String(expression).trim() === '') errors.push(required(`${at}.expression`));
    if (name === '') errors.push(required(`${at}.name`));
    else if (!isQualifiedName(name)) errors.push(invalidValue(`${at}.name`, name, QUALIFIED_NAME_MESSAGE));
    if (name !== '' && names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
  });
}

/** Policies of admission, validating and mutating. @see kubernetes v1.36 pkg/apis/admissionregistration/validation/validation.go (validateValidatingAdmissionPolicySpec, validateMutatingAdmissionPolicySpec) */
export const admissionPolicyStrategy: Strategy = {
  unconditionalUpdate: false,
  generation: true,
  validate({ kind, spec = {} }: MutableJson, errors) {
    validateParamKind(spec.paramKind, 'spec.paramKind', errors);
    if (spec.matchConstraints === undefined) errors.push(required('spec.matchConstraints'));
    else {
      validateMatchResources(spec.matchConstraints, 'spec.matchConstraints', errors);
      if ((spec.matchConstraints.resourceRules ?? []).length === 0) errors.push(required('spec.matchConstraints.resourceRules'));
    }
    validateConditions(spec.matchConditions ?? [], 'spec.matchConditions', errors);
    validateVariables(spec.variables ?? [], errors);
    if (kind === 'MutatingAdmissionPolicy') validateMutations(spec, errors);
    else validateValidations(spec, errors);
  },
};

function validateParamKind(paramKind: MutableJson, field: string, errors: FieldError[]): void {
  if (paramKind === undefined) return;
  const { apiVersion = '', kind = '' } = paramKind;
  if (apiVersion === '') errors.push(required(`${field}.apiVersion`));
  else
    for (const problem of dns1035Label(String(apiVersion).split('/').at(-1) ?? '', false))
      errors.push(invalidValue(`${field}.apiVersion`, apiVersion, problem));
  if (kind === '') errors.push(required(`${field}.kind`));
  else
    for (const problem of dns1035Label(String(kind).toLowerCase(), false))
      errors.push(invalidValue(`${field}.kind`, kind, `may have mixed case, but should otherwise match: ${problem}`));
}

function validateMatchResources(match: MutableJson, field: string, errors: FieldError[]): void {
  for (const name of ['namespaceSelector', 'objectSelector'] as const) if (match[name] === undefined) errors.push(required(`${field}.${name}`));
  validateSelectors(match, field, errors);
  for (const name of ['resourceRules', 'excludeResourceRules'] as const) {
    (match[name] ?? []).forEach((rule: MutableJson, i: number) => {
      const at = `${field}.${name}[${String(i)}]`;
      validateOperationRule(rule, at, errors);
      const seen = new Set<string>();
      (rule.resourceNames ?? []).forEach((resourceName: string, j: number) => {
        for (const problem of pathSegment(resourceName, false)) errors.push(invalidValue(`${at}.resourceNames[${String(j)}]`, resourceName, problem));
        if (seen.has(resourceName)) errors.push(duplicate(`${at}.resourceNames[${String(j)}]`, resourceName));
        seen.add(resourceName);
      });
    });
  }
}

function validateVariables(variables: readonly MutableJson[], errors: FieldError[]): void {
  variables.forEach(({ name = '', expression = '' }, i) => {
    const at = `spec.variables[${String(i)}]`;
    if (name === '') errors.push(required(`${at}.name`, 'name is not specified'));
    else if (!CEL_IDENTIFIER.test(name) || CEL_RESERVED.has(name)) errors.push(invalidValue(`${at}.name`, name, 'name is not a valid CEL identifier'));
    if (String(expression).trim() === '') errors.push(required(`${at}.expression`, 'expression is not specified'));
  });
}

const REASONS: readonly string[] = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];

function validateValidations({ validations = [], auditAnnotations = [] }: MutableJson, errors: FieldError[]): void {
  if (validations.length === 0 && auditAnnotations.length === 0) {
    errors.push(required('spec.validations', 'validations or auditAnnotations must be non-empty'));
    errors.push(required('spec.auditAnnotations', 'validations or auditAnnotations must be non-empty'));
  }
  validations.forEach(({ expression = '', message, reason }: MutableJson, i: number) => {
    const at = `spec.validations[${String(i)}]`;
    if (String(expression).trim() === '') errors.push(required(`${at}.expression`, 'expression is not specified'));
    if (message !== undefined && message !== '' && String(message).trim() === '')
      errors.push(invalidValue(`${at}.message`, message, 'message must be non-empty if specified'));
    if (message !== undefined && /[\n\r]/.test(String(message).trim()))
      errors.push(invalidValue(`${at}.message`, message, 'message must not contain line breaks'));
    if (/[\n\r]/.test(String(expression).trim()) && (message ?? '') === '')
      errors.push(required(`${at}.message`, 'message must be specified if expression contains line breaks'));
    if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${at}.reason`, reason, REASONS));
  });
  const keys = new Set<string>();
  auditAnnotations.forEach(({ key = '', valueExpression = '' }: MutableJson, i: number) => {
    const at = `spec.auditAnnotations[${String(i)}]`;
    if (key === '') errors.push(required(`${at}.key`, 'key is not specified'));
    else if (!isQualifiedName(key)) errors.push(invalidValue(`${at}.key`, key, QUALIFIED_NAME_MESSAGE));
    if (keys.has(key)) errors.push(duplicate(`${at}.key`, key));
    keys.add(key);
    if (String(valueExpression).trim() === '') errors.push(required(`${at}.valueExpression`, 'valueExpression is not specified'));
  });
}

function validateMutations({ mutations = [], reinvocationPolicy = '' }: MutableJson, errors: FieldError[]): void {
  if (mutations.length === 0) errors.push(required('spec.mutations', 'mutations must contain at least one item'));
  mutations.forEach(({ patchType = '', applyConfiguration, jsonPatch }: MutableJson, i: number) => {
    const at = `spec.mutations[${String(i)}]`;
    if (patchType === '') errors.push(required(`${at}.patchType`));
    else if (patchType === 'ApplyConfiguration') {
      if (applyConfiguration === undefined) errors.push(required(`${at}.applyConfiguration`, 'must be specified when patchType is ApplyConfiguration'));
      if (jsonPatch !== undefined) errors.push(invalidValue(`${at}.jsonPatch`, '{}', 'must not be specified when patchType is ApplyConfiguration'));
    } else if (patchType === 'JSONPatch') {
      if (jsonPatch === undefined) errors.push(required(`${at}.jsonPatch`, 'must be specified when patchType is JSONPatch'));
      if (applyConfiguration !== undefined) errors.push(invalidValue(`${at}.applyConfiguration`, '{}', 'must not be specified when patchType is JSONPatch'));
    } else errors.push(notSupported(`${at}.patchType`, patchType, ['ApplyConfiguration', 'JSONPatch']));
    const expression: unknown = (applyConfiguration ?? jsonPatch)?.expression;
    if (typeof expression === 'string' && expression.trim() === '')
      errors.push(required(`${at}.${applyConfiguration === undefined ? 'jsonPatch' : 'applyConfiguration'}.expression`, 'expression is not specified'));
  });
  if (reinvocationPolicy === '') errors.push(required('spec.reinvocationPolicy'));
  else if (reinvocationPolicy !== 'Never' && reinvocationPolicy !== 'IfNeeded')
    errors.push(notSupported('spec.reinvocationPolicy', reinvocationPolicy, ['IfNeeded', 'Never']));
}

/** Bindings of policies. @see kubernetes v1.36 pkg/apis/admissionregistration/validation/validation.go (validateValidatingAdmissionPolicyBindingSpec) */
export const admissionPolicyBindingStrategy: Strategy = {
  unconditionalUpdate: false,
  generation: true,
  validate({ kind, spec = {} }: MutableJson, errors) {
    if ((spec.policyName ?? '') === '') errors.push(required('spec.policyName'));
    else for (const problem of dns1123Subdomain(spec.policyName, false)) errors.push(invalidValue('spec.policyName', spec.policyName, problem));
    if (spec.paramRef !== undefined) validateParamRef(spec.paramRef, 'spec.paramRef', errors);
    if (spec.matchResources !== undefined)
      validateMatchResources(spec.matchResources, `spec.${kind === 'ValidatingAdmissionPolicyBinding' ? 'matchResouces' : 'matchResources'}`, errors);
    if (kind !== 'ValidatingAdmissionPolicyBinding') return;
    const actions: readonly string[] = spec.validationActions ?? [];
    if (actions.length === 0) errors.push(required('spec.validationActions', 'at least one validation action is required'));
    const seen = new Set<string>();
    for (const action of actions) {
      if (seen.has(action)) errors.push(duplicate('spec.validationActions', action));
      seen.add(action);
    }
    if (actions.includes('Deny') && actions.includes('Warn'))
      errors.push(
        invalidValue(
          'spec.validationActions',
          actions,
          'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
        ),
      );
  },
};

function validateParamRef({ name = '', namespace = '', selector, parameterNotFoundAction }: MutableJson, field: string, errors: FieldError[]): void {
  if (name !== '') {
    for (const problem of pathSegment(name, false)) errors.push(invalidValue(`${field}.name`, name, problem));
    if (selector !== undefined) errors.push(forbiddenField(`${field}.name`, 'name and selector are mutually exclusive'));
  } else if (selector === undefined) errors.push(required(field, 'one of name or selector must be specified'));
  if (selector !== undefined) {
    validateLabelSelector(selector, `${field}.selector`, errors);
    if (name !== '') errors.push(forbiddenField(`${field}.selector`, 'name and selector are mutually exclusive'));
  }
  if (namespace !== '') for (const problem of dns1123Label(namespace, false)) errors.push(invalidValue(`${field}.namespace`, namespace, problem));
  if (parameterNotFoundAction === undefined) errors.push(required(`${field}.parameterNotFoundAction`));
  else if (parameterNotFoundAction !== 'Allow' && parameterNotFoundAction !== 'Deny')
    errors.push(notSupported(`${field}.parameterNotFoundAction`, parameterNotFoundAction, ['Allow', 'Deny']));
}
