import { keyOf, type KubernetesObject } from '@kybern/core';
import { EndpointSlice, Node, Pod, Service } from '@kybern/core/kinds';
import { computeEndpoints } from '@kybern/netmodel/addresses';
import { defineController, done, type Cache, type CacheIndex, type ControllerDefinition, type ReconcileRequest } from '@kybern/reconcile';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { podsByNode } from '../pod-indexes.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { computeEndpointSlices, CONTROLLER, MANAGED_BY, SERVICE_NAME } from './compute.ts';
import { hintEndpoints, hintEvent, wantsAutoHints } from './hints.ts';
import { concernsCapacity, concernsEndpoints, concernsZone, podLabelIndex, selectedPods, selectingServices, serviceSelectorIndex } from './selection.ts';
import { createTriggerTimes } from './trigger-time.ts';

const BY_SERVICE = 'endpointslice/service';

/**
 * Writes the EndpointSlices of Services with a selector.
 *
 * @see kubernetes v1.36 pkg/controller/endpointslice
 */
export function endpointSliceController(): ControllerDefinition<Service> {
  const triggers = createTriggerTimes();
  return defineController({
    name: 'endpointslice-controller',
    for: Service,
    watches: [
      { kind: EndpointSlice, map: serviceKeys },
      { kind: Pod, predicate: concernsEndpoints, map: (pod: Pod, _old, cache) => selectingServices(cache, pod) },
      { kind: Node, predicate: concernsZone, map: servicesOnNode },
      { kind: Node, predicate: concernsCapacity, map: (_node, _old, cache) => cache.by(Service, autoHintedServices.name, '').map(keyOf) },
    ],
    indexes: [podLabelIndex, serviceSelectorIndex, { kind: EndpointSlice, name: BY_SERVICE, by: serviceKeys }, podsByNode, autoHintedServices],
    concurrency: 5,
    reconcile: retryOnConflict(async (request) => {
      const { object: service, cache } = request;
      if (service.spec.selector === undefined || service.spec.type === 'ExternalName') return done();
      const pods = selectedPods(cache, service);
      const trigger = triggers.look(service, pods);
      const plain = computeEndpoints(service, pods, { node: (name) => cache.get(Node, name) });
      const slices = cache.by(EndpointSlice, BY_SERVICE, keyOf(service));
      const hinted = hintEndpoints(service, plain, () => cache.list(Node));
      await applySlices(request, computeEndpointSlices({ service, groups: hinted.groups, slices, triggerTime: trigger.time }));
      trigger.told();
      const event = wantsAutoHints(service) ? hintEvent(slices.some(hasHints), hinted) : undefined;
      if (event !== undefined) request.recorder.event(service, event);
      return done();
    }),
    onAbsent({ key }) {
      triggers.forget(key);
      return Promise.resolve(done());
    },
  });
}

const autoHintedServices: CacheIndex<Service> = { kind: Service, name: 'endpointslice/auto-hints', by: (service) => (wantsAutoHints(service) ? [''] : []) };

const hasHints = ({ endpoints }: EndpointSlice): boolean => (endpoints ?? []).some(({ hints }) => hints !== undefined);

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
