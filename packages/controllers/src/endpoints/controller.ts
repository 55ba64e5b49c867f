import { keyOf } from '@kybern/core';
import { Endpoints, Node, Pod, Service } from '@kybern/core/kinds';
import { computeEndpoints } from '@kybern/netmodel/addresses';
import { defineController, done, generationChanged, labelsChanged, anyOf, type ControllerDefinition } from '@kybern/reconcile';
import { concernsEndpoints, podLabelIndex, selectedPods, selectingServices, serviceSelectorIndex } from '../endpointslice/selection.ts';
import { createTriggerTimes } from '../endpointslice/trigger-time.ts';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { computeServiceEndpoints } from './compute.ts';

/**
 * Writes the Endpoints of Services with a selector, for those who do not read EndpointSlices yet.
 *
 * @see kubernetes v1.36 pkg/controller/endpoint
 */
export function endpointsController(): ControllerDefinition<Service> {
  const triggers = createTriggerTimes();
  return defineController({
    name: 'endpoints-controller',
    for: Service,
    predicates: [anyOf(generationChanged(), labelsChanged(), (event) => event.type === 'updated' && event.old.spec !== event.object.spec)],
    watches: [
      { kind: Pod, predicate: concernsEndpoints, map: (pod: Pod, _old, cache) => selectingServices(cache, pod) },
      { kind: Endpoints, predicate: (event) => event.type !== 'added', map: (endpoints: Endpoints) => [keyOf(endpoints)] },
    ],
    reads: [Node],
    indexes: [podLabelIndex, serviceSelectorIndex],
    concurrency: 5,
    reconcile: retryOnConflict(async ({ key, object: service, cache, client }) => {
      if (service.spec.selector === undefined || service.spec.type === 'ExternalName' || service.metadata.deletionTimestamp !== undefined) return done();
      const current = cache.get(Endpoints, key);
      const pods = selectedPods(cache, service);
      const trigger = triggers.look(service, pods);
      const wanted = computeServiceEndpoints({ service, groups: computeEndpoints(service, pods), current, triggerTime: trigger.time });
      if (wanted === undefined) {
        trigger.told();
        return done();
      }
      try {
        await (current === undefined ? client.create(Endpoints, wanted) : client.update(Endpoints, wanted));
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
      }
      trigger.told();
      return done();
    }),
    async onAbsent({ key, cache, client }) {
      triggers.forget(key);
      const left = cache.get(Endpoints, key);
      if (left?.metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') await ignoreNotFound(client.delete(Endpoints, left));
      return done();
    },
  });
}
