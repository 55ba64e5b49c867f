import { groupResource, type KubernetesObject } from '@kybern/core';
import type { Pod, ResourceQuota } from '@kybern/core/kinds';
import { forbidden } from '../authorization.ts';
import { objectKey } from '../resource.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { containerAmounts } from './pod-resources.ts';
import { checkQuotas } from './quota/quota-store.ts';
import { isInScopes } from './quota/scopes.ts';

/**
 * Refuses Pods that do not say what a quota counts, and tries writes that are not to be stored. That no other write exceeds a quota, and that what is used
 * is written down, is for the store: with this plugin in the chain the server commits through `withQuotas`.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota
 */
export const resourceQuota: AdmissionPlugin = {
  name: 'ResourceQuota',
  handles: ({ namespaced }, operation) => namespaced && operation !== 'DELETE',
  validate(attributes) {
    const { env, namespace = 'default', kind, operation, object, dryRun } = attributes;
    const quotas = env.tables.resourceQuotas.list(namespace);
    if (quotas.length === 0) return;
    if (operation === 'CREATE' && kind.plural === 'pods' && kind.group === '') {
      for (const quota of quotas) requireAmounts(quota, object as Pod, attributes);
    }
    if (dryRun) tryOut(attributes, object as KubernetesObject);
  },
};

const COMPUTE = /^(?:(requests|limits)\.)?(cpu|memory)$/;

/** What a quota limits of cpu and memory, every container must say. @see kubernetes v1.36 pkg/quota/v1/evaluator/core/pods.go (Constraints) */
function requireAmounts(quota: ResourceQuota, pod: Pod, attributes: AdmissionAttributes): void {
  if (!isInScopes(quota.spec, 'pods', pod)) return;
  const missing: string[] = [];
  for (const name of Object.keys(quota.spec.hard ?? {}).sort()) {
    const match = COMPUTE.exec(name);
    if (match === null) continue;
    const of = match[1] === 'limits' ? 'limits' : 'requests';
    const resource = match[2] as string;
    if (pod.spec.resources?.[of]?.[resource] !== undefined) continue;
    const silent = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].filter((container) => !containerAmounts(container, of).has(resource));
    if (silent.length > 0)
      missing.push(
        `${name} for: ${silent
          .map((container) => container.name)
          .sort()
          .join(',')}`,
      );
  }
  if (missing.length > 0) throw forbidden(attributes, `failed quota: ${quota.metadata.name}: must specify ${missing.join('; ')}`);
}

function tryOut({ env, kind, oldObject }: AdmissionAttributes, object: KubernetesObject): void {
  const resource = env.resource(kind);
  const { namespace, name } = object.metadata;
  const parts = { quotas: env.tables.resourceQuotas, kindOf: (wanted: string) => (wanted === groupResource(kind) ? kind : undefined) };
  const change = { key: objectKey(resource, namespace, name), value: resource.toStored(object), ...(oldObject === undefined ? { expect: 0 } : {}) };
  checkQuotas(env.state, change, parts);
}
