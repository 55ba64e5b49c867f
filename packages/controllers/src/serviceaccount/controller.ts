import { isAlreadyExists } from '@kybern/core';
import { Namespace, ServiceAccount } from '@kybern/core/kinds';
import { defineController, done, type ControllerDefinition } from '@kybern/reconcile';
import { isNamespaceTerminating } from '../namespace-terminating.ts';

const DEFAULT = 'default';

/**
 * Sees to it that every namespace has the ServiceAccount `default`, which Pods run as when they name none.
 *
 * @see kubernetes v1.36 pkg/controller/serviceaccount/serviceaccounts_controller.go
 */
export function serviceAccountController(): ControllerDefinition<Namespace> {
  return defineController({
    name: 'serviceaccount-controller',
    for: Namespace,
    predicates: [(event) => event.type === 'added'],
    watches: [
      {
        kind: ServiceAccount,
        predicate: (event) => event.type === 'deleted' && event.object.metadata.name === DEFAULT,
        map: ({ metadata: { namespace } }) => (namespace === undefined ? [] : [namespace]),
      },
    ],
    async reconcile({ object: { metadata }, cache, client }) {
      if (metadata.deletionTimestamp !== undefined || cache.get(ServiceAccount, `${metadata.name}/${DEFAULT}`) !== undefined) return done();
      try {
        await client.create(ServiceAccount, { metadata: { name: DEFAULT, namespace: metadata.name } });
      } catch (error) {
        if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
      }
      return done();
    },
  });
}
