import { isAlreadyExists, keyOf } from '@kybern/core';
import { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kybern/core/kinds';
import { defineController, done, TerminalError, type ControllerDefinition, type ReconcileRequest } from '@kybern/reconcile';
import {
  claimClass,
  computeProvision,
  defaultClass,
  hasOpenClass,
  isProvisionError,
  provisionedVolume,
  SELECTED_NODE,
  storageRequest,
  type Provisioner,
  type ProvisionPlan,
} from '@kybern/storage';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { claimsOfClass, waitingClaims } from '../persistentvolume/claim-indexes.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';

type Request = ReconcileRequest<PersistentVolumeClaim>;
type ToProvision = Extract<ProvisionPlan, { readonly type: 'provision' }>;

/** How many volumes are made at a time. */
const CONCURRENCY = 10;

/**
 * Has a provisioner make volumes for the claims that are its own.
 *
 * @param standard the class that is created when a claim names none and the cluster has no default
 * @see kubernetes-sigs/sig-storage-lib-external-provisioner v13 controller/controller.go
 */
export function provisioningController(provisioner: Provisioner, standard: StorageClass | undefined): ControllerDefinition<PersistentVolumeClaim> {
  return defineController({
    name: `${provisioner.name}-provisioner`,
    for: PersistentVolumeClaim,
    predicates: [(event) => event.type !== 'deleted' && (event.object.spec.volumeName ?? '') === ''],
    // A class may be seen after the claims that name it.
    watches: [{ kind: StorageClass, predicate: (event) => event.type !== 'deleted', map: claimsOfClass }],
    reads: [PersistentVolume],
    indexes: [waitingClaims],
    concurrency: CONCURRENCY,
    reconcile: retryOnConflict(async (request) => {
      const { object: claim, cache } = request;
      if (standard !== undefined && hasOpenClass(claim)) await ensureDefault(request, standard);
      const plan = computeProvision({ claim, storageClass: cache.get(StorageClass, claimClass(claim)), provisioner: provisioner.name });
      if (plan.type === 'refuse') tellFailure(request, plan.message);
      // It was made, and the binder does not know yet.
      if (plan.type === 'provision' && cache.get(PersistentVolume, plan.name) === undefined) await provision(request, provisioner, plan);
      return done();
    }),
  });
}

/** A cluster without claims has no use for a class, so it comes with the first claim that needs it. */
async function ensureDefault({ client, cache }: Request, standard: StorageClass): Promise<void> {
  const classes = cache.list(StorageClass);
  if (defaultClass(classes) !== undefined || classes.some(({ metadata }) => metadata.name === standard.metadata.name)) return;
  try {
    await client.create(StorageClass, standard);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

async function provision(request: Request, provisioner: Provisioner, plan: ToProvision): Promise<void> {
  const { object: claim, client, recorder, signal } = request;
  const node = plan.nodeName === undefined ? undefined : await ignoreNotFound(client.get(Node, plan.nodeName));
  if (plan.nodeName !== undefined && node === undefined) return await reschedule(request, `node "${plan.nodeName}" not found`);
  recorder.event(claim, { type: 'Normal', reason: 'Provisioning', message: `External provisioner is provisioning volume for claim "${keyOf(claim)}"` });
  try {
    const made = await provisioner.provision({ name: plan.name, bytes: storageRequest(claim), claim, storageClass: plan.storageClass, node, signal });
    const volume = provisionedVolume(claim, plan, { made, provisioner: provisioner.name });
    await client.create(PersistentVolume, volume).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  } catch (error) {
    return await fail(request, plan, error);
  }
  recorder.event(claim, { type: 'Normal', reason: 'ProvisioningSucceeded', message: `Successfully provisioned volume ${plan.name}` });
}

/** Where there is no room, the scheduler looks for another node. */
async function fail(request: Request, plan: ToProvision, error: unknown): Promise<void> {
  const text = error instanceof Error ? error.message : String(error);
  const message = `failed to provision volume with StorageClass "${plan.storageClass.metadata.name}": ${text}`;
  if (isProvisionError(error) && error.code === 'ResourceExhausted' && plan.nodeName !== undefined) return await reschedule(request, message);
  tellFailure(request, message);
  if (isProvisionError(error) && error.code === 'InvalidArgument') throw new TerminalError(message, { cause: error });
  throw error;
}

async function reschedule(request: Request, message: string): Promise<void> {
  tellFailure(request, message);
  const { object: claim, client } = request;
  const { [SELECTED_NODE]: _, ...annotations } = claim.metadata.annotations ?? {};
  await ignoreNotFound(client.update(PersistentVolumeClaim, { ...claim, metadata: { ...claim.metadata, annotations } }));
}

function tellFailure({ object, recorder }: Request, message: string): void {
  recorder.event(object, { type: 'Warning', reason: 'ProvisioningFailed', message });
}
