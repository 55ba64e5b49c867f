import { keyOf, type KubernetesObject } from '@kybern/core';
import { EndpointSlice, Node, Pod, Service } from '@kybern/core/kinds';
import { computeEndpoints } from '@kybern/netmodel';
import { defineController, done, type Cache, type ControllerDefinition, type ReconcileRequest } from '@kybern/reconcile';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { podsByNode } from '../pod-indexes.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { computeEndpointSlices, CONTROLLER, MANAGED_BY, SERVICE_NAME } from './compute.ts';
import { concernsEndpoints, concernsZone, podLabelIndex, selectedPods, selectingServices, serviceSelectorIndex } from './selection.ts';

const BY_SERVICE = 'endpointslice/service';

/**
 * Writes the EndpointSlices of Services with a selector.
 *
 * @see kubernetes v1.36 pkg/controller/endpointslice
 */
export function endpointSliceController(): ControllerDefinition<Service> {
  return defineController({
    name: 'endpointslice-controller',
    for: Service,
    watches: [
      { kind: EndpointSlice, map: serviceKeys },
      { kind: Pod, predicate: concernsEndpoints, map: (pod: Pod, _old, cache) => selectingServices(cache, pod) },
      { kind: Node, predicate: concernsZone, map: servicesOnNode },
    ],
    indexes: [podLabelIndex, serviceSelectorIndex, { kind: EndpointSlice, name: BY_SERVICE, by: serviceKeys }, podsByNode],
    concurrency: 5,
    reconcile: retryOnConflict(async (request) => {
      const { object: service, cache } = request;
      if (service.spec.selector === undefined || service.spec.type === 'ExternalName') return done();
      const groups = computeEndpoints(service, selectedPods(cache, service), { node: (name) => cache.get(Node, name) });
      await applySlices(request, computeEndpointSlices({ service, groups, slices: cache.by(EndpointSlice, BY_SERVICE, keyOf(service)) }));
      return done();
    }),
  });
}

/** The Service of a slice of this controller. */
function serviceKeys({ metadata: { namespace = '', labels } }: EndpointSlice): readonly string[] {
  const name = labels?.[SERVICE_NAME];
  return name === undefined || labels?.[MANAGED_BY] !== CONTROLLER ? [] : [`${namespace}/${name}`];
}

const servicesOnNode = (node: KubernetesObject, _old: unknown, cache: Cache): readonly string[] =>
  cache.by(Pod, podsByNode.name, node.metadata.name).flatMap((pod) => selectingServices(cache, pod));

async function applySlices({ client }: ReconcileRequest<Service>, plan: ReturnType<typeof computeEndpointSlices>): Promise<void> {
  for (const slice of plan.create) await client.create(EndpointSlice, slice);
  for (const slice of plan.update) await client.update(EndpointSlice, slice);
  for (const slice of plan.remove) await ignoreNotFound(client.delete(EndpointSlice, slice));
}
