import { Service } from '@kybern/core/kinds';
import { isAllocationError } from '@kybern/netmodel/addresses';
import type { ReconcileRequest } from '@kybern/reconcile';
import { Events, LOAD_BALANCER_FINALIZER, syncFailed, wantedIngress } from './compute.ts';
import type { AddressLedger } from './ledger.ts';

/** Gives a Service its addresses, and says so. @throws {AllocationError} when there is none left, or not the wanted one */
export async function ensure({ object: service, client, recorder }: ReconcileRequest<Service>, ledger: AddressLedger, addFinalizer: boolean): Promise<void> {
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

/** Takes a Service's addresses back. */
export async function cleanUp(
  { object: service, client, recorder, key }: ReconcileRequest<Service>,
  ledger: AddressLedger,
  clearStatus: boolean,
): Promise<void> {
  recorder.event(service, Events.deleting);
  const cleared = clearStatus
    ? await client.update(Service, { ...service, status: { ...service.status, loadBalancer: {} } }, { subresource: 'status' })
    : service;
  const finalizers = (cleared.metadata.finalizers ?? []).filter((finalizer) => finalizer !== LOAD_BALANCER_FINALIZER);
  await client.update(Service, { ...cleared, metadata: { ...cleared.metadata, finalizers } });
  ledger.release(key);
  recorder.event(service, Events.deleted);
}
