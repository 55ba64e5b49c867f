import type { EndpointSlice, Service } from '@kybern/core/kinds';
import { serviceKeyOf } from '@kybern/netmodel';
import type { Informer } from '@kybern/reconcile';

/** The caches that Services are read from. */
export interface ServiceInformers {
  readonly services: Informer<Service>;
  readonly endpointSlices: Informer<EndpointSlice>;
}

/** Is told of each Service with all of its EndpointSlices, whenever one of them changes. */
export interface ServiceSink {
  /** `key` is the Service's `namespace/name`. */
  readonly set: (key: string, service: Service, slices: readonly EndpointSlice[]) => void;
  readonly remove: (key: string) => void;
}

const BY_SERVICE = 'kybern.dev/service';
const byService = (slice: EndpointSlice): readonly string[] => {
  const key = serviceKeyOf(slice);
  return key === undefined ? [] : [key];
};

/**
 * Tells a sink of Services and what is behind them, at once of what the caches hold and then of every change. Slices without a Service, and
 * Services without slices, are no fault: the other half may be on its way.
 *
 * @returns ends it
 */
export function feedServices({ services, endpointSlices }: ServiceInformers, sink: ServiceSink): () => void {
  endpointSlices.addIndex(BY_SERVICE, byService);
  const tell = (key: string | undefined): void => {
    const service = key === undefined ? undefined : services.get(key);
    if (key !== undefined && service !== undefined) sink.set(key, service, endpointSlices.by(BY_SERVICE, key));
  };
  const offSlices = endpointSlices.addHandler({
    added: (slice) => tell(serviceKeyOf(slice)),
    updated: (old, slice) => {
      const [before, after] = [serviceKeyOf(old), serviceKeyOf(slice)];
      tell(after);
      if (before !== after) tell(before);
    },
    deleted: (slice) => tell(serviceKeyOf(slice)),
  });
  const offServices = services.addHandler({
    added: (_service, _initial, key) => tell(key),
    updated: (_old, _service, key) => tell(key),
    deleted: (_service, _unknown, key) => sink.remove(key),
  });
  return () => {
    offSlices();
    offServices();
  };
}
