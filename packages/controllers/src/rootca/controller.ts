import { deepEqual, isAlreadyExists } from '@kybern/core';
import { ConfigMap, Namespace } from '@kybern/core/kinds';
import { defineController, done, type ControllerDefinition } from '@kybern/reconcile';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { computeRootCa, ROOT_CA_CONFIG_MAP } from './compute.ts';

/** Options of {@link rootCaPublisher}. */
export interface RootCaOptions {
  /** The certificate of the cluster's authority, in PEM. */
  readonly certificate: string;
}

/**
 * Puts the certificate by which Pods know the API server into every namespace, as the ConfigMap `kube-root-ca.crt`.
 *
 * @see kubernetes v1.36 pkg/controller/certificates/rootcacertpublisher
 */
export function rootCaPublisher({ certificate }: RootCaOptions): ControllerDefinition<Namespace> {
  return defineController({
    name: 'root-ca-certificate-publisher',
    for: Namespace,
    predicates: [(event) => event.type === 'added'],
    watches: [
      {
        kind: ConfigMap,
        predicate: (event) => event.type !== 'added' && event.object.metadata.name === ROOT_CA_CONFIG_MAP,
        map: ({ metadata: { namespace } }) => (namespace === undefined ? [] : [namespace]),
      },
    ],
    async reconcile({ object: namespace, cache, client }) {
      if (namespace.metadata.deletionTimestamp !== undefined) return done();
      const wanted = computeRootCa(namespace, certificate);
      const current = cache.get(ConfigMap, `${namespace.metadata.name}/${ROOT_CA_CONFIG_MAP}`);
      if (current !== undefined) {
        if (!deepEqual(current.data, wanted.data)) await client.update(ConfigMap, { ...current, data: wanted.data });
        return done();
      }
      try {
        await client.create(ConfigMap, wanted);
      } catch (error) {
        if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
      }
      return done();
    },
  });
}
