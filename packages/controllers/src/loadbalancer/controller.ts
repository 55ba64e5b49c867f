import { Service } from '@kybern/core/kinds';
import { createAddressPool } from '@kybern/netmodel/addresses';
import { defineController, done, type ControllerDefinition } from '@kybern/reconcile';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { cleanUp, ensure } from './apply.ts';
import { computeLoadBalancer } from './compute.ts';
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
export function serviceLoadBalancerController({
  cidrs = ['172.18.255.0/24', 'fd00:172:18:255::/112'],
}: ServiceLoadBalancerOptions = {}): ControllerDefinition<Service> {
  const ledger = new AddressLedger(createAddressPool({ cidrs }));
  return defineController({
    name: 'service-controller',
    for: Service,
    reconcile: retryOnConflict(async (request) => {
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
    }),
    onAbsent({ key }) {
      ledger.release(key);
      return Promise.resolve(done());
    },
  });
}
