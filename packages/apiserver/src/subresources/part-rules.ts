import { deepEqual, groupResource, isQualifiedName, type FieldError, type MutableJson } from '@kybern/core';
import type { CertificateSigningRequest, Container, EphemeralContainer, Pod } from '@kybern/core/kinds';
import type { Resource } from '../resource.ts';
import { qosClassOf } from '../resources/pod-qos.ts';
import { forbiddenField, invalidValue, notSupported } from '../validation/field-errors.ts';
import { QUALIFIED_NAME_MESSAGE } from '../validation/names.ts';
import { validatePodSpec } from '../validation/pod-spec.ts';
import { validateSigningRequestStatus } from '../validation/signing-request-status.ts';
import type { UpdateRules } from './update-rules.ts';

/** The rules of the subresources that are a part of one kind's objects: `namespaces/finalize`, `pods/ephemeralcontainers`, `pods/resize`, `certificatesigningrequests/approval`. */
export function partRules({ kind, strategy }: Resource, subresource: string): UpdateRules | undefined {
  switch (`${groupResource(kind)}/${subresource}`) {
    case 'namespaces/finalize':
      return finalizeRules;
    case 'certificatesigningrequests.certificates.k8s.io/approval':
      return approvalRules;
    case 'pods/ephemeralcontainers':
      return { strategy, ...ephemeralContainersRules };
    case 'pods/resize':
      return { strategy, ...resizeRules };
    default:
      return undefined;
  }
}

/** @see kubernetes v1.36 pkg/registry/core/namespace/strategy.go (namespaceFinalizeStrategy) */
const finalizeRules: UpdateRules = {
  strategy: undefined,
  reserves: false,
  prepare(object, old) {
    object.status = old.status;
  },
  validate({ spec }, _old, errors) {
    const finalizers: readonly string[] = spec?.finalizers ?? [];
    finalizers.forEach((name, i) => {
      if (!isQualifiedName(name)) errors.push(invalidValue(`spec.finalizers[${i}]`, name, QUALIFIED_NAME_MESSAGE));
    });
  },
};

/** Only the verdict may change. @see kubernetes v1.36 pkg/registry/certificates/certificates/strategy.go (csrApprovalStrategy) */
const approvalRules: UpdateRules = {
  strategy: undefined,
  reserves: false,
  prepare(object, old) {
    const conditions = object.status?.conditions;
    object.spec = old.spec;
    object.status = { ...old.status, ...(conditions === undefined ? {} : { conditions }) };
    object.metadata = old.metadata;
  },
  validate: (object, old, errors) =>
    validateSigningRequestStatus(object as CertificateSigningRequest, old as CertificateSigningRequest, { part: 'approval', errors }),
};

/** @see kubernetes v1.36 pkg/registry/core/pod/strategy.go (podEphemeralContainersStrategy) */
const ephemeralContainersRules: Omit<UpdateRules, 'strategy'> = {
  reserves: false,
  prepare(object, old) {
    const added: unknown = object.spec?.ephemeralContainers;
    object.spec = { ...old.spec, ...(added === undefined ? {} : { ephemeralContainers: added }) };
    object.status = old.status;
    object.metadata = { ...old.metadata };
  },
  validate(object: Pod, old: Pod, errors) {
    validatePodSpec(object.spec, 'spec', errors);
    const now: readonly EphemeralContainer[] = object.spec.ephemeralContainers ?? [];
    for (const before of old.spec.ephemeralContainers ?? []) {
      const same = now.find(({ name }) => name === before.name);
      if (same === undefined)
        errors.push(forbiddenField('spec.ephemeralContainers', `existing ephemeral containers ${JSON.stringify(before.name)} may not be removed`));
      else if (!deepEqual(same, before))
        errors.push(forbiddenField('spec.ephemeralContainers', `existing ephemeral containers ${JSON.stringify(before.name)} may not be changed`));
    }
  },
};

/** @see kubernetes v1.36 pkg/registry/core/pod/strategy.go (podResizeStrategy), pkg/apis/core/validation/validation.go (ValidatePodResize) */
const resizeRules: Omit<UpdateRules, 'strategy'> = {
  reserves: false,
  prepare(object, old) {
    const { containers, initContainers } = object.spec ?? {};
    object.spec = {
      ...old.spec,
      containers: withResources(old.spec.containers, containers),
      ...(old.spec.initContainers === undefined ? {} : { initContainers: withResources(old.spec.initContainers, initContainers) }),
    };
    object.status = old.status;
    object.metadata = { ...old.metadata };
  },
  validate(object: Pod, old: Pod, errors) {
    validatePodSpec(object.spec, 'spec', errors);
    if (qosClassOf(object.spec) !== qosClassOf(old.spec))
      errors.push(invalidValue('spec', qosClassOf(object.spec), 'Pod QOS Class may not change as a result of resizing'));
    object.spec.containers.forEach((container, i) => validateResized(container, old.spec.containers[i], { field: `spec.containers[${i}]`, errors }));
  },
};

/** The old containers with the new ones' resources. Containers are neither added, removed nor put in another order. */
function withResources(old: readonly Container[], given: unknown): unknown[] {
  const wanted: readonly MutableJson[] = Array.isArray(given) ? given : [];
  return old.map((container) => {
    const same = wanted.find((each) => each?.name === container.name);
    if (same === undefined) return container;
    const { resources, resizePolicy } = same;
    return { ...container, ...(resources === undefined ? {} : { resources }), ...(resizePolicy === undefined ? {} : { resizePolicy }) };
  });
}

function validateResized({ resources }: Container, old: Container | undefined, { field, errors }: { field: string; errors: FieldError[] }): void {
  for (const part of ['limits', 'requests'] as const) {
    const now = resources?.[part] ?? {};
    const before = old?.resources?.[part] ?? {};
    for (const name of new Set([...Object.keys(now), ...Object.keys(before)])) {
      if (name !== 'cpu' && name !== 'memory' && now[name] !== before[name]) errors.push(notSupported(`${field}.resources.${part}`, name, ['cpu', 'memory']));
    }
  }
}
