import type { KubernetesObject, MutableJson } from '@kybern/core';
import { deepEqual } from '@kybern/core';
import { forbidden } from '../authorization.ts';
import { isOnNode, nodeNameOf } from '../authorizer-node.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';

const MIRROR = 'kubernetes.io/config.mirror';
const HANDLED: readonly string[] = ['pods', 'nodes', 'leases.coordination.k8s.io', 'csinodes.storage.k8s.io', 'resourceslices.resource.k8s.io'];

/** Labels in Kubernetes' own name space that a node may give itself. @see kubernetes v1.36 staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go */
const OWN_LABELS: readonly string[] = [
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
];

/**
 * Keeps nodes to themselves: a node writes its own Node, its own Lease, and the Pods that are bound to it.
 *
 * @see kubernetes v1.36 plugin/pkg/admission/noderestriction/admission.go
 */
export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  handles: ({ kind }) => HANDLED.includes(kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`),
  validate(attributes) {
    const node = nodeNameOf(attributes.user);
    if (node === undefined) return;
    const problem = problemOf(attributes, node);
    if (problem !== undefined) throw forbidden(attributes, problem);
  },
};

function problemOf(attributes: AdmissionAttributes, node: string): string | undefined {
  const { kind, name, namespace, object, oldObject } = attributes;
  switch (kind.plural) {
    case 'pods':
      return podProblem(attributes, node);
    case 'nodes':
      return nodeProblem(attributes, node);
    case 'leases':
      if (namespace !== 'kube-node-lease') return `can only access leases in the "kube-node-lease" system namespace`;
      return name === node ? undefined : `can only access node lease with the same name as the requesting node`;
    case 'csinodes':
      return name === node ? undefined : `can only access CSINode with the same name as the requesting node`;
    default: {
      const of: unknown = ((object ?? oldObject) as MutableJson)?.spec?.nodeName;
      return of === node ? undefined : `can only access ResourceSlice with the same NodeName as the requesting node`;
    }
  }
}

function podProblem({ operation, subresource, object, oldObject }: AdmissionAttributes, node: string): string | undefined {
  const who = `node "${node}"`;
  if (subresource === 'status') return isOnNode(oldObject, node) ? undefined : `${who} can only update pod status for pods with spec.nodeName set to itself`;
  if (subresource === 'eviction') return isOnNode(oldObject, node) ? undefined : `${who} can only evict pods with spec.nodeName set to itself`;
  if (subresource !== undefined) return `unexpected pod subresource "${subresource}", only 'status' and 'eviction' are allowed`;
  if (operation === 'DELETE') return isOnNode(oldObject, node) ? undefined : `${who} can only delete pods with spec.nodeName set to itself`;
  if (operation !== 'CREATE') return `unexpected operation "${operation}", ${who} can only create and delete mirror pods`;
  if (object.metadata.annotations?.[MIRROR] === undefined) return `pod does not have "${MIRROR}" annotation, ${who} can only create mirror pods`;
  if (object.spec.nodeName !== node) return `${who} can only create pods with spec.nodeName set to itself`;
  const named = /"(secretName|configMap|persistentVolumeClaim|secretKeyRef|configMapKeyRef|secretRef|configMapRef)"/.test(JSON.stringify(object.spec));
  if ((object.spec.serviceAccountName ?? '') !== '') return `${who} can not create pods that reference a service account`;
  return named ? `${who} can not create pods that reference secrets, configmaps or persistentvolumeclaims` : undefined;
}

function nodeProblem({ operation, name, object, oldObject }: AdmissionAttributes, node: string): string | undefined {
  if (name !== node) return `node "${node}" is not allowed to modify node "${name}"`;
  if (operation === 'DELETE') return `node "${node}" is not allowed to delete itself`;
  const before = operation === 'CREATE' ? undefined : oldObject;
  const labels = changedLabels(object as KubernetesObject, before).filter((key) => !mayLabel(key));
  if (labels.length > 0) {
    const verb = operation === 'CREATE' ? 'set the following labels' : 'modify labels';
    return `is not allowed to ${verb}: ${labels.sort().join(', ')}`;
  }
  if (before === undefined) return undefined;
  const taints = (of: MutableJson): unknown => of.spec?.taints ?? [];
  if (!deepEqual(taints(object), taints(before))) return `node "${node}" is not allowed to modify taints`;
  if (!deepEqual(object.metadata.ownerReferences ?? [], before.metadata.ownerReferences ?? []))
    return `node "${node}" is not allowed to modify ownerReferences`;
  return undefined;
}

function changedLabels({ metadata }: KubernetesObject, old: KubernetesObject | undefined): string[] {
  const [now, before] = [metadata.labels ?? {}, old?.metadata.labels ?? {}];
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].filter((key) => now[key] !== before[key]);
}

function mayLabel(key: string): boolean {
  const slash = key.indexOf('/');
  const domain = slash < 0 ? '' : key.slice(0, slash);
  const within = (suffix: string): boolean => domain === suffix || domain.endsWith(`.${suffix}`);
  if (within('node-restriction.kubernetes.io')) return false;
  if (!within('kubernetes.io') && !within('k8s.io')) return true;
  return OWN_LABELS.includes(key) || within('kubelet.kubernetes.io') || within('node.kubernetes.io');
}
