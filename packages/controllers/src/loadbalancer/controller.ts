import { Service } from '@kybern/core/kinds';
import { createAddressPool, isAllocationError } from '@kybern/netmodel';
import { defineController, done, type ControllerDefinition, type ReconcileRequest } from '@kybern/reconcile';
import { computeLoadBalancer, Events, LOAD_BALANCER_FINALIZER, syncFailed, wantedIngress } from './compute.ts';
import { AddressLedger } from './ledger.ts';

/** Options of {@link serviceLoadBalancerController}. */
export interface ServiceLoadBalancerOptions {
  /** Where the addresses come from. Default `172.18.255.0/24`, and `fd00:172:18:255::/112` for IPv6. */
  readonly cidrs?: readonly string[];
}

/**
 * Gives Services of type LoadBalancer an address from a local pool, as a cloud provider's controller would from the cloud.
 *
 * @throws {AllocationError} `InvalidAddress` when one of the CIDRs is none
 * @see kubernetes cloud-provider v0.36 controllers/service/controller.go
 */
export function serviceLoadBalancerController({ cidrs = ['172.18.255.0/24', 'fd00:172:18:255::/112'] }: ServiceLoadBalancerOptions = {}): ControllerDefinition<Service> {
  const ledger = new AddressLedger(createAddressPool({ cidrs }));
  return defineController({
    name: 'service-controller',
    for: Service,
    async reconcile(request) {
      const { object: service, cache, key } = request;
      ledger.noteAll(() => cache.list(Service));
      const plan = computeLoadBalancer(service);
      switch (plan.type) {
        case 'none':
          ledger.release(key);
          break;
        case 'ensure':
          await ensure(request, ledger, plan.addFinalizer);
          break;
        case 'cleanUp':
          await cleanUp(request, ledger, plan.clearStatus);
      }
      return done();
    },
    onAbsent({ key }) {
      ledger.release(key);
      return Promise.resolve(done());
    },
  });
}

async function ensure({ object: service, client, recorder }: ReconcileRequest<Service>, ledger: AddressLedger, addFinalizer: boolean): Promise<void> {
  const ingress = wantedIngress(service, assign(service, ledger, recorder));
  if (ingress !== undefined) recorder.event(service, Events.ensuring);
  const finalizers = [...(service.metadata.finalizers ?? []), LOAD_BALANCER_FINALIZER];
  const held = addFinalizer ? await client.update(Service, { ...service, metadata: { ...service.metadata, finalizers } }) : service;
  if (ingress === undefined) return;
  await client.update(Service, { ...held, status: { ...held.status, loadBalancer: { ingress } } }, { subresource: 'status' });
  recorder.event(service, Events.ensured);
}

function assign(service: Service, ledger: AddressLedger, recorder: ReconcileRequest['recorder']): readonly string[] {
  try {
    return ledger.assign(service);
  } catch (error) {
    if (isAllocationError(error)) recorder.event(service, syncFailed(error.message));
    throw error;
  }
}

async function cleanUp({ object: service, client, recorder, key }: ReconcileRequest<Service>, ledger: AddressLedger, clearStatus: boolean): Promise<void> {
  recorder.event(service, Events.deleting);
  const cleared = clearStatus ? await client.update(Service, { ...service, status: { ...service.status, loadBalancer: {} } }, { subresource: 'status' }) : service;
  const finalizers = (cleared.metadata.finalizers ?? []).filter((finalizer) => finalizer !== LOAD_BALANCER_FINALIZER);
  await client.update(Service, { ...cleared, metadata: { ...cleared.metadata, finalizers } });
  ledger.release(key);
  recorder.event(service, Events.deleted);
}
