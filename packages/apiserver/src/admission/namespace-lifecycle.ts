import { ApiError, notFound } from '@kybern/core';
import { Namespace } from '@kybern/core/kinds';
import { forbidden } from '../authorization.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';

/** Namespaces that nobody may delete. @see kubernetes v1.36 …/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go */
const IMMORTAL: readonly string[] = ['default', 'kube-system', 'kube-public'];

/** Refuses new objects in namespaces that are not there or are going, and the deletion of those that every cluster needs. */
export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  handles: ({ kind, namespaced }, operation, subresource) =>
    subresource === undefined && (operation === 'DELETE' ? kind.plural === 'namespaces' && kind.group === '' : namespaced && operation === 'CREATE'),
  mutate(attributes) {
    if (attributes.operation === 'DELETE') {
      if (IMMORTAL.includes(attributes.name)) throw forbidden(attributes, 'this namespace may not be deleted');
      return undefined;
    }
    return checkNamespace(attributes);
  },
};

function checkNamespace(attributes: AdmissionAttributes): void | Promise<void> {
  const found = attributes.env.namespaces(attributes.namespace ?? 'default');
  if (found instanceof Promise) return found.then((late) => assertOpen(late, attributes));
  assertOpen(found, attributes);
}

function assertOpen(found: Namespace | undefined, { kind, namespace = 'default', name }: AdmissionAttributes): void {
  if (found === undefined) throw notFound(Namespace, namespace);
  if (found.status?.phase !== 'Terminating') return;
  const { message, details } = forbidden({ kind, name }, `unable to create new content in namespace ${namespace} because it is being terminated`);
  const causes = [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }];
  throw new ApiError('Forbidden', message, { details: { ...details, causes } });
}
