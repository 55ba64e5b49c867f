import { keyOf } from '@kybern/core';
import { Endpoints, EndpointSlice, Service } from '@kybern/core/kinds';
import { defineController, done, type AbsentRequest, type ControllerDefinition } from '@kybern/reconcile';
import { MANAGED_BY, SERVICE_NAME } from '../endpointslice/compute.ts';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { computeMirroredSlices, MIRRORING_CONTROLLER } from './compute.ts';

const BY_ENDPOINTS = 'endpointslicemirroring/endpoints';

/**
 * Writes EndpointSlices for Endpoints that somebody made for a Service without a selector.
 *
 * @see kubernetes v1.36 pkg/controller/endpointslicemirroring
 */
export function endpointSliceMirroringController(): ControllerDefinition<Endpoints> {
  return defineController({
    name: 'endpointslice-mirroring-controller',
    for: Endpoints,
    watches: [
      { kind: Service, predicate: ({ object }) => Object.keys(object.spec.selector ?? {}).length === 0, map: (service: Service) => [keyOf(service)] },
      // Additions too: one that a late cache brings may be of a slice that was made twice.
      { kind: EndpointSlice, map: mirroredKeys },
    ],
    indexes: [{ kind: EndpointSlice, name: BY_ENDPOINTS, by: mirroredKeys }],
    reconcile: retryOnConflict(async (request) => {
      await mirror(request, request.object);
      return done();
    }),
    async onAbsent(request) {
      await mirror(request, undefined);
      return done();
    },
  });
}

async function mirror({ key, cache, client }: AbsentRequest, endpoints: Endpoints | undefined): Promise<void> {
  const plan = computeMirroredSlices({ endpoints, service: cache.get(Service, key), slices: cache.by(EndpointSlice, BY_ENDPOINTS, key) });
  for (const slice of plan.create) await client.create(EndpointSlice, slice);
  for (const slice of plan.update) await client.update(EndpointSlice, slice);
  for (const slice of plan.remove) await ignoreNotFound(client.delete(EndpointSlice, slice));
}

/** The Endpoints of a slice of this controller. */
function mirroredKeys({ metadata: { namespace = '', labels } }: EndpointSlice): readonly string[] {
  const name = labels?.[SERVICE_NAME];
  return name === undefined || labels?.[MANAGED_BY] !== MIRRORING_CONTROLLER ? [] : [`${namespace}/${name}`];
}
